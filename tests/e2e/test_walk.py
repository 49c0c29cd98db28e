"""One household's way through Foothold: from the HTTP door to the desk and back out, twice."""

from datetime import UTC, date, datetime

import psycopg
import pytest

from deploy.local.stack import Stack
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import ExitReason, Movement, Transition
from foothold_schemas.values import Group
from tests.support.running.sender import Sender, eventually, transitions

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

HOUSE = "370399/WALK-1"
START = date(2026, 3, 10)
YEAR = {"category": "operating", "item": "orchard", "is_yearly": True}
BILL = {"settled_on": "2026-03-09", "setting": "inpatient"}


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def household_moves(stack: Stack, count: int) -> list[Transition]:
    def ask() -> list[Transition] | None:
        moves = [
            t for t in transitions(stack.kafka.bootstrap) if t.household.register_number == "WALK-1"
        ]
        return moves if len(moves) >= count else None

    moves = eventually(ask, f"{count} transitions of the household")
    assert count == len(moves)
    return moves


def cases(stack: Stack) -> list[dict[str, object]]:
    with psycopg.connect(
        stack.postgres.dsn("foothold_alerts"), row_factory=psycopg.rows.dict_row
    ) as connection:
        return list(
            connection.execute(
                "select * from cases where register_number = 'WALK-1' order by episode"
            )
        )


def relief(stack: Stack) -> list[tuple[str, str, str]]:
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        return connection.execute(
            "select kind, cause, status from relief r join cases c using (case_id) where"
            " register_number = 'WALK-1' order by relief_id"
        ).fetchall()


def doubts(stack: Stack) -> list[tuple[int, date]]:
    with psycopg.connect(stack.postgres.dsn("foothold_alerts")) as connection:
        return connection.execute(
            "select episode, looks_back_to from reviews r join cases c using (case_id) where"
            " register_number = 'WALK-1'"
        ).fetchall()


def a_late_bill_puts_the_exit_in_doubt(foothold: Stack, sender: Sender) -> None:
    """A bill of March arrives in April, after the exit, and the exit stands.

    The bill is taken back again and sent anew, and people are asked once to look at it.
    """
    sender.open_day(date(2026, 4, 11))
    sender.say(
        "health-insurance",
        "FactsRetracted",
        "walk-c3-back",
        noon(date(2026, 4, 11)),
        HOUSE,
        events=["walk-c3"],
        reason="entered_in_error",
    )
    late = {
        "claim_number": "w4",
        "settled_on": "2026-03-20",
        "setting": "inpatient",
        "total": "15000.00",
    }
    asked_by = sender.say(
        "health-insurance", "MedicalClaimSettled", "walk-c4", noon(date(2026, 4, 11)), HOUSE, **late
    )
    *_, corrected, entered_again, doubt = household_moves(foothold, 7)
    assert (corrected.exit_reason, entered_again.movement, entered_again.spell) == (
        ExitReason.CORRECTED,
        Movement.ENTERED,
        3,
    )
    assert (doubt.movement, doubt.open_day, doubt.looks_back_to, doubt.episode) == (
        Movement.WOULD_HAVE,
        date(2026, 4, 11),
        date(2026, 4, 10),
        1,
    )
    assert (doubt.caused_by, doubt.group, str(doubt.figures.own_shares)) == (
        asked_by,
        entered_again.group,
        "22000.01",
    )
    eventually(lambda: doubts(foothold), "somebody is asked to look")
    assert doubts(foothold) == [(1, date(2026, 4, 10))]
    assert [c["stage"] for c in cases(foothold)] == ["closed", "closed", "lead"]


def registered_above_the_line(sender: Sender) -> None:
    # Registered, with a year's income of 10,000: above the line of 7,300, nothing to say.
    sender.say(
        "statistics",
        "HouseholdRegistered",
        "walk-reg",
        noon(START),
        HOUSE,
        authority="370399",
        register_number="WALK-1",
        area="370399101201",
        standing="ordinary",
        members=[{"person_ref": "w-1"}],
    )
    sender.say(
        "statistics",
        "IncomeReported",
        "walk-inc",
        noon(START),
        HOUSE,
        amount="10000.00",
        earned_month="2026-02",
        **YEAR,
    )


def one_fen_too_much(sender: Sender) -> str:
    # A bill of 7,000 is exactly 70 %: not above it. One fen more crosses, and leaves 2,999.99 to
    # live on.
    sender.say(
        "health-insurance",
        "MedicalClaimSettled",
        "walk-c1",
        noon(START),
        HOUSE,
        claim_number="w1",
        total="7000.00",
        **BILL,
    )
    return sender.say(
        "health-insurance",
        "MedicalClaimSettled",
        "walk-c2",
        noon(START),
        HOUSE,
        claim_number="w2",
        total="0.01",
        **BILL,
    )


