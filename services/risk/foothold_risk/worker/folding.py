"""Folds the partition anew from the log, on the first start under other rules.

It folds in memory, and changes what stands in the state to what that comes to.

Nothing is said twice: every word of the fold goes nowhere. What a household stands at by the new
rules alone is one transition, quiet and marked (`changed_by_rules`); its number goes on, and so
does its case. Dying on the way costs nothing: the next start folds again and finds the rest to do.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, time
from typing import Any, Final

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from foothold_risk.defects import Defect
from foothold_risk.messages.judge import Verdict
from foothold_risk.messages.transition import RULES_VERSION, transition
from foothold_risk.messages.view import NOTHING, digest, view_of
from foothold_risk.metrics import Metrics
from foothold_risk.rules.calendar import SHANGHAI
from foothold_risk.rules.context.cause import Cause
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.day import context_of
from foothold_risk.rules.household.household import Household, Position, fresh
from foothold_risk.rules.money.figures import withheld
from foothold_risk.rules.status.assess import Assessment, Target, assess
from foothold_risk.rules.status.steps import Move
from foothold_risk.worker.committing import Committer, Surroundings
from foothold_risk.worker.decide import Decider, judgement_of
from foothold_risk.worker.partition import Partition
from foothold_risk.worker.state import Households
from foothold_risk.worker.trials import Committed
from foothold_runtime.kafka_clients import reading
from foothold_runtime.process.errors import CannotServe
from foothold_schemas.messages.transitions import ExitReason, Movement, Status, Transition
from foothold_schemas.values import Sentence

SLICE: Final = 500
WAIT_MS: Final = 500
AT_ONCE: Final = 2_000
FIRST: Final = "9"
"""The rules of a state that does not say by which it was made."""
_IN_SPELL: Final = (Status.GROUP, Status.RECOVERING)

log = structlog.get_logger()


class _Nowhere:
    """A producer whose transactions write nothing."""

    is_nowhere = True

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield

    async def send(self, *_: object, **__: object) -> asyncio.Future[None]:
        return _done()

    async def send_batch(self, *_: object, **__: object) -> asyncio.Future[None]:
        return _done()

    async def send_offsets_to_transaction(self, *_: object) -> None:
        return

    @staticmethod
    def create_batch() -> "_Batch":
        return _Batch()


class _Batch:
    @staticmethod
    def append(**_: object) -> bool:
        return True


def _done() -> asyncio.Future[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future


def is_other_rules(control: Control, committed: Committed) -> bool:
    """Whether the state was made under other rules than these.

    Where nothing was read yet there is none.
    """
    return committed.next_offset > 0 and control.rules != RULES_VERSION


async def fold_anew(source: TopicPartition, until: int, around: Surroundings) -> Households:
    """The state of the partition by these rules, from the log up to an offset.

    Raise CannotServe where the log cannot be folded.
    """
    households = Households(around.policies)
    left = around.metrics.folding.labels(str(source.partition))
    households.control = replace(households.control, rules=RULES_VERSION)
    async with reading(around.broker) as reader:
        reader.assign([source])
        first = (await reader.beginning_offsets([source]))[source]
        if first > 0:
            raise CannotServe(
                f"partition {source.partition} of the log begins at {first}: it was cut, so new"
                " rules cannot fold it; restore the log first"
            )
        unmeasured = dataclasses.replace(around, metrics=Metrics(CollectorRegistry()))
        partition = Partition(source, _Nowhere(), households, Committed(first), unmeasured)
        reader.seek(source, first)
        while (position := await reader.position(source)) < until:
            left.set(until - position)
            for records in (
                await reader.getmany(source, timeout_ms=WAIT_MS, max_records=AT_ONCE)
            ).values():
                await _fold(partition, [r for r in records if r.offset < until])
            log.info("risk.folding", partition=source.partition, folded=position, of=until)
        while partition.has_rechecks:
            await partition.recheck_on()
    left.set(0)
    return households


async def _fold(partition: Partition, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
    """Fold the records, and set one that raises aside with its household.

    A record that raises is tried twice, as the log's reader does, and only then set aside.
    """
    while records and partition.next_offset <= records[-1].offset:
        before = partition.next_offset
        try:
            await partition.work(records)
        except Defect:
            continue
        if partition.is_stopped:
            raise CannotServe(
                f"folding partition {partition.source.partition} stopped at"
                f" {partition.next_offset}; the log says why"
            )
        if partition.next_offset == before:
            return


async def adopt(
    committer: Committer, decider: Decider, households: Households, folded: Households
) -> int:
    """Write what the fold came to, a slice at a time, and last that these rules made it.

    Return how many households stand elsewhere now.
    """
    before, changed, pending = households.control.rules or FIRST, 0, decider.pending()
    for n, key in enumerate(folded.keys(), start=1):
        old, new = households.get(key), folded.get(key)
        judged = _reconciled(key.decode(), old, new, folded, before)
        changed += bool(judged.transitions)
        if judged.household != old or judged.view is not None:
            pending.batch.put(key, judged.household)
            pending.outputs.add(key, judged, "")
        if (old.unjudged is None) is not (
            new.unjudged is None
        ) and folded.control.open_day is not None:
            since = datetime.combine(folded.control.open_day, time(), SHANGHAI)
            pending.outputs.judgements.append(
                judgement_of(key, judged.household, since, is_judged=new.unjudged is None)
            )
        if n % SLICE == 0:
            await committer.commit(pending, None)
            pending = decider.pending()
    pending.batch.control = replace(folded.control, rules=RULES_VERSION)
    await committer.commit(pending, None)
    return changed


def carried(old: Position, new: Position) -> Position:
    """Return where the new rules have the household stand, in the numbers of the old.

    Its transitions, its cases and its spells go on.
    """
    is_begun = new.is_in_episode and not old.is_in_episode
    episode = old.next_episode if is_begun else old.episode
    is_entered = new.status in _IN_SPELL and old.status not in _IN_SPELL
    spell = old.next_spell if is_entered else old.spell
    left = (
        None if new.left is None else replace(new.left, episode=min(new.left.episode, old.episode))
    )
    later = episode - new.episode
    words = tuple(
        replace(w, episode=max(1, w.episode + later)) if w.episode else w for w in new.words
    )
    dismissal = (
        None
        if new.dismissal is None
        else replace(new.dismissal, episode=max(1, new.dismissal.episode + later))
    )
    return replace(
        new,
        number=old.number,
        episode=episode,
        spell=spell,
        left=left,
        words=words,
        dismissal=dismissal,
        # the numbers of cases before the last one mean others here
        earlier=new.earlier if (episode, spell) == (new.episode, new.spell) else (),
        last_episode=old.last_episode,
        last_spell=old.last_spell,
    )


def _reconciled(
    household_id: str, old: Household, new: Household, folded: Households, before: str
) -> Verdict:
    position, control, policy = carried(old.position, new.position), folded.control, folded.policy
    register, day = new.register, control.open_day
    place = None if policy is None or register is None else policy.place(register.area)
    if day is None or register is None or policy is None or place is None or new.as_of is None:
        return Verdict(fresh(new, position=position))
    movement = moved(old.position, position)
    if movement is None and new.view == old.view:
        return Verdict(fresh(new, position=position))
    in_force = place.on(day)
    if new.is_refused:
        assessment = Assessment(
            withheld(new, register, day, in_force), (), (), Target(Status.WATCH, is_lead=True)
        )
    else:
        context = context_of(control, day, in_force)
        assessment = assess(fresh(new, position=position), register, context)
    transitions: tuple[Transition, ...] = ()
    if movement is not None:
        position = replace(position, number=position.number + 1)
        is_exit = movement in (Movement.EXITED, Movement.UNWATCHED)
        step = Move(
            movement,
            old.position,
            position,
            ExitReason.CORRECTED if is_exit else None,
            is_told=False,
        )
        cause = Cause("0" * 32, datetime.combine(day, time(), SHANGHAI), is_quiet=True)
        transitions = (_marked(transition(household_id, step, assessment, policy, cause), before),)
    view = NOTHING if new.is_refused else view_of(household_id, position, assessment, policy)
    seen = digest(view)
    return Verdict(
        fresh(new, position=position, view=seen), transitions, view if seen != old.view else None
    )


def _marked(step_word: Transition, before: str) -> Transition:
    reason = Sentence(
        zh=f"规则由第{before}版更新为第{RULES_VERSION}版，按新规则：{step_word.reason.zh}",
        en=(
            f"The rules went from version {before} to {RULES_VERSION}; by the new ones:"
            f" {step_word.reason.en}"
        ),
    )
    return step_word.model_copy(update={"changed_by_rules": before, "reason": reason})


def moved(old: Position, new: Position) -> Movement | None:
    """How the new rules have it stand elsewhere; None: it stands where it stood."""
    if (old.status, old.group, old.is_lead, old.is_identified) == (
        new.status,
        new.group,
        new.is_lead,
        new.is_identified,
    ):
        return None
    if new.status is Status.GROUP:
        return (
            Movement.MOVED
            if old.status is Status.GROUP
            else Movement.RELAPSED
            if old.status is Status.RECOVERING
            else Movement.ENTERED
        )
    if new.status is Status.RECOVERING:
        return Movement.RECOVERING
    if old.status in _IN_SPELL:
        return Movement.EXITED
    return Movement.WATCHED if new.status is Status.WATCH else Movement.UNWATCHED


def summary_of(changed: int, folded: Households) -> dict[str, Any]:
    """What is logged once it is done."""
    return {"rules": RULES_VERSION, "households": folded.registered.total(), "changed": changed}
