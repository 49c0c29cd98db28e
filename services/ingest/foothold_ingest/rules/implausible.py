"""What is well formed and can hardly be: the sender is told, and the event is taken.

Nobody's real number is refused because it is unusual. Pure.

One table says of every day, month and amount a sender may write what would be odd about it, or why
nothing would; a test walks the models.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Final

from foothold_ingest.rules.judgement import AnyFact, FieldProblem
from foothold_schemas.facts.facts import IncomeReported, MedicalPayments
from foothold_schemas.facts.register import CoverHeld, HouseholdRegistered, Member
from foothold_schemas.values import Fen

OLDEST: Final = 120
"""Years; nobody of whom anything is reported is older (I)."""


class Odd(StrEnum):
    """What would be odd, and what the sender is told of it, Chinese first.

    `nothing`: there is no such value.
    """

    LATER = "晚于报送时间，请核对 it lies after the moment of sending: please check"
    UNBORN = "出生年月晚于今天，请核对 a birth after today: please check"
    TOO_OLD = "按此出生年月已超过120岁，请核对 a birth more than 120 years ago: please check"
    BEFORE_BIRTH = "早于出生年月，请核对 it lies before the birth: please check"
    ENDS_FIRST = "早于所属月份，请核对 it lies before the month it was earned for: please check"
    ZERO = (
        "金额为0；如未核定请留空，确为0可不理 the amount is 0: leave it out if it is not known; if"
        " it is 0, nothing needs doing"
    )
    NOT_A_MEMBER = (
        "该户登记成员中没有此人，请核对 the household's entry names nobody of that name: please"
        " check"
    )
    NOTHING = ""


_SEEN: Final = ("events/*/last", "events/*/amount", "newest_on", "value", "beyond")
# a layer that pays nothing
# what a page showed
PLAUSIBLE: Final[Mapping[str, Odd]] = {
    "/members/*/birth_month": Odd.UNBORN,
    "/members/*/joined_on": Odd.BEFORE_BIRTH,
    "/members/*/left_on": Odd.BEFORE_BIRTH,
    "/projects/*/invested_on": Odd.LATER,
    "/projects/*/invested": Odd.ZERO,
    "/covers/*/from_day": Odd.NOTHING,  # a cover is often entered before it begins
    "/covers/*/until_day": Odd.NOTHING,  # an end to come
    "/amount": Odd.ZERO,
    "/operating_expense": Odd.NOTHING,  # most incomes cost nothing
    "/earned_month": Odd.LATER,
    "/until_month": Odd.ENDS_FIRST,
    "/settled_on": Odd.LATER,
    "/total": Odd.ZERO,
    "/in_scope": Odd.NOTHING,  # nothing of a bill may be in the catalogue
    **dict.fromkeys((f"/paid/{layer}" for layer in MedicalPayments.model_fields), Odd.NOTHING),
    "/spent_on": Odd.LATER,
    "/covered": Odd.NOTHING,  # most costs are covered by nobody
    "/struck_on": Odd.LATER,
    "/loss": Odd.ZERO,
    "/checked_on": Odd.LATER,
    "/graded_on": Odd.LATER,
    "/reported_on": Odd.LATER,
    "/first_day": Odd.LATER,
    "/last_day": Odd.NOTHING,  # an end to come
    "/from_month": Odd.NOTHING,  # the first of many months
    "/through_month": Odd.NOTHING,  # a month that is not over is refused
    "/signed_on": Odd.LATER,
    "/refused_on": Odd.LATER,
    "/decided_on": Odd.LATER,
    "/exempted_on": Odd.LATER,
    "/until": Odd.NOTHING,  # an end to come
    "/delivered_on": Odd.LATER,
    "/paid_on": Odd.LATER,
    "/day": Odd.NOTHING,  # the day that begins
    "/feeds/*/heard_on": Odd.NOTHING,  # Foothold's own word
    **dict.fromkeys((f"/saw{every}/{path}" for every in ("", "/*") for path in _SEEN), Odd.NOTHING),
}
"""Field of an event's data → what would be odd about it. `*` stands for every place of a list."""


def implausible(data: AnyFact, sent_on: date, today: date) -> tuple[FieldProblem, ...]:
    """What of the data can hardly be.

    `sent_on`: the day of the event's `time`, `today`: the door's, both in Asia/Shanghai.
    """
    return tuple(_odd(data, sent_on, today))


def not_a_member() -> FieldProblem:
    """What the sender is told where the household's entry does not name the person."""
    return FieldProblem("/data/person_ref", Odd.NOT_A_MEMBER)


def _odd(data: AnyFact, sent_on: date, today: date) -> Iterator[FieldProblem]:
    for path, odd in PLAUSIBLE.items():
        if odd is not Odd.NOTHING:
            for where, value, owner in _places(data, path.split("/")[1:], "/data", data):
                if (
                    value is not None
                    and (warning := _warning(odd, value, owner, sent_on, today)) is not None
                ):
                    yield FieldProblem(where, warning)
    if isinstance(data, HouseholdRegistered):
        members = {m.person_ref for m in data.members}
        yield from (
            FieldProblem(f"/data/covers/{n}/person_ref", Odd.NOT_A_MEMBER)
            for n, c in enumerate(data.covers)
            if _is_strangers(c, members)
        )


def _is_strangers(cover: CoverHeld, members: set[str]) -> bool:
    return cover.person_ref is not None and cover.person_ref not in members


def _places(value: Any, path: list[str], where: str, owner: Any) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - a model's values
    """Where the path leads, to what, and in what; a kind without such a field has none."""
    if not path:
        yield where, value, owner
    elif path[0] == "*":
        for n, item in enumerate(value or ()):
            yield from _places(item, path[1:], f"{where}/{n}", item)
    elif hasattr(value, path[0]):
        yield from _places(getattr(value, path[0]), path[1:], f"{where}/{path[0]}", value)


def _warning(odd: Odd, value: object, owner: object, sent_on: date, today: date) -> Odd | None:
    match odd, value, owner:
        case Odd.UNBORN, str(), _:
            return (
                odd
                if value > f"{today:%Y-%m}"
                else Odd.TOO_OLD
                if int(value[:4]) < today.year - OLDEST
                else None
            )
        case Odd.ZERO, Fen(), _:
            is_odd = value == 0
        case Odd.LATER, date(), _:
            is_odd = value > sent_on
        case Odd.LATER, str(), _:
            is_odd = value > f"{sent_on:%Y-%m}"
        case Odd.BEFORE_BIRTH, date(), Member(birth_month=str(born)):
            is_odd = f"{value:%Y-%m}" < born
        case Odd.ENDS_FIRST, str(), IncomeReported(earned_month=str(earned)):
            is_odd = value < earned
        case _:
            is_odd = False
    return odd if is_odd else None
