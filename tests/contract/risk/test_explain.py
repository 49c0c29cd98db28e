"""An explanation folds the log again and equals what was said; where it does not, it says so."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from foothold_risk.errors import MissingBundle
from foothold_risk.explain import as_said, differences, read, replay, tell, unknown_items
from foothold_risk.rules.items import Counts, IncomeItem
from foothold_risk.rules.policy import Exposure, Reach
from foothold_runtime.broker import Broker
from foothold_schemas.facts.decisions import FindingExempted, HarmlessReason
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import AreaStruck, DayOpened, Hazard, Severity
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.areas import AreaSignal, Signalled
from foothold_schemas.messages.transitions import ExitReason, Movement
from foothold_schemas.wire.codec import decode_area
from foothold_schemas.wire.quarantine import RefusalReason
from foothold_schemas.wire.topics import AREA_SIGNALS, EMBEDDED_PARTITIONS
from tests.support.made.build import (
    AREA,
    HOUSEHOLD,
    claim,
    disaster,
    identity,
    income,
    policy,
    record,
    registered,
    value,
)
from tests.support.risk import (
    ADOPTED,
    DAY,
    OPENED,
    RULES,
    await_transitions,
    broadcast,
    caught_up,
    quarantined,
    working,
    write,
)
from tests.support.running.sender import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
BUNDLES = {RULES.bundle: RULES}


async def test_a_household_explains_itself_from_the_log_and_equals_what_was_said(
    broker: str,
) -> None:
    days = [broadcast(DayOpened(day=DAY + timedelta(days=n)), f"day {n}") for n in (1, 2, 2, 3)]
    await write(
        broker,
        registered(),
        income("7000"),
        ADOPTED,
        OPENED,
        claim("6000"),
        days[0],
        disaster(),
        claim("6000"),
        days[1],
        days[2],
    )
    await write(
        broker, (HOUSEHOLD.encode(), b"{half"), income("90000", "more", item="more"), days[3]
    )
    async with working(broker):
        await await_transitions(broker, 4)
        await caught_up(broker)
    facts, stored = await read(Broker(broker), HOUSEHOLD, EMBEDDED_PARTITIONS)
    last = DAY + timedelta(days=3)
    replayed = replay(HOUSEHOLD, facts, BUNDLES, last)
    text = "\n".join(tell(HOUSEHOLD, replayed, BUNDLES, last))

    assert [t.movement for t in replayed.transitions] == [
        Movement.WATCHED,
        Movement.ENTERED,
        Movement.WORSENED,
        Movement.MOVED,
    ]
    assert differences(replayed.transitions, stored, last) == []
    assert (
        "纯收入 net income = 97000.00  (工资性 + 经营性 + 财产性 + 转移性 - 经营费用，2025-06 …"
        " 2026-05 | wage + operating" in text
    )
    assert "monitoring_line 730000" in text
    earlier = replay(HOUSEHOLD, facts, BUNDLES, DAY)
    assert [t.number for t in earlier.transitions] == [1, 2]
    assert differences(earlier.transitions, stored, DAY) == []
    assert "纯收入 net income = 7000.00" in "\n".join(tell(HOUSEHOLD, earlier, BUNDLES, DAY))


async def test_a_finding_people_found_harmless_ends_the_signal_and_what_did_not_hold_is_set_aside(
    broker: str,
) -> None:
    asked = [
        record(
            FindingExempted(
                finding=kind,
                reason=HarmlessReason.CAN_COPE,
                by="chen",
                exempted_on=DAY,
                until=DAY + timedelta(days=90),
            ),
            kind.value,
        )
        for kind in (FindingKind.DISASTER_LOSS, FindingKind.SELF_PAID_HIGH)
    ]
    await write(broker, registered(), income("90000"), ADOPTED, OPENED, claim("25000"), *asked)
    async with working(broker):
        lead, ended = await await_transitions(broker, 2)
        await caught_up(broker)
    facts, stored = await read(Broker(broker), HOUSEHOLD, EMBEDDED_PARTITIONS)

    assert (lead.is_lead, ended.exit_reason, ended.is_episode_over) == (
        True,
        ExitReason.EXEMPTED,
        True,
    )
    assert [(f.rule, f.quiet_until) for f in ended.findings] == [
        (FindingKind.SELF_PAID_HIGH, DAY + timedelta(days=90))
    ]
    assert differences(replay(HOUSEHOLD, facts, BUNDLES, DAY).transitions, stored, DAY) == []
    assert [(q.reason, q.detail) for q in await asyncio.to_thread(quarantined, broker)] == [
        (RefusalReason.CONDITION_UNMET, "exempt disaster_loss: does_not_fit")
    ]


async def test_a_difference_is_named_and_a_bundle_that_is_gone_as_well(broker: str) -> None:
    await write(broker, registered(), income("7000"), ADOPTED, OPENED, claim("6000"))
    async with working(broker):
        await await_transitions(broker, 2)
        await caught_up(broker)
    facts, stored = await read(Broker(broker), HOUSEHOLD, EMBEDDED_PARTITIONS)
    replayed = replay(HOUSEHOLD, facts, BUNDLES, DAY).transitions
    other = stored[1].model_copy(update={"times_wavered": 3})
    older = stored[1].model_copy(
        update={"policy": stored[1].policy.model_copy(update={"rules_version": "1"})}
    )

    assert differences(replayed, [stored[0], other], DAY) == [
        "2: said entered, the log leads to entered with other numbers or reasons"
    ]
    assert (
        differences(replayed, [stored[0], older], DAY),
        as_said(replayed, [older, stored[0]], DAY),
    ) == ([], [stored[0], older])
    assert differences(replayed[:1], stored, DAY) == [
        f"2: said on {DAY}, and the log does not lead to it"
    ]
    assert differences(replayed, stored[:1], DAY) == [
        f"2: the log leads to entered on {DAY}, and nothing was said"
    ]
    with pytest.raises(MissingBundle, match="put it into the policy folder"):
        replay(HOUSEHOLD, facts, {}, DAY)


async def test_income_items_that_policy_names_nowhere_are_listed_with_their_senders(
    broker: str,
) -> None:
    rules = policy(
        income_items=value(
            "income.items", (IncomeItem("salary", Counts.COUNTED, frozenset({"工资"})),)
        )
    )
    named = [
        income("1.00", "a", yearly=False),
        income("1.00", "b", yearly=False, item="工资"),
        income("1.00", "c", yearly=False, item="Emergency Relief"),
    ]
    await write(
        broker,
        ADOPTED,
        registered(),
        *named,
        *(income("1.00", f"{n}", item="卖粮款", agency="grain-office") for n in range(2)),
    )

    assert await unknown_items(Broker(broker), EMBEDDED_PARTITIONS, {rules.bundle: rules}, DAY) == [
        "       2  grain-office  卖粮款"
    ]
    assert await unknown_items(Broker(broker), EMBEDDED_PARTITIONS, BUNDLES, DAY) == [], (
        "where no county gives a list, nothing is unknown"
    )


def test_nothing_is_explained_of_a_household_nobody_knows() -> None:
    nobody = replay("f" * 32, [], BUNDLES, date(2026, 6, 10))

    assert "not registered" in "\n".join(tell("f" * 32, nobody, BUNDLES, date(2026, 6, 10)))


def struck(name: str, hours: int, **more: Any) -> FactRecord:  # noqa: ANN401
    """A statement on the flood, so many hours after the day began."""
    given = {
        "incident": "flood",
        "area": AREA[:9],
        "hazard": Hazard.FLOOD,
        "severity": Severity.I,
        "first_day": DAY,
    }
    said_at = datetime(2026, 6, 10, tzinfo=UTC) + timedelta(hours=hours)
    return broadcast(AreaStruck(**(given | more)), name).model_copy(update={"time": said_at})


async def test_what_comes_right_behind_an_incident_is_judged_after_it_as_the_log_has_it(
    broker: str,
) -> None:
    table = (Reach(frozenset({Hazard.FLOOD}), frozenset({Severity.I}), (Exposure.EVERYBODY,)),)
    rules = policy(incidents_self_evident=value("incidents.self_evident", table))
    others = [
        registered().model_copy(
            update={"household_id": f"{n:032x}", "fact_id": identity(f"home {n}")}
        )
        for n in range(1, 301)
    ]
    await write(broker, *others, registered(), income("7000"), ADOPTED, OPENED)
    await write(
        broker,
        struck("flood", 1),
        claim("6000"),
        struck("milder", 2, severity=Severity.IV),
        claim("9000", "other", day=DAY - timedelta(days=1)),
    )
    await write(
        broker,
        struck("worse", 3),
        broadcast(DayOpened(day=DAY + timedelta(days=1)), "next"),
        struck("mistake", 4, is_withdrawn=True),
    )
    async with working(broker, bundles=(rules,)) as running:
        await caught_up(broker)
        while any(lane.owner.has_rechecks for lane in running._lanes.values()):
            await asyncio.sleep(0.05)
    facts, stored = await read(Broker(broker), HOUSEHOLD, EMBEDDED_PARTITIONS)
    last = DAY + timedelta(days=1)
    replayed = replay(HOUSEHOLD, facts, {rules.bundle: rules}, last)

    assert differences(replayed.transitions, stored, last) == []
    assert [
        (t.movement, FindingKind.AREA_STRUCK in {f.rule for f in t.findings}, t.open_day - DAY)
        for t in stored
    ] == [
        (Movement.WATCHED, False, timedelta(0)),
        (Movement.ENTERED, True, timedelta(0)),
        (Movement.WORSENED, True, timedelta(0)),  # the bill behind the flood
        (Movement.EASED, False, timedelta(0)),
        (Movement.WORSENED, False, timedelta(0)),  # the other bill
        (Movement.WORSENED, True, timedelta(0)),
        (Movement.EASED, False, timedelta(1)),
    ]
    far, written = await read(Broker(broker), others[0].household_id or "", EMBEDDED_PARTITIONS)
    assert (
        differences(
            replay(others[0].household_id or "", far, {rules.bundle: rules}, last).transitions,
            written,
            last,
        )
        == []
    )
    assert [(t.movement, t.exit_reason) for t in written[-2:]] == [
        (Movement.WATCHED, None),
        (Movement.EASED, ExitReason.CORRECTED),
    ], "it returned within the days: it stays open; the flood was a mistake"
    signals = [
        decode_area(m.value())
        for m in await asyncio.to_thread(lambda: list(read_topic(broker, AREA_SIGNALS.name)))
    ]
    of_home = [
        s
        for s in signals
        if isinstance(s, AreaSignal)
        and s.household_id == HOUSEHOLD
        and FindingKind.AREA_STRUCK in s.causes
    ]
    assert [s.what for s in sorted(of_home, key=lambda s: s.sequence)] == [
        Signalled.RAISED,
        Signalled.WITHDRAWN,
        Signalled.RAISED,
        Signalled.WITHDRAWN,
    ]
