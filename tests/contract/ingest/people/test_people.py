"""Tests people by number, at every door.

A number is one person whatever the spelling, held until the register knows them, and released by
themselves; doubles are tickets.
"""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlalchemy import text
from structlog.testing import capture_logs

from foothold_ingest.agencies.register import Remit
from foothold_ingest.build import Built
from foothold_ingest.commands import region
from foothold_ingest.quarantine.keeper import QuarantineKeeper
from foothold_ingest.quarantine.retry import QuarantineTable
from foothold_ingest.rules.accept import household_id
from foothold_ingest.rules.judgement import Accepted, Person
from foothold_ingest.rules.people.people import person_ref
from foothold_ingest.rules.regions import Held
from foothold_runtime.broker import Broker
from foothold_schemas.facts.register import Member
from foothold_schemas.wire.codec import decode_fact
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS, agency_card
from tests.support.ingest import kafka_door
from tests.support.made.build import identity, registered
from tests.support.made.versions import LATER
from tests.support.people import KEY, NUMBER, REF, Say, arguments, claim, claims, event, household
from tests.support.running.parts import Parts
from tests.support.running.sender import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]


async def test_a_bill_is_held_until_the_register_names_its_person_and_then_goes_to_the_household(
    ingest: Built, broker: str, say: Say
) -> None:
    early = await say(claim("early", NUMBER))
    await say(household("V1", {"person_ref": "somebody"}))
    nobody_yet = await ingest.releaser.release_some()
    await say(household("V1", {"resident_number": NUMBER.lower()}, at="2026-01-16T09:00:00+08:00"))
    looked = [await ingest.releaser.release_some(), await ingest.releaser.release_some()]
    late = await say(claim("late", "110105491231002"))
    full_width = await say(claim("wide", "１１０１０５１９４９１２３１００２Ｘ"))

    home = household_id(KEY, "370302", "V1")
    assert (early.status_code, early.json()["held"], nobody_yet, looked) == (202, True, 0, [0, 0])
    assert ["held" in answer.json() for answer in (late, full_width)] == [False, False]
    assert await claims(broker) == [(name, home, REF) for name in ("early", "late", "wide")]


async def test_a_held_bill_sent_again_waits_once_and_one_its_sender_may_no_longer_send_stays(
    ingest: Built, broker: str, say: Say
) -> None:
    for _ in range(2):
        assert (await say(claim("twice", NUMBER))).json()["held"]
    await ingest.register.set_disabled(
        "insurance", is_disabled=True, by="op", now=datetime.now(UTC)
    )
    ingest.agencies.forget()
    await say(household("V1", {"resident_number": NUMBER}))
    await ingest.releaser.release_some()
    async with ingest.engine.connect() as connection:
        rows = [
            tuple(row)
            for row in await connection.execute(text("select kind, released_at, problem from held"))
        ]

    assert rows == [
        (
            "MedicalClaimSettled",
            None,
            (
                "agency_disabled: insurance is disabled here. Ask the county's operators; what was"
                " sent is kept."
            ),
        )
    ]
    assert await claims(broker) == []


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("1101051949123100AX", "bad-number"),
        ("11010519AB1231002X", "bad-number"),
        ("9" * 18, "bad-number"),
        ("1.10105E+17", "damaged-number"),
    ],
)
async def test_a_number_that_is_none_is_refused_and_not_repeated(
    say: Say, number: str, reason: str
) -> None:
    answers = [
        await say(claim("bad", number)),
        await say(household("V1", {"person_ref": "p"}, {"resident_number": number})),
    ]

    assert [(a.status_code, a.json()["type"]) for a in answers] == [
        (422, f"urn:foothold:problem:{reason}")
    ] * 2
    assert [a.json()["fields"][0]["field"] for a in answers] == [
        "/data/resident_number",
        "/data/members/1/resident_number",
    ]
    assert all(number not in a.text for a in answers)


