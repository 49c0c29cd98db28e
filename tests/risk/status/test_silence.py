"""Tests what must hold while feeds are silent and findings exempt.

It holds for any household and any order of its facts.
"""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from foothold_risk.rules import findings
from foothold_risk.rules.context.day import DayContext
from foothold_risk.rules.context.silence import (
    BEFORE_GO_LIVE,
    NEVER,
    Spoke,
    silent,
    spoke_until,
    spoken_by,
)
from foothold_risk.rules.household.household import Household, Position, Word, fresh
from foothold_risk.rules.policy import Rhythm
from foothold_risk.rules.status.assess import RESTS_ON, Assessment, assess
from foothold_risk.rules.status.movement import move
from foothold_schemas.facts.decisions import HarmlessReason
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.feeds import FeedSpoke
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Status
from foothold_schemas.values import Group
from tests.risk.lives.test_properties import facts
from tests.support.made.build import AREA, OPEN_DAY, household, in_force, value
from tests.support.made.rules import ALL_IN_FORCE

COUNTY = AREA[:6]
EVERY_FEED = tuple(sorted({feed for rule in findings.ALL for feed in rule.feeds}))
RHYTHM = value("feeds.rhythm", tuple(Rhythm("health-insurance", feed, 30) for feed in EVERY_FEED))
SHARE = value("exemption.material_share", 1_000)

words = st.builds(
    Word,
    kind=st.sampled_from(FindingKind),
    beyond=st.integers(0, 3_000_000) | st.none(),
    value=st.integers(0, 3_000_000) | st.none(),
    is_below=st.booleans(),
    since=st.just(OPEN_DAY),
    until=st.dates(OPEN_DAY - timedelta(days=1), OPEN_DAY + timedelta(days=2)),
    reason=st.just(HarmlessReason.OTHER),
    by=st.just("chen"),
)
stood = st.builds(
    Position,
    status=st.sampled_from([Status.WATCH, Status.GROUP]),
    group=st.sampled_from(Group),
    is_lead=st.just(value=True),
    findings=st.sets(st.sampled_from(FindingKind), max_size=3).map(
        lambda kinds: tuple(sorted(kinds))
    ),
    words=st.lists(words, max_size=2).map(tuple),
)
spoke = st.dictionaries(
    st.sampled_from(
        [f"health-insurance|{feed}|{area}" for feed in EVERY_FEED for area in (COUNTY, AREA)]
    ),
    st.dates(date(2026, 4, 1), OPEN_DAY),
    max_size=3,
)


def assessed(home: Household, position: Position, heard: Spoke) -> Assessment:
    assert home.register is not None
    rules = next(iter(ALL_IN_FORCE.places.values())).on(OPEN_DAY)
    rules = in_force(
        **{name: getattr(rules, name) for name in rules.__slots__}
        | {"feeds_rhythm": RHYTHM, "exemption_material_share": SHARE}
    )
    context = DayContext(OPEN_DAY, rules, {}, heard)
    return assess(fresh(home, position=position), home.register, context)


@given(facts(), stood, spoke, st.randoms(use_true_random=False))
def test_order_changes_nothing_while_feeds_are_silent_and_findings_exempt(
    given_facts: list[FactRecord], before: Position, heard: Spoke, chance: object
) -> None:
    shuffled = list(given_facts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    first, other = (assessed(household(*order), before, heard) for order in (given_facts, shuffled))

    assert (first.kinds, first.held, first.target, first.words, first.view.silent) == (
        other.kinds,
        other.held,
        other.target,
        other.words,
        other.view.silent,
    )


@given(facts(), stood)
def test_silence_clears_nothing_and_finds_nothing(
    given_facts: list[FactRecord], before: Position
) -> None:
    home = household(*given_facts)
    always = spoken_by(NEVER, "health-insurance", OPEN_DAY, in_force(feeds_rhythm=RHYTHM), COUNTY)
    silence, speech = assessed(home, before, NEVER), assessed(home, before, always)

    assert (len(silence.view.silent), speech.view.silent) == (len(EVERY_FEED), ())
    assert silence.findings == speech.findings
    assert {k for k in before.findings if RESTS_ON[k]} - silence.quiet <= set(silence.kinds)
    assert set(silence.kinds) - set(speech.kinds) <= {k for k in before.findings if RESTS_ON[k]}
    position, moves = move(before, silence)
    if (
        before.status is Status.GROUP
        and {k for k in before.findings if RESTS_ON[k]} - silence.quiet
        and not silence.target.is_natural
    ):
        assert position.status is Status.GROUP, [m.movement for m in moves]


@given(st.integers(1, 60), st.integers(0, 90), st.sampled_from([COUNTY, f"{COUNTY}101", AREA]))
def test_a_feed_is_silent_from_the_day_after_its_rhythm_and_the_nearest_word_counts(
    days: int, ago: int, area: str
) -> None:
    rules = in_force(feeds_rhythm=value("feeds.rhythm", (Rhythm("bank", "IncomeReported", days),)))
    word = {
        f"bank|IncomeReported|{area}": OPEN_DAY - timedelta(days=ago),
        f"bank|IncomeReported|{COUNTY}": OPEN_DAY - timedelta(days=90),
    }
    latest = min(90, ago) if area != COUNTY else 90
    silent_feeds = silent(word, AREA, OPEN_DAY, rules)

    assert [s.last_heard for s in silent_feeds] == (
        [OPEN_DAY - timedelta(days=latest)] if latest > days else []
    )
    assert silent(word, "370400101201", OPEN_DAY, rules)[0].last_heard is None


def test_the_last_day_a_feed_was_heard_only_moves_forward() -> None:
    def report(day: date) -> FeedSpoke:
        return FeedSpoke(agency="bank", feed="IncomeReported", area=COUNTY, heard_on=day)

    key, earlier, later = (
        f"bank|IncomeReported|{COUNTY}",
        OPEN_DAY - timedelta(days=5),
        OPEN_DAY + timedelta(days=1),
    )
    known = spoke_until({}, [report(OPEN_DAY)], OPEN_DAY)

    assert known == {key: OPEN_DAY}
    assert spoke_until(known, [report(earlier)], later) == {key: OPEN_DAY}
    assert spoke_until(known, [report(later)], later) == {key: later}
    # what was said before go-live counts from that day
    assert spoke_until({key: BEFORE_GO_LIVE}, [], OPEN_DAY) == {key: OPEN_DAY}
