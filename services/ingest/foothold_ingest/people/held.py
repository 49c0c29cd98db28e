"""Events that wait until a register entry names their person, kept under seal."""

import json
from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.database import HeldRow
from foothold_ingest.rules.judgement import Held
from foothold_ingest.rules.strict_json import JsonValue
from foothold_schemas.seal import Seal


class HeldBook:
    """Their table."""

    def __init__(self, engine: AsyncEngine, seal: Seal) -> None:
        self._engine = engine
        self._seal = seal

    async def keep(self, held: Sequence[Held]) -> None:
        """One that waits already, or was released, stays as it is."""
        if not held:
            return
        rows = [
            {
                "fact_id": judgement.record.fact_id,
                "person_ref": judgement.person_ref,
                "agency": judgement.record.agency,
                "kind": judgement.record.data.kind,
                "at": judgement.record.recorded_time,
                "place": judgement.record.place,
                "sealed": self._seal.close(
                    json.dumps(judgement.event, ensure_ascii=False).encode()
                ),
            }
            for judgement in held
        ]
        async with self._engine.begin() as connection:
            await connection.execute(insert(HeldRow).on_conflict_do_nothing(), rows)

    def open(self, sealed: str | None) -> JsonValue:
        """The event as it was sent; raise BrokenSeal."""
        event: JsonValue = json.loads(self._seal.open(sealed or ""))
        return event
