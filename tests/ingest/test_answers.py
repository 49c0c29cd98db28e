"""Who is asked about a pair of statements, what they are shown, and the fact each answer is."""

from datetime import UTC, date, datetime
from itertools import product

import pytest

from foothold_ingest.rules.answers import (
    CHOICES,
    Answer,
    Asked,
    NotFitting,
    asked,
    record_of,
    shown_beside,
    shown_of_own,
)
from foothold_ingest.rules.statements import name_of
from foothold_schemas.facts.checks import SpendingCategory, SpendingReported
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import (
    CareSetting,
    FactsRetracted,
    IncomeCategory,
    IncomeReported,
    MedicalClaimSettled,
    MedicalPayments,
    RetractionReason,
)
from foothold_schemas.messages.explanation import DoubtKind, StatementDoubt
from foothold_schemas.values import Fen

A, B, C = "a" * 32, "b" * 32, "c" * 32
SENT = datetime(2026, 1, 10, 20, tzinfo=UTC)
ANSWERED = datetime(2026, 2, 1, tzinfo=UTC)
WAGE = IncomeReported(
    category=IncomeCategory.WAGE, item="site", amount=Fen(90_000), person_ref="p-1"
)
MEALS = SpendingReported(
    category=SpendingCategory.EDUCATION,
    spent_on=date(2026, 1, 9),
    total=Fen(50_000),
    covered=Fen(10_000),
    person_ref="p-1",
)
BILL = MedicalClaimSettled(
    claim_number="K1",
    person_ref="p-1",
    stay="S1",
    settled_on=date(2026, 1, 8),
    setting=CareSetting.INPATIENT,
    total=Fen(1_200_000),
    paid=MedicalPayments(basic_insurance=Fen(400_000)),
)


def record(
    data: IncomeReported | SpendingReported | MedicalClaimSettled,
    fact: str = A,
    agency: str = "bureau",
) -> FactRecord:
    origin = {"agency": agency, "source": f"/agencies/{agency}", "id": f"e-{fact[0]}"}
    return FactRecord(
        fact_id=fact,
        household_id="9" * 32,
        time=SENT,
        recorded_time=SENT,
        data=data,
        place=(3,),
        **origin,
    )


def doubt(kind: DoubtKind, counted: str = A, other: str = B) -> StatementDoubt:
    return StatementDoubt(kind=kind, counted=counted, other=other)


@pytest.mark.parametrize(
    ("kind", "about"),
    [(DoubtKind.REPEATED, [B]), (DoubtKind.ONE_STAY, [B, A]), (DoubtKind.TWO_TOTALS, [B, A])],
)
def test_a_repeat_is_asked_about_once_and_a_stay_of_both_its_senders(
    kind: DoubtKind, about: list[str]
) -> None:
    questions = asked([doubt(kind)])

    assert [question.fact for question in questions] == about
    assert all({question.fact, question.beside} == {A, B} for question in questions)
    assert len({question.pair_id for question in questions}) == 1


def test_the_same_pair_is_the_same_question_and_every_other_pair_another() -> None:
    pairs = [
        doubt(kind, counted, other)
        for kind, (counted, other) in product(DoubtKind, [(A, B), (B, A), (A, C)])
    ]
    ids = [question.question_id for question in asked(pairs)]

    assert len(set(ids)) == len(ids) == 18
    assert asked(reversed(pairs)) == [
        question for pair in reversed(pairs) for question in asked([pair])
    ]


@pytest.mark.parametrize("data", [WAGE, MEALS, BILL])
def test_the_agency_knows_its_own_event_again_and_no_person_is_named(
    data: IncomeReported | SpendingReported | MedicalClaimSettled,
) -> None:
    shown = shown_of_own(record(data))

    assert (shown["id"], shown["source"], shown["kind"]) == ("e-a", "/agencies/bureau", data.kind)
    assert "p-1" not in str(shown)
    assert [shown_of_own(record(statement))["day"] for statement in (WAGE, MEALS, BILL)] == [
        "2026-01-11",
        "2026-01-09",
        "2026-01-08",
    ]


