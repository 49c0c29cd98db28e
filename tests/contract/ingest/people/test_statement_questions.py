"""Follows two statements nobody can tell apart to their senders and back.

They go from the household's view to their senders, and each answer goes back into the log, on the
real broker and database.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer
from sqlalchemy import text, update

from foothold_ingest.aside import KAFKA_AWAY
from foothold_ingest.build import Built
from foothold_ingest.doors.views import ViewDoor
from foothold_ingest.log.writer import Publisher, Unknown
from foothold_ingest.rules.accept import household_id
from foothold_ingest.rules.answers import Answer
from foothold_ingest.statements.question_tables import StatementQuestionRow
from foothold_ingest.statements.questions import Outcome
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import FactsRetracted, IncomeReported, MedicalClaimSettled
from foothold_schemas.messages.explanation import DoubtKind, StatementDoubt
from foothold_schemas.wire.codec import decode_fact, decode_quarantined, decode_view
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS, HOUSEHOLD_VIEWS, QUARANTINE
from tests.support.ingest import SEAL, SECRET
from tests.support.running.clerk import AGENCY, Clerk
from tests.support.running.sender import read_topic
from tests.support.running.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(90)]

SUBJECT = "370399/Q1"
HOME = household_id(SECRET.encode(), "370399", "Q1")
VIEW: dict[str, Any] = json.loads(
    (Path(__file__).parents[4] / "schemas/examples/household-views.v1/group.json").read_bytes()
)
HOSPITAL = "hospital"


async def say(
    clerk: Clerk,
    kind: str,
    name: str,
    *,
    agency: str = AGENCY,
    key: str | None = None,
    **data: object,
) -> str:
    """An event of an agency's; the fact's id."""
    event = {
        "specversion": "1.0",
        "id": name,
        "source": f"/agencies/{agency}",
        "type": f"foothold.{kind}.v1",
        "time": "2026-01-10T09:00:00+08:00",
    }
    headers = {"content-type": "application/cloudevents+json"} | (
        {} if key is None else {"authorization": f"Bearer {key}"}
    )
    answer = await clerk.client.post(
        "/v1/events", json={**event, "subject": SUBJECT, "data": data}, headers=headers
    )
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return str(answer.json()["fact_id"])


async def yearly(clerk: Clerk, name: str) -> str:
    data: dict[str, Any] = {
        "category": "wage",
        "item": "site",
        "amount": "1300.00",
        "earned_month": "2025-12",
        "is_yearly": True,
        "person_ref": "p-1",
    }
    return await say(clerk, "IncomeReported", name, **data)


async def bill(clerk: Clerk, name: str, total: str = "12000.00", **more: Any) -> str:  # noqa: ANN401
    data: dict[str, Any] = {
        "claim_number": name,
        "settled_on": "2026-01-08",
        "setting": "inpatient",
        "total": total,
        "stay": "S1",
        "person_ref": "p-1",
    }
    return await say(clerk, "MedicalClaimSettled", name, **data, **more)


@pytest.fixture
async def hospital(ingest: Built) -> str:
    """The key of another agency."""
    return await ingest.register.add(HOSPITAL, is_operator=False, by="op", now=datetime.now(UTC))


def write_view(
    ingest: Built, *doubts: StatementDoubt, household: str = HOME, value: bytes | None = None
) -> None:
    """Risk says which pairs of the household's statements cannot be told apart."""
    body = {
        **VIEW,
        "household_id": household,
        "doubts": [doubt.model_dump(mode="json") for doubt in doubts],
    }
    whole = (
        decode_view(json.dumps(body).encode()).model_dump_json(exclude_none=True).encode()
        if value is None
        else value
    )
    producer = Producer({"bootstrap.servers": ingest.settings.kafka_bootstrap})
    producer.produce(HOUSEHOLD_VIEWS.name, whole, key=household.encode())
    assert producer.flush(20) == 0


