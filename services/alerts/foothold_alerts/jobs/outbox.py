"""Takes what people said into the log.

It is written with the act itself, and sent in order for each household, once it is certain to be
kept.
"""

from datetime import datetime
from typing import Final
from uuid import uuid4

import structlog
from aiokafka import AIOKafkaProducer
from sqlalchemy import Text, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.jobs.aside import set_aside
from foothold_alerts.jobs.queue import RAISED_AT_MOST, Jobs, says_nothing_of_the_job
from foothold_alerts.tables.cases import OutboxRow
from foothold_runtime.logs import place_of
from foothold_schemas.facts.facts import PeopleFact
from foothold_schemas.messages.disputes import FactDisputed
from foothold_schemas.messages.relief import PeopleSaid
from foothold_schemas.values import JsonObject
from foothold_schemas.wire.codec import encode
from foothold_schemas.wire.topics import RELIEF_FACTS

TASK: Final = "send_said"
_IS_WAITING: Final = (OutboxRow.sent_at.is_(None), OutboxRow.set_aside_at.is_(None))

log = structlog.get_logger()


class Outbox:
    """The outbox.

    A household's words go out one after another, whoever sends them: the job holds the household's
    lock.
    """

    def __init__(
        self, engine: AsyncEngine, jobs: Jobs, producer: AIOKafkaProducer | None = None
    ) -> None:
        self._engine = engine
        self._jobs = jobs
        self._producer = producer
        jobs.task(TASK, self.send)

    async def say(
        self,
        connection: AsyncConnection,
        household_id: str,
        data: PeopleFact | FactDisputed,
        *,
        by: str,
        at: datetime,
    ) -> str:
        """Keep it and its job in the transaction of the act; return its id."""
        message = PeopleSaid(
            id=f"act-{uuid4().hex}", household_id=household_id, time=at, by=by, data=data
        )
        row = {
            "said_id": message.id,
            "household_id": household_id,
            "body": message.model_dump(mode="json", exclude_none=True),
            "at": at,
        }
        await connection.execute(insert(OutboxRow), [row])
        await self._jobs.defer(connection, TASK, lock=household_id, household_id=household_id)
        return message.id

    async def send(self, household_id: str) -> None:
        """Everything of the household that has not gone out, in order.

        Sent twice it counts once: the id is the same.
        """
        if self._producer is None:
            raise RuntimeError("this process only keeps what is said; another sends it")
        waiting = (
            select(OutboxRow.seq, OutboxRow.body)
            .where(OutboxRow.household_id == household_id, *_IS_WAITING)
            .order_by(OutboxRow.seq)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(waiting)).all()
        for row in rows:
            if not await self._send(self._producer, row.seq, row.body, household_id):
                continue
            async with self._engine.begin() as connection:
                await connection.execute(
                    update(OutboxRow).where(OutboxRow.seq == row.seq).values(sent_at=func.now())
                )

    async def _send(
        self, producer: AIOKafkaProducer, seq: int, body: JsonObject, household_id: str
    ) -> bool:
        """Whether it went out.

        What fails three times is set aside, so that the household's later words are not held back
        for ever.
        """
        try:
            value = encode(PeopleSaid.model_validate(body))
            await producer.send_and_wait(RELIEF_FACTS.name, value, key=household_id.encode())
        except Exception as error:
            if says_nothing_of_the_job(error) or not await self._is_hopeless(seq):
                raise
            _report(seq, household_id, error)
            return False
        return True

    async def _is_hopeless(self, seq: int) -> bool:
        """Count one more failure; at the third, set it aside."""
        failures = OutboxRow.failures + 1
        aside = case((failures >= RAISED_AT_MOST, func.now()))
        counted = (
            update(OutboxRow)
            .where(OutboxRow.seq == seq)
            .values(failures=failures, set_aside_at=aside)
            .returning(OutboxRow.set_aside_at)
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(counted)).scalar_one() is not None

    async def unsent(self, before: datetime) -> list[str]:
        """Return households of which something has been waiting since before `before`.

        Those whose job was set aside are left out: they wait for somebody.
        """
        waiting = (
            select(OutboxRow.household_id).where(*_IS_WAITING, OutboxRow.at < before).distinct()
        )
        waiting = waiting.where(
            OutboxRow.household_id.not_in(set_aside(TASK, "household_id", Text))
        )
        async with self._engine.connect() as connection:
            return list((await connection.execute(waiting)).scalars())


def _report(seq: int, household_id: str, error: Exception) -> None:
    log.error(
        "alerts.said_set_aside",
        seq=seq,
        household_id=household_id,
        raised=place_of(error),
        do="foothold-alerts job list",
    )
