"""Away is what a ping says, not what an error is called."""

from typing import Never

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from foothold_runtime import databases
from foothold_runtime.databases import FAILURES, StatementFails, while_database_down

NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"


class Refused(psycopg.OperationalError):
    """A statement the server refuses, named as if the server were gone."""


class Full(psycopg.OperationalError):
    """The server has no room."""

    sqlstate = "53100"


@pytest.fixture(autouse=True)
def _answering(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answers(_: AsyncEngine) -> bool:
        return True

    monkeypatch.setattr(databases, "answers", answers)


async def test_a_statement_that_fails_while_the_database_answers_is_given_up_after_three() -> None:
    tried = []

    async def work() -> Never:
        tried.append(1)
        raise OperationalError("insert", {}, Refused())

    with pytest.raises(
        StatementFails, match="rows failed 3 times while the database answers"
    ) as failed:
        await while_database_down(create_async_engine(NOWHERE), work, of="rows")

    assert len(tried) == FAILURES
    assert isinstance(failed.value.__cause__, OperationalError)


async def test_a_disk_that_is_full_is_no_fault_of_the_statement() -> None:
    tried = []

    async def work() -> str:
        tried.append(1)
        if len(tried) <= FAILURES:
            raise OperationalError("insert", {}, Full())
        return "done"

    assert await while_database_down(create_async_engine(NOWHERE), work, of="rows") == "done"


async def test_a_database_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    engine, tried = create_async_engine(NOWHERE), []

    async def work() -> str:
        tried.append(1)
        if len(tried) <= FAILURES:
            async with engine.connect():
                raise AssertionError("there is no such database")
        return "done"

    assert await while_database_down(engine, work, of="rows") == "done"
