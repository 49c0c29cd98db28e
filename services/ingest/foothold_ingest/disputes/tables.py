"""The table of what caseworkers doubt."""

from datetime import date, datetime

from sqlalchemy import Date, DateTime, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from foothold_ingest.database import Base


class DisputeRow(Base):
    """A caseworker's doubt about a fact, and what became of it.

    `told`: the state the desk knows; `state` new: its sender is not looked up yet.

    `said`: what the sender's event says, without people, so that it is recognised.
    """

    __tablename__ = "disputes"
    __table_args__ = (
        Index("ix_disputes_open", "fact_id", postgresql_where="state <> 'corrected'"),
    )

    dispute_id: Mapped[str] = mapped_column(Text, primary_key=True)
    household_id: Mapped[str] = mapped_column(Text)
    fact_id: Mapped[str] = mapped_column(Text)
    fact_kind: Mapped[str] = mapped_column(Text)
    fact_day: Mapped[date] = mapped_column(Date)
    doubt: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    agency: Mapped[str | None] = mapped_column(Text, index=True)
    source: Mapped[str | None] = mapped_column(Text)
    event_id: Mapped[str | None] = mapped_column(Text)
    said: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    told: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
