"""Keeps what pages show beside a case: each household's view from risk and its sealed contact. Both can be read from their topics again."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.database import DirectoryRow, ViewRow
from foothold_schemas.values import JsonObject


class Shown(NamedTuple):
    """A record of `household-views.v1`; `view` None removes it."""

    household_id: str
    position: int
    view: JsonObject | None


class Listed(NamedTuple):
    """A record of `household-directory.v1`; `entry` None erases."""

    household_id: str
    position: int
    entry: JsonObject | None


class Mirror:
    """A household's records stand in one partition, so its newest has the highest offset, whoever reads."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, shown: Sequence[Shown], listed: Sequence[Listed]) -> None:
        """One transaction for a batch. A record older than the one kept changes nothing."""
        views: list[dict[str, object]] = [
            {"household_id": s.household_id, "position": s.position, "body": s.view} for s in {s.household_id: s for s in shown}.values()
        ]
        entries: list[dict[str, object]] = [
            {"household_id": e.household_id, "position": e.position, "entry": e.entry} for e in {e.household_id: e for e in listed}.values()
        ]
        if not views and not entries:
            return
        async with self._engine.begin() as connection:
            await _put(connection, ViewRow, "body", views)
            await _put(connection, DirectoryRow, "entry", entries)


async def _put(connection: AsyncConnection, table: type[ViewRow] | type[DirectoryRow], column: str, rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    statement = insert(table).values(sorted(rows, key=lambda row: str(row["household_id"])))
    newer = {name: statement.excluded[name] for name in ("position", column)}
    await connection.execute(statement.on_conflict_do_update(index_elements=["household_id"], set_=newer, where=table.position < statement.excluded.position))
