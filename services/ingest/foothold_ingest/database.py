"""Ingest's own tables.

They hold agencies and keys, days and feeds, quarantine, directory, who belongs to which household,
what is held, and the audit.
"""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    MetaData,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

MOST_ATTEMPTS: Final = 3
"""So often the work on one file, event, doubt or ticket may fail; then it is set aside and told,
and the others go on."""


class Base(DeclarativeBase):
    """Tables of ingest."""

    metadata = MetaData()


class AgencyKey(Base):
    """An API key, kept as a keyed hash; `prefix` finds it."""

    __tablename__ = "agency_keys"

    prefix: Mapped[str] = mapped_column(Text, primary_key=True)
    agency: Mapped[str] = mapped_column(Text, index=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary)
    is_operator: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AgencyRow(Base):
    """An agency in the register.

    It has the kinds and areas it may send (empty: all), since when it may send nothing, and the
    client of its access tokens.
    """

    __tablename__ = "agencies"

    agency: Mapped[str] = mapped_column(Text, primary_key=True)
    kinds: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    areas: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    is_operator: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    client: Mapped[str | None] = mapped_column(Text, unique=True)


class OpenedDay(Base):
    """A day that stands in every partition of the log."""

    __tablename__ = "opened_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class FeedRow(Base):
    """The business day a feed was last heard; empty: before the first day was opened."""

    __tablename__ = "feeds"

    agency: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    county: Mapped[str] = mapped_column(Text, primary_key=True)
    heard_on: Mapped[date | None] = mapped_column(Date)


class QuarantinedRecord(Base):
    """A record a service could not use, whole and sealed. `retried_at` is empty while it waits."""

    __tablename__ = "quarantine"

    source_id: Mapped[str] = mapped_column(Text, primary_key=True)
    service: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, index=True)
    detail: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sealed: Mapped[str] = mapped_column(Text)
    retried_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class QuarantineEvent(Base):
    """What was done with a record in quarantine, by whom, and what came of it.

    Only ever added to.
    """

    __tablename__ = "quarantine_history"

    event_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    source_id: Mapped[str] = mapped_column(Text, ForeignKey("quarantine.source_id"), index=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)


class DirectoryRow(Base):
    """A household's contact under its data key, and that key under the directory secret.

    Deleting the row destroys the key.
    """

    __tablename__ = "directory"

    household_id: Mapped[str] = mapped_column(Text, primary_key=True)
    wrapped_key: Mapped[str] = mapped_column(Text)
    sealed: Mapped[str | None] = mapped_column(Text)
    registered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PersonRow(Base):
    """A person whose number was sent: the number under seal.

    `is_derived`: it came with 15 digits only.
    """

    __tablename__ = "people"

    person_ref: Mapped[str] = mapped_column(Text, primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
    is_derived: Mapped[bool]


class HouseholdRow(Base):
    """A household of the register.

    It has its authority's county, its subject under seal, and which entry it stands at.

    `members`: whom the entry names; None: it came before this was kept. `earlier`: entries it has
    replaced, the last few, rising, and those taken back.
    """

    __tablename__ = "households"

    household_id: Mapped[str] = mapped_column(Text, primary_key=True)
    county: Mapped[str] = mapped_column(Text)
    sealed_subject: Mapped[str] = mapped_column(Text)
    registered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    place: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    fact_id: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    members: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    earlier: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class MembershipRow(Base):
    """An interval of a numbered person in a household, from the household's latest entry."""

    __tablename__ = "memberships"

    membership_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    household_id: Mapped[str] = mapped_column(
        Text, ForeignKey("households.household_id"), index=True
    )
    person_ref: Mapped[str] = mapped_column(Text, ForeignKey("people.person_ref"), index=True)
    joined_on: Mapped[date | None] = mapped_column(Date)
    left_on: Mapped[date | None] = mapped_column(Date)


class DoubleRow(Base):
    """A ticket: one person in two households at once.

    Closed as `mended` by the register, or `dismissed` by somebody with a reason.

    `told`: the state both households' logs were last told of.
    """

    __tablename__ = "doubles"

    ticket: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    person_ref: Mapped[str] = mapped_column(Text)
    household_id: Mapped[str] = mapped_column(Text, index=True)
    other_id: Mapped[str] = mapped_column(Text, index=True)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str | None] = mapped_column(Text)
    because: Mapped[str | None] = mapped_column(Text)
    told: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)


