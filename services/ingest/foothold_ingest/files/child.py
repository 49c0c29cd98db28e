"""Reads one untrusted file, in a process of its own with bounded memory and time.

It is called as `python -m foothold_ingest.files.child < FILE`.

It writes a line of JSON for each row, {"row": 2, "cells": […], "at": 0.01}; first {"encoding": …}
and the {"sheets": …} of a workbook, last {"end": true}, or {"refused": why}. A cell is text or
null, {"n": "12.50"} for a number, {"d": "2026-01-31"} for a date, true or false. `at` is the share
of the file read.
"""

import codecs
import csv
import io
import json
import os
import re
import resource
import sys
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Final
from xml.parsers import expat

from foothold_ingest.files.formats import other_archive, other_format
from foothold_ingest.files.row import MAX_CELL, MAX_COLUMNS, CellOut, Refused

MEMORY: Final = 1024 * 1024 * 1024
CPU_SECONDS: Final = 600
MAX_UNPACKED: Final = 1024 * 1024 * 1024
MAX_STRINGS: Final = 128 * 1024 * 1024
MAX_PARTS: Final = 2_000
FREE_TEXT: Final = 64 * 1024 * 1024
TEXT_PER_BYTE: Final = 32
"""A workbook may repeat a text ever so often for a few bytes each time: the text of all cells stays
in proportion to the file."""
LONGEST_TAG: Final = 1024 * 1024
_SAMPLE: Final = 64 * 1024
_SAMPLES: Final = 16
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HINT: Final = re.compile(r"""['"]?sep=([,;|:^~\t])['"]?[ ,;\t]*(?:\r|\n)""", re.IGNORECASE)
_DELIMITERS: Final = ",;\t"


def main() -> None:
    """Read standard input, which is a file on disk, and write its rows."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    # openpyxl warns of styles and extensions it does not know; only cells matter here
    warnings.simplefilter("ignore")
    say = sys.stdout.write
    place = int(sys.argv[1]) if len(sys.argv) > 1 else None
    try:
        with os.fdopen(0, "rb") as file:
            for line in in_proportion(lines(file, place), os.fstat(file.fileno()).st_size):
                say(json.dumps(line, ensure_ascii=False) + "\n")
        say('{"end": true}\n')
    except Refused as refused:
        say(json.dumps({"refused": str(refused)}, ensure_ascii=False) + "\n")
    except MemoryError:
        say(
            '{"refused": "reading this file takes more memory than it may have; split it, or save'
            ' it as CSV"}\n'
        )


def lines(file: IO[bytes], place: int | None = None) -> Iterator[dict[str, object]]:
    """Everything there is to say of the file, of a workbook's sheet at this place or of its first.

    Raise Refused.
    """
    size = max(1, os.fstat(file.fileno()).st_size)
    if (other := other_format(file)) is not None:
        raise Refused(other)
    start = file.read(8)
    file.seek(0)
    if start.startswith(b"PK\x03\x04"):
        yield from _workbook(file, place)
    else:
        encoding = encoding_of(file)
        yield {"encoding": encoding}
        yield from _text(file, encoding, size)


def in_proportion(read: Iterator[dict[str, object]], size: int) -> Iterator[dict[str, object]]:
    """The same lines; raise Refused where their text is out of all proportion to the file."""
    left = FREE_TEXT + TEXT_PER_BYTE * size
    for line in read:
        cells = line.get("cells")
        left -= (
            sum(len(cell) for cell in cells if isinstance(cell, str))
            if isinstance(cells, list)
            else 0
        )
        if left < 0:
            raise Refused(
                "this file repeats long texts out of all proportion to its size; clear the columns"
                " that are not needed, split it, or save it as CSV"
            )
        yield line


def encoding_of(file: IO[bytes]) -> str:
    """By its mark, else strict UTF-8, else GB18030; raise Refused for what is none of them."""
    start = file.read(4)
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    candidates = ("utf-8", "gb18030") if marked is None else (marked,)
    for name in candidates:
        file.seek(0)
        if _decodes(file, name):
            file.seek(0)
            return name
    raise Refused(
        "the text is neither UTF-8, nor UTF-16 with a mark, nor GB18030; export it again in one of"
        " these"
    )


def _decodes(file: IO[bytes], name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)("strict")
    try:
        while chunk := file.read(1 << 20):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _text(file: IO[bytes], encoding: str, size: int) -> Iterator[dict[str, object]]:
    csv.field_size_limit(MAX_CELL)
    number = 0
    with io.TextIOWrapper(file, encoding=encoding, newline="") as text:
        sample = text.read(_SAMPLE)
        text.seek(0)
        hint = _HINT.match(sample)
        delimiter = (
            max(_DELIMITERS, key=sample.partition("\n")[0].count) if hint is None else hint[1]
        )
        if hint is not None:
            text.readline()  # spreadsheets count no row for it
        try:
            for cells in csv.reader(text, delimiter=delimiter, strict=True):
                number += 1
                yield _row(number, [cell or None for cell in cells], file.tell() / size)
        except csv.Error as error:
            if "field limit" in str(error):
                raise Refused(
                    f"after row {number} a field has more than {MAX_CELL} characters; most likely a"
                    " quotation mark is not closed"
                ) from None
            raise Refused(f"after row {number} the text is no CSV: {error}") from None


def _workbook(file: IO[bytes], place: int | None) -> Iterator[dict[str, object]]:
    from foothold_ingest.files.workbook import (  # noqa: PLC0415 - openpyxl loads for a quarter of a second, and text needs none of it
        Book,
    )

    _check_archive(file)
    _check_parts(file)
    file.seek(0)
    try:
        yield {"encoding": "xlsx"}
        book = Book(file)
        yield {"sheets": book.sheets(), "first": book.first}
        for number, cells, share in book.rows(book.first if place is None else place):
            yield _row(number, cells, share)
        yield {
            "hidden": {
                "rows": book.hidden.rows,
                "count": book.hidden.count,
                "columns": sorted(book.hidden.columns),
            }
        }
    except (Refused, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a broken or hostile workbook makes the library raise, it is the file that is at fault
        raise Refused(
            f"the workbook cannot be read ({type(error).__name__}); open it, save it as .xlsx, and"
            " send it again"
        ) from None


def _check_archive(file: IO[bytes]) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile:
        raise Refused("the workbook is cut off or damaged; send it again") from None
    names = {part.filename.lower() for part in parts}
    if (other := other_archive(names)) is not None:
        raise Refused(other)
    if any("vbaproject" in name for name in names):
        raise Refused("workbooks with macros are not taken; save it as .xlsx")
    if "[content_types].xml" not in names:
        raise Refused("this is an archive and no workbook; send the .xlsx or the CSV itself")
    if len(parts) > MAX_PARTS:
        raise Refused(
            f"a workbook of more than {MAX_PARTS} parts is not taken; save the sheet alone as"
            " .xlsx, or as CSV"
        )
    strings = sum(
        part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml")
    )
    if strings > MAX_STRINGS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise Refused("unpacked, this workbook is too large; split it, or save it as CSV")


def _check_parts(file: IO[bytes]) -> None:
    """Refuse a part with a document type, as ISO/IEC 29500-2 does.

    Without one there is no entity, and a reader need not defend itself against any.

    Every part is read once more for it, by expat alone.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            for part in archive.infolist():
                if part.file_size:
                    with archive.open(part) as content:
                        _check_part(content)
    # RuntimeError: a password, or a way to pack that is not known
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError):
        raise Refused(
            "the workbook is damaged or encrypted; open it, save it as .xlsx without a password,"
            " and send it again"
        ) from None


