"""Files of other kinds, by how they begin, each with the menu entry that saves the right one.

A sentence for each, Chinese first.
"""

from collections.abc import Collection
from typing import IO, Final

_SAVE: Final = "请在 Excel 或 WPS 中用“文件 → 另存为 → Excel 工作簿 (*.xlsx)”保存后再报送"
_SAVE_EN: Final = "in Excel or WPS choose File > Save As > Excel Workbook (*.xlsx), and send that"
_ENCRYPTED: Final = (
    "文件设有密码：请用“文件 → 信息 → 保护工作簿 → 用密码进行加密”清空密码，再另存为 .xlsx 报送 the"
    " file has a password: choose File > Info > Protect Workbook > Encrypt with Password, clear it,"
    " save as .xlsx and send that"
)
_ODS: Final = (
    "这是 ODS 表格：请在 LibreOffice 中用“文件 → 另存为 → Excel 2007-365 (.xlsx)”保存后再报送 this"
    " is an ODS sheet: in LibreOffice choose File > Save As > Excel 2007-365 (.xlsx), and send that"
)
_NUMBERS: Final = (
    "这是 Numbers 表格：请在 Numbers 中用“文件 → 导出为 → Excel”保存为 .xlsx 后再报送 "
    "this is a Numbers sheet: in Numbers choose File > Export To > Excel, and send the .xlsx"
)
_OLE: Final = b"\xd0\xcf\x11\xe0"
_ENCRYPTED_PART: Final = "EncryptedPackage".encode("utf-16-le")
_CHUNK: Final = 1 << 20


def _other(zh: str, en: str) -> str:
    return f"{zh}：{_SAVE} {en}: {_SAVE_EN}"


_STARTS: Final = (
    (b"%PDF", _other("这是 PDF", "this is a PDF")),
    (b"{\\rtf", _other("这是 Word 文档", "this is a text document")),
    (b"Rar!", _other("这是 RAR 压缩包，请先解压", "this is a RAR archive, unpack it")),
    (b"7z\xbc\xaf", _other("这是 7z 压缩包，请先解压", "this is a 7z archive, unpack it")),
    (b"\x1f\x8b", _other("这是 GZ 压缩包，请先解压", "this is a gzip archive, unpack it")),
    (b"\x89PNG", _other("这是图片", "this is a picture")),
    (b"\xff\xd8\xff", _other("这是图片", "this is a picture")),
)
_MARKUP: Final = (b"<html", b"<!doctype html", b"<table", b"<?xml", b"<meta", b"<head")


def other_format(file: IO[bytes]) -> str | None:
    """What the file is, if it is a kind that is not read, and what to do.

    The file stands at its beginning again.
    """
    start = file.read(64)
    if start.startswith(_OLE):
        is_encrypted = _holds(file, _ENCRYPTED_PART)
        file.seek(0)
        return (
            _ENCRYPTED if is_encrypted else _other("这是旧版 .xls 文件", "this is an old .xls file")
        )
    file.seek(0)
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_MARKUP):
        return _other(
            "这是网页或 XML，不是 Excel 文件，即使名字是 .xls",
            "this is a web page or XML and no Excel file, whatever its name",
        )
    return next((sentence for beginning, sentence in _STARTS if start.startswith(beginning)), None)


def other_archive(names: Collection[str]) -> str | None:
    """What an archive with these parts is, if it is a kind that is not read.

    Names are in lower case.
    """
    if "xl/workbook.bin" in names:
        return _other("这是 .xlsb 二进制工作簿", "this is a binary workbook (.xlsb)")
    if "content.xml" in names and "mimetype" in names:
        return _ODS
    if any(name.endswith(".iwa") for name in names) or "index.zip" in names:
        return _NUMBERS
    if "word/document.xml" in names:
        return _other("这是 Word 文档", "this is a Word document")
    return None


def _holds(file: IO[bytes], sought: bytes) -> bool:
    before = b""
    while chunk := file.read(_CHUNK):
        if sought in before + chunk:
            return True
        before = chunk[-len(sought) :]
    return False
