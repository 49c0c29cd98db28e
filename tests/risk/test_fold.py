"""What becomes of a fact that comes again, late, or too late."""

from datetime import date
from pathlib import Path

import pytest

from foothold_risk.households import Control, pack, unpack, unpack_control
from foothold_risk.rules.fold import Folded, fold, forget_old
from foothold_risk.rules.heard import note
from foothold_risk.rules.household import Household
from foothold_schemas.codec import decode_fact
from foothold_schemas.envelope import FactRecord
from foothold_schemas.facts import DayOpened, FeedHeard, PolicyAdopted
from tests.support.build import OPEN_DAY, claim, disaster, household, income, record, registered


@pytest.mark.parametrize(
    ("fact", "folded"),
    [
        (income("1", "new", month="2024-05", yearly=False), Folded.APPLIED),
        (income("1", "new", month="2024-04", yearly=False), Folded.TOO_OLD),
        (claim("1", "new", day=date(2024, 5, 1)), Folded.APPLIED),
        (claim("1", "new", day=date(2024, 4, 30)), Folded.TOO_OLD),
        (disaster("new", day=date(2024, 5, 1)), Folded.APPLIED),
        (disaster("new", day=date(2024, 4, 30)), Folded.TOO_OLD),
        (income("9000", "old"), Folded.DUPLICATE),
        (claim("1", "bill"), Folded.DUPLICATE),
        (disaster("storm"), Folded.DUPLICATE),
        (registered(), Folded.DUPLICATE),
    ],
)
def test_facts_are_kept_for_25_months_and_known_ones_count_once(fact: FactRecord, folded: Folded) -> None:
    home = household(income("9000", "old"), claim("1", "bill"), disaster("storm"))

    assert fold(home, fact, fact.data, OPEN_DAY)[1] == folded  # type: ignore[arg-type]


def test_before_go_live_nothing_is_too_old_yet() -> None:
    fact = claim("1", "new", day=date(2019, 1, 1))

    assert fold(household(), fact, fact.data, None)[1] == Folded.APPLIED  # type: ignore[arg-type]


def test_the_same_claim_number_of_another_agency_is_another_bill() -> None:
    bill = claim("100", "bill")
    other = record(bill.data, "other", agency="county-hospital")  # type: ignore[arg-type]

    assert fold(household(bill), other, other.data, OPEN_DAY)[1] == Folded.APPLIED  # type: ignore[arg-type]


def test_what_lies_more_than_25_months_back_is_forgotten_and_the_rest_stays() -> None:
    home = household(claim("1", "old", day=date(2024, 4, 30)), claim("2", "kept", day=date(2024, 5, 1)), income("5", "month", month="2024-04", yearly=False))
    left = forget_old(home, OPEN_DAY)

    assert ([c.total for c in left.claims], left.incomes) == ([200], ())


EXAMPLES = sorted((Path(__file__).parents[2] / "schemas" / "examples" / "household-facts.v1").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_committed_example_with_all_its_fields_can_be_kept(path: Path) -> None:
    fact = decode_fact(path.read_bytes())
    if isinstance(fact.data, FeedHeard | DayOpened | PolicyAdopted):
        known = note({}, fact.agency, fact.data) if isinstance(fact.data, FeedHeard) else {}
        state: Household | Control = Control(open_day=OPEN_DAY, bundle="0" * 64, heard=known)
        assert state == unpack_control(pack(state))
    else:
        state, folded = fold(Household(), fact, fact.data, OPEN_DAY)
        assert (folded, state) == (Folded.APPLIED, unpack(pack(state)))