def _check_part(content: IO[bytes]) -> None:
    """Refuse a document type, and a tag so long that reading it becomes costly.

    Reading such a tag costs more with every byte: expat begins it anew with each piece that comes.
    """
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_type
    read, begun = 0, set[str]()
    parser.StartElementHandler = lambda name, _: begun.add(name) if not begun else None
    try:
        while chunk := content.read(_SAMPLE):
            parser.Parse(chunk)
            read += len(chunk)
            if read - parser.CurrentByteIndex > LONGEST_TAG:
                raise Refused(
                    "a part of the workbook holds a tag of a megabyte; open it, save it as .xlsx,"
                    " and send it again"
                )
            if not begun and read >= _SAMPLES * _SAMPLE:
                raise Refused(
                    "a part of the workbook begins with a comment of a megabyte; open it, save it"
                    " as .xlsx, and send it again"
                )
    except expat.ExpatError:
        return  # a picture, or what its reader will refuse
    except (LookupError, ValueError):  # expat knows neither the encoding nor how to read it
        raise Refused(
            "a part of the workbook is in an encoding no spreadsheet program writes; open it, save"
            " it as .xlsx, and send it again"
        ) from None


def _refuse_type(*_declared: object) -> None:
    raise Refused(
        "a part of the workbook declares a document type, which no spreadsheet program writes; open"
        " it, save it as .xlsx, and send it again"
    )


def _row(number: int, cells: list[CellOut] | list[str | None], at: float) -> dict[str, object]:
    if len(cells) > MAX_COLUMNS:
        raise Refused(f"row {number} has more than {MAX_COLUMNS} columns")
    return {"row": number, "cells": cells, "at": round(at, 3)}


if __name__ == "__main__":
    main()