class HeldRow(Base):
    """An event whose person no register entry names yet, under seal until it is released.

    `problem`: why it could not be, though the person came.
    """

    __tablename__ = "held"

    fact_id: Mapped[str] = mapped_column(Text, primary_key=True)
    person_ref: Mapped[str] = mapped_column(Text)
    agency: Mapped[str] = mapped_column(Text, index=True)
    kind: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    place: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    sealed: Mapped[str | None] = mapped_column(Text)
    problem: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    released_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RegionRow(Base):
    """A county code the standard's table does not have, or has otherwise.

    It takes precedence over the table.
    """

    __tablename__ = "regions"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    first_year: Mapped[int | None]
    last_year: Mapped[int | None]


class AuditRow(Base):
    """Who did what, or tried to. Only ever added to; names no household and no person."""

    __tablename__ = "audit"

    event_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, object]] = mapped_column(JSONB)


class ArrivalRow(Base):
    """How many events of a kind came from an agency on a calendar day, and what became of them."""

    __tablename__ = "arrivals"

    agency: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    outcome: Mapped[str] = mapped_column(Text, primary_key=True)
    many: Mapped[int] = mapped_column(BigInteger)


class ConsoleSession(Base):
    """Somebody at the agencies' console, by the key they signed in with."""

    __tablename__ = "console_sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    prefix: Mapped[str] = mapped_column(Text, ForeignKey("agency_keys.prefix"), index=True)
    person: Mapped[str] = mapped_column(Text)
    csrf: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class MappingRow(Base):
    """An agency's own mapping of a kind of file, as its YAML."""

    __tablename__ = "mappings"

    agency: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class UploadRow(Base):
    """A file an agency sent, how far it has been worked through, and what came of its rows.

    The mapping is the one of that moment.

    `attempts`: how often work on it began since its last batch was kept. `is_kept`: its pieces
    stay, as rows in quarantine are only whole there.
    """

    __tablename__ = "uploads"

    upload_id: Mapped[str] = mapped_column(Text, primary_key=True)
    agency: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    as_of: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    mapping: Mapped[str] = mapped_column(Text)
    mapping_text: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    is_dry_run: Mapped[bool]
    traceparent: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    problem: Mapped[str | None] = mapped_column(Text)
    encoding: Mapped[str | None] = mapped_column(Text)
    headers: Mapped[list[str] | None] = mapped_column(JSONB)
    share: Mapped[float]
    rows_done: Mapped[int]
    counts: Mapped[dict[str, int]] = mapped_column(JSONB)
    warnings: Mapped[list[dict[str, object]]] = mapped_column(JSONB, server_default="[]")
    attempts: Mapped[int] = mapped_column(default=0)
    is_kept: Mapped[bool] = mapped_column(default=False)
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class UploadPart(Base):
    """A piece of a file, under seal, until the file is worked through."""

    __tablename__ = "upload_parts"

    upload_id: Mapped[str] = mapped_column(Text, ForeignKey("uploads.upload_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)


class UploadProblem(Base):
    """A row that was not taken, with its cells under seal.

    `mended_at`: a retry has taken it since.
    """

    __tablename__ = "upload_problems"

    upload_id: Mapped[str] = mapped_column(Text, ForeignKey("uploads.upload_id"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    sealed: Mapped[str] = mapped_column(Text)
    mended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


def connect(url: str) -> AsyncEngine:
    """A pool that notices connections a database restart has killed."""
    return create_async_engine(url, pool_pre_ping=True, hide_parameters=True)
