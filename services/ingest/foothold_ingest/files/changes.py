"""The rows of a file that say otherwise than what counted when they came.

They are kept under seal for whoever sent it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Final

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_ingest.rules.statements import Difference
from foothold_ingest.statements.tables import UploadChange
from foothold_schemas.seal import Seal

KEPT: Final = 50
"""So many are kept of a file; the others are counted."""


class Changes:
    """Their table."""

    def __init__(self, engine: AsyncEngine, seal: Seal) -> None:
        self._engine = engine
        self._seal = seal

    async def keep(
        self,
        connection: AsyncConnection,
        upload_id: str,
        changes: Mapping[int, Sequence[Difference]],
    ) -> None:
        """The first of a file, by row."""
        kept = select(func.count()).where(UploadChange.upload_id == upload_id)
        room = max(0, KEPT - (await connection.execute(kept)).scalar_one())
        rows = [
            {
                "upload_id": upload_id,
                "row": row,
                "sealed": self._seal.close(
                    json.dumps(
                        [asdict(difference) for difference in differences], ensure_ascii=False
                    ).encode()
                ),
            }
            for row, differences in islice(changes.items(), room)
        ]
        if rows:
            await connection.execute(insert(UploadChange), rows)

    async def of(self, upload_id: str) -> list[tuple[int, list[Difference]]]:
        """The rows that are kept, in the file's order, and in what each differs."""
        query = (
            select(UploadChange.row, UploadChange.sealed)
            .where(UploadChange.upload_id == upload_id)
            .order_by(UploadChange.row)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [
            (row.row, [Difference(**fields) for fields in json.loads(self._seal.open(row.sealed))])
            for row in rows
        ]
