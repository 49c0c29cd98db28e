"""What a transition means for the windows over whole areas, and what it does not."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foothold_risk.messages.area_signal import area_partition, by_partition, confirmation, signal_of
from foothold_risk.rules.household.fold import fold
from foothold_risk.rules.household.household import Household, Position
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.areas import Signalled
from foothold_schemas.messages.transitions import ExitReason, Movement, Transition
from foothold_schemas.wire.codec import decode_output
from tests.support.made.build import AREA, HOUSEHOLD, household, income, registered

EXAMPLE = decode_output(
    (
        Path(__file__).parents[3] / "schemas/examples/risk-transitions.v1/Transition.entered.json"
    ).read_bytes()
)
DAY = date(2026, 6, 10)
BILL, STORM, POOR = (
    FindingKind.SELF_PAID_HIGH,
    FindingKind.DISASTER_LOSS,
    FindingKind.INCOME_BELOW_LINE,
)


def step(
    movement: Movement,
    *kinds: FindingKind,
    quiet: FindingKind | None = None,
    **changes: Any,  # noqa: ANN401
) -> Transition:
    assert isinstance(EXAMPLE, Transition)
    findings = tuple(
        EXAMPLE.findings[0].model_copy(
            update={"rule": kind, "quiet_until": DAY if kind is quiet else None}
        )
        for kind in kinds
    )
    return EXAMPLE.model_copy(
        update={
            "movement": movement,
            "findings": findings,
            "is_quiet": False,
            "is_lead": True,
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("transition", "what", "causes"),
    [
        (step(Movement.ENTERED, BILL, STORM), Signalled.RAISED, (STORM, BILL)),
        (step(Movement.ROLLED_BACK, BILL), Signalled.RAISED, (BILL,)),
        (step(Movement.RELAPSED, BILL), Signalled.RAISED, (BILL,)),
        (step(Movement.WATCHED, STORM), Signalled.RAISED, (STORM,)),
        (step(Movement.WORSENED, BILL, STORM, added=(STORM,)), Signalled.RAISED, (STORM,)),
        (step(Movement.MOVED, BILL, added=(BILL,)), Signalled.RAISED, (BILL,)),
        (
            step(Movement.EXITED, exit_reason=ExitReason.CORRECTED, is_lead=False),
            Signalled.WITHDRAWN,
            (),
        ),
        (
            step(Movement.UNWATCHED, exit_reason=ExitReason.DISMISSED, is_lead=False),
            Signalled.WITHDRAWN,
            (),
        ),
        (
            step(Movement.EXITED, exit_reason=ExitReason.EXEMPTED, is_lead=False),
            Signalled.WITHDRAWN,
            (),
        ),
    ],
)
def test_what_is_new_is_raised_and_what_was_none_is_taken_back(
    transition: Transition, what: Signalled, causes: tuple[FindingKind, ...]
) -> None:
    signal = signal_of(3, transition)

    assert signal is not None
    assert (signal.what, signal.causes, signal.source, signal.village) == (
        what,
        causes,
        3,
        transition.household.area,
    )
    assert (signal.sequence, signal.day) == (2 * transition.number, transition.open_day)


# it was true while it lasted
@pytest.mark.parametrize(
    "transition",
    [
        step(Movement.ENTERED, BILL, is_quiet=True),  # loaded before go-live: no news
        step(Movement.ENTERED, BILL, quiet=BILL),  # people found it harmless
        step(Movement.WATCHED, POOR, is_lead=False),  # income alone is only a reference
        step(Movement.WORSENED, BILL, STORM, added=()),
        step(Movement.EASED, BILL, gone=(STORM,)),
        step(Movement.RECOVERING, gone=(BILL,)),
        step(Movement.EXITED, exit_reason=ExitReason.CLEARED, is_lead=False),
        step(Movement.EXITED, exit_reason=ExitReason.ELIMINATED, is_lead=False),
        step(Movement.EXITED, exit_reason=ExitReason.NATURAL, is_lead=False),
        step(Movement.EXIT_DUE),
        step(Movement.WOULD_HAVE, BILL),
    ],
)
def test_what_is_no_news_of_a_risk_counts_for_nothing(transition: Transition) -> None:
    assert signal_of(0, transition) is None


def test_one_cause_of_several_that_was_a_mistake_is_taken_back_alone() -> None:
    signal = signal_of(0, step(Movement.EASED, BILL, gone=(STORM,)), ExitReason.CORRECTED)

    assert signal is not None
    assert (signal.what, signal.causes) == (Signalled.WITHDRAWN, (STORM,))


def test_an_identification_is_said_once_by_the_position_and_after_its_last_transition() -> None:
    before = household(income("7000"))
    after = msgspec.structs.replace(
        before, position=Position(number=4, causes=(BILL,), identified_on=DAY)
    )

    signal = confirmation(1, HOUSEHOLD, before, after, DAY)

    assert signal is not None
    assert (signal.what, signal.causes, signal.sequence, signal.village) == (
        Signalled.CONFIRMED,
        (BILL,),
        9,
        AREA,
    )
    assert confirmation(1, HOUSEHOLD, after, after, DAY) is None
    assert confirmation(1, HOUSEHOLD, before, after, None) is None
    assert confirmation(1, HOUSEHOLD, Household(), Household(), DAY) is None


def test_a_household_registered_today_counts_from_tomorrow_when_its_area_has_it() -> None:
    transition = step(Movement.ENTERED, STORM)
    before = msgspec.structs.replace(household(income("7000")), since=DAY)
    after = msgspec.structs.replace(
        before, position=Position(number=4, causes=(BILL,), identified_on=DAY)
    )
    counted = [
        signal_of(0, transition, since=since)
        for since in (transition.open_day, transition.open_day - timedelta(days=1), None)
    ]
    confirmed = confirmation(0, HOUSEHOLD, before, after, DAY)

    assert [signal and signal.day for signal in counted] == [
        transition.open_day + timedelta(days=1),
        transition.open_day,
        transition.open_day,
    ]
    assert confirmed is not None
    assert confirmed.day == DAY + timedelta(days=1)


def test_the_day_of_registration_is_that_of_the_first_entry() -> None:
    first, later = (
        registered(at=datetime(2026, 1, 1, tzinfo=UTC)),
        registered(2, at=datetime(2026, 2, 1, tzinfo=UTC)),
    )
    home, _ = fold(Household(), first, first.data, DAY)  # type: ignore[arg-type]  # a household's fact
    again, _ = fold(home, later, later.data, DAY + timedelta(days=9))  # type: ignore[arg-type]  # a household's fact
    before_any_day, _ = fold(Household(), first, first.data, None)  # type: ignore[arg-type]  # a household's fact

    assert (home.since, again.since, before_any_day.since) == (DAY, DAY, None)


def test_everything_of_a_county_is_in_one_partition_and_each_household_counts_once() -> None:
    villages = {
        f"{county}101{n}": n for county in ("370302", "370303", "370323") for n in (201, 202)
    }

    shares = by_partition(8, villages)

    assert sorted(shares) == list(range(8))
    assert {
        village: count for share in shares.values() for village, count in share.items()
    } == villages
    assert all(
        area_partition(village[:6], 8) == partition
        for partition, share in shares.items()
        for village in share
    )
