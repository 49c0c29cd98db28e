"""Tables of whole areas: warnings, incidents, and the townships that were told of them."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Identity, Index, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from foothold_alerts.tables.cases import Base
from foothold_schemas.values import JsonObject


class RegionWarningRow(Base):
    """A change of an area's level.

    `place_in_day` orders those of one day; `number` is for people and addresses.

    `let_go_at`: who had seen it left, and nobody has been reminded since.
    """

    __tablename__ = "region_warnings"
    __table_args__ = (
        Index("ix_region_warnings_last", "area", "cause", "window", "day", "place_in_day"),
    )

    warning_id: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    area: Mapped[str] = mapped_column(Text)
    county: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text)
    window: Mapped[int] = mapped_column(Integer)
    day: Mapped[date] = mapped_column(Date)
    place_in_day: Mapped[int] = mapped_column(Integer)
    gravity: Mapped[int] = mapped_column(Integer)
    body: Mapped[JsonObject] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    acknowledged_by: Mapped[str | None] = mapped_column(Text)
    acknowledged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    let_go_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RegionCountRow(Base):
    """How an area stands now, for one cause and window.

    It is the last that risk reported, by its place in risk's own log.
    """

    __tablename__ = "region_counts"

    area: Mapped[str] = mapped_column(Text, primary_key=True)
    cause: Mapped[str] = mapped_column(Text, primary_key=True)
    window: Mapped[int] = mapped_column(Integer, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    day: Mapped[date] = mapped_column(Date)
    body: Mapped[JsonObject] = mapped_column(JSONB)


class IncidentRow(Base):
    """Something that struck an area, as the households' views name it last.

    `number` is for people and addresses.
    """

    __tablename__ = "incidents"

    incident: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    body: Mapped[JsonObject] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class IncidentPlaceRow(Base):
    """A township that was told of an incident."""

    __tablename__ = "incident_places"

    incident: Mapped[str] = mapped_column(
        Text, ForeignKey("incidents.incident", ondelete="CASCADE"), primary_key=True
    )
    township: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
