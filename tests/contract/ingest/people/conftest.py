"""The door as agencies that send people by number use it."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from foothold_ingest.build import Built
from foothold_ingest.doors.http import Door, make_app
from foothold_ingest.settings import DayClock
from tests.support.people import Say


@pytest.fixture
async def say(ingest: Built) -> AsyncIterator[Say]:
    door = Door(
        agencies=ingest.agencies,
        intake=ingest.intake,
        days=ingest.days,
        metrics=ingest.metrics,
        day_clock=DayClock.MANUAL,
    )
    keys = {
        agency: await ingest.register.add(agency, is_operator=False, by="op", now=datetime.now(UTC))
        for agency in ("civil", "insurance")
    }
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(door)), base_url="http://door"
    ) as client:

        async def post(sent: dict[str, Any]) -> httpx.Response:
            key = keys[sent["source"].split("/")[2]]
            headers = {
                "content-type": "application/cloudevents+json",
                "authorization": f"Bearer {key}",
            }
            return await client.post("/v1/events", content=json.dumps(sent), headers=headers)

        yield post
