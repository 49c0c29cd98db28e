"""Keeps what pages show beside a case: each household's view from risk and its sealed contact.

Both can be read from their topics again.
"""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Text, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.tables.cases import DirectoryRow, ViewRow
from foothold_schemas.values import JsonObject

AT_ONCE: Final = 50
"""Rows made ready without a pause: a case that comes meanwhile waits for no more."""
_CAME: Final = (
    func.jsonb_to_recordset(bindparam("rows", type_=JSONB))
    .table_valued(
        column("household_id", Text), column("position", BigInteger), column("kept", JSONB)
    )
    .render_derived("came", with_types=True)
)
"""One parameter instead of a VALUES of every length: the statement is prepared only once."""


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
    """Keeps the newest record of each household.

    A household's records stand in one partition, so its newest has the highest offset, whoever
    reads.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, shown: Sequence[Shown], listed: Sequence[Listed]) -> None:
        """One transaction for a batch. A record older than the one kept changes nothing."""
        views = {s.household_id: s for s in shown}.values()
        entries = {e.household_id: e for e in listed}.values()
        if not views and not entries:
            return
        async with self._engine.begin() as connection:
            await _put(connection, ViewRow, "body", views)
            await _put(connection, DirectoryRow, "entry", entries)


async def _put(
    connection: AsyncConnection,
    table: type[ViewRow] | type[DirectoryRow],
    name: str,
    rows: Collection[Shown] | Collection[Listed],
) -> None:
    if not rows:
        return
    statement = insert(table).from_select(
        ["household_id", "position", name],
        select(_CAME.c.household_id, _CAME.c.position, _CAME.c.kept),
    )
    newer = {changed: statement.excluded[changed] for changed in ("position", name)}
    keep = statement.on_conflict_do_update(
        index_elements=["household_id"],
        set_=newer,
        where=table.position < statement.excluded.position,
    )
    # two readers that take the same rows in another order would wait for one another
    ordered = sorted(rows)
    for begin in range(0, len(ordered), AT_ONCE):
        came = [
            {"household_id": household_id, "position": position, "kept": kept}
            for household_id, position, kept in ordered[begin : begin + AT_ONCE]
        ]
        await connection.execute(keep, {"rows": came})
