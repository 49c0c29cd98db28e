"""Rows that belong to no household, as totals and signatures under a list do. Pure.

A row below a household belongs to it when it names none, as in the lower rows of merged cells. One
that names neither household nor person must not make the household wrong above which it happens to
stand.
"""

import re
import unicodedata
from typing import Final

from foothold_ingest.rules.rows.cells import Cell
from foothold_ingest.rules.rows.mapping import SUBJECT
from foothold_ingest.rules.rows.rows import Headers, Row
from foothold_schemas.characters import trimmed

_LABEL: Final = re.compile(
    r"(本?[页表村组乡镇县户]|全[村组乡镇县])?(合计|总计|小计|共计|累计|总数|grandtotal|subtotal|total|sum)(数|人数|户数|:.*|[0-9(].*)?"
)
_MEMBER: Final = "/member/"


def is_footer(row: Row, headers: Headers) -> bool:
    """Whether the row names no household and either names no member or calls itself a total."""
    cells = [
        (column, cell)
        for column, cell in zip(headers.columns, row.cells, strict=False)
        if not _is_empty(cell)
    ]
    named = {column.to for column, _ in cells if column is not None}
    if named >= set(SUBJECT):
        return False
    if any(isinstance(cell, str) and _LABEL.fullmatch(_plain(cell)) for cell in row.cells):
        return True
    return not any(to.startswith(_MEMBER) for to in named)


def _is_empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not trimmed(cell).strip())


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text[:40]).casefold().split())