async def test_a_number_written_as_a_number_is_refused_because_browsers_lose_its_digits(
    say: Say,
) -> None:
    answer = await say(claim("digits", 110105194912310021))  # type: ignore[arg-type]  # that is the point

    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (
        422,
        "/data/resident_number",
    )


async def test_one_person_twice_in_a_household_is_refused_whatever_the_spelling(say: Say) -> None:
    answer = await say(
        household("V1", {"resident_number": NUMBER}, {"resident_number": "110105491231002"})
    )

    assert answer.status_code == 422
    assert "twice" in answer.text


async def test_bills_after_a_death_go_to_the_household_that_was_left(broker: str, say: Say) -> None:
    await say(
        household(
            "V1", {"resident_number": NUMBER, "left_on": "2025-12-31"}, {"person_ref": "widow"}
        )
    )
    await say(claim("after", NUMBER))

    assert await claims(broker) == [("after", household_id(KEY, "370302", "V1"), REF)]


async def test_a_county_code_that_was_missing_is_added_and_what_it_kept_out_goes_in(
    ingest: Built, say: Say
) -> None:
    sent = household("N1", {"resident_number": NUMBER}, county="370398")
    before = await say(sent)
    await region(
        ingest.settings, arguments(code="370398", name="新县", from_year=2025, last_year=None)
    )
    await ingest.regions.add("370397", "将来县", Held(2027, None))
    after, future = (
        await say(sent),
        await say(household("N2", {"person_ref": "p"}, county="370397")),
    )

    assert [(a.status_code, a.json()["status"]) for a in (before, after, future)] == [
        (422, 422),
        (202, 202),
        (422, 422),
    ]
    assert [f["field"] for f in before.json()["fields"]] == ["/subject", "/data/area"]
    assert "yet" in future.text


async def test_the_number_stands_under_seal_and_nowhere_else(
    ingest: Built, broker: str, say: Say
) -> None:
    with capture_logs() as lines:
        await say(claim("held", "370302199001010010"))
        await say(household("V1", {"resident_number": NUMBER}))
        await say(claim("known", NUMBER))
        await say(claim("refused", NUMBER[:-1] + "1"))
    records = [
        (m.key(), m.value(), m.headers())
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, HOUSEHOLD_FACTS.name)))
    ]
    async with ingest.engine.connect() as connection:
        tables = [
            row.tablename
            for row in await connection.execute(
                text("select tablename from pg_tables where schemaname = 'public'")
            )
        ]
        kept = {
            name: str((await connection.execute(text(f"select * from {name}"))).all())  # noqa: S608 - names of our own tables
            for name in tables
        }
    seen = [str(lines), str(records), *kept.values()]

    assert len(records) > 2
    assert all("gAAAA" in kept[name] for name in ("people", "held"))
    assert [place for place in seen if "1101051949" in place or "3703021990" in place] == []


async def test_the_same_holds_for_what_comes_by_kafka(
    ingest: Built, parts: Parts, broker: str
) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    topics = {agency: agency_card(agency).name for agency in ("civil", "insurance")}
    await admin.create_topics([NewTopic(name, 1, 1) for name in topics.values()])
    await admin.close()
    sent = [
        ("insurance", claim("k-early", NUMBER)),
        ("insurance", claim("k-bad", "1101051949123100AX")),
        ("insurance", claim("k-ok", NUMBER, total="0.00")),
    ]
    door = asyncio.create_task(kafka_door(ingest).run())
    keeper = asyncio.create_task(
        QuarantineKeeper(
            Broker(parts.bootstrap), ingest.engine, ingest.metrics, ingest.seal, 1_000
        ).run()
    )
    async with AIOKafkaProducer(
        bootstrap_servers=broker, enable_idempotence=True, acks="all"
    ) as producer:
        for agency, event in [*sent, ("civil", household("V1", {"resident_number": NUMBER}))]:
            await producer.send_and_wait(topics[agency], json.dumps(event).encode())
    for _ in range(300):
        await ingest.releaser.release_some()
        aside = [row["reason"] for row in await QuarantineTable(ingest.engine, ingest.seal).rows()]
        if len(await claims(broker)) == 2 and aside:
            break
        await asyncio.sleep(0.05)
    for task in (door, keeper):
        task.cancel()
    await asyncio.gather(door, keeper, return_exceptions=True)

    home = household_id(KEY, "370302", "V1")
    async with ingest.engine.connect() as connection:
        warned = [
            tuple(row)
            for row in await connection.execute(
                text("select actor, detail from audit where action = 'warned'")
            )
        ]

    assert (await claims(broker), aside) == (
        [("k-early", home, REF), ("k-ok", home, REF)],
        ["bad_number"],
    )
    assert warned == [
        ("insurance", {"kind": "MedicalClaimSettled", "field": "/data/total", "times": 1})
    ]


