"""What senders are asked about statements that risk could not tell apart.

It also has what they may answer, and the fact each answer is. Pure.

Risk's view of a household names pairs of facts (`StatementDoubt`). Of a pair that one sender sent
twice, that sender is asked about the one that does not count; of one hospital stay that two senders
billed, each is asked about its own bill; of a yearly income that lapsed, its sender about its last
statement.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from foothold_ingest.rules.accept import fact_id
from foothold_ingest.rules.rows.summaries import amounts_in
from foothold_ingest.rules.times import SHANGHAI
from foothold_schemas.facts.checks import SpendingReported
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import (
    FactsRetracted,
    IncomeReported,
    MedicalClaimSettled,
    RetractionReason,
)
from foothold_schemas.messages.explanation import DoubtKind, StatementDoubt


class Answer(StrEnum):
    """What a sender says. Each but `right` and `goes_on` is a fact."""

    REPEAT = "repeat"
    """It was sent twice: the one asked about is taken back."""
    BOTH_REAL = "both_real"
    """Two statements: the one asked about is sent again under a number of its own."""
    SAME_BILL = "same_bill"
    """The other sender's bill is for the same: our own is taken back."""
    ANOTHER_STAY = "another_stay"
    """Our own bill is of another stay: it is sent again with a stay of its own."""
    RIGHT = "right"
    """Both bills are right as they are; nothing is written."""
    ENDED = "ended"
    """A yearly income is paid no more: its last statement is sent again with its last month, the
    one before its months are unknown."""
    GOES_ON = "goes_on"
    """It is still paid and the next statement comes; nothing is written, and its months stay
    unknown until it does."""


WRITES_NOTHING: Final = frozenset({Answer.RIGHT, Answer.GOES_ON})
"""Answers that are no fact."""


CHOICES: Final = {
    DoubtKind.REPEATED: (Answer.REPEAT, Answer.BOTH_REAL),
    DoubtKind.ONE_STAY: (Answer.SAME_BILL, Answer.ANOTHER_STAY),
    DoubtKind.TWO_TOTALS: (Answer.SAME_BILL, Answer.ANOTHER_STAY, Answer.RIGHT),
    DoubtKind.LAPSED: (Answer.ENDED, Answer.GOES_ON),
}


class NotFitting(ValueError):  # noqa: N818 - says what does not hold
    """The statement is of a kind to which the answer does not apply."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to the sender of `fact`, about it; `beside` is the other fact of the pair.

    Ids are 32 hex digits, the same for the same pair.

    `since`: of a yearly income that lapsed, the first month that is unknown ("YYYY-MM"); there
    `beside` is the fact itself.
    """

    question_id: str
    pair_id: str
    kind: DoubtKind
    fact: str
    beside: str
    since: str | None = None


def asked(doubts: Iterable[StatementDoubt]) -> list[Asked]:
    """The questions these pairs come to."""
    questions = []
    for doubt in doubts:
        pair = _hashed("pair", doubt.kind.value, doubt.counted, doubt.other)
        sides = [(doubt.other, doubt.counted)]
        if doubt.kind in (DoubtKind.ONE_STAY, DoubtKind.TWO_TOTALS):
            sides.append((doubt.counted, doubt.other))
        questions += [
            Asked(_hashed("question", pair, fact), pair, doubt.kind, fact, beside, doubt.since)
            for fact, beside in sides
        ]
    return questions


def shown_of_own(record: FactRecord) -> dict[str, object]:
    """The agency's own event, so that it is recognised: kind, day, amounts, event id."""
    return {
        "kind": record.data.kind,
        "day": _day(record),
        "id": record.id,
        "source": record.source,
        "said": amounts_in(record),
    }


def shown_beside(record: FactRecord, agency: str) -> dict[str, object]:
    """Return the other event of the pair, as the agency may see it.

    It is all of it where the agency sent it as well, else who sent it, the stay and the day. No
    amount of another's is shown.
    """
    if record.agency == agency:
        return {"agency": agency, **shown_of_own(record)}
    stay = record.data.stay if isinstance(record.data, MedicalClaimSettled) else None
    return {"agency": record.agency, "day": _day(record), "stay": stay}


def record_of(
    own: FactRecord, question_id: str, answer: Answer, at: datetime, since: str | None = None
) -> FactRecord | None:
    """The fact the answer is, the same however often it is made; None: nothing is written.

    `at`: when it was answered. Raise NotFitting.

    `since`: of a yearly income, the first month that is unknown.

    It keeps the `time` of the statement it speaks of: without a month of its own an income belongs
    to the month of that time.
    """
    data: FactsRetracted | IncomeReported | SpendingReported | MedicalClaimSettled
    match answer, own.data:
        case ((Answer.RIGHT | Answer.GOES_ON), _):
            return None
        case Answer.ENDED, IncomeReported() as data_before if since is not None:
            data = data_before.model_copy(update={"until_month": _month_before(since)})
        case ((Answer.REPEAT | Answer.SAME_BILL), _):
            data = FactsRetracted(events=(own.id,), reason=RetractionReason.ENTERED_IN_ERROR)
        case Answer.BOTH_REAL, (IncomeReported() | SpendingReported()) as data_before:
            data = data_before.model_copy(update={"statement_number": f"console-{question_id}"})
        case Answer.ANOTHER_STAY, MedicalClaimSettled() as data_before:
            data = data_before.model_copy(update={"stay": f"console-{question_id}"})
        case _:
            raise NotFitting(f"{answer.value} is no answer about {own.data.kind}")
    source, name = f"/agencies/{own.agency}/console", f"answer-{question_id}"
    return FactRecord(
        fact_id=fact_id(source, name),
        household_id=own.household_id,
        agency=own.agency,
        source=source,
        id=name,
        time=own.time,
        recorded_time=at,
        withdraws=(own.fact_id,),
        data=data,
    )


def _month_before(month: str) -> str:
    index = int(month[:4]) * 12 + int(month[5:]) - 2
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def _day(record: FactRecord) -> str:
    match record.data:
        case MedicalClaimSettled(settled_on=day) | SpendingReported(spent_on=day):
            return str(day)
        case IncomeReported(earned_month=str(month)):
            return month
        case _:
            return f"{record.time.astimezone(SHANGHAI):%Y-%m-%d}"


def _hashed(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()
