"""Who may send what for which area, at each door.

Keys that change over without a gap; an agency that is silenced and speaks again.
"""

import asyncio
import itertools
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.errors import CannotStart
from deploy.local.stack import Stack
from foothold_ingest.agencies.callers import Agencies
from foothold_ingest.agencies.register import AgencyRegister, NotPossible, Remit
from foothold_ingest.quarantine.keeper import QuarantineKeeper
from foothold_ingest.quarantine.retry import Outcome, Retrier
from foothold_ingest.rules.accept import accept
from foothold_ingest.rules.judgement import Accepted, Caller, Clock, Rejected
from foothold_runtime.broker import Broker
from foothold_schemas.facts.sent import AGENCY_KINDS
from foothold_schemas.wire.quarantine import RefusalReason
from tests.contract.ingest.doors.test_kafka_door import (
    STRUCTURED,
    aside,
    body,
    door,
    facts,
    make_topic,
    write,
)
from tests.schemas.test_examples import EVENTS
from tests.support.ingest import SEAL
from tests.support.made.regions import deployment
from tests.support.running.parts import Parts
from tests.support.running.sender import SINGLE, Sender, eventually

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

SECRET = b"k" * 32
NOW = datetime(2026, 6, 10, 4, tzinfo=UTC)


async def known(engine: AsyncEngine, keys: Iterable[str]) -> list[str | None]:
    """Who each key belongs to, asked anew."""
    callers = [await Agencies(engine, SECRET).caller(f"Bearer {key}") for key in keys]
    return [None if c is None else c.agency for c in callers]


async def test_a_key_and_its_successor_are_both_good_until_the_old_one_is_ended(
    ingest_database: AsyncEngine,
) -> None:
    register = AgencyRegister(ingest_database, SECRET)
    first = await register.add("bank", is_operator=False, by="op", now=NOW)
    with pytest.raises(NotPossible, match="agency rotate bank"):
        await register.add("bank", is_operator=False, by="op", now=NOW)
    second = await register.rotate("bank", by="op", now=NOW)
    with pytest.raises(NotPossible, match=f"two keys already, .*{second.split('_')[1]}"):
        await register.rotate("bank", by="op", now=NOW)

    assert await known(ingest_database, (first, second)) == ["bank", "bank"]
    with pytest.raises(NotPossible, match="no live key 00000000"):
        await register.disable_key("bank", "00000000", by="op", now=NOW)
    await register.disable_key("bank", first.split("_")[1], by="op", now=NOW)
    assert await known(ingest_database, (first, second)) == [None, "bank"]
    third = await register.rotate("bank", by="op", now=NOW)

    (entry,) = await register.entries()
    assert {prefix for prefix, _ in entry.keys} == {second.split("_")[1], third.split("_")[1]}
    assert len({first, second, third}) == 3


async def test_a_disabled_agency_is_nobody_until_it_is_enabled_and_its_key_is_the_same(
    ingest_database: AsyncEngine,
) -> None:
    register = AgencyRegister(ingest_database, SECRET)
    key = await register.add("bank", is_operator=False, by="op", now=NOW)
    await register.set_disabled("bank", is_disabled=True, by="op", now=NOW)
    with pytest.raises(NotPossible, match="agency enable bank"):
        await register.rotate("bank", by="op", now=NOW)

    assert await known(ingest_database, [key]) == [None]
    await register.set_disabled("bank", is_disabled=False, by="op", now=NOW)
    assert await known(ingest_database, [key]) == ["bank"]
    for change in (
        register.rotate("nobody", by="op", now=NOW),
        register.set_disabled("nobody", is_disabled=True, by="op", now=NOW),
        register.allow("nobody", Remit(), by="op", now=NOW),
    ):
        with pytest.raises(NotPossible, match="agency add nobody"):
            await change


async def test_a_remit_is_what_key_and_topic_carry(ingest_database: AsyncEngine) -> None:
    register = AgencyRegister(ingest_database, SECRET)
    remit = Remit(("IncomeReported", "FeedHeard"), ("3703", "370401"))
    key = await register.add("bank", is_operator=False, by="op", now=NOW, remit=remit)
    agencies = Agencies(ingest_database, SECRET)

    by_key, by_topic, unknown = (
        await agencies.caller(f"Bearer {key}"),
        await agencies.writer("bank"),
        await agencies.writer("nobody"),
    )
    assert (
        by_key
        == by_topic
        == Caller("bank", is_operator=False, kinds=remit.kinds, areas=remit.areas)
    )
    assert unknown == Caller("nobody", is_operator=False)
    await register.allow("bank", Remit(), by="op", now=NOW)
    assert await Agencies(ingest_database, SECRET).writer("bank") == Caller(
        "bank", is_operator=False
    )


def matrix() -> list[Any]:
    """Return each kind's example event, with senders of every remit.

    A sender may send all kinds, that kind or another kind, here or elsewhere.
    """
    kinds = sorted(AGENCY_KINDS)
    events = {path.stem: path for path in EVENTS if path.stem in AGENCY_KINDS}
    remits = [None, "mine", "other"], [None, ("370399",), ("37",), ("370301", "3704")]
    return [
        pytest.param(events[kind], rest[0], rest[1], id=f"{kind} {rest[0]} {rest[1]}")
        for kind in kinds
        for rest in itertools.product(*remits)
    ]


