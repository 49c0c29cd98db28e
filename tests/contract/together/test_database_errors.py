"""An error of the database ends in a log. What people wrote stands in no log."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

pytestmark = pytest.mark.postgres

SECRET = "孙示康借了三千元"


async def test_an_error_of_the_database_shows_the_statement_and_nothing_of_what_it_carried(
    ingest_database: AsyncEngine, alerts_database: AsyncEngine
) -> None:
    for engine in (ingest_database, alerts_database):
        async with engine.connect() as connection:
            with pytest.raises(ProgrammingError, match="nowhere") as error:
                await connection.execute(
                    text("select * from nowhere where note = :note"), {"note": SECRET}
                )

        assert SECRET not in str(error.value)
