"""Alerts' own tables.

Transitions, cases and relief follow from the topic; what people did is kept here only, and audited.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from foothold_schemas.values import JsonObject


class Base(DeclarativeBase):
    """Tables of alerts."""

    metadata = MetaData()


class CaseRow(Base):
    """One episode of one household.

    `version` changes with every change; `latest` is the transition last taken.
    """

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("household_id", "episode"),
        Index("ix_cases_inbox", "stage", "area"),
    )

    case_id: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    household_id: Mapped[str] = mapped_column(Text)
    episode: Mapped[int] = mapped_column(Integer)
    register_number: Mapped[str] = mapped_column(Text)
    area: Mapped[str] = mapped_column(Text)
    stage: Mapped[str] = mapped_column(Text)
    is_urgent: Mapped[bool]
    priority_group: Mapped[str | None] = mapped_column(Text)
    opened_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    close_reason: Mapped[str | None] = mapped_column(Text)
    is_recovering: Mapped[bool]
    assigned_to: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    latest: Mapped[JsonObject] = mapped_column(JSONB)
    is_quiet: Mapped[bool]
    workflow: Mapped[int] = mapped_column(Integer)
    consent: Mapped[str | None] = mapped_column(Text)
    notice_on: Mapped[date | None] = mapped_column(Date)
    identified_on: Mapped[date | None] = mapped_column(Date)
    paused_on: Mapped[date | None] = mapped_column(Date)
    pause_reason: Mapped[str | None] = mapped_column(Text)
    urgent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    looked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    proposed_by: Mapped[str | None] = mapped_column(Text)
    proposed_what: Mapped[str | None] = mapped_column(Text)
    closed_on: Mapped[date | None] = mapped_column(Date)
    closed_at: Mapped[str | None] = mapped_column(Text)
    settle_from: Mapped[date | None] = mapped_column(Date)
    stood_still: Mapped[list[list[str]]] = mapped_column(JSONB, server_default="[]")
    paused_by: Mapped[str | None] = mapped_column(Text)
    held_pause: Mapped[list[str | None] | None] = mapped_column(JSONB(none_as_null=True))


class TransitionRow(Base):
    """A transition taken. Its id is the key, so a repeat changes nothing."""

    __tablename__ = "transitions"

    transition_id: Mapped[str] = mapped_column(Text, primary_key=True)
    household_id: Mapped[str] = mapped_column(Text, index=True)
    case_id: Mapped[str | None] = mapped_column(Text, index=True)
    number: Mapped[int] = mapped_column(Integer)
    body: Mapped[JsonObject] = mapped_column(JSONB)


class ReliefRow(Base):
    """Temporary relief, proposed for one cause.

    It is then decided by one person and paid by another, refused or withdrawn.

    `borne_number`: the transition of the household by which `borne_fen` was known, so that what is
    older never replaces what is newer.
    `withdrawn_from`: how far people had come with it when its case ended, where it goes on if the
    case does.
    """

    __tablename__ = "relief"

    relief_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_id: Mapped[str] = mapped_column(Text, ForeignKey("cases.case_id"), index=True)
    household_id: Mapped[str] = mapped_column(Text, index=True)
    kind: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text, index=True)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    paid_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    paid_by: Mapped[str | None] = mapped_column(Text)
    papers_due_on: Mapped[date | None] = mapped_column(Date)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    approved_by: Mapped[str | None] = mapped_column(Text)
    actual_fen: Mapped[int | None] = mapped_column(BigInteger)
    to_settle_fen: Mapped[int | None] = mapped_column(BigInteger)
    explained: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    is_exception: Mapped[bool]
    paid_on: Mapped[date | None] = mapped_column(Date)
    borne_fen: Mapped[int | None] = mapped_column(BigInteger)
    borne_number: Mapped[int] = mapped_column(Integer, server_default="0")
    allowed_fen: Mapped[int | None] = mapped_column(BigInteger)
    came_back_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    waived_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    event: Mapped[str | None] = mapped_column(Text)
    bills_until: Mapped[date | None] = mapped_column(Date)
    withdrawn_from: Mapped[str | None] = mapped_column(Text)


class ReviewRow(Base):
    """A decision of the past that a late fact puts in doubt.

    `done_at` is empty until a person has looked.
    """

    __tablename__ = "reviews"

    transition_id: Mapped[str] = mapped_column(Text, primary_key=True)
    case_id: Mapped[str] = mapped_column(Text, ForeignKey("cases.case_id"), index=True)
    looks_back_to: Mapped[date] = mapped_column(Date)
    reason: Mapped[JsonObject] = mapped_column(JSONB)
    asked_on: Mapped[date] = mapped_column(Date)
    done_by: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DeadlineRow(Base):
    """What is due by when, as it was set.

    `level`: how many steps of the escalation have been told; `acknowledged_by` stops it.
    """

    __tablename__ = "deadlines"

    deadline_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_id: Mapped[str] = mapped_column(Text, ForeignKey("cases.case_id"))
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    began_on: Mapped[date] = mapped_column(Date)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    limit_count: Mapped[int | None] = mapped_column(Integer)
    limit_unit: Mapped[str | None] = mapped_column(Text)
    is_provisional: Mapped[bool]
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reminded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    passed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    level: Mapped[int] = mapped_column(Integer)
    acknowledged_by: Mapped[str | None] = mapped_column(Text)


class MeasureRow(Base):
    """A department's measure against risks of a household.

    It is planned, then delivered, or dropped with a reason.
    """

    __tablename__ = "measures"

    measure_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_id: Mapped[str] = mapped_column(Text, ForeignKey("cases.case_id"))
    household_id: Mapped[str] = mapped_column(Text, index=True)
    kind: Mapped[str] = mapped_column(Text)
    against: Mapped[list[str]] = mapped_column(ARRAY(Text))
    department: Mapped[str] = mapped_column(Text)
    planned_on: Mapped[date] = mapped_column(Date)
    planned_by: Mapped[str] = mapped_column(Text)
    delivered_on: Mapped[date | None] = mapped_column(Date)
    delivered_by: Mapped[str | None] = mapped_column(Text)
    dropped_because: Mapped[str | None] = mapped_column(Text)


class VisitRow(Base):
    """Somebody was at the household."""

    __tablename__ = "visits"

    visit_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_id: Mapped[str] = mapped_column(Text, ForeignKey("cases.case_id"), index=True)
    visited_on: Mapped[date] = mapped_column(Date)
    by: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)


class DisputeRow(Base):
    """Somebody at the desk doubts a fact of a finding, and what became of the question.

    The newest state wins, whenever it comes.
    """

    __tablename__ = "disputes"

    dispute_id: Mapped[str] = mapped_column(Text, primary_key=True)
    case_id: Mapped[str] = mapped_column(Text, ForeignKey("cases.case_id"))
    household_id: Mapped[str] = mapped_column(Text, index=True)
    fact_id: Mapped[str] = mapped_column(Text)
    doubt: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(Text)
    agency: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class OutboxRow(Base):
    """What people decided or did, on its way into the log; `sent_at` empty until Kafka has it.

    `set_aside_at`: it failed too often.
    """

    __tablename__ = "said"
    __table_args__ = (
        Index("ix_said_waiting", "household_id", "seq", postgresql_where="sent_at is null"),
    )

    seq: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    said_id: Mapped[str] = mapped_column(Text, unique=True)
    household_id: Mapped[str] = mapped_column(Text)
    body: Mapped[JsonObject] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    set_aside_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AuditRow(Base):
    """Who did what to which case, and when. Never changed, never deleted."""

    __tablename__ = "audit"

    audit_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    case_id: Mapped[str | None] = mapped_column(Text, index=True)
    detail: Mapped[JsonObject] = mapped_column(JSONB)


class PartitionDay(Base):
    """The day each risk partition has worked through.

    The earliest of them is the desk's business date.
    """

    __tablename__ = "partition_days"

    partition: Mapped[int] = mapped_column(Integer, primary_key=True)
    day: Mapped[date] = mapped_column(Date)
    registered: Mapped[JsonObject] = mapped_column(JSONB)
    stale: Mapped[JsonObject] = mapped_column(JSONB)


class ViewRow(Base):
    """A household as risk shows it now; `body` empty once there is nothing to look at.

    `position` is the record's offset: older never replaces newer.
    """

    __tablename__ = "views"

    household_id: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))


class DirectoryRow(Base):
    """Whom to visit, sealed as it came; `entry` empty once erased."""

    __tablename__ = "directory"

    household_id: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    entry: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))


def connect(url: str) -> AsyncEngine:
    """A pool that notices connections a database restart has killed.

    What a statement carried stands in no error, so in no log.
    """
    return create_async_engine(url, pool_pre_ping=True, hide_parameters=True)
