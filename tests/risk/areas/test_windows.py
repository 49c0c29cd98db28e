"""The windows over whole areas count what a reference in SQL counts.

They report each change of a level once.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import pytest

from foothold_risk.messages.region_warning import announce
from foothold_risk.policy.loader import load
from foothold_risk.rules.areas.tally import LONGEST, Tally
from foothold_risk.rules.areas.windows import Changed, Windows
from foothold_risk.rules.policy import Policy
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.areas import AreaDay, AreaSignal, Signalled, WarningLevel
from foothold_schemas.wire.codec import decode_warning, encode
from tests.support.made.areas import (
    AT,
    CLUSTER,
    FIRST,
    VILLAGES,
    County,
    LevelChange,
    Record,
    Reference,
    write_region_policy,
)
from tests.support.made.policy import write_test_policy


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return write_region_policy(tmp_path_factory.mktemp("windows"))


def folded(policy: Policy, records: Iterable[Record], sources: int = 3) -> list[Changed]:
    windows = Windows({policy.bundle: policy}, sources)
    return [changed for record in records for changed in windows.take(record)]


def summaries(changes: Iterable[Changed]) -> list[LevelChange]:
    return [LevelChange(c.warning_id, c.households, c.registered, c.week_ago) for c in changes]


@pytest.mark.parametrize("seed", [1, 3])
def test_levels_and_their_times_equal_a_reference_in_sql(policy: Policy, seed: int) -> None:
    records = list(County(seed, days=130, bundle=policy.bundle).interleaved(seed))
    reference = Reference(records)

    expected = reference.changes()
    reference.close()

    assert sorted(summaries(folded(policy, records))) == sorted(expected)
    assert {
        direction
        for t in expected
        for direction in ("up", "down")
        if f":{direction}:" in t.warning_id
    } == {"up", "down"}
    assert len({t.warning_id for t in expected}) == len(expected) > 50  # each happens once


@pytest.mark.parametrize("seed", [5, 6])
def test_which_partition_speaks_first_changes_nothing(policy: Policy, seed: int) -> None:
    county = County(seed, days=120, bundle=policy.bundle)

    first, other = (
        sorted(summaries(folded(policy, county.interleaved(order)))) for order in (1, 2)
    )

    assert first == other != []


def opened(day: date, *, registered: int = 20, bundle: str | None = None) -> AreaDay:
    return AreaDay(
        source=0, day=day, learned_at=AT, bundle=bundle, registered={VILLAGES[0]: registered}
    )


def signal(
    household: int,
    day: date,
    what: Signalled = Signalled.RAISED,
    *causes: FindingKind,
    number: int = 1,
) -> AreaSignal:
    causes = causes or (FindingKind.DISASTER_LOSS,)
    return AreaSignal(
        source=0,
        household_id=f"{household:032x}",
        sequence=number,
        village=VILLAGES[0],
        day=day,
        what=what,
        causes=causes,
    )


def test_a_flood_of_one_day_is_told_by_level_with_its_households_and_numbers(
    policy: Policy,
) -> None:
    day = FIRST
    records: list[Record] = [
        opened(day, bundle=policy.bundle),
        *(signal(n, day) for n in range(1, 5)),
        signal(1, day, Signalled.CONFIRMED, number=2),
    ]

    village = [
        c
        for c in folded(policy, records, sources=1)
        if c.area == VILLAGES[0] and c.window == 7 and c.cause == "disaster_loss"
    ]

    assert [(c.before, c.after, c.households) for c in village] == [
        (None, WarningLevel.III, 2),  # one household is 5 %, but fewer than two are no warning
        (WarningLevel.III, WarningLevel.II, 4),
    ]
    last = announce(village[-1])
    assert last.household_ids == tuple(f"{n:032x}" for n in range(1, 5))
    assert (last.share, last.registered, last.week_ago, last.is_priority) == (
        "0.2000",
        20,
        0,
        False,
    )
    assert (
        last.reason.zh == f"村{VILLAGES[0]}：近7日4户出现“灾害损失”风险（登记20户，占0.2000），"
        "其中0户已识别；一周前0户。区域预警由Ⅲ级升为Ⅱ级。仅为信号，不等于启动应急响应。"
    )
    assert "A signal, not an activation." in last.reason.en
    assert (
        last.policy.value
        == "7 days: II from 0.2000 to 0.4000, from 2 households; kept down to 0.8 of 0.2000"
    )
    assert decode_warning(encode(last)) == last
    assert next(
        announce(c).is_priority for c in folded(policy, records, sources=1) if c.area == "370399101"
    )


def test_a_level_ends_only_below_the_part_of_its_edge_that_keeps_it(policy: Policy) -> None:
    days = [FIRST + timedelta(days=n) for n in range(20)]
    # 10 %: III
    records: list[Record] = [
        opened(days[0], registered=40, bundle=policy.bundle),
        *(signal(n, days[0]) for n in range(4)),
    ]
    records += [signal(9, days[3])]
    records += [
        opened(day, registered=registered, bundle=policy.bundle)
        for day, registered in zip(days[1:], [45, 50, 51, *[51] * 16], strict=True)
    ]

    village = [
        (c.day, c.after)
        for c in folded(policy, records, sources=1)
        if (c.area, c.window, c.cause) == (VILLAGES[0], 7, "any")
    ]

    # 4 of 50 is 8 %, which keeps III; 4 of 51 is less, and 5 of 51 is still no 10 %
    assert village == [
        (days[0], WarningLevel.IV),
        (days[0], WarningLevel.III),
        (
            days[3],
            WarningLevel.IV,
        ),
        (days[7], None),  # 1 of 51
    ]


def test_what_was_a_mistake_counts_no_more_from_the_next_day_on(policy: Policy) -> None:
    tomorrow = FIRST + timedelta(days=1)
    records: list[Record] = [
        opened(FIRST, bundle=policy.bundle),
        *(signal(n, FIRST) for n in range(1, 5)),
        *(signal(n, FIRST, Signalled.WITHDRAWN, number=2) for n in range(1, 5)),
        signal(4, FIRST, number=3),  # and after the correction again, for real
        opened(tomorrow, bundle=policy.bundle),
    ]

    changes = folded(policy, records, sources=1)

    assert {c.households for c in changes if c.day == tomorrow} == {1}
    assert {c.after for c in changes if c.day == tomorrow} == {None}
    assert len([c for c in changes if c.day == tomorrow]) == len(
        {(c.area, c.cause, c.window) for c in changes if c.day == FIRST}
    )


def test_a_day_waits_for_every_partition(policy: Policy) -> None:
    windows = Windows({policy.bundle: policy}, 2)
    ahead: list[Record] = [
        opened(FIRST, bundle=policy.bundle),
        *(signal(n, FIRST) for n in range(1, 5)),
    ]

    assert [c for record in ahead for c in windows.take(record)] == []
    assert windows.waits_for() == {1}
    late = list(
        windows.take(
            AreaDay(source=1, day=FIRST, learned_at=AT, bundle=policy.bundle, registered={})
        )
    )
    assert {c.households for c in late} >= {2, 4}
    assert windows.waits_for() == set()


def test_without_the_logs_beginning_levels_are_what_was_said_until_the_longest_window_is_full(
    policy: Policy,
) -> None:
    county = County(7, days=230, bundle=policy.bundle)
    whole = folded(policy, county.interleaved(1))
    cut = FIRST + timedelta(days=60)
    levels: dict[tuple[str, str, int], list[tuple[date, WarningLevel | None]]] = {}
    for change in whole:
        levels.setdefault((change.area, change.cause, change.window), []).append(
            (change.day, change.after)
        )
    windows = Windows({policy.bundle: policy}, 3, levels)

    rest = [
        c for record in county.interleaved(1) if record.day >= cut for c in windows.take(record)
    ]

    warm = cut + timedelta(days=90)
    assert {c.warning_id for c in rest} == {c.warning_id for c in whole if c.day >= warm} != set()


def test_other_bands_settle_the_same_count_anew(policy: Policy, tmp_path: Path) -> None:
    """Four of twenty are level II until the county calls a fifth level I."""
    write_region_policy(tmp_path)
    file = tmp_path / "test" / "370399.yaml"
    week, rest = file.read_text(encoding="utf-8").split('"30":', 1)
    file.write_text(
        week.replace('"0.20"', '"0.15"').replace('"0.40"', '"0.20"') + '"30":' + rest,
        encoding="utf-8",
    )
    stricter = load(tmp_path / "test")
    windows = Windows({p.bundle: p for p in (policy, stricter)}, 1)
    records: list[Record] = [
        opened(FIRST, bundle=policy.bundle),
        *(signal(n, FIRST) for n in range(1, 5)),
    ]
    records += [opened(FIRST + timedelta(days=n), bundle=stricter.bundle) for n in (1, 2)]
    changes = [
        c
        for record in records
        for c in windows.take(record)
        if (c.area, c.window, c.cause) == (VILLAGES[0], 7, "any")
    ]

    assert [(c.day, c.after) for c in changes][-2:] == [
        (FIRST, WarningLevel.II),
        (FIRST + timedelta(days=1), WarningLevel.I),
    ]


def test_households_of_a_window_are_named_day_by_day_the_latest_first() -> None:
    tally = Tally()
    for household, day in (("old", 4), ("middle", 8), ("b", 9), ("a", 9), ("new", 10)):
        tally.mark(household, day, 10)

    assert tally.within(7, 10) == ["new", "a", "b", "middle", "old"]
    assert tally.within(2, 10) == ["new", "a", "b"]
    assert not tally.mark("a", 8, 10), "said again of an earlier day"
    assert tally.within(2, 10) == ["new", "a", "b"]


def test_when_other_villages_belong_together_what_lies_in_them_counts_from_that_day_on(
    policy: Policy, tmp_path: Path
) -> None:
    write_region_policy(tmp_path)
    file = tmp_path / "test" / "370399.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace(
            str(list(CLUSTER)), str([VILLAGES[0], VILLAGES[3]])
        ),
        encoding="utf-8",
    )
    other = load(tmp_path / "test")
    windows = Windows({p.bundle: p for p in (policy, other)}, 1)
    records: list[Record] = [
        opened(FIRST, bundle=policy.bundle),
        *(signal(n, FIRST) for n in range(1, 5)),
    ]
    before = [c for record in records for c in windows.take(record) if c.cluster is not None]
    after = [
        c
        for c in windows.take(opened(FIRST + timedelta(days=1), bundle=other.bundle))
        if (c.cluster is not None, c.window, c.cause) == (True, 7, "any")
    ]

    assert before == []
    assert [(c.area, c.households, c.registered, c.after) for c in after] == [
        ("370399-hills", 4, 20, WarningLevel.II)
    ]


def test_where_nobody_set_bands_nothing_is_said(policy: Policy) -> None:
    elsewhere = "370302101201"
    day = AreaDay(
        source=0, day=FIRST, learned_at=AT, bundle=policy.bundle, registered={elsewhere: 10}
    )
    records: list[Record] = [
        day,
        *(signal(n, FIRST).model_copy(update={"village": elsewhere}) for n in range(1, 9)),
    ]

    assert folded(policy, records, sources=1) == []


def test_where_nobody_is_registered_there_is_no_share_and_so_no_level(policy: Policy) -> None:
    day = AreaDay(
        source=0, day=FIRST, learned_at=AT, bundle=policy.bundle, registered={VILLAGES[1]: 500}
    )
    records: list[Record] = [day, *(signal(n, FIRST) for n in range(1, 5))]

    assert [c for c in folded(policy, records, sources=1) if c.area == VILLAGES[0]] == []


def test_where_nothing_was_said_before_the_log_was_cut_the_first_level_rises_from_none(
    policy: Policy,
) -> None:
    windows = Windows({policy.bundle: policy}, 1, {})
    days = [FIRST + timedelta(days=n) for n in range(LONGEST + 1)]
    records: list[Record] = [
        record
        for n, day in enumerate(days)
        for record in (opened(day, bundle=policy.bundle), signal(1 + n % 4, day, number=n + 1))
    ]
    village = [
        c
        for record in records
        for c in windows.take(record)
        if (c.area, c.window, c.cause) == (VILLAGES[0], 7, "any")
    ]

    assert [(c.day, c.before, c.after) for c in village][:1] == [(days[-1], None, WarningLevel.II)]


def test_a_level_that_stands_says_its_count_again_whenever_it_is_another_and_no_more_often(
    policy: Policy,
) -> None:
    windows = Windows({policy.bundle: policy}, 1)
    records: list[Record] = [
        opened(FIRST, bundle=policy.bundle),
        *(signal(n, FIRST) for n in range(6)),
    ]
    changes = [c for record in records for c in windows.take(record)]
    told_last = {(c.area, c.cause, c.window): c.households for c in changes}
    first = list(windows.recounted())
    again = list(windows.recounted())
    for n in range(6, 20):
        list(windows.take(signal(n, FIRST)))
    grown = list(windows.recounted())
    warnings = [announce(c, 41) for c in grown]

    assert changes
    assert again == []
    assert all(told_last[c.area, c.cause, c.window] != c.households for c in first)
    assert {c.households for c in grown} == {20}
    assert {
        (
            warning.direction,
            warning.position,
            warning.household_ids,
            warning.previous_level == warning.level,
        )
        for warning in warnings
    } == {("same", 41, (), True)}
    assert all(
        decode_warning(encode(warning)) == warning
        and "维持" in warning.reason.zh
        and "stands at" in warning.reason.en
        for warning in warnings
    )
    list(windows.take(opened(FIRST + timedelta(days=1), registered=40, bundle=policy.bundle)))
    assert {c.registered for c in windows.recounted()} <= {40}


def test_where_a_county_takes_its_bands_back_what_was_said_stands_and_no_more_is_said(
    policy: Policy, tmp_path: Path
) -> None:
    write_test_policy(tmp_path)
    without = load(tmp_path / "test")
    windows = Windows({p.bundle: p for p in (policy, without)}, 1)
    records: list[Record] = [
        opened(FIRST, bundle=policy.bundle),
        *(signal(n, FIRST) for n in range(6)),
    ]
    before = [c for record in records for c in windows.take(record)]
    records = [
        opened(FIRST + timedelta(days=1), bundle=without.bundle),
        *(signal(n, FIRST + timedelta(days=1)) for n in range(6, 20)),
    ]
    after = [c for record in records for c in windows.take(record)]

    assert before
    assert after == []
    assert list(windows.recounted()) == []
    assert any(windows.tallies[VILLAGES[0], "any"].levels)


def test_before_a_day_is_open_there_is_nothing_to_say(policy: Policy) -> None:
    assert list(Windows({policy.bundle: policy}, 1).recounted()) == []


def test_nobody_waits_for_a_day_before_the_first_that_all_partitions_opened(
    policy: Policy,
) -> None:
    windows = Windows({policy.bundle: policy}, 2)
    tomorrow = FIRST + timedelta(days=1)
    days = [opened(FIRST), opened(tomorrow), opened(tomorrow).model_copy(update={"source": 1})]

    assert [c for day in days for c in windows.take(day)] == []
    assert windows.day == tomorrow
    assert windows.waits_for() == set()


def test_what_lies_in_villages_that_leave_a_cluster_counts_there_no_more(
    policy: Policy, tmp_path: Path
) -> None:
    write_region_policy(tmp_path)
    file = tmp_path / "test" / "370399.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace(
            str(list(CLUSTER)), str([VILLAGES[0], VILLAGES[3]])
        ),
        encoding="utf-8",
    )
    other = load(tmp_path / "test")
    windows = Windows({p.bundle: p for p in (policy, other)}, 1)
    registered = {"registered": {VILLAGES[0]: 20, CLUSTER[0]: 20}}
    records: list[Record] = [
        opened(FIRST, bundle=policy.bundle).model_copy(update=registered),
        *(signal(n, FIRST).model_copy(update={"village": CLUSTER[0]}) for n in range(1, 5)),
        opened(FIRST + timedelta(days=1), bundle=other.bundle).model_copy(update=registered),
    ]
    cluster = [
        (c.day, c.households, c.after)
        for record in records
        for c in windows.take(record)
        if (c.area, c.window, c.cause) == ("370399-hills", 7, "any")
    ]

    assert cluster == [
        (FIRST, 2, WarningLevel.III),
        (FIRST, 4, WarningLevel.II),
        (FIRST + timedelta(days=1), 0, None),
    ]
