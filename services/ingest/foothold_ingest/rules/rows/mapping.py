"""How the columns of an agency's file become events.

One YAML file for each kind of file; what it may say stands here, and is checked when it is loaded.
"""

import unicodedata
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from foothold_schemas.characters import is_unseen
from foothold_schemas.facts.sent import AGENCY_KINDS
from foothold_schemas.values import Sentence

ERROR_HEADER: Final = "错误 error"
"""The column that is added to rows sent back; in a file that comes in, it is ignored."""

SUBJECT: Final = ("/county", "/register_number")
OWN: Final = (*SUBJECT, "/id", "/time")
"""Targets of the event itself; everything else stands below /data."""


class CellKind(StrEnum):
    """What a column's cells hold."""

    TEXT = "text"
    AMOUNT = "amount"
    DAY = "day"
    MONTH = "month"
    YES_NO = "yes_no"
    CHOICE = "choice"


class RowsAre(StrEnum):
    """What a row is: an event, or a member of the household whose rows stand together."""

    EVENT = "event"
    MEMBER = "member"


class Strict(BaseModel):
    """A part of a mapping: what it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(Strict):
    """One column: the headers it is known by, the first for templates, and where its cells go."""

    headers: Annotated[tuple[str, ...], Field(min_length=1)]
    to: str = Field(pattern=r"^/(county|register_number|id|time|data(/[a-z_]+)+|member/[a-z_]+)$")
    kind: CellKind = CellKind.TEXT
    required: bool = False
    choices: dict[str, str] = Field(
        default_factory=dict, description="What stands in the file → the value of the event."
    )
    example: str = ""

    @model_validator(mode="after")
    def _choices_belong(self) -> Self:
        if bool(self.choices) != (self.kind is CellKind.CHOICE):
            raise ValueError("`choices` belong to kind `choice`, and only to it")
        return self


class Mapping(Strict):
    """A kind of file."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    title: Sentence
    kind: str
    rows: RowsAre = RowsAre.EVENT
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=80)]
    ignored: tuple[str, ...] = Field(default=(), description="Headers that are known and not used.")
    fixed: dict[str, str] = Field(
        default_factory=dict, description="Target → the same value for every row."
    )
    unique: tuple[str, ...] = Field(
        default=(),
        description="Targets that together name a record: a second row with the same is a repeat.",
    )
    version: Literal[1] = 1

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.kind not in AGENCY_KINDS:
            raise ValueError(f"kind {self.kind} is not known; known: {', '.join(AGENCY_KINDS)}")
        targets = [column.to for column in self.columns] + list(self.fixed)
        if twice := sorted({to for to in targets if targets.count(to) > 1}):
            raise ValueError(f"more than one column goes to {', '.join(twice)}")
        headers = [plain(header) for column in self.columns for header in column.headers] + [
            plain(header) for header in self.ignored
        ]
        if twice := sorted({header for header in headers if headers.count(header) > 1}):
            raise ValueError(f"the header {', '.join(twice)} stands for more than one column")
        if unknown := [to for to in self.unique if to not in targets]:
            raise ValueError(f"unique names {', '.join(unknown)}, which no column goes to")
        if self.rows is RowsAre.MEMBER and not set(SUBJECT) <= set(targets):
            raise ValueError("rows of members need columns for /county and /register_number")
        return self

    def column(self, header: str) -> Column | None:
        """The column known by this header, however it is written."""
        name = plain(header)
        return next((c for c in self.columns if name in {plain(h) for h in c.headers}), None)

    def ignores(self, header: str) -> bool:
        """Whether the header is known and not used."""
        return plain(header) in {plain(h) for h in (*self.ignored, ERROR_HEADER)}


def plain(header: str) -> str:
    """Return a header as it is compared.

    Full-width and half-width, upper and lower case, spaces and what nobody sees make no difference.
    """
    text = "".join(unicodedata.normalize("NFKC", header).casefold().split())
    return text if text.isprintable() else "".join(c for c in text if not is_unseen(c))
