"""What is asked every second or minute is found by an index, however much lies in the tables."""

import pytest
from sqlalchemy import Select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.files.store import over
from foothold_ingest.intake.releaser import agencies_waiting

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]
ASKED = {
    "ix_quarantine_waiting": over,
    "ix_uploads_kept": over,
    "ix_held_agency_waiting": agencies_waiting,
}


@pytest.mark.parametrize("index", ASKED)
async def test_the_index_is_used(index: str, ingest_database: AsyncEngine) -> None:
    asked: Select[str] = ASKED[index]()
    statement = str(
        asked.compile(ingest_database.sync_engine, compile_kwargs={"literal_binds": True})
    )
    async with ingest_database.connect() as connection:
        for way in ("seqscan", "hashjoin", "mergejoin"):
            await connection.execute(text(f"set local enable_{way} = off"))
        plan = "\n".join((await connection.exec_driver_sql(f"explain {statement}")).scalars())

    assert index in plan
