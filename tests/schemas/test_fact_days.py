"""Every kind of fact says which of its fields has its day, and that is a day or a month."""

from datetime import date
from typing import ClassVar, get_args

import pytest

from foothold_schemas.facts.fact import FactBody
from foothold_schemas.facts.facts import BroadcastFact, FeedHeard, HouseholdFact, IncomeReported
from foothold_schemas.values import Fen

KINDS: list[type[FactBody]] = [*get_args(HouseholdFact), *get_args(BroadcastFact)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_kind_names_a_field_it_has_or_none(kind: type[FactBody]) -> None:
    assert kind.day_field is None or kind.day_field in kind.model_fields


def test_a_kind_that_names_none_is_refused_where_it_is_defined() -> None:
    with pytest.raises(TypeError, match="Rumour does not say which field has its day"):
        type("Rumour", (FactBody,), {"__annotations__": {"kind": str}})


def test_a_month_is_its_first_day_and_a_field_that_may_be_empty_says_nothing_then() -> None:
    heard = FeedHeard(feed="IncomeReported", area="370399", through_month="2026-05")
    wage = IncomeReported(category="wage", item="wage", amount=Fen(100))

    assert heard.day_said() == (date(2026, 5, 1), "through_month")
    assert wage.day_said() is None
    assert wage.model_copy(update={"earned_month": "2026-04"}).day_said() == (
        date(2026, 4, 1),
        "earned_month",
    )


def test_a_kind_may_have_no_day_of_its_own() -> None:
    class Rumour(FactBody):
        day_field: ClassVar[str | None] = None

        kind: str = "Rumour"

    assert Rumour().day_said() is None
