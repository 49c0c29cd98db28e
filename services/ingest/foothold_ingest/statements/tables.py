"""The tables of statements that have a name, and of what a file changed in them."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, DateTime, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from foothold_ingest.database import Base


class StatementRow(Base):
    """The version of a named statement that counts.

    It has where it belongs, its place in the order of versions, and what it says, under seal.
    """

    __tablename__ = "statements"
    __table_args__ = (
        Index("ix_statements_fact", "fact_id"),
        Index("ix_statements_household", "household_id"),
        Index("ix_statements_recorded", "recorded_at"),
    )

    name: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    agency: Mapped[str] = mapped_column(Text)
    fact_id: Mapped[str] = mapped_column(Text)
    household_id: Mapped[str | None] = mapped_column(Text)
    said_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    place: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    sealed: Mapped[str] = mapped_column(Text)


class UploadChange(Base):
    """A row that says otherwise than the version that counted when it came: in what, under seal."""

    __tablename__ = "upload_changes"

    upload_id: Mapped[str] = mapped_column(Text, ForeignKey("uploads.upload_id"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