async def test_what_a_sender_may_not_is_written_down_once_a_minute_with_how_often(
    ingest: Built, say: Say
) -> None:
    await ingest.register.allow(
        "insurance",
        Remit(kinds=("IncomeReported",), areas=("370303",)),
        by="op",
        now=datetime.now(UTC),
    )
    ingest.agencies.forget()
    outside = event(
        "insurance",
        "IncomeReported",
        "x",
        {"category": "wage", "item": "salary", "amount": "1.00", "earned_month": "2025-12"},
        "370302/V1",
    )
    answers = [
        (await say(item)).status_code
        for item in (claim("c1", NUMBER), claim("c2", NUMBER), outside, claim("c3", "bad"))
    ]
    async with ingest.engine.connect() as connection:
        rows = [
            tuple(row)
            for row in await connection.execute(
                text(
                    "select actor, action, detail from audit where action = 'refused' order by"
                    " event_id"
                )
            )
        ]

    assert answers == [403, 403, 403, 403]
    assert rows == [
        (
            "insurance",
            "refused",
            {"kind": "MedicalClaimSettled", "reason": "kind_not_allowed", "times": 1},
        ),
        (
            "insurance",
            "refused",
            {"kind": "IncomeReported", "reason": "area_not_allowed", "times": 1},
        ),
    ]


@pytest.mark.parametrize(("later", "earlier"), LATER)
@pytest.mark.parametrize("names", ["ab", "ba"])
async def test_of_two_entries_the_register_keeps_the_one_that_counts_in_risk(
    ingest: Built, later: dict[str, object], earlier: dict[str, object], names: str
) -> None:
    home, people = (
        "a" * 32,
        [
            Person(person_ref(KEY, number), number, is_derived=False)
            for number in (NUMBER, "110105194912310038")
        ],
    )
    first, other = (
        registered([Member(person_ref=person.person_ref)]).model_copy(
            update={"household_id": home, "fact_id": identity(name), **which}
        )
        for person, name, which in zip(people, names, (later, earlier), strict=True)
    )
    for order in ((first, other), (other, first)):
        for entry in order:
            await ingest.people.enter([Accepted(entry, county="370399", people=tuple(people))])
        async with ingest.engine.connect() as connection:
            held = (
                (
                    await connection.execute(
                        text("select person_ref from memberships where household_id = :home"),
                        {"home": home},
                    )
                )
                .scalars()
                .all()
            )

        assert held == [people[0].person_ref]
        await ingest.people.erase(home)


async def test_what_was_held_enters_the_log_with_the_time_and_place_at_which_it_first_came(
    ingest: Built, broker: str, say: Say
) -> None:
    before = datetime.now(UTC)
    await say(claim("early", NUMBER))
    came = datetime.now(UTC)
    await say(household("V1", {"resident_number": NUMBER}))
    await ingest.releaser.release_some()
    (bill,) = [
        f
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, HOUSEHOLD_FACTS.name)))
        if (f := decode_fact(m.value())).id == "early"
    ]

    assert before <= bill.recorded_time <= came
    assert bill.place == (0,)
