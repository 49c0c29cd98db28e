"""An explanation folds the log again and equals what was said; where it does not, it says so."""

import asyncio
from datetime import date, timedelta

import pytest

from foothold_risk.errors import MissingBundle
from foothold_risk.explain import differences, read, replay, tell
from foothold_risk.publish import RULES_VERSION
from foothold_schemas.broker import Broker
from foothold_schemas.decisions import FindingExempted, HarmlessReason
from foothold_schemas.facts import DayOpened
from foothold_schemas.findings import FindingKind
from foothold_schemas.quarantine import RefusalReason
from foothold_schemas.topics import EMBEDDED_PARTITIONS
from foothold_schemas.transitions import ExitReason, Movement
from tests.support.build import HOUSEHOLD, claim, disaster, income, record, registered
from tests.support.risk import ADOPTED, DAY, OPENED, RULES, broadcast, caught_up, quarantined, said, working, write

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
BUNDLES = {RULES.bundle: RULES}


async def test_a_household_explains_itself_from_the_log_and_equals_what_was_said(broker: str) -> None:
    days = [broadcast(DayOpened(day=DAY + timedelta(days=n)), f"day {n}") for n in (1, 2, 2, 3)]
    await write(broker, registered(), income("7000"), ADOPTED, OPENED, claim("6000"), days[0], disaster(), claim("6000"), days[1], days[2])
    await write(broker, (HOUSEHOLD.encode(), b"{half"), income("90000", "more"), days[3])
    async with working(broker):
        await said(broker, 4)
        await caught_up(broker)
    facts, stored = await read(Broker(broker), HOUSEHOLD, EMBEDDED_PARTITIONS)
    last = DAY + timedelta(days=3)
    replayed = replay(HOUSEHOLD, facts, BUNDLES, last)
    text = "\n".join(tell(HOUSEHOLD, replayed, BUNDLES, last))

    assert [t.movement for t in replayed.said] == [Movement.WATCHED, Movement.ENTERED, Movement.WORSENED, Movement.MOVED]
    assert differences(replayed.said, stored, last) == []
    assert "纯收入 net income = 97000.00  (工资性 + 经营性 + 财产性 + 转移性 - 经营费用，2025-06 … 2026-05 | wage + operating" in text
    assert "monitoring_line 730000" in text
    earlier = replay(HOUSEHOLD, facts, BUNDLES, DAY)
    assert [t.number for t in earlier.said] == [1, 2]
    assert differences(earlier.said, stored, DAY) == []
    assert "纯收入 net income = 7000.00" in "\n".join(tell(HOUSEHOLD, earlier, BUNDLES, DAY))


async def test_a_finding_people_found_harmless_ends_the_signal_and_what_did_not_hold_is_set_aside(broker: str) -> None:
    asked = [
        record(FindingExempted(finding=kind, reason=HarmlessReason.CAN_COPE, by="chen", exempted_on=DAY, until=DAY + timedelta(days=90)), kind.value)
        for kind in (FindingKind.DISASTER_LOSS, FindingKind.SELF_PAID_HIGH)
    ]
    await write(broker, registered(), income("90000"), ADOPTED, OPENED, claim("25000"), *asked)
    async with working(broker):
        lead, ended = await said(broker, 2)
        await caught_up(broker)
    facts, stored = await read(Broker(broker), HOUSEHOLD, EMBEDDED_PARTITIONS)

    assert (lead.is_lead, ended.exit_reason, ended.is_episode_over) == (True, ExitReason.EXEMPTED, True)
    assert [(f.rule, f.quiet_until) for f in ended.findings] == [(FindingKind.SELF_PAID_HIGH, DAY + timedelta(days=90))]
    assert differences(replay(HOUSEHOLD, facts, BUNDLES, DAY).said, stored, DAY) == []
    assert [(q.reason, q.detail) for q in await asyncio.to_thread(quarantined, broker)] == [
        (RefusalReason.CONDITION_UNMET, "exempt disaster_loss: does_not_fit")
    ]


async def test_a_difference_is_named_and_a_bundle_that_is_gone_as_well(broker: str) -> None:
    await write(broker, registered(), income("7000"), ADOPTED, OPENED, claim("6000"))
    async with working(broker):
        await said(broker, 2)
        await caught_up(broker)
    facts, stored = await read(Broker(broker), HOUSEHOLD, EMBEDDED_PARTITIONS)
    replayed = replay(HOUSEHOLD, facts, BUNDLES, DAY).said
    other = stored[1].model_copy(update={"times_wavered": 3})
    older = stored[1].model_copy(update={"policy": stored[1].policy.model_copy(update={"rules_version": "1"})})

    assert differences(replayed, [stored[0], other], DAY) == ["2: said entered, the log leads to entered with other numbers or reasons"]
    assert differences(replayed, [stored[0], older], DAY) == [f"2: decided under rules 1, these are {RULES_VERSION}"]
    assert differences(replayed[:1], stored, DAY) == [f"2: said on {DAY}, and the log does not lead to it"]
    assert differences(replayed, stored[:1], DAY) == [f"2: the log leads to entered on {DAY}, and nothing was said"]
    with pytest.raises(MissingBundle, match="put it into the policy folder"):
        replay(HOUSEHOLD, facts, {}, DAY)


def test_nothing_is_explained_of_a_household_nobody_knows() -> None:
    nobody = replay("f" * 32, [], BUNDLES, date(2026, 6, 10))

    assert "not registered" in "\n".join(tell("f" * 32, nobody, BUNDLES, date(2026, 6, 10)))
