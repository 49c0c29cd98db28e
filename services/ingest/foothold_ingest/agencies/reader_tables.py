"""The tables of how agencies' topics are read."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from foothold_ingest.database import Base


class AgencyReaderRow(Base):
    """How the reader of an agency's topic fares.

    It has bad records in a row, and since when the reader reads no further. Without a row it fares
    well.
    """

    __tablename__ = "agency_readers"

    agency: Mapped[str] = mapped_column(Text, primary_key=True)
    bad_in_a_row: Mapped[int]
    paused_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AgencyLossRow(Base):
    """Records of a partition of an agency's topic that nobody had read when Kafka let go of them.

    `counted_to`: the offset up to which they are counted.
    """

    __tablename__ = "agency_losses"

    agency: Mapped[str] = mapped_column(Text, primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True)
    counted_to: Mapped[int] = mapped_column(BigInteger)
    lost: Mapped[int] = mapped_column(BigInteger)
    last_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
