"""Tests what a partition keeps for everybody.

It grows with what is new, not with all there is, and what was kept before is still read.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.heard import Heard, Span, note
from foothold_risk.rules.context.incidents import Incident, IncidentIndex, standing_over
from foothold_risk.worker.state import CONTROL_KEY, Batch, Households, is_household, pack
from foothold_schemas.facts.facts import FeedHeard, Hazard, Severity
from tests.support.made.build import AREA, OPEN_DAY

AT = datetime(2026, 6, 1, tzinfo=UTC)


def incident(
    area: str = AREA[:9],
    *,
    said_at: datetime = AT,
    first_day: date = OPEN_DAY,
    is_withdrawn: bool = False,
) -> Incident:
    return Incident(area, Hazard.FLOOD, Severity.II, first_day, said_at, is_withdrawn=is_withdrawn)


def kept(records: Iterable[tuple[bytes, bytes]]) -> Households:
    households = Households({})
    for key, packed in records:
        households.restore(key, packed)
    households.restored()
    return households


def written(households: Households, control: Control) -> dict[bytes, bytes]:
    """What a transaction that changes the control record writes; it becomes visible."""
    batch = Batch(households)
    batch.control = control
    commit = batch.commit()
    households.take_over(commit)
    return dict(commit.records)


def test_the_thousandth_incident_writes_as_much_as_the_first_and_a_restart_knows_them_all() -> None:
    households, changelog, sizes = Households({}), dict[bytes, bytes](), list[int]()
    for n in range(1_000):
        incidents = IncidentIndex(
            {**households.control.incidents, f"weather/flood-{n:04d}": incident()}
        )
        records = written(households, Control(open_day=OPEN_DAY, incidents=incidents))
        sizes.append(sum(len(key) + len(value) for key, value in records.items()))
        changelog |= records

    assert len(set(sizes)) == 1
    assert kept(changelog.items()).control == households.control
    assert [key for key in changelog if is_household(key)] == []


def test_after_a_restart_only_what_changes_is_written_again() -> None:
    unchanged, other = incident(), incident(said_at=AT + timedelta(hours=1), is_withdrawn=True)
    first = Households({})
    changelog = written(
        first, Control(incidents=IncidentIndex({"weather/a": incident(), "weather/b": unchanged}))
    )
    again = kept(changelog.items())
    records = written(
        again, Control(incidents=IncidentIndex({**again.control.incidents, "weather/a": other}))
    )

    assert records.keys() == {b"~incident weather/a", CONTROL_KEY}
    assert kept((changelog | records).items()).control.incidents == {
        "weather/a": other,
        "weather/b": unchanged,
    }


def test_an_older_control_record_that_holds_its_incidents_is_read_and_written_anew_next() -> None:
    control = Control(
        open_day=OPEN_DAY, incidents={"weather/a": incident(), "weather/b": incident(AREA)}
    )
    changelog = {CONTROL_KEY: pack(control)}
    after = kept(changelog.items())
    assert after.control == control

    records = written(
        after, Control(open_day=OPEN_DAY + timedelta(days=1), incidents=after.control.incidents)
    )
    assert records.keys() == {b"~incident weather/a", b"~incident weather/b", CONTROL_KEY}
    assert kept((changelog | records).items()).control == after.control


AREAS = st.sampled_from([AREA[:6], AREA[:9], AREA, "370322", AREA[:9] + "999", "370322101"])
SAID = st.builds(
    incident,
    AREAS,
    first_day=st.dates(OPEN_DAY - timedelta(days=2), OPEN_DAY + timedelta(days=2)),
    is_withdrawn=st.booleans(),
)


@given(st.dictionaries(st.text(min_size=1, max_size=3), SAID, max_size=12))
def test_what_stands_over_a_village_is_found_by_its_area_as_by_asking_every_incident(
    incidents: dict[str, Incident],
) -> None:
    asked = sorted(
        (name, event)
        for name, event in incidents.items()
        if AREA.startswith(event.area) and event.stands_on(OPEN_DAY)
    )
    assert [name for name, _ in asked] == [
        name for name, _ in standing_over(IncidentIndex(incidents), AREA, OPEN_DAY)
    ]
    assert standing_over(incidents, AREA, OPEN_DAY) == standing_over(
        IncidentIndex(incidents), AREA, OPEN_DAY
    )


MONTHS = st.integers(1, 30).map(lambda n: f"{2024 + (n - 1) // 12}-{(n - 1) % 12 + 1:02d}")


@given(
    st.lists(
        st.tuples(st.none() | MONTHS, MONTHS).map(
            lambda p: (min(p[0], p[1]) if p[0] else None, max(p[0] or "", p[1]))
        ),
        max_size=12,
    )
)
def test_spans_that_meet_are_kept_as_one_and_speak_for_the_same_months(
    statements: list[tuple[str | None, str]],
) -> None:
    heard: Heard = {}
    for first, last in statements:
        heard = note(
            heard,
            "tax",
            FeedHeard(feed="IncomeReported", area=AREA[:6], from_month=first, through_month=last),
        )
    spans = heard.get(f"tax|IncomeReported|{AREA[:6]}", ())
    months = range(2024 * 12 - 3, 2024 * 12 + 33)
    ranges = [(0 if first is None else _index(first), _index(last)) for first, last in statements]

    assert [any(a <= m <= b for a, b in ranges) for m in months] == [
        any(s.first <= m <= s.last for s in spans) for m in months
    ]
    assert all(span.last + 1 < following.first for span, following in pairwise(spans))


def _index(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


@pytest.mark.parametrize("again", [1, 1_000])
def test_what_is_kept_of_a_feed_does_not_grow_with_how_often_it_speaks(again: int) -> None:
    heard: Heard = {}
    for _ in range(again):
        for month in range(1, 13):
            heard = note(
                heard,
                "tax",
                FeedHeard(feed="IncomeReported", area=AREA[:6], through_month=f"2026-{month:02d}"),
            )
    assert heard[f"tax|IncomeReported|{AREA[:6]}"] == (Span(0, 2026 * 12 + 11),)
