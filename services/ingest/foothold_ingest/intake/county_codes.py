"""The county codes known here: the standard's table, and what operators have added to it."""

import csv
import time
from functools import cache
from importlib.resources import files
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.database import RegionRow
from foothold_ingest.rules.regions import Held, Regions
from foothold_runtime.databases import UNAVAILABLE

_CACHE_SECONDS: Final = 10.0


@cache
def standard() -> Regions:
    """GB/T 2260, with the years in which each code held (`data/README.md` of schemas)."""
    text = files("foothold_schemas").joinpath("data/regions.csv").read_text(encoding="utf-8")
    return Regions.of(
        (row["code"], Held(_year(row["first_year"]), _year(row["last_year"])))
        for row in csv.DictReader(text.splitlines())
    )


def _year(text: str) -> int | None:
    return int(text) if text else None


class RegionBook:
    """What was added holds at every door within ten seconds."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._known = standard()
        self._until = 0.0

    async def current(self) -> Regions:
        """The codes known at this moment; while the database is away, those known before."""
        if self._until > time.monotonic():
            return self._known
        try:
            async with self._engine.connect() as connection:
                rows = (await connection.execute(select(*RegionRow.__table__.columns))).all()
        except UNAVAILABLE:
            return self._known
        self._known = Regions(
            {
                **standard().held,
                **{row.code: (Held(row.first_year, row.last_year),) for row in rows},
            }
        )
        self._until = time.monotonic() + _CACHE_SECONDS
        return self._known

    async def add(self, code: str, name: str, held: Held) -> None:
        """Add a code, or set the years of one."""
        values = {"name": name, "first_year": held.first_year, "last_year": held.last_year}
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(RegionRow)
                .values(code=code, **values)
                .on_conflict_do_update(index_elements=["code"], set_=values)
            )
        self._until = 0.0
