"""What agencies send of people by number, and what the log has of it."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from foothold_ingest.rules.accept import household_id
from foothold_ingest.rules.people.people import person_ref
from foothold_schemas.facts.facts import MedicalClaimSettled
from foothold_schemas.wire.codec import decode_fact
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS
from tests.support.ingest import SECRET
from tests.support.running.sender import read_topic

NUMBER = "11010519491231002X"
REF = person_ref(SECRET.encode(), NUMBER)
KEY = SECRET.encode()
Say = Callable[..., Awaitable[httpx.Response]]


def event(
    agency: str,
    kind: str,
    name: str,
    data: dict[str, Any],
    subject: str | None = None,
    at: str = "2026-01-15T09:00:00+08:00",
) -> dict[str, Any]:
    envelope = {
        "specversion": "1.0",
        "id": name,
        "source": f"/agencies/{agency}",
        "type": f"foothold.{kind}.v1",
        "time": at,
        "data": data,
    }
    return envelope if subject is None else {**envelope, "subject": subject}


def household(
    name: str,
    *members: dict[str, Any],
    at: str = "2026-01-15T09:00:00+08:00",
    county: str = "370302",
) -> dict[str, Any]:
    data = {
        "authority": county,
        "register_number": name,
        "area": f"{county}104201",
        "standing": "ordinary",
        "members": list(members),
    }
    return event("civil", "HouseholdRegistered", f"reg-{name}-{at}", data, f"{county}/{name}", at)


def claim(name: str, number: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    data = {
        "claim_number": name,
        "settled_on": "2026-01-10",
        "setting": "inpatient",
        "total": "100.00",
        "resident_number": number,
    }
    return event("insurance", "MedicalClaimSettled", name, data | more)


async def claims(broker: str) -> list[tuple[str, str | None, str | None]]:
    """Claim number, household and person of every bill in the log."""
    facts = [
        decode_fact(m.value())
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, HOUSEHOLD_FACTS.name)))
    ]
    return sorted(
        (f.data.claim_number, f.household_id, f.data.person_ref)
        for f in facts
        if isinstance(f.data, MedicalClaimSettled)
    )


def arguments(**given: object) -> argparse.Namespace:
    return argparse.Namespace(**given)


def sorted_by_id(*names: str) -> list[str]:
    return [
        f"370302/{name}" for name in sorted(names, key=lambda n: household_id(KEY, "370302", n))
    ]