def it_enters(foothold: Stack, crossing: str) -> None:
    (entered,) = household_moves(foothold, 1)
    assert (entered.movement, entered.group, entered.spell, entered.previous_spell) == (
        Movement.ENTERED,
        Group.SUDDEN_HARDSHIP,
        1,
        None,
    )
    assert crossing == entered.caused_by
    assert [f.rule for f in entered.findings] == [FindingKind.RIGID_SPENDING_RATIO]
    assert (
        entered.findings[0].value,
        entered.findings[0].threshold,
        entered.findings[0].facts_total,
    ) == ("7000.01", "7000.00", 2)
    assert "7000.01元，超过家庭年纯收入10000.00元的70%" in entered.reason.zh
    assert "above 70% of its net income" in entered.reason.en
    assert str(entered.figures.reference_per_head) == "2999.99"
    (case,) = eventually(lambda: cases(foothold), "a case")
    assert ("lead", True, date(2026, 3, 25)) == (case["stage"], case["is_urgent"], case["due_on"])
    assert relief(foothold) == [("spending", "rigid_spending_ratio", "proposed")]


def it_recovers(foothold: Stack, sender: Sender) -> None:
    # More income: clear from this day on. The same bill again under a new id is the same bill.
    sender.say(
        "statistics",
        "IncomeReported",
        "walk-more",
        noon(START),
        HOUSE,
        amount="9000.00",
        earned_month="2026-02",
        **(YEAR | {"item": "nuts"}),
    )
    sender.say(
        "health-insurance",
        "MedicalClaimSettled",
        "walk-c1-again",
        noon(START),
        HOUSE,
        claim_number="w1",
        total="7000.00",
        **BILL,
    )
    recovering = household_moves(foothold, 2)[-1]
    assert (Movement.RECOVERING, START, date(2026, 4, 10)) == (
        recovering.movement,
        recovering.clear_since,
        recovering.earliest_exit,
    )


def it_leaves_a_whole_month_later(foothold: Stack, sender: Sender) -> None:
    # Months pass. March's income is reported, so that April's window is heard; then the first open
    # day a whole month later.
    sender.open_day(date(2026, 4, 2))
    sender.say(
        "statistics",
        "IncomeReported",
        "walk-mar",
        noon(date(2026, 4, 2)),
        HOUSE,
        category="wage",
        item="salary",
        amount="900.00",
        earned_month="2026-03",
    )
    sender.open_day(date(2026, 4, 9))
    assert len(household_moves(foothold, 2)) == 2
    sender.open_day(date(2026, 4, 10))
    exited = household_moves(foothold, 3)[-1]
    assert (Movement.EXITED, ExitReason.CLEARED, date(2026, 4, 10), None) == (
        exited.movement,
        exited.exit_reason,
        exited.open_day,
        exited.group,
    )
    eventually(lambda: cases(foothold)[0]["stage"] == "closed", "the case closes")
    assert relief(foothold) == [("spending", "rigid_spending_ratio", "withdrawn")]


def it_enters_again(foothold: Stack, sender: Sender) -> None:
    # A claim again: entered again, a second spell linked to the first, a second case, relief
    # proposed again.
    sender.say(
        "health-insurance",
        "MedicalClaimSettled",
        "walk-c3",
        noon(date(2026, 4, 10)),
        HOUSE,
        claim_number="w3",
        settled_on="2026-04-10",
        setting="inpatient",
        total="15000.00",
    )
    again = household_moves(foothold, 4)[-1]
    assert (again.movement, again.spell, again.previous_spell, again.episode) == (
        Movement.ENTERED,
        2,
        1,
        2,
    )
    eventually(lambda: len(cases(foothold)) == 2, "a second case")
    assert [c["stage"] for c in cases(foothold)] == ["closed", "lead"]
    assert [t.number for t in household_moves(foothold, 4)] == [1, 2, 3, 4]
    assert (relief(foothold)[-1][0], relief(foothold)[-1][2]) == ("spending", "proposed")


@pytest.mark.timeout(240)
def test_a_household_enters_recovers_leaves_a_whole_month_later_and_enters_again(
    own_foothold: Stack, own_sender: Sender
) -> None:
    own_sender.adopt()
    own_sender.open_day(START)

    registered_above_the_line(own_sender)
    it_enters(own_foothold, one_fen_too_much(own_sender))
    it_recovers(own_foothold, own_sender)
    it_leaves_a_whole_month_later(own_foothold, own_sender)
    it_enters_again(own_foothold, own_sender)
    a_late_bill_puts_the_exit_in_doubt(own_foothold, own_sender)
