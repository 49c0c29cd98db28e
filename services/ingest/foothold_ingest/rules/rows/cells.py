"""Cells of a file become values of an event, or a sentence about what is wrong.

Nothing is guessed: what could be two things is neither.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from foothold_ingest.rules.rows.mapping import CellKind, Column
from foothold_ingest.rules.rows.unread import NO_VALUE, is_unread
from foothold_ingest.rules.strict_json import NotStrict, check_text
from foothold_ingest.rules.unseen import INSIDE
from foothold_schemas.characters import has_unseen, trimmed
from foothold_schemas.values import Fen
from foothold_schemas.wire.quarantine import RefusalReason

_DAY: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日|([0-9]{2})([0-9]{2}))"
)
_MONTH: Final = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})|/([0-9]{1,2})|年([0-9]{1,2})月|([0-9]{2}))")
_EXPONENT: Final = re.compile(r"[0-9]+(\.[0-9]*)?[eE]\+[0-9]+")
"""As spreadsheets write long numbers; a claim number of digits and an E has no plus sign."""
_GROUPED: Final = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_HALF_WIDTH: Final = str.maketrans("０１２３４５６７８９，．－／", "0123456789,.-/")
_YES: Final = frozenset({"是", "有", "y", "yes", "true", "1"})
_NO: Final = frozenset({"否", "无", "n", "no", "false", "0"})
_SIGNIFICANT: Final = 15
_TOO_MUCH: Final = Decimal(10) ** 12
_MAGNITUDE: Final = 40
"""Powers of ten beyond which a number is not even looked at: 1E+999999 is short to write and long
to calculate with."""
_MARK: Final = "'"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
REPLACEMENT: Final = "\ufffd"


class Number(NamedTuple):
    """A cell that a spreadsheet holds as a number, in the digits it is written with."""

    digits: str


Cell = str | Number | date | bool | None


def kept(cell: Cell) -> object:
    """Return a cell as JSON.

    Text, null, true and false are as they are; {"n": "12.50"} is for a number, {"d": "2026-01-31"}
    for a date.
    """
    match cell:
        case Number(digits):
            return {"n": digits}
        case date():
            return {"d": cell.isoformat()}
        case _:
            return cell


def inert(text: str) -> str:
    """A text no spreadsheet runs as a formula: it bears a mark in front.

    Negative amounts stay as they are.
    """
    if not text.startswith(_FORMULA):
        return text
    try:
        Fen.parse(text)
    except ValueError:
        return f"{_MARK}{text}"
    return text


def unmarked(cell: Cell) -> Cell:
    """A cell of rows that we gave out, without the mark, so that they can be sent back as is."""
    return (
        cell[1:]
        if isinstance(cell, str) and cell.startswith(_MARK) and cell[1:].startswith(_FORMULA)
        else cell
    )


def cell_of(value: object) -> Cell:
    """The cell of a JSON value. A moment or a duration is a number no column takes."""
    match value:
        case {"n": str(digits)}:
            return Number(digits)
        case {"d": str(day)}:
            return date.fromisoformat(day)
        case None | str() | bool():
            return value
        case _:
            return Number("")


class WrongCell(ValueError):  # noqa: N818 - named for what it says about the cell
    """The message says what is wrong and what to do, and repeats nothing of the cell."""

    def __init__(self, reason: RefusalReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def value_of(cell: Cell, column: Column) -> str | bool | None:
    """The value for the event; None for an empty cell; raise WrongCell."""
    if isinstance(cell, str):
        cell = _checked(cell.strip())
    if cell is None or cell == "":
        if column.required:
            raise WrongCell(
                RefusalReason.INVALID_FIELD, "this cell is empty, and the column is required"
            )
        return None
    if column.kind is CellKind.CHOICE:
        return _choice(cell, column)
    return _READ[column.kind](cell)


def _checked(written: str) -> str:
    text = trimmed(written).strip()
    if is_unread(text):
        raise WrongCell(RefusalReason.INVALID_FIELD, NO_VALUE)
    if REPLACEMENT in text:
        raise WrongCell(
            RefusalReason.INVALID_FIELD,
            "characters of this cell were lost before the file was saved; take it from the source",
        )
    try:
        check_text(written, "")
    except NotStrict as error:
        raise WrongCell(
            error.reason, "this cell holds a control or bidirectional character, or is too long"
        ) from None
    if has_unseen(text):
        raise WrongCell(RefusalReason.INVALID_FIELD, INSIDE)
    return text


def _text(cell: Cell) -> str:
    if not isinstance(cell, str):
        message = (
            "this cell is a number or a date, and the column holds text: a spreadsheet may have cut"
            " its digits; format the column as text at the source"
        )
        raise WrongCell(RefusalReason.DAMAGED_NUMBER, message)
    if _EXPONENT.fullmatch(cell):
        raise WrongCell(
            RefusalReason.DAMAGED_NUMBER,
            "a spreadsheet has damaged this number: format the column as text at the source, and"
            " export again",
        )
    return cell


def _amount(cell: Cell) -> str:
    """An amount is exact.

    A spreadsheet holds binary numbers: their fifteen significant digits are what it shows.
    """
    if isinstance(cell, Number) and cell.digits:
        shown = _shown(cell.digits)
        if shown is None or abs(shown) >= _TOO_MUCH:
            raise WrongCell(RefusalReason.INVALID_FIELD, "this is no amount of money")
        if shown != round(shown, 2):
            raise WrongCell(RefusalReason.INVALID_FIELD, "an amount has at most two decimal places")
        return f"{shown:.2f}"
    if isinstance(cell, str):
        return _ungrouped(cell.translate(_HALF_WIDTH))
    raise WrongCell(RefusalReason.INVALID_FIELD, "this cell is no amount")


def _ungrouped(text: str) -> str:
    """An amount without its thousands separators, which must stand where they belong."""
    if "," not in text:
        return text
    if not _GROUPED.fullmatch(text):
        raise WrongCell(
            RefusalReason.INVALID_FIELD,
            "千位分隔符的位置不对，请写成 31400.00 separators stand in wrong places: write"
            " 31400.00",
        )
    return text.replace(",", "")


def _shown(digits: str) -> Decimal | None:
    """The number as a spreadsheet shows it; None for what is none.

    Nothing is rounded that is too large to be an amount.
    """
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return None
    if not number.is_finite() or (number and abs(number.adjusted()) > _MAGNITUDE):
        return None
    return Decimal(f"{number:.{_SIGNIFICANT}g}") if number else Decimal(0)


def _day(cell: Cell) -> str:
    if isinstance(cell, date):
        return cell.isoformat()
    match = _DAY.fullmatch(cell.translate(_HALF_WIDTH)) if isinstance(cell, str) else None
    if match is not None:
        year, *parts = (int(part) for part in match.groups() if part is not None)
        try:
            return date(year, *parts).isoformat()
        except ValueError:
            pass
    raise WrongCell(RefusalReason.INVALID_FIELD, "this is no day; write it as 2026-01-31")


def _month(cell: Cell) -> str:
    if isinstance(cell, date):
        return f"{cell.year:04d}-{cell.month:02d}"
    match = _MONTH.fullmatch(cell.translate(_HALF_WIDTH)) if isinstance(cell, str) else None
    if match is None:
        raise WrongCell(RefusalReason.INVALID_FIELD, "this is no month; write it as 2026-01")
    year, month = (int(part) for part in match.groups() if part is not None)
    return f"{year:04d}-{month:02d}"


def _yes(cell: Cell) -> bool:
    if isinstance(cell, bool):
        return cell
    word = (
        cell.casefold()
        if isinstance(cell, str)
        else cell.digits
        if isinstance(cell, Number)
        else ""
    )
    if word in _YES or word in _NO:
        return word in _YES
    raise WrongCell(RefusalReason.INVALID_FIELD, "write 是 or 否 (yes or no)")


def _choice(cell: Cell, column: Column) -> str:
    word = cell if isinstance(cell, str) else cell.digits if isinstance(cell, Number) else ""
    if word in column.choices:
        return column.choices[word]
    if word in column.choices.values():
        return word
    raise WrongCell(RefusalReason.INVALID_FIELD, f"write one of: {', '.join(column.choices)}")


_READ: Final[Mapping[CellKind, Callable[[Cell], str | bool]]] = {
    CellKind.TEXT: _text,
    CellKind.AMOUNT: _amount,
    CellKind.DAY: _day,
    CellKind.MONTH: _month,
    CellKind.YES_NO: _yes,
}
"""How a cell is read, but for a choice, which depends on its column."""
