"""Ingest's own tables: agencies' keys, the days opened, the quarantine."""

from datetime import date, datetime

from sqlalchemy import Date, DateTime, LargeBinary, MetaData, Text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


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


class OpenedDay(Base):
    """A day that stands in every partition of the log."""

    __tablename__ = "opened_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class QuarantinedRecord(Base):
    """A record a service could not use, whole."""

    __tablename__ = "quarantine"

    source_id: Mapped[str] = mapped_column(Text, primary_key=True)
    service: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, index=True)
    detail: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    record_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    record_value: Mapped[bytes | None] = mapped_column(LargeBinary)


def connect(url: str) -> AsyncEngine:
    """A pool that notices connections a database restart has killed."""
    return create_async_engine(url, pool_pre_ping=True)