@asynccontextmanager
async def reading(ingest: Built) -> AsyncIterator[None]:
    """The reader of views and the asking of senders, at work."""
    door = ViewDoor(
        broker=ingest.settings.broker,
        engine=ingest.engine,
        publisher=ingest.publisher,
        book=ingest.statement_questions,
        metrics=ingest.metrics,
        seal=ingest.seal,
        limit=ingest.settings.dead_letter_limit,
    )
    tasks = [asyncio.create_task(door.run()), asyncio.create_task(ingest.statement_asking.run())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def asked(
    ingest: Built, holds: Callable[[list[tuple[str, str, str | None]]], object]
) -> list[tuple[str, str, str | None]]:
    """The questions as (fact, state, agency), once that holds of them."""

    async def questions() -> list[tuple[str, str, str | None]]:
        async with ingest.engine.connect() as connection:
            return [
                tuple(row)
                for row in await connection.execute(
                    text("select fact_id, state, agency from questions order by fact_id")
                )
            ]

    return await until(questions, holds)


def all_open(many: int) -> Callable[[list[tuple[str, str, str | None]]], bool]:
    return lambda rows: [state for _, state, _ in rows] == ["open"] * many


async def log_of(ingest: Built) -> list[FactRecord]:
    """The household's facts from the console."""
    records = await asyncio.to_thread(
        lambda: list(read_topic(ingest.settings.kafka_bootstrap, HOUSEHOLD_FACTS.name))
    )
    facts = [decode_fact(m.value()) for m in records]
    return [fact for fact in facts if fact.source.endswith("/console")]


async def listed(clerk: Clerk, key: str | None = None) -> list[dict[str, Any]]:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    questions: list[dict[str, Any]] = (
        await clerk.client.get("/v1/questions", headers=headers)
    ).json()["questions"]
    return questions


async def reply(clerk: Clerk, question: str, answer: str, key: str | None = None) -> int:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    return (
        await clerk.client.post(
            f"/v1/questions/{question}", json={"answer": answer}, headers=headers
        )
    ).status_code


async def test_a_repeat_is_asked_about_answered_once_and_taken_back_in_the_agencys_name(
    ingest: Built, clerk: Clerk, hospital: str
) -> None:
    counted, other = await yearly(clerk, "y2"), await yearly(clerk, "y1")
    write_view(ingest, StatementDoubt(kind=DoubtKind.REPEATED, counted=counted, other=other))
    async with reading(ingest):
        assert await asked(ingest, all_open(1)) == [(other, "open", AGENCY)]
    (question,) = await listed(clerk)
    before = await ingest.statement_questions.waiting_for(AGENCY)
    seen_by_another, tried_by_another = (
        await listed(clerk, hospital),
        await reply(clerk, question["id"], "repeat", hospital),
    )
    answers = [
        await reply(clerk, question["id"], word)
        for word in ("same_bill", "repeat", "repeat", "both_real")
    ]
    (fact,) = await log_of(ingest)
    (answered,) = await listed(clerk)

    shown_data = {
        "category": "wage",
        "item": "site",
        "amount": "1300.00",
        "earned_month": "2025-12",
        "is_yearly": "true",
    }
    shown = [
        (question[name]["id"], question[name]["said"], question[name]["day"])
        for name in ("event", "beside")
    ]
    assert shown == [("y1", shown_data, "2025-12"), ("y2", shown_data, "2025-12")]
    assert (question["answers"], before, answered["answers"], answered["answer"]) == (
        ["repeat", "both_real"],
        1,
        [],
        "repeat",
    )
    assert (seen_by_another, tried_by_another) == ([], 404)
    assert answers == [422, 200, 200, 409]
    assert isinstance(fact.data, FactsRetracted)
    assert (fact.data.events, fact.withdraws, fact.household_id, fact.agency) == (
        ("y1",),
        (other,),
        HOME,
        AGENCY,
    )
    async with ingest.engine.connect() as connection:
        audit = (
            await connection.execute(
                text(
                    "select actor, detail->>'answer', detail->>'fact' from audit where action ="
                    " 'question_answered'"
                )
            )
        ).all()
    assert [tuple(row) for row in audit] == [(AGENCY, "repeat", other)]


async def test_both_real_is_the_other_again_under_a_number_and_the_register_of_statements_knows_it(
    ingest: Built, clerk: Clerk
) -> None:
    counted, other = await yearly(clerk, "y2"), await yearly(clerk, "y1")
    write_view(ingest, StatementDoubt(kind=DoubtKind.REPEATED, counted=counted, other=other))
    async with reading(ingest):
        await asked(ingest, all_open(1))
    (question,) = await listed(clerk)
    codes = await asyncio.gather(*(reply(clerk, question["id"], "both_real") for _ in range(5)))
    facts = await log_of(ingest)

    assert codes == [200] * 5
    assert len({fact.fact_id for fact in facts}) == 1
    fact = facts[0]
    assert isinstance(fact.data, IncomeReported)
    assert (fact.data.statement_number, fact.data.amount, fact.withdraws) == (
        f"console-{question['id']}",
        130_000,
        (other,),
    )
    async with ingest.engine.connect() as connection:
        known = (await connection.execute(text("select fact_id from statements"))).scalars().all()
    assert known == [fact.fact_id]


async def test_the_sender_of_a_yearly_income_that_lapsed_says_that_it_ended_or_that_it_goes_on(
    ingest: Built, clerk: Clerk
) -> None:
    fact = await yearly(clerk, "y1")
    lapsed = StatementDoubt(kind=DoubtKind.LAPSED, counted=fact, other=fact, since="2027-07")
    write_view(ingest, lapsed)
    async with reading(ingest):
        assert await asked(ingest, all_open(1)) == [(fact, "open", AGENCY)]
    (question,) = await listed(clerk)
    wrong, taken = (
        await reply(clerk, question["id"], "repeat"),
        await reply(clerk, question["id"], "ended"),
    )
    (ended,) = await log_of(ingest)

    assert (question["kind"], question["since"], question["beside"], question["answers"]) == (
        "lapsed",
        "2027-07",
        None,
        ["ended", "goes_on"],
    )
    assert (wrong, taken, ended.withdraws) == (422, 200, (fact,))
    assert isinstance(ended.data, IncomeReported)
    assert (ended.data.until_month, ended.data.earned_month, ended.data.is_yearly) == (
        "2027-06",
        "2025-12",
        True,
    )


async def test_a_yearly_income_that_goes_on_is_asked_about_no_more_and_nothing_is_written(
    ingest: Built, clerk: Clerk
) -> None:
    fact = await yearly(clerk, "y1")
    lapsed = StatementDoubt(kind=DoubtKind.LAPSED, counted=fact, other=fact, since="2027-07")
    write_view(ingest, lapsed)
    async with reading(ingest):
        await asked(ingest, all_open(1))
        (question,) = await listed(clerk)
        assert await reply(clerk, question["id"], "goes_on") == 200
        write_view(ingest, lapsed)
        assert await asked(ingest, bool) == [(fact, "answered", AGENCY)]

    assert await log_of(ingest) == []


async def stay(
    ingest: Built, clerk: Clerk, key: str, kind: DoubtKind
) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    """One stay with bills of two agencies, both asked: the facts, and the question to either."""
    ours = await bill(clerk, "K1")
    theirs = await bill(clerk, "H1", "12345.67", agency=HOSPITAL, key=key)
    write_view(ingest, StatementDoubt(kind=kind, counted=theirs, other=ours))
    async with reading(ingest):
        await asked(ingest, all_open(2))
    (own,), (other,) = await listed(clerk), await listed(clerk, key)
    return ours, theirs, own, other


async def test_a_stay_is_asked_of_both_and_neither_sees_an_amount_of_the_others(
    ingest: Built, clerk: Clerk, hospital: str
) -> None:
    _, _, own, other = await stay(ingest, clerk, hospital, DoubtKind.ONE_STAY)

    assert own["beside"] == {"agency": HOSPITAL, "day": "2026-01-08", "stay": "S1"}
    assert other["beside"] == {"agency": AGENCY, "day": "2026-01-08", "stay": "S1"}
    assert (own["event"]["id"], other["event"]["id"]) == ("K1", "H1")
    assert ("12345.67" in str(own), "12000.00" in str(other)) == (False, False)
    assert own["answers"] == ["same_bill", "another_stay"]


async def test_where_both_say_the_same_bill_only_the_first_is_taken_back_so_that_one_counts(
    ingest: Built, clerk: Clerk, hospital: str
) -> None:
    ours, theirs, own, other = await stay(ingest, clerk, hospital, DoubtKind.ONE_STAY)
    codes = await asyncio.gather(
        reply(clerk, own["id"], "same_bill"), reply(clerk, other["id"], "same_bill", hospital)
    )
    # written before risk has the answer
    write_view(ingest, StatementDoubt(kind=DoubtKind.ONE_STAY, counted=theirs, other=ours))
    async with reading(ingest):
        await asyncio.sleep(3)
    facts = await log_of(ingest)

    assert sorted(codes) == [200, 409]
    assert len({fact.withdraws for fact in facts}) == 1
    assert await ingest.statement_questions.many() == 0, "a view of before asks nobody again"


async def test_another_stay_is_the_own_bill_again_with_a_stay_of_its_own(
    ingest: Built, clerk: Clerk, hospital: str
) -> None:
    ours, _, own, _ = await stay(ingest, clerk, hospital, DoubtKind.ONE_STAY)
    code = await reply(clerk, own["id"], "another_stay")
    (fact,) = await log_of(ingest)

    assert code == 200
    assert isinstance(fact.data, MedicalClaimSettled)
    assert (fact.data.claim_number, fact.data.stay, fact.data.total, fact.withdraws) == (
        "K1",
        f"console-{own['id']}",
        1_200_000,
        (ours,),
    )
    assert await listed(clerk, hospital) == []


async def test_two_totals_that_are_right_are_left_alone_and_the_other_sender_is_still_asked(
    ingest: Built, clerk: Clerk, hospital: str
) -> None:
    ours, theirs, own, _ = await stay(ingest, clerk, hospital, DoubtKind.TWO_TOTALS)
    code = await reply(clerk, own["id"], "right")
    write_view(ingest, StatementDoubt(kind=DoubtKind.TWO_TOTALS, counted=theirs, other=ours))
    async with reading(ingest):
        await asyncio.sleep(3)

    assert (code, await log_of(ingest)) == (200, [])
    assert [(question["answer"], question["answers"]) for question in await listed(clerk)] == [
        ("right", [])
    ]
    assert len(await listed(clerk, hospital)) == 1


@pytest.mark.parametrize(
    "value", [None, b""], ids=["a view without the pair", "nobody looks any more"]
)
async def test_a_pair_that_is_gone_is_asked_about_no_more_and_again_when_it_returns(
    ingest: Built, clerk: Clerk, value: bytes | None
) -> None:
    counted, other = await yearly(clerk, "y2"), await yearly(clerk, "y1")
    pair = StatementDoubt(kind=DoubtKind.REPEATED, counted=counted, other=other)
    async with reading(ingest):
        write_view(ingest, pair)
        await asked(ingest, all_open(1))
        write_view(ingest, value=value)
        await asked(ingest, lambda rows: [state for _, state, _ in rows] == ["gone"])
        assert await listed(clerk) == []
        write_view(ingest, pair)
        await asked(ingest, all_open(1))
    assert [question["event"]["id"] for question in await listed(clerk)] == ["y1"]


async def test_what_the_sender_corrects_itself_is_settled_before_any_view_and_is_not_written_again(
    ingest: Built, clerk: Clerk
) -> None:
    counted, other = await yearly(clerk, "y2"), await yearly(clerk, "y1")
    write_view(ingest, StatementDoubt(kind=DoubtKind.REPEATED, counted=counted, other=other))
    async with reading(ingest):
        await asked(ingest, all_open(1))
        (question,) = await listed(clerk)
        await say(clerk, "FactsRetracted", "back", events=["y1"], reason="entered_in_error")
        code = await reply(clerk, question["id"], "both_real")

    assert (code, await log_of(ingest), await listed(clerk)) == (409, [], [])


async def test_what_was_taken_back_before_it_could_be_asked_about_is_not_asked_about(
    ingest: Built, clerk: Clerk
) -> None:
    counted, other = await yearly(clerk, "y2"), await yearly(clerk, "y1")
    await say(clerk, "FactsRetracted", "back", events=["y1"], reason="entered_in_error")
    write_view(ingest, StatementDoubt(kind=DoubtKind.REPEATED, counted=counted, other=other))
    async with reading(ingest):
        assert await asked(ingest, lambda rows: [state for _, state, _ in rows] == ["settled"])
    assert await listed(clerk) == []


async def test_an_answer_whose_fact_could_not_be_written_at_once_is_written_by_itself(
    ingest: Built, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, other = await yearly(clerk, "y2"), await yearly(clerk, "y1")
    write_view(ingest, StatementDoubt(kind=DoubtKind.REPEATED, counted=counted, other=other))
    async with reading(ingest):
        await asked(ingest, all_open(1))
    (question,) = await listed(clerk)

    async def away(*_: object) -> None:
        raise Unknown

    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "send", away)
        outcome = await ingest.statement_asking.answer(
            AGENCY, question["id"], Answer.REPEAT, by="li"
        )
        at_once = await log_of(ingest)
    await ingest.statement_asking.write()
    await ingest.statement_asking.write()

    assert Unknown in KAFKA_AWAY
    assert (outcome, at_once) == (Outcome.TAKEN, [])
    assert [fact.withdraws for fact in await log_of(ingest)] == [(other,)]


async def test_answered_questions_are_shown_for_thirty_days_and_erased_with_the_household(
    ingest: Built, clerk: Clerk, hospital: str
) -> None:
    _, _, own, _ = await stay(ingest, clerk, hospital, DoubtKind.TWO_TOTALS)
    await reply(clerk, own["id"], "right")
    now = datetime.now(UTC)
    shown = [
        len(await ingest.statement_questions.of(AGENCY, now + timedelta(days=days)))
        for days in (29, 31)
    ]

    assert shown == [1, 0]
    assert await ingest.statement_questions.erase(HOME)
    assert not await ingest.statement_questions.erase(HOME)


async def test_a_view_nobody_can_read_is_set_aside_and_a_fact_that_is_nowhere_has_no_sender(
    ingest: Built, clerk: Clerk
) -> None:
    assert await listed(clerk) == []
    write_view(ingest, value=b'{"doubts":[{"kind":"repeated"')
    write_view(
        ingest,
        StatementDoubt(kind=DoubtKind.REPEATED, counted="e" * 32, other="f" * 32),
        household="7" * 32,
    )
    async with reading(ingest):
        rows = await asked(ingest, lambda rows: [state for _, state, _ in rows] == ["no_sender"])
    (aside,) = await asyncio.to_thread(
        lambda: list(read_topic(ingest.settings.kafka_bootstrap, QUARANTINE.name))
    )

    assert rows == [("f" * 32, "no_sender", None)]
    assert decode_quarantined(aside.value()).open(SEAL).value == b'{"doubts":[{"kind":"repeated"'


async def test_a_replica_that_starts_knows_for_which_households_somebody_is_asked(
    ingest: Built,
) -> None:
    pair = StatementDoubt(kind=DoubtKind.REPEATED, counted="a" * 32, other="b" * 32)
    await ingest.statement_questions.follow({HOME: (pair,)}, datetime.now(UTC))
    known = ingest.statement_questions.open_households
    ingest.statement_questions.open_households = set()
    await ingest.statement_questions.load()
    loaded = ingest.statement_questions.open_households
    async with ingest.engine.begin() as connection:
        await connection.execute(update(StatementQuestionRow).values(state="gone"))
    await ingest.statement_questions.load()

    assert (known, loaded, ingest.statement_questions.open_households) == ({HOME}, {HOME}, set())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"answer": 1}',
        b'{"answer": "maybe"}',
        b'{"answer": "repeat", "x": 1}',
        b"\xff",
    ],
)
async def test_a_body_that_is_no_answer_is_refused_in_words(clerk: Clerk, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = await clerk.client.post(f"/v1/questions/{'0' * 32}", content=body, headers=headers)

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_day_in_a_question_is_the_senders_own(
    ingest: Built, clerk: Clerk, hospital: str
) -> None:
    _, _, own, _ = await stay(ingest, clerk, hospital, DoubtKind.ONE_STAY)

    assert date.fromisoformat(own["event"]["day"]) == date(2026, 1, 8)
