"""Sends notices on a real database, to real receivers.

There is one digest for many cases, signed, sent again under the same id, and nobody's name is in
it.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from procrastinate.jobs import Job
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook

from deploy.local.ports import free_port
from foothold_alerts.jobs.notices import LINGER_SECONDS, Notifier, NotTaken
from foothold_alerts.jobs.queue import AskedToWait, BackOff
from foothold_alerts.rules.notices import TargetKind
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Movement
from foothold_schemas.seal import Purpose, Seal
from tests.support.alerts import NOW, cases_on, jobs_on, rows, transition

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]

SEAL = Seal(b"n" * 32, Purpose.NOTICE)
DESK = "https://desk.example"


@dataclass(slots=True)
class Receiver:
    """A system that listens. `answers`: statuses to give, then 200 for ever."""

    url: str
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    port = free_port()
    running = Receiver(f"http://127.0.0.1:{port}/hook")
    app = FastAPI()

    @app.post("/hook")
    async def hook(request: Request) -> Response:
        running.got.append((dict(request.headers), await request.body()))
        status = running.answers.pop(0) if running.answers else 200
        return Response(
            status_code=status,
            headers={"retry-after": "7"} if status == httpx.codes.TOO_MANY_REQUESTS else None,
        )

    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield running
    server.should_exit = True
    await task


def notifier(engine: AsyncEngine) -> Notifier:
    return Notifier(engine, jobs_on(engine), SEAL, DESK)


async def opened(engine: AsyncEngine, *homes: str, **changes: Any) -> None:  # noqa: ANN401
    calm = {"is_urgent": False} | changes
    await cases_on(engine).take(
        [transition(home, 1, FindingKind.GUARANTEE_MISSING, **calm) for home in homes], NOW
    )


async def digests(engine: AsyncEngine) -> list[str]:
    return [
        row[0] for row in await rows(engine, "select digest_id from digests order by at, digest_id")
    ]


async def test_sixteen_cases_are_one_signed_message_under_one_id_until_it_is_taken(
    alerts_database: AsyncEngine, receiver: Receiver
) -> None:
    tell = notifier(alerts_database)
    _, secret = await tell.add("370399101", TargetKind.WEBHOOK, receiver.url)
    await opened(alerts_database, *"0123456789abcdef")
    jobs = await rows(
        alerts_database, "select args from procrastinate_jobs where task_name = 'gather_notices'"
    )
    for _ in range(2):  # a job may run twice
        await tell.gather("370399101", "opened")
    (digest,) = await digests(alerts_database)
    receiver.answers[:] = [500, 503]
    for _ in range(2):
        with pytest.raises(NotTaken):
            await tell.send(digest)
    await tell.send(digest)
    await tell.send(digest)  # it was taken: nothing more is sent

    assert [(args["place"], args["event"]) for (args,) in jobs] == [("370399101", "opened")]
    assert LINGER_SECONDS == 60
    assert [headers["webhook-id"] for headers, _ in receiver.got] == [digest] * 3
    assert secret is not None
    headers, body = receiver.got[-1]
    message = Webhook(secret).verify(body, headers)
    assert (message["type"], len(message["data"]["cases"])) == ("cases.opened", 16)
    assert "信号，未经认定" in message["data"]["title"]
    assert "V00001" not in body.decode()  # no register number, and so no household


async def test_a_flood_over_one_township_is_one_short_message_and_a_busy_receiver_is_waited_for(
    alerts_database: AsyncEngine, receiver: Receiver
) -> None:
    tell = notifier(alerts_database)
    await tell.add("370399101", TargetKind.WEBHOOK, receiver.url)
    flooded = [
        transition("0", 1, FindingKind.DISASTER_LOSS).model_copy(update=identity(n))
        for n in range(500)
    ]
    await cases_on(alerts_database).take(flooded, NOW)
    for event in ("opened", "urgent"):
        await tell.gather("370399101", event)
    (digest,) = await digests(alerts_database)
    receiver.answers[:] = [429]
    with pytest.raises(AskedToWait) as asked:
        await tell.send(digest)
    await tell.send(digest)

    again = BackOff().get_retry_decision(
        exception=asked.value,
        job=Job(
            id=1, queue="q", lock=None, queueing_lock=None, task_name="send_digest", attempts=1
        ),
    )
    assert again is not None
    assert again.retry_at is not None
    assert 5 < (again.retry_at - datetime.now(UTC)).total_seconds() <= 7
    _, body = receiver.got[-1]
    assert len(body) < 20_000
    message = json.loads(body)["data"]
    assert len(message["cases"]) == 500
    assert "500" in message["title"]
    assert len(message["lines"]) == 21  # twenty links, and how many more there are


def identity(n: int) -> dict[str, str]:
    return {"household_id": f"{n:032x}", "transition_id": f"{n:032x}:1"}


async def test_a_receiver_that_is_gone_is_asked_no_more(
    alerts_database: AsyncEngine, receiver: Receiver
) -> None:
    tell = notifier(alerts_database)
    await tell.add("370399", TargetKind.WEBHOOK, receiver.url)
    await opened(alerts_database, "a", is_urgent=True)
    await tell.gather("370399101", "urgent")
    receiver.answers[:] = [410]
    (digest,) = await digests(alerts_database)
    await tell.send(digest)
    await tell.send(digest)

    assert len(receiver.got) == 1
    assert [live for *_, live in await tell.targets()] == [False]


async def test_an_apprise_address_is_told_and_kept_under_seal(
    alerts_database: AsyncEngine, receiver: Receiver
) -> None:
    tell = notifier(alerts_database)
    address = receiver.url.replace("http://", "json://user:s3cret@")
    await tell.add("370399101", TargetKind.APPRISE, address)
    await opened(alerts_database, "a")
    await tell.gather("370399101", "opened")
    await tell.send((await digests(alerts_database))[0])
    kept = str(await rows(alerts_database, "select * from targets"))

    assert f"{DESK}/cases/1" in receiver.got[0][1].decode()
    assert "s3cret" not in kept
    with pytest.raises(ValueError, match="https"):
        await tell.add("370399", TargetKind.WEBHOOK, "http://example.com/hook")
    with pytest.raises(ValueError, match="Apprise"):
        await tell.add("370399", TargetKind.APPRISE, "nothing")
    assert await tell.remove(1)
    assert not await tell.remove(1)


async def test_people_are_told_of_what_opens_or_turns_urgent_once_and_of_nothing_at_go_live(
    alerts_database: AsyncEngine,
) -> None:
    await opened(alerts_database, "a")
    await opened(alerts_database, "b", is_quiet=True)
    cases = cases_on(alerts_database)
    worse = {"movement": Movement.WORSENED, "is_urgent": True}
    await cases.take([transition("a", 2, FindingKind.DISASTER_LOSS, **worse)], NOW)
    await cases.take(
        [transition("a", 3, FindingKind.DISASTER_LOSS, FindingKind.SELF_PAID_HIGH, **worse)], NOW
    )

    assert await rows(
        alerts_database, "select number, place, event from notices order by 1, notice_id"
    ) == [
        (1, "370399101", "opened"),
        (1, "370399101", "urgent"),
    ]


async def test_where_nobody_listens_the_cases_are_there_all_the_same(
    alerts_database: AsyncEngine,
) -> None:
    await opened(alerts_database, "a")
    await notifier(alerts_database).gather("370399101", "opened")

    assert await digests(alerts_database) == []
    assert await rows(alerts_database, "select count(*) from cases") == [(1,)]


async def test_through_the_jobs_a_notice_arrives_by_itself(
    alerts_database: AsyncEngine, receiver: Receiver
) -> None:
    jobs = jobs_on(alerts_database)
    tell = Notifier(alerts_database, jobs, SEAL, DESK)
    await tell.add("370399101", TargetKind.WEBHOOK, receiver.url)
    await opened(alerts_database, "a")
    async with alerts_database.begin() as connection:
        await connection.exec_driver_sql(
            "update procrastinate_jobs set scheduled_at = now() where task_name = 'gather_notices'"
        )
    worker = asyncio.create_task(jobs.run())
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(30):
            while not receiver.got:
                await asyncio.sleep(0.05)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)

    assert len(receiver.got) == 1