def test_of_another_agency_only_name_day_and_stay_are_shown_and_of_ones_own_all() -> None:
    theirs = record(BILL, B, "hospital")

    assert shown_beside(theirs, "bureau") == {
        "agency": "hospital",
        "day": "2026-01-08",
        "stay": "S1",
    }
    assert shown_beside(theirs, "hospital") == {"agency": "hospital", **shown_of_own(theirs)}
    assert shown_of_own(theirs)["said"] == {
        "claim_number": "K1",
        "settled_on": "2026-01-08",
        "setting": "inpatient",
        "stay": "S1",
    } | {
        "total": "12000.00",
        "paid": "4000.00",
    }


@pytest.mark.parametrize(
    ("answer", "data"), [(Answer.REPEAT, WAGE), (Answer.REPEAT, MEALS), (Answer.SAME_BILL, BILL)]
)
def test_a_repeat_or_the_same_bill_takes_ones_own_back(
    answer: Answer, data: IncomeReported | SpendingReported | MedicalClaimSettled
) -> None:
    fact = record_of(record(data), C, answer, ANSWERED)

    assert fact is not None
    assert fact.data == FactsRetracted(events=("e-a",), reason=RetractionReason.ENTERED_IN_ERROR)
    assert (fact.withdraws, fact.household_id, fact.agency, fact.source) == (
        (A,),
        "9" * 32,
        "bureau",
        "/agencies/bureau/console",
    )


@pytest.mark.parametrize(
    ("answer", "data"),
    [(Answer.BOTH_REAL, WAGE), (Answer.BOTH_REAL, MEALS), (Answer.ANOTHER_STAY, BILL)],
)
def test_what_is_real_is_written_again_with_a_name_in_its_own_month_and_counts_beside_the_other(
    answer: Answer, data: IncomeReported | SpendingReported | MedicalClaimSettled
) -> None:
    own = record(data)
    fact = record_of(own, C, answer, ANSWERED)

    assert fact is not None
    added = "stay" if isinstance(data, MedicalClaimSettled) else "statement_number"
    assert fact.data == data.model_copy(update={added: f"console-{C}"})
    assert (fact.withdraws, fact.time, fact.recorded_time) == (
        (A,),
        SENT,
        ANSWERED,
    ), "an income without a month belongs to the month of its time"
    assert name_of(fact) is not None
    assert FactRecord.model_validate_json(fact.model_dump_json()) == fact


def test_what_is_right_is_no_fact_and_the_same_answer_the_same_fact() -> None:
    facts = [
        record_of(record(BILL), question, Answer.SAME_BILL, ANSWERED) for question in (C, C, B)
    ]

    assert record_of(record(BILL), C, Answer.RIGHT, ANSWERED) is None
    assert facts[0] == facts[1]
    assert facts[0] is not None
    assert facts[2] is not None
    assert facts[0].fact_id != facts[2].fact_id


@pytest.mark.parametrize(
    ("answer", "data"),
    [(Answer.BOTH_REAL, BILL), (Answer.ANOTHER_STAY, WAGE), (Answer.ANOTHER_STAY, MEALS)],
)
def test_an_answer_about_another_kind_of_statement_does_not_fit(
    answer: Answer, data: IncomeReported | MedicalClaimSettled
) -> None:
    with pytest.raises(NotFitting):
        record_of(record(data), C, answer, ANSWERED)


def test_every_kind_of_doubt_has_its_answers_and_every_answer_its_kind() -> None:
    assert set(CHOICES) == set(DoubtKind)
    assert {answer for answers in CHOICES.values() for answer in answers} == set(Answer)
    assert asked([]) == list[Asked]()


def test_a_yearly_income_that_lapsed_is_asked_about_once_and_may_end_or_go_on() -> None:
    lapsed = StatementDoubt(kind=DoubtKind.LAPSED, counted=A, other=A, since="2027-01")
    (question,) = asked([lapsed])
    year = WAGE.model_copy(update={"earned_month": "2025-06", "is_yearly": True})
    ended = record_of(record(year), question.question_id, Answer.ENDED, ANSWERED, question.since)

    assert (question.fact, question.beside, question.since) == (A, A, "2027-01")
    assert ended is not None
    assert (ended.data, ended.withdraws) == (
        year.model_copy(update={"until_month": "2026-12"}),
        (A,),
    )
    assert (
        record_of(record(year), question.question_id, Answer.GOES_ON, ANSWERED, question.since)
        is None
    )
    assert CHOICES[DoubtKind.LAPSED] == (Answer.ENDED, Answer.GOES_ON)
    with pytest.raises(NotFitting):
        record_of(record(BILL), question.question_id, Answer.ENDED, ANSWERED, question.since)
