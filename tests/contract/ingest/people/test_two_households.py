"""One person in two households at once: a ticket, until the register or somebody settles it."""

import asyncio

import pytest
from sqlalchemy import text

from foothold_ingest.build import Built
from foothold_ingest.commands import double
from foothold_ingest.rules.accept import household_id
from foothold_schemas.facts.register import MembershipDisputed, TicketState
from foothold_schemas.wire.codec import decode_fact
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS
from tests.support.people import (
    KEY,
    NUMBER,
    REF,
    Say,
    arguments,
    claim,
    claims,
    household,
    sorted_by_id,
)
from tests.support.running.sender import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]


async def test_what_concerns_a_person_in_two_households_waits_until_the_register_is_mended(
    ingest: Built, broker: str, say: Say
) -> None:
    await say(household("V1", {"resident_number": NUMBER}))
    await say(
        household(
            "V2",
            {"resident_number": NUMBER, "joined_on": "2026-01-02"},
            at="2026-01-16T09:00:00+08:00",
        )
    )
    answer = await say(claim("b1", NUMBER))
    before = await say(claim("b0", NUMBER, settled_on="2025-12-20"))
    opened = await double(ingest.settings, arguments(action="list"))
    looked = await ingest.releaser.release_some()
    moved = {"resident_number": NUMBER, "left_on": "2026-01-01"}
    await say(household("V1", moved, {"person_ref": "rest"}, at="2026-01-17T09:00:00+08:00"))
    mended = await double(ingest.settings, arguments(action="list"))
    released = await ingest.releaser.release_some()

    assert (answer.json()["held"], "held" in before.json(), looked, released) == (True, False, 0, 0)
    assert (opened.split("  ")[2:], mended) == (
        sorted_by_id("V1", "V2"),
        "nobody stands in two households at once",
    )
    assert await claims(broker) == [
        ("b0", household_id(KEY, "370302", "V1"), REF),
        ("b1", household_id(KEY, "370302", "V2"), REF),
    ]


async def test_a_dismissed_ticket_stays_closed_and_the_later_entry_gets_what_waited(
    ingest: Built, broker: str, say: Say
) -> None:
    for minute, names in (("09:00", ("V1", "V2")), ("09:05", ("V2", "V1"))):
        for name in names:
            await say(
                household(
                    name,
                    {"resident_number": NUMBER},
                    at=f"2026-01-15T{minute}:{'10' if name == 'V2' else '00'}+08:00",
                )
            )
        if minute == "09:00":
            assert (await say(claim("b1", NUMBER))).json()["held"]
            ticket = int((await double(ingest.settings, arguments(action="list"))).split()[0])
            await double(
                ingest.settings,
                arguments(action="dismiss", ticket=ticket, because="一人两户，已核实"),
            )

    assert (
        await double(ingest.settings, arguments(action="list"))
        == "nobody stands in two households at once"
    )
    assert await claims(broker) == [("b1", household_id(KEY, "370302", "V2"), REF)]


async def doubts(broker: str) -> list[tuple[str, str, int]]:
    """Return household, state and ticket of every fact about a member in doubt.

    They are in the log's order of each household.
    """
    facts = [
        decode_fact(m.value())
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, HOUSEHOLD_FACTS.name)))
    ]
    named = {household_id(KEY, "370302", name): name for name in ("V1", "V2")}
    doubted = [
        (named[f.household_id or ""], f.data)
        for f in facts
        if isinstance(f.data, MembershipDisputed)
    ]
    assert all(
        named[data.other_household] == {"V1": "V2", "V2": "V1"}[home] and data.person_ref == REF
        for home, data in doubted
    )
    return sorted((home, data.state.value, data.ticket) for home, data in doubted)


async def test_both_households_logs_are_told_of_a_member_in_doubt_and_of_its_end_once(
    ingest: Built, broker: str, say: Say
) -> None:
    for name, member in (("V1", {"resident_number": NUMBER}), ("V2", {"resident_number": NUMBER})):
        await say(household(name, member))
    written = [await ingest.tickets.announce_some(), await ingest.tickets.announce_some()]
    (opened,) = {ticket for _, _, ticket in await doubts(broker)}
    await say(household("V2", {"person_ref": "rest"}, at="2026-01-17T09:00:00+08:00"))
    written += [await ingest.tickets.announce_some(), await ingest.tickets.announce_some()]
    records = await doubts(broker)
    async with ingest.engine.begin() as connection:  # as after a crash between log and row
        await connection.execute(text("update doubles set told = 'open'"))
    await ingest.tickets.announce_some()
    facts = [
        decode_fact(m.value())
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, HOUSEHOLD_FACTS.name)))
    ]
    ended = [
        f.fact_id
        for f in facts
        if isinstance(f.data, MembershipDisputed) and f.data.state is TicketState.MENDED
    ]

    assert written == [1, 0, 1, 0]
    assert records == [
        ("V1", "mended", opened),
        ("V1", "open", opened),
        ("V2", "mended", opened),
        ("V2", "open", opened),
    ]
    assert (len(ended), len(set(ended))) == (4, 2)


async def test_a_dismissed_ticket_lets_both_households_go_on(
    ingest: Built, broker: str, say: Say
) -> None:
    for name in ("V1", "V2"):
        await say(household(name, {"resident_number": NUMBER}))
    ticket = int((await double(ingest.settings, arguments(action="list"))).split()[0])
    await double(ingest.settings, arguments(action="dismiss", ticket=ticket, because="已核实"))
    await ingest.tickets.announce_some()

    assert await doubts(broker) == [("V1", "dismissed", ticket), ("V2", "dismissed", ticket)]


async def test_when_one_household_is_erased_the_other_is_let_go_and_nothing_is_written_of_the_first(
    ingest: Built, broker: str, say: Say
) -> None:
    for name in ("V1", "V2"):
        await say(household(name, {"resident_number": NUMBER}))
    await ingest.tickets.announce_some()
    await ingest.people.erase(household_id(KEY, "370302", "V1"))
    written = [await ingest.tickets.announce_some(), await ingest.tickets.announce_some()]
    async with ingest.engine.connect() as connection:
        kept = (await connection.execute(text("select count(*) from doubles"))).scalar_one()

    assert ([(home, state) for home, state, _ in await doubts(broker)], written) == (
        [("V1", "open"), ("V2", "mended"), ("V2", "open")],
        [1, 0],
    )
    assert kept == 0


async def test_who_leaves_one_household_on_the_day_they_join_another_is_in_no_doubt(
    ingest: Built, say: Say
) -> None:
    await say(
        household("V1", {"resident_number": NUMBER, "left_on": "2025-11-05"}, {"person_ref": "p"})
    )
    await say(household("V2", {"resident_number": NUMBER, "joined_on": "2025-11-05"}))
    seam = await double(ingest.settings, arguments(action="list"))
    await say(
        household(
            "V2",
            {"resident_number": NUMBER, "joined_on": "2025-11-04"},
            at="2026-01-16T09:00:00+08:00",
        )
    )
    doubt = await double(ingest.settings, arguments(action="list"))
    back = await say(
        household(
            "V3",
            {"person_ref": "c", "left_on": "2025-11-05"},
            {"person_ref": "c", "joined_on": "2025-11-05"},
        )
    )
    twice = await say(
        household(
            "V4",
            {"person_ref": "c", "left_on": "2025-11-06"},
            {"person_ref": "c", "joined_on": "2025-11-05"},
        )
    )

    assert (seam, back.status_code, twice.status_code) == (
        "nobody stands in two households at once",
        202,
        422,
    )
    assert doubt.split("  ")[2:] == sorted_by_id("V1", "V2")
