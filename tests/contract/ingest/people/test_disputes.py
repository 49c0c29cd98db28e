"""Follows a doubt of the desk to whoever sent the fact, and back.

It runs on the real broker and database; each step comes as often and in whatever order it comes.
"""

import asyncio
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.locked import Handling, NotAllowed, Stale
from foothold_alerts.rules.acts.dispute import DisputeNo
from foothold_ingest.build import Built
from foothold_ingest.disputes.asking import Questions
from foothold_ingest.log.search import LogSearch
from foothold_ingest.rules.accept import household_id
from foothold_runtime.broker import Broker
from foothold_schemas.messages.disputes import DisputeNews, DisputeState, Doubt, FactDisputed
from foothold_schemas.messages.relief import PeopleSaid
from foothold_schemas.wire.codec import decode_dispute
from foothold_schemas.wire.topics import FACT_DISPUTES
from tests.support.alerts import NOW, cases_on, disputes_on, person, rows, transition
from tests.support.ingest import SECRET
from tests.support.running.clerk import AGENCY, Clerk
from tests.support.running.sender import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(90)]

HOME = household_id(SECRET.encode(), "370399", "D1")
SUBJECT = "370399/D1"
DAY = date(2026, 1, 10)


async def income(clerk: Clerk, name: str, **more: object) -> str:
    """The agency says what the household earned; the fact's id."""
    data = {
        "category": "wage",
        "item": "site",
        "amount": "900.00",
        "earned_month": "2026-01",
        "person_ref": "p-1",
    }
    event = {
        "specversion": "1.0",
        "id": name,
        "source": f"/agencies/{AGENCY}",
        "type": "foothold.IncomeReported.v1",
        "time": "2026-01-10T09:00:00+08:00",
        "subject": SUBJECT,
        "data": data,
        **more,
    }
    answer = await clerk.client.post(
        "/v1/events", json=event, headers={"content-type": "application/cloudevents+json"}
    )
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return str(answer.json()["fact_id"])


def doubt(name: str, fact: str, day: date = DAY) -> tuple[PeopleSaid, FactDisputed]:
    """The desk doubts a fact of the household."""
    word = FactDisputed(
        disputed=fact,
        fact_kind="IncomeReported",
        fact_day=day,
        doubt=Doubt.NEVER_HAPPENED,
        note="已回村",
    )
    return (
        PeopleSaid(id=name, household_id=HOME, time=datetime.now(UTC), by="zhang", data=word),
        word,
    )


async def pass_on_news(ingest: Built) -> list[DisputeNews]:
    """What the desk is told by now."""
    await ingest.questions.look_up()
    await ingest.questions.inform_desk()
    records = await asyncio.to_thread(
        lambda: list(read_topic(ingest.settings.kafka_bootstrap, FACT_DISPUTES.name))
    )
    return [decode_dispute(m.value()) for m in records]


async def test_a_doubt_reaches_the_agency_by_its_own_event_and_the_answer_comes_back(
    ingest: Built, clerk: Clerk
) -> None:
    fact = await income(clerk, "wage-1")
    await ingest.disputes.ask([doubt("act-1", fact)])
    await ingest.disputes.ask([doubt("act-1", fact)])  # read twice after a crash

    assert [(n.state, n.agency) for n in await pass_on_news(ingest)] == [
        (DisputeState.ASKED, AGENCY)
    ]
    (row,) = await ingest.disputes.of(AGENCY, datetime.now(UTC))
    assert (row["event_id"], row["source"], row["note"]) == (
        "wage-1",
        f"/agencies/{AGENCY}",
        "已回村",
    )
    assert row["said"] == {
        "category": "wage",
        "item": "site",
        "amount": "900.00",
        "earned_month": "2026-01",
    }
    assert not await ingest.disputes.confirm(
        "another", "act-1", "", by="nobody", now=datetime.now(UTC)
    )
    assert await ingest.disputes.confirm(AGENCY, "act-1", "有签字", by="li", now=datetime.now(UTC))
    assert not await ingest.disputes.confirm(
        AGENCY, "act-1", "again", by="li", now=datetime.now(UTC)
    )

    news = await pass_on_news(ingest)
    assert [(n.state, n.note) for n in news] == [
        (DisputeState.ASKED, ""),
        (DisputeState.CONFIRMED, "有签字"),
    ]
    assert await pass_on_news(ingest) == news, "what the desk knows is not said again"


async def test_a_correction_ends_the_doubt_whether_it_comes_before_or_after_it(
    ingest: Built, clerk: Clerk
) -> None:
    early, late = await income(clerk, "wage-early"), await income(clerk, "wage-late")
    await income(clerk, "wage-early-2", amends="wage-early")
    await ingest.disputes.ask([doubt("act-early", early), doubt("act-late", late)])

    first = await pass_on_news(ingest)
    await income(clerk, "wage-late-2", amends="wage-late")

    assert {n.dispute_id: n.state for n in first} == {
        "act-early": DisputeState.CORRECTED,
        "act-late": DisputeState.ASKED,
    }
    assert {n.dispute_id: n.state for n in await pass_on_news(ingest)} == {
        "act-early": DisputeState.CORRECTED,
        "act-late": DisputeState.CORRECTED,
    }
    assert all(n.agency == AGENCY for n in await pass_on_news(ingest))


