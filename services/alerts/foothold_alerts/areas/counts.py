"""How areas stand now, beside the warnings that said when a level was reached."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import RowMapping, select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from foothold_alerts.tables.areas import RegionCountRow
from foothold_schemas.messages.areas import RegionWarning
from foothold_schemas.values import JsonObject

_SHOWN: Final = ("day", "level", "households", "identified", "registered", "share", "week_ago")


async def keep(connection: AsyncConnection, warning: RegionWarning) -> None:
    """Keep what it says of now.

    What risk said from an earlier place of its log changes nothing, whenever it is read.
    """
    if warning.position is None:
        return
    row = {
        "area": warning.area,
        "cause": str(warning.cause),
        "window": warning.window,
        "position": warning.position,
        "day": warning.day,
        "body": warning.model_dump(mode="json", exclude_none=True, include=set(_SHOWN)),
    }
    kept = upsert(RegionCountRow).values(row)
    newer = {name: kept.excluded[name] for name in ("position", "day", "body")}
    where = RegionCountRow.position < kept.excluded.position
    await connection.execute(
        kept.on_conflict_do_update(
            index_elements=["area", "cause", "window"], set_=newer, where=where
        )
    )


async def now_of(
    connection: AsyncConnection, warnings: Sequence[RowMapping]
) -> dict[tuple[str, str, int], JsonObject]:
    """By area, cause and window, how each stands now.

    Of what nobody has said since, the warning itself.
    """
    keys = {_key(row): row for row in warnings}
    columns = (RegionCountRow.area, RegionCountRow.cause, RegionCountRow.window)
    asked = select(*columns, RegionCountRow.day, RegionCountRow.body).where(
        tuple_(*columns).in_(keys)
    )
    now: dict[tuple[str, str, int], JsonObject] = {
        key: {name: row["body"][name] for name in _SHOWN if name in row["body"]}
        for key, row in keys.items()
    }
    for row in (await connection.execute(asked)).mappings() if keys else ():
        if row["day"] >= keys[_key(row)]["day"]:
            now[_key(row)] = row["body"]
    return now


def _key(row: Any) -> tuple[str, str, int]:  # noqa: ANN401 - a row of either table
    return row["area"], row["cause"], row["window"]
