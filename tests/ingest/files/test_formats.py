"""A separator's hint is no row.

A file of another kind is named with the menu entry that saves the right one.
"""

import io
import zipfile
from typing import Final

import pytest

from foothold_ingest.files.row import Refused
from tests.support.made.files import (
    BILL_HEADERS,
    as_csv,
    as_xlsx,
    bill,
    lines_of,
    repacked,
    rows_of,
)

OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def archive(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive_file:
        for name in names:
            archive_file.writestr(name, b"x")
    return held.getvalue()


OTHERS: Final = {
    ".xls": (OLE + b"\x00" * 600, "旧版 .xls"),
    "encrypted": (
        OLE + b"\x00" * 3_000_000 + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 600,
        "密码",
    ),
    ".xlsb": (archive("[Content_Types].xml", "xl/workbook.bin"), ".xlsb"),
    ".ods": (archive("mimetype", "content.xml", "META-INF/manifest.xml"), "ODS"),
    ".numbers": (archive("Index/Document.iwa", "Metadata/Properties.plist"), "Numbers"),
    ".docx": (archive("[Content_Types].xml", "word/document.xml"), "Word"),
    "a web page named .xls": ("\ufeff <HTML><table><tr><td>1</td></tr></table>".encode(), "网页"),
    "XML of 2003": (
        b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>',
        "网页或 XML",
    ),
    ".pdf": (b"%PDF-1.7\n", "PDF"),
    ".rar": (b"Rar!\x1a\x07\x00", "RAR"),
    ".png": (b"\x89PNG\r\n\x1a\n", "图片"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_kind_of_file_is_named_with_what_saves_the_right_one(name: str) -> None:
    content, named = OTHERS[name]
    with pytest.raises(Refused) as refused:
        lines_of(content)

    message = str(refused.value)
    assert named in message
    assert "文件 →" in message
    assert "File >" in message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("hint", ["sep={}\r\n", '"sep={}"\n', "SEP={}\n"])
def test_the_hint_of_a_separator_is_no_row(hint: str, delimiter: str, encoding: str) -> None:
    table = as_csv(BILL_HEADERS, [bill("C1", total="1;2,3|4\t5")], delimiter=delimiter).decode()

    read = rows_of((hint.format(delimiter) + table).encode(encoding))
    assert [(row.number, row.cells) for row in read] == [
        (1, tuple(BILL_HEADERS)),
        (2, tuple(bill("C1", total="1;2,3|4\t5"))),
    ]


def test_a_header_that_only_begins_like_a_hint_is_a_header() -> None:
    assert [row.cells for row in rows_of(b"sep=a,b\n1,2\n")] == [("sep=a", "b"), ("1", "2")]


def test_a_workbook_is_still_a_workbook() -> None:
    assert len(rows_of(repacked(as_xlsx(BILL_HEADERS, [bill("C1")]), {}))) == 2
