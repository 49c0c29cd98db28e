"""Rows that belong to no household, as totals and signatures under a list do. Pure.

A row below a household belongs to it when it names none, as in the lower rows of merged cells. One
that names neither household nor person must not make the household wrong above which it happens to
stand. It is no data either: nobody can mend it, so nothing waits for it.
"""

import re
import unicodedata
from typing import Final

from foothold_ingest.rules.rows.cells import Cell
from foothold_ingest.rules.rows.mapping import SUBJECT, Column, Mapping, RowsAre
from foothold_ingest.rules.rows.rows import Headers, Row, values_of
from foothold_schemas.characters import trimmed

_LABEL: Final = re.compile(
    r"(本?[页表村组乡镇县户]|全[村组乡镇县])?(合计|总计|小计|共计|累计|总数|grandtotal|subtotal|total|sum)(数|人数|户数|:.*|[0-9(].*)?"
)
_SIGNATURE: Final = re.compile(
    r"(制表|填表|填报|制单|报送|审核|复核|审批|负责|经办|签字|签名|盖章|preparedby|checkedby|signature)"
    r"(人|单位|部门|日期|时间|\(.*\))?:.*"
)
_MEMBER: Final = "/member/"
_PERSON: Final = "/data/resident_number"
_NUMBER: Final = re.compile(r"[0-9]{15}")


def is_nobodys(row: Row, headers: Headers, mapping: Mapping) -> bool:
    """Whether the row, by itself, is one of these; of events one that cannot be read."""
    if mapping.rows is RowsAre.MEMBER:
        return is_footer(row, headers)
    return values_of(row, headers)[1] is not None and is_total(row, headers)


def is_footer(row: Row, headers: Headers) -> bool:
    """Whether a row of a list of members is nobody's.

    It names no household, and names no member or calls itself a total.
    """
    named = {column.to for column, _ in _named(row, headers) if column is not None}
    if named >= set(SUBJECT):
        return False
    if _is_labelled(row):
        return True
    return not any(to.startswith(_MEMBER) for to in named)


def is_total(row: Row, headers: Headers) -> bool:
    """Whether a row of a list of events is nobody's.

    It calls itself a total or a signature, and names neither a household nor a person's number. A
    row that only lacks whose it is has been filled in badly, and goes back to be mended.
    """
    named = _named(row, headers)
    targets = {column.to for column, _ in named if column is not None}
    is_somebodys = targets >= set(SUBJECT) or any(
        column is not None and column.to == _PERSON and _NUMBER.search(_plain(str(cell)))
        for column, cell in named
    )
    return not is_somebodys and (_is_labelled(row) or any(map(_is_signature, row.cells)))


def _named(row: Row, headers: Headers) -> list[tuple[Column | None, Cell]]:
    """The filled cells that say whose the row is or what it holds.

    What calls itself a total or a signature says neither, whatever column it stands in.
    """
    return [
        (column, cell)
        for column, cell in zip(headers.columns, row.cells, strict=False)
        if not _is_empty(cell) and not _is_label(cell) and not _is_signature(cell)
    ]


def _is_labelled(row: Row) -> bool:
    return any(map(_is_label, row.cells))


def _is_label(cell: Cell) -> bool:
    return isinstance(cell, str) and _LABEL.fullmatch(_plain(cell)) is not None


def _is_signature(cell: Cell) -> bool:
    return isinstance(cell, str) and _SIGNATURE.fullmatch(_plain(cell)) is not None


def _is_empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not trimmed(cell).strip())


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text[:40]).casefold().split())
