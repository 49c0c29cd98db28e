"""Plays the whole circle of one household.

There are a bill and a storm; it is entered, helped first, has its papers, is identified and helped;
months pass, it is eliminated, and the same cause comes again.
"""

from datetime import UTC, date, datetime

import psycopg
import pytest

from deploy.local.stack import Stack
from foothold_schemas.facts.checks import Guarantee
from foothold_schemas.messages.transitions import Transition
from tests.support.running.desk import Caseworker, case_number
from tests.support.running.sender import Sender, eventually, transitions

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(420)]

HOME = "370399/CIRCLE"
CONTACT = {"name": "钱示宁", "address": "示范县第2村1号", "telephone": "000-7654321"}
START, NOTICE_OVER, NEW_YEAR = date(2026, 6, 10), date(2026, 6, 16), date(2027, 1, 2)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def fall(sender: Sender) -> None:
    """A household whose one earner can work.

    A bill it cannot carry, and a home badly damaged, a year ago but for ten days.
    """
    entry = {
        "authority": "370399",
        "register_number": "CIRCLE",
        "area": "370399101202",
        "standing": "ex_poor",
    }
    sender.say(
        "statistics",
        "HouseholdRegistered",
        "c-reg",
        noon(START),
        HOME,
        **entry,
        members=[{"person_ref": "c", "can_work": True}],
        contact=CONTACT,
    )
    earn(sender, "2026-05", START)
    for guarantee in Guarantee:
        sender.say(
            "statistics",
            "GuaranteeChecked",
            f"c-{guarantee}",
            noon(START),
            HOME,
            guarantee=guarantee.value,
            is_met=True,
            checked_on="2026-06-01",
        )
    struck = {
        "hazard": "storm",
        "struck_on": "2025-06-20",
        "home": "badly_damaged",
        "is_verified": True,
    }
    sender.say("emergency-management", "DisasterStruck", "c-storm", noon(START), HOME, **struck)
    bill(sender, "first", "2025-06-20", START)


def earn(sender: Sender, month: str, on: date) -> None:
    year = {
        "category": "operating",
        "item": "orchard",
        "amount": "9000.00",
        "earned_month": month,
        "is_yearly": True,
    }
    sender.say("statistics", "IncomeReported", f"c-inc-{month}", noon(on), HOME, **year)


def bill(sender: Sender, name: str, settled_on: str, on: date) -> None:
    claim = {
        "claim_number": f"c-{name}",
        "settled_on": settled_on,
        "setting": "inpatient",
        "total": "8000.00",
    }
    sender.say("health-insurance", "MedicalClaimSettled", f"c-{name}", noon(on), HOME, **claim)


def case_moves(stack: Stack) -> list[Transition]:
    return [
        t for t in transitions(stack.kafka.bootstrap) if t.household.register_number == "CIRCLE"
    ]


def stage(stack: Stack, number: int) -> str:
    return str(asked(stack, "select stage from cases where number = %s", number)[0][0])