async def test_a_correction_that_comes_before_the_sender_is_looked_up_is_enough(
    ingest: Built, clerk: Clerk
) -> None:
    fact = await income(clerk, "wage-race")
    await ingest.disputes.ask([doubt("act-race", fact)])
    await income(clerk, "wage-race-2", amends="wage-race")

    # another replica comes late with what it did not find
    await ingest.disputes.attach_record("act-race", None)
    assert [(n.state, n.agency) for n in await pass_on_news(ingest)] == [
        (DisputeState.CORRECTED, AGENCY)
    ]


async def test_a_fact_that_is_nowhere_has_no_sender_and_a_wrong_day_still_finds_it(
    ingest: Built, clerk: Clerk
) -> None:
    fact = await income(clerk, "wage-ahead")
    ahead = datetime.now(UTC).date() + timedelta(days=400)
    await ingest.disputes.ask([doubt("act-none", "f" * 32), doubt("act-ahead", fact, ahead)])

    assert {n.dispute_id: (n.state, n.agency) for n in await pass_on_news(ingest)} == {
        "act-none": (DisputeState.NO_SENDER, None),
        "act-ahead": (DisputeState.ASKED, AGENCY),
    }


async def test_while_the_broker_is_away_doubts_wait_and_ingest_goes_on(
    ingest: Built, clerk: Clerk
) -> None:
    fact = await income(clerk, "wage-away")
    await ingest.disputes.ask([doubt("act-away", fact)])
    away = LogSearch(Broker("127.0.0.1:9"), ingest.settings.partitions)
    asking = asyncio.create_task(
        Questions(ingest.engine, ingest.disputes, away, ingest.publisher, ingest.metrics).run()
    )
    await asyncio.sleep(2.5)

    assert not asking.done(), "it goes on asking"
    asking.cancel()
    assert [(n.dispute_id, n.state) for n in await pass_on_news(ingest)] == [
        ("act-away", DisputeState.ASKED)
    ]


async def ask(alerts_database: AsyncEngine, fact: str, version: int, note: str = "") -> None:
    await disputes_on(alerts_database).ask(
        Handling(person("zhao"), 1, version, NOW), fact, Doubt.OTHER_AMOUNT, note
    )


async def scalar(alerts_database: AsyncEngine, question: str) -> object:
    return (await rows(alerts_database, question))[0][0]


async def test_at_the_desk_a_doubt_is_one_word_on_its_way_one_row_in_the_audit_and_asked_once(
    alerts_database: AsyncEngine,
) -> None:
    moved = transition("a")
    await cases_on(alerts_database).take([moved], NOW)
    shown = moved.findings[0].facts[0]

    with pytest.raises(NotAllowed) as numbers:
        await ask(alerts_database, shown.fact_id, 1, "13800138000")
    with pytest.raises(Stale):
        await ask(alerts_database, "e" * 32, 1)
    await ask(alerts_database, shown.fact_id, 1, "金额多一位")
    with pytest.raises(NotAllowed) as again:
        await ask(alerts_database, shown.fact_id, 2)

    assert (numbers.value.why, again.value.why) == (DisputeNo.NOTE, DisputeNo.ASKED)
    word = (
        "select body->'data'->>'kind', body->'data'->>'disputed', body->'data'->>'fact_day',"
        " body->'data'->>'note' from said"
    )
    assert await rows(alerts_database, word) == [
        ("FactDisputed", shown.fact_id, str(shown.day), "金额多一位")
    ]
    assert await rows(
        alerts_database, "select action, detail->>'doubt' from audit where action like 'disput%'"
    ) == [("disputed", "other_amount")]


async def test_an_answer_stands_on_the_case_with_a_new_version_and_a_repeat_changes_nothing(
    alerts_database: AsyncEngine,
) -> None:
    moved = transition("a")
    await cases_on(alerts_database).take([moved], NOW)
    fact = moved.findings[0].facts[0].fact_id
    await ask(alerts_database, fact, 1)
    dispute = str(await scalar(alerts_database, "select dispute_id from disputes"))
    news = DisputeNews(
        dispute_id=dispute,
        household_id=moved.household_id,
        disputed=fact,
        state=DisputeState.ASKED,
        agency="bank",
        at=NOW,
    )
    right = news.model_copy(update={"state": DisputeState.CONFIRMED, "note": "核对过流水"})
    mended = news.model_copy(update={"state": DisputeState.CORRECTED})

    await disputes_on(alerts_database).take([news, right, right, news, mended, right])
    await disputes_on(alerts_database).take(
        [news.model_copy(update={"dispute_id": "act-of-another-desk"})]
    )

    assert await rows(alerts_database, "select state, agency from disputes") == [
        ("corrected", "bank")
    ]
    assert await scalar(alerts_database, "select version from cases") == 4
    query = (
        "select action, actor, detail->>'agency' from audit where action like 'dispute_%' order by"
        " audit_id"
    )
    assert await rows(alerts_database, query) == [
        ("disputed", "zhao", None),
        ("dispute_confirmed", "foothold-ingest", "bank"),
        ("dispute_corrected", "foothold-ingest", "bank"),
    ]
