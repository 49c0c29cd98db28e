"""Tables of what people are told: whom, of what, and in which message."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from foothold_alerts.tables.cases import Base
from foothold_schemas.values import JsonObject


class TargetRow(Base):
    """Whom to tell of an area; the address, which may hold a password, under seal."""

    __tablename__ = "targets"

    target_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    area: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    sealed: Mapped[str] = mapped_column(Text)
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class NoticeRow(Base):
    """Something to tell, of a case or a region warning by its number.

    `taken_at`: when it became part of a digest.
    """

    __tablename__ = "notices"

    notice_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    place: Mapped[str] = mapped_column(Text)
    event: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    taken_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DigestRow(Base):
    """One message to one target. Its id goes with it, so that a repeat is known as one."""

    __tablename__ = "digests"

    digest_id: Mapped[str] = mapped_column(Text, primary_key=True)
    target_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("targets.target_id", ondelete="CASCADE")
    )
    body: Mapped[JsonObject] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