def asked(stack: Stack, question: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        return connection.execute(question, values).fetchall()


def relief_of(stack: Stack, number: int, cause: str) -> int:
    return int(
        str(
            asked(
                stack,
                "select relief_id from relief join cases using (case_id) where number = %s and"
                " cause = %s",
                number,
                cause,
            )[0][0]
        )
    )


def is_helped_first(stack: Stack, worker: Caseworker, other: Caseworker, number: int) -> int:
    """The advance is paid, and the papers show less; return its relief's id."""
    advance = relief_of(stack, number, "disaster_loss")
    worker.do(number, f"relief/{advance}/decide", amount="3000")
    other.do(number, f"relief/{advance}/pay")
    worker.do(number, f"relief/{advance}/papers", amount="2800.50")
    return advance


def is_posted(worker: Caseworker, number: int) -> None:
    """The notice shows what it may, and stands until its last day is over."""
    for step in ("take", "consent", "verify", "post"):
        worker.do(number, f"steps/{step}")
    sheet = eventually(
        lambda: page if "钱示宁" in (page := worker.page(number, "/public-notice")) else None,
        "the directory has arrived",
    )
    shown = sheet.partition("public-notice")[2].partition("</article>")[0]
    assert "2026-06-15" in shown
    assert [
        word
        for word in ("7654321", "第2村1号", "CIRCLE", "医疗", "medical", "8000")
        if word in shown
    ] == []
    assert "公示期未满" in worker.send(number, "steps/end_notice").text


def is_identified_and_helped(stack: Stack, sender: Sender, worker: Caseworker, number: int) -> None:
    sender.open_day(NOTICE_OVER)
    eventually(
        lambda: asked(
            stack, "select 1 where (select min(day) from partition_days) = %s", NOTICE_OVER
        ),
        "the desk's day has come",
    )
    for step in ("end_notice", "agree", "identify"):
        worker.do(number, f"steps/{step}")
    helped = (
        ("health", ["self_paid_high", "rigid_spending_ratio"]),
        ("housing", ["disaster_loss"]),
    )
    for measure, against in helped:
        worker.do(number, "measures", measure=measure, against=against, department="county")
    for (measure_id,) in asked(stack, "select measure_id from measures order by 1"):
        worker.do(number, f"measures/{measure_id}/delivered", on=NOTICE_OVER.isoformat())
    worker.do(number, "visits", on=NOTICE_OVER.isoformat(), note="roof mended")
    assert "已落实" in worker.page(number)


def is_eliminated(stack: Stack, sender: Sender, worker: Caseworker, number: int) -> None:
    sender.open_day(NEW_YEAR)
    earn(sender, "2026-12", NEW_YEAR)
    eventually(lambda: stage(stack, number) == "elimination_review", "elimination is due")
    eventually(
        lambda: worker.send(number, "steps/eliminate").status_code == 303,
        "the view has no unmet condition any more",
    )
    eventually(
        lambda: case_moves(stack)[-1].movement.value == "exited",
        "risk has let the household go",
    )


def comes_back(stack: Stack, sender: Sender, worker: Caseworker, number: int) -> int:
    """The same cause again; return the new case's number."""
    bill(sender, "again", "2027-01-02", NEW_YEAR)
    again = eventually(
        lambda: new_number if (new_number := case_number(stack, "CIRCLE")) != number else None,
        "a new case for the same cause",
    )
    assert "上一轮" in worker.page(again)
    return again


def everything_was_sent(stack: Stack, number: int) -> None:
    moves = [t.movement.value for t in case_moves(stack)]
    assert moves[-4:] == ["recovering", "exit_due", "exited", "rolled_back"], moves
    left = next(t for t in case_moves(stack) if t.movement.value == "exited")
    assert (left.exit_reason, stage(stack, number)) == ("eliminated", "eliminated")
    kinds = asked(
        stack, "select body->'data'->>'kind' from said where sent_at is not null order by seq"
    )
    assert [k for (k,) in kinds] == [
        "ReliefPaid",
        "AuthorisationGiven",
        "CaseDecided",
        "MeasureDelivered",
        "MeasureDelivered",
        "CaseDecided",
    ]


def test_a_household_goes_round_the_whole_circle(own_foothold: Stack, own_sender: Sender) -> None:
    stack, sender = own_foothold, own_sender
    sender.adopt()
    sender.open_day(START)
    fall(sender)
    eventually(lambda: len(case_moves(stack)) > 1, "risk has judged the household")
    number = eventually(lambda: case_number(stack, "CIRCLE"), "the case stands at the desk")
    eventually(
        lambda: asked(stack, "select 1 from relief where cause = 'self_paid_high'"),
        "relief is proposed for both causes",
    )
    with (
        Caseworker(stack, "caseworker", sender.passwords["caseworker"]) as worker,
        Caseworker(stack, "duty-officer", sender.passwords["duty-officer"]) as other,
    ):
        advance = is_helped_first(stack, worker, other, number)
        is_posted(worker, number)
        is_identified_and_helped(stack, sender, worker, number)
        is_eliminated(stack, sender, worker, number)
        again = comes_back(stack, sender, worker, number)

    everything_was_sent(stack, number)
    assert asked(
        stack, "select status, to_settle_fen from relief where relief_id = %s", advance
    ) == [("settled", 19950)]
    proposed = asked(
        stack,
        "select cause, status from relief join cases using (case_id) where number = %s order by"
        " cause",
        again,
    )
    assert ("self_paid_high", "proposed") in proposed