@pytest.mark.parametrize(("path", "kinds", "areas"), matrix())
def test_the_whole_matrix_of_kinds_and_areas(
    path: Path, kinds: str | None, areas: tuple[str, ...] | None
) -> None:
    event = json.loads(path.read_text(encoding="utf-8"))
    here = event.get("subject", event["data"].get("area", ""))[:6]
    agency = event["source"].split("/")[2]
    own_kinds = {
        None: None,
        "mine": (path.stem,),
        "other": tuple(k for k in AGENCY_KINDS if k != path.stem),
    }[kinds]
    judged = accept(
        event,
        Caller(agency, is_operator=False, kinds=own_kinds, areas=areas),
        Clock(NOW, NOW.date(), NOW),
        deployment(),
    )

    if kinds == "other":
        assert isinstance(judged, Rejected)
        assert judged.reason is RefusalReason.KIND_NOT_ALLOWED
        assert path.stem not in judged.detail.split("It may send")[1]
    elif areas is not None and not here.startswith(areas):
        assert isinstance(judged, Rejected)
        assert (judged.reason, "370301, 3704" in judged.detail) == (
            RefusalReason.AREA_NOT_ALLOWED,
            True,
        )
    else:
        assert isinstance(judged, Accepted)


async def test_at_the_kafka_door_what_is_outside_the_remit_is_kept_and_taken_once_it_is_inside(
    broker: str, parts: Parts, ingest_database: AsyncEngine
) -> None:
    register = AgencyRegister(ingest_database, SECRET)
    await register.add(
        "remit", is_operator=False, by="op", now=NOW, remit=Remit(("IncomeReported",), ("370301",))
    )
    await register.add("silent", is_operator=False, by="op", now=NOW)
    await register.set_disabled("silent", is_disabled=True, by="op", now=NOW)
    for agency in ("remit", "silent"):
        topic = await make_topic(broker, agency)
        await write(broker, topic, (body(agency, f"{agency}-1"), STRUCTURED))
    async with door(parts) as ingest:
        kept = await aside(broker, 2)
        keeper = asyncio.create_task(
            QuarantineKeeper(Broker(broker), ingest_database, ingest.metrics, SEAL, 1_000).run()
        )
        await register.allow("remit", Remit(), by="op", now=NOW)
        retrier = Retrier(
            ingest_database,
            SEAL,
            agencies=Agencies(ingest_database, SECRET),
            intake=ingest.intake,
            publisher=ingest.publisher,
            days=ingest.days,
            files=ingest.files,
        )
        for _ in range(200):
            if len(await retrier.rows()) == 2:
                break
            await asyncio.sleep(0.05)
        retried = await retrier.retry(
            [f"agency.{agency}.v1:0:0" for agency in ("remit", "silent")],
            actor="li",
            now=datetime.now(UTC),
        )
        arrived = await facts(broker, 1)
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)

    assert {q.topic: q.reason for q in kept} == {
        "agency.remit.v1": RefusalReason.AREA_NOT_ALLOWED,
        "agency.silent.v1": RefusalReason.AGENCY_DISABLED,
    }
    assert [r.outcome for r in retried] == [Outcome.ACCEPTED, Outcome.STILL_REFUSED]
    assert arrived == ["remit-1"]


def test_an_operator_enters_narrows_changes_over_and_silences_an_agency_by_command(
    foothold: Stack, sender: Sender
) -> None:
    def agency(*words: str) -> str:
        return foothold.command("ingest", "agency", *words)

    def answer() -> str:
        wage = {"category": "wage", "item": "salary", "amount": "1.00", "earned_month": "2026-05"}
        event = sender.event("cli-bank", "IncomeReported", "cli-1", NOW, "370399/CLI-1", **wage)
        response = sender.client.post(
            "/v1/events", json=event, headers={**SINGLE, "authorization": f"Bearer {key}"}
        )
        return str(response.json().get("type", response.status_code)).removeprefix(
            "urn:foothold:problem:"
        )

    key, *rights = agency(
        "add", "cli-bank", "--kinds", "IncomeReported", "--areas", "370302"
    ).splitlines()
    assert [
        ("Write" in line, "agency.cli-bank.v1" in line, "User:agency-cli-bank" in line)
        for line in rights
    ] == [(True, True, True)]
    assert answer() == "area-not-allowed"
    assert "cli-bank may send IncomeReported for every area" in agency(
        "allow", "cli-bank", "--kinds", "IncomeReported"
    )
    eventually(lambda: answer() == "202", "the wider remit holds")
    first, key = key, agency("rotate", "cli-bank")
    assert answer() == "202"
    agency("disable", "cli-bank", "--key", first.split("_")[1])
    assert f"keys: {key.split('_')[1]}" in next(
        line for line in agency("list").splitlines() if line.startswith("cli-bank")
    )
    agency("disable", "cli-bank")
    eventually(lambda: answer() == "key-wrong", "the agency is nobody")
    agency("enable", "cli-bank")
    for words, complaint in (
        (("add", "x", "--kinds", "Wages"), "no kind agencies send; known: HouseholdRegistered"),
        (("add", "x", "--areas", "37030"), "first 2, 4 or 6 digits"),
        (("rotate", "nobody"), "'agency add nobody' enters it"),
    ):
        with pytest.raises(CannotStart, match=complaint):
            agency(*words)
