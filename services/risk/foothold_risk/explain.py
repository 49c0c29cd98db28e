"""Explains a household.

It folds its part of the log again and shows every step with its numbers, and whether it equals what
was said then.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from aiokafka import TopicPartition
from aiokafka.partitioner import DefaultPartitioner
from msgspec.structs import replace

from foothold_risk.errors import MissingBundle
from foothold_risk.messages.insight import forecast_of, hints_of
from foothold_risk.messages.judge import Subject, judge, names_for
from foothold_risk.messages.transition import RULES_VERSION
from foothold_risk.rules.calendar import month_text
from foothold_risk.rules.context.cause import Cause, cause_of, cause_of_look
from foothold_risk.rules.context.control import Control, apply_broadcast
from foothold_risk.rules.context.day import context_of
from foothold_risk.rules.context.incidents import waiting
from foothold_risk.rules.household.fold import Folded, fold
from foothold_risk.rules.household.household import Household
from foothold_risk.rules.money.trace import Line, trace
from foothold_risk.rules.policy import Policy
from foothold_risk.rules.status.assess import assess
from foothold_runtime.broker import Broker
from foothold_runtime.kafka.topic_check import check_topic
from foothold_runtime.kafka_clients import reading
from foothold_schemas.facts.decisions import CaseDecided, FindingExempted
from foothold_schemas.facts.envelope import BroadcastRecord, FactRecord, HouseholdRecord, addressed
from foothold_schemas.facts.facts import (
    AreaStruck,
    DayOpened,
    IncomeReported,
    PolicyAdopted,
)
from foothold_schemas.messages.transitions import Transition
from foothold_schemas.values import Fen
from foothold_schemas.wire.codec import Unreadable, decode_fact, decode_output
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS, RISK_TRANSITIONS

WAIT_MS: Final = 500


@dataclass(slots=True)
class Replay:
    """A household as of a day, from the log alone."""

    household: Household = field(default_factory=Household)
    control: Control = field(default_factory=Control)
    transitions: list[Transition] = field(default_factory=list)


def replay(
    household_id: str, log: Sequence[FactRecord], policies: Mapping[str, Policy], until: date
) -> Replay:
    """Fold and judge in the log's order; raise MissingBundle.

    Each day is judged by the bundle then in force, up to the last fact before the day after
    `until`.
    """
    done = Replay()
    for record in log:
        fact = addressed(record)
        if fact is None:
            continue
        if isinstance(fact.data, DayOpened) and fact.data.day > until:
            break
        if isinstance(fact, BroadcastRecord):
            cause, before = _steer(done, household_id, fact), None
        else:
            before = done.household
            cause = _take(done, household_id, fact, policies)
        if cause is None:
            continue
        decided = fact.data if isinstance(fact.data, CaseDecided | FindingExempted) else None
        policy = _policy(done.control, policies)
        judged = judge(
            Subject(household_id, done.household, cause, decided, before), done.control, policy
        )
        done.household = judged.household
        done.transitions += judged.transitions
    return done


def _steer(done: Replay, household_id: str, fact: BroadcastRecord) -> Cause | None:
    """Take what is said to everybody; the cause to look at the household, None where there is none.

    risk looks at the households of an incident's areas before anything else that concerns them.
    """
    steered = apply_broadcast(done.control, fact)
    if steered is None:
        return None
    done.control = replace(steered, looks=())
    if not isinstance(fact.data, AreaStruck):
        return cause_of(fact)
    register = done.household.register
    reached = [] if register is None else waiting(steered.looks, household_id, register.area)
    return cause_of_look(reached[0]) if reached else None


def _take(
    done: Replay, household_id: str, fact: HouseholdRecord, policies: Mapping[str, Policy]
) -> Cause | None:
    """Fold a fact of the household; the cause to look at it, None where nothing changed."""
    if fact.household_id != household_id:
        return None
    before, day = done.household, done.control.open_day
    names = names_for(before, fact.data, day, _policy(done.control, policies))
    done.household, folded = fold(before, fact, fact.data, day, names)
    if done.household is before:
        return None
    return cause_of(fact, is_correction=folded is Folded.REPLACED)


def _policy(control: Control, policies: Mapping[str, Policy]) -> Policy | None:
    if control.bundle is None:
        return None
    if control.bundle not in policies:
        raise MissingBundle(
            f"the log adopted bundle {control.bundle}; put it into the policy folder, old decisions"
            " are explained with their own"
        )
    return policies[control.bundle]


async def read(
    broker: Broker, household_id: str, partitions: int
) -> tuple[list[FactRecord], list[Transition]]:
    """Return what the household's partition holds for it.

    Those are facts, its own and those for everybody, and its transitions. Raise as check_topic
    does.
    """
    for card in (HOUSEHOLD_FACTS, RISK_TRANSITIONS):
        await check_topic(broker, card, partitions)
    key = household_id.encode()
    every = list(range(partitions))
    partition = DefaultPartitioner()(key, every, every)
    facts = [
        fact
        async for fact in _facts(
            broker, TopicPartition(HOUSEHOLD_FACTS.name, partition), household_id
        )
    ]
    transitions: list[Transition] = []
    async for value in _values(broker, TopicPartition(RISK_TRANSITIONS.name, partition)):
        try:
            output = decode_output(value)
        except Unreadable:
            continue
        if isinstance(output, Transition) and output.household_id == household_id:
            transitions.append(output)
    return facts, transitions


async def unknown_items(
    broker: Broker, partitions: int, policies: Mapping[str, Policy], day: date
) -> list[str]:
    """Return income items that the bundle adopted last names nowhere.

    They come with who sends them and how often, the most frequent first. Raise as check_topic does.
    """
    await check_topic(broker, HOUSEHOLD_FACTS, partitions)
    counts: Counter[tuple[str, str]] = Counter()
    adopted: str | None = None
    for partition in range(partitions):
        async for value in _values(broker, TopicPartition(HOUSEHOLD_FACTS.name, partition)):
            try:
                fact = decode_fact(value)
            except Unreadable:
                continue
            match fact.data:
                case IncomeReported(item=item):
                    counts[fact.agency, item] += 1
                case PolicyAdopted(bundle=bundle):
                    adopted = bundle
    policy = _policy(Control(bundle=adopted), policies)
    in_force = [] if policy is None else [place.on(day) for place in policy.places.values()]
    named = [
        (n, agency, item)
        for (agency, item), n in counts.items()
        if not any(p.is_known_item(item) for p in in_force)
    ]
    return [
        f"{n:8}  {agency}  {item}"
        for n, agency, item in sorted(named, key=lambda line: (-line[0], line[1:]))
    ]


async def _facts(
    broker: Broker, source: TopicPartition, household_id: str
) -> AsyncIterator[FactRecord]:
    async for value in _values(broker, source):
        try:
            fact = decode_fact(value)
        except Unreadable:
            continue
        if fact.household_id in (None, household_id):
            yield fact


async def _values(broker: Broker, source: TopicPartition) -> AsyncIterator[bytes | None]:
    async with reading(broker) as reader:
        reader.assign([source])
        end = (await reader.end_offsets([source]))[source]
        reader.seek(source, (await reader.beginning_offsets([source]))[source])
        while await reader.position(source) < end:
            for records in (await reader.getmany(timeout_ms=WAIT_MS, max_records=10_000)).values():
                for record in records:
                    yield record.value


def differences(
    replayed: Sequence[Transition], stored: Sequence[Transition], until: date
) -> list[str]:
    """Where what was said then differs from what the log says now.

    Empty: it is the same to the byte.

    What was said under other rules explains itself, with its own numbers (`as_said`); nothing is
    compared where there is such.
    """
    then = [t for t in stored if t.open_day <= until]
    if is_of_other_rules(then):
        return []
    return _by_number({t.number: t for t in replayed}, {t.number: t for t in then})


def is_of_other_rules(stored: Sequence[Transition]) -> bool:
    """Whether other rules said any of it, or it follows from other rules alone."""
    return any(
        t.policy.rules_version != RULES_VERSION or t.changed_by_rules is not None for t in stored
    )


def _by_number(now: Mapping[int, Transition], then: Mapping[int, Transition]) -> list[str]:
    unlike = []
    for number in sorted(then.keys() | now.keys()):
        if number not in now:
            unlike.append(
                f"{number}: said on {then[number].open_day}, and the log does not lead to it"
            )
        elif number not in then:
            unlike.append(
                f"{number}: the log leads to {now[number].movement.value} on"
                f" {now[number].open_day}, and nothing was said"
            )
        elif then[number].model_dump_json() != now[number].model_dump_json():
            unlike.append(
                f"{number}: said {then[number].movement.value}, the log leads to"
                f" {now[number].movement.value} with other numbers or reasons"
            )
    return unlike


def as_said(
    replayed: Sequence[Transition], stored: Sequence[Transition], until: date
) -> list[Transition]:
    """What to show: the words as they were said, where other rules said any of them.

    Else what the log leads to.
    """
    then = sorted((t for t in stored if t.open_day <= until), key=lambda t: t.number)
    return then if is_of_other_rules(then) else list(replayed)


def tell(
    household_id: str, replayed: Replay, policies: Mapping[str, Policy], on: date
) -> Iterator[str]:
    """The whole explanation, line by line: how it came, where it stands, and every number."""
    yield f"农户 household {household_id}, 截至 as of {on}"
    for t in replayed.transitions:
        yield (
            f"  {t.open_day}  {t.number}. {t.movement.value}  [{t.policy.bundle[:12]},"
            f" rules {t.policy.rules_version}]"
        )
        yield f"      {t.reason.zh}"
        yield f"      {t.reason.en}"
        for finding in t.findings:
            policy, illustrative = (
                finding.policy,
                ("  ILLUSTRATIVE 仅作演示" if finding.policy.illustrative else ""),
            )
            follows = f" = {policy.formula}" if policy.formula else ""
            yield (
                f"      {finding.rule.value}: {finding.value} / {finding.threshold} {finding.unit}"
            )
            yield (
                f"          {policy.name} {policy.value}{follows}, {policy.region} since"
                f" {policy.since}{illustrative}: {policy.reference}"
            )
            yield from (
                f"          {fact.fact_id} {fact.day} {fact.amount or ''} {fact.text.zh} |"
                f" {fact.text.en}"
                for fact in finding.facts
            )
    yield from _figures(replayed, policies)


def _figures(replayed: Replay, policies: Mapping[str, Policy]) -> Iterator[str]:
    household, control = replayed.household, replayed.control
    policy = _policy(control, policies)
    place = (
        None
        if policy is None or household.register is None
        else policy.place(household.register.area)
    )
    if household.register is None or control.open_day is None or policy is None or place is None:
        yield (
            "  未登记、未启用或无适用政策 | not registered, not live, or no policy serves its area"
        )
        return
    if household.is_refused:
        yield (
            "  农户未授权，不作计算 | the household refused its authorisation: nothing is computed"
        )
        return
    day = control.open_day
    context = context_of(control, day, place.on(day))
    assessment = assess(household, household.register, context)
    view = assessment.view
    if view.unheard:
        months = ", ".join(month_text(m) for m in view.unheard)
        yield f"  未报月份 months not heard: {months}"
    for line in trace(view):
        yield from _line(line)
    yield from (
        f"  提示 hint {hint.kind.value}: {hint.text.zh} | {hint.text.en}"
        for hint in hints_of(assessment, policy.currency)
    )
    for ahead in forecast_of(assessment, policy.currency):
        below = "  低于监测线 below the line" if ahead.is_below else ""
        yield (
            f"  预计 expected by {ahead.day}: {ahead.net_per_head} /"
            f" {ahead.reference_per_head}{below}"
        )
        yield f"      {ahead.known} + {ahead.expected} = {ahead.net}; x 12 / {ahead.head_months}"
        yield from (f"      {cause.text.zh} | {cause.text.en}" for cause in ahead.causes)


def _line(line: Line) -> Iterator[str]:
    def show(amount: int | None) -> str:
        return (
            "未知 unknown" if amount is None else str(Fen(amount)) if line.is_money else str(amount)
        )

    yield f"  {line.zh} {line.en} = {show(line.value)}  ({line.formula.zh} | {line.formula.en})"
    if line.policy is not None:
        yield (
            f"      {line.policy.name} {line.policy.text}, {line.policy.region} since"
            f" {line.policy.since}: {line.policy.reference}"
        )
    for part in line.parts:
        yield f"      {part.name:<24} {show(part.value)}"
        yield from (f"          {fact.hex()}" for fact in part.facts)
