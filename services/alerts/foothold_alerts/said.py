"""What people said, on its way into the log: written with the act itself, sent in order for each household, once it is certain to be kept."""

from datetime import datetime
from typing import Final
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_alerts.database import SaidRow
from foothold_alerts.jobs import Jobs
from foothold_schemas.codec import encode
from foothold_schemas.disputes import FactDisputed
from foothold_schemas.facts import PeopleFact
from foothold_schemas.relief import PeopleSaid
from foothold_schemas.topics import RELIEF_FACTS

TASK: Final = "send_said"


class Said:
    """The outbox. A household's words go out one after another, whoever sends them: the job holds the household's lock."""

    def __init__(self, engine: AsyncEngine, jobs: Jobs, producer: AIOKafkaProducer | None = None) -> None:
        self._engine = engine
        self._jobs = jobs
        self._producer = producer
        jobs.task(TASK, self.send)

    async def say(self, connection: AsyncConnection, household_id: str, data: PeopleFact | FactDisputed, *, by: str, at: datetime) -> str:
        """Keep it and its job in the transaction of the act; return its id."""
        said = PeopleSaid(id=f"act-{uuid4().hex}", household_id=household_id, time=at, by=by, data=data)
        row = {"said_id": said.id, "household_id": household_id, "body": said.model_dump(mode="json", exclude_none=True), "at": at}
        await connection.execute(insert(SaidRow), [row])
        await self._jobs.defer(connection, TASK, lock=household_id, household_id=household_id)
        return said.id

    async def send(self, household_id: str) -> None:
        """Everything of the household that has not gone out, in order. Sent twice it counts once: the id is the same."""
        if self._producer is None:
            raise RuntimeError("this process only keeps what is said; another sends it")
        waiting = select(SaidRow.seq, SaidRow.body).where(SaidRow.household_id == household_id, SaidRow.sent_at.is_(None)).order_by(SaidRow.seq)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(waiting)).all()
        for row in rows:
            value = encode(PeopleSaid.model_validate(row.body))
            await self._producer.send_and_wait(RELIEF_FACTS.name, value, key=household_id.encode())
            async with self._engine.begin() as connection:
                await connection.execute(update(SaidRow).where(SaidRow.seq == row.seq).values(sent_at=func.now()))

    async def unsent(self, before: datetime) -> list[str]:
        """Households of which something has been waiting since before then."""
        wanted = select(SaidRow.household_id).where(SaidRow.sent_at.is_(None), SaidRow.at < before).distinct()
        async with self._engine.connect() as connection:
            return list((await connection.execute(wanted)).scalars())
