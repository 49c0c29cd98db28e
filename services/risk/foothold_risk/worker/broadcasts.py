"""What concerns many households at once: a day, a policy, a feed, an incident.

Such a record is never set aside; a household that raises is marked.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import structlog
from aiokafka import ConsumerRecord
from msgspec.structs import replace

from foothold_risk.defects import is_defect
from foothold_risk.metrics import Metrics
from foothold_risk.rules.context.cause import Cause, cause_of, cause_of_look
from foothold_risk.rules.context.control import Control, apply_broadcast
from foothold_risk.rules.context.incidents import turning
from foothold_risk.worker.committing import Committer
from foothold_risk.worker.decide import Decider, Pending
from foothold_risk.worker.quarantine import Shelf
from foothold_risk.worker.retry import household_address
from foothold_risk.worker.stale_feeds import newly_stale, stale_feeds
from foothold_risk.worker.state import Households
from foothold_runtime.logs import place_of
from foothold_schemas.facts.envelope import BroadcastRecord
from foothold_schemas.facts.facts import AreaStruck, DayOpened, FeedHeard
from foothold_schemas.messages.transitions import DayDone
from foothold_schemas.wire.quarantine import RefusalReason
from foothold_schemas.wire.tracing import from_headers, trace_id

SLICE: Final = 500
RECHECK_BATCH: Final = 50
PROGRAM_AT_FAULT: Final = (
    "so many were set aside within an hour that the program is at fault, not what came"
)

log = structlog.get_logger()


class Everybody:
    """Sweeps over the households of one partition, in slices of one transaction each.

    `is_leaving`: somebody else is about to own the partition, so a long sweep ends after the slice
    at hand; the successor begins it again. After a household raised, those an incident concerns are
    looked at one by one, so that whose writing raises is known.
    """

    def __init__(
        self,
        committer: Committer,
        decider: Decider,
        households: Households,
        metrics: Metrics,
        shelf: Shelf,
    ) -> None:
        self.is_leaving = False
        self._is_careful = bool(committer.trials.household)
        self._committer = committer
        self._decider = decider
        self._households = households
        self._metrics = metrics
        self._shelf = shelf
        self._partition = committer.source.partition

    @property
    def _must_end(self) -> bool:
        return self.is_leaving or self._committer.is_stopped

    async def apply(self, fact: BroadcastRecord, record: ConsumerRecord[bytes, bytes]) -> None:
        """Judge whom the record concerns, then take it over.

        A day opened before or out of order changes nothing.
        """
        control = self._households.control
        trace = from_headers(record.headers)
        steered, outcome = apply_broadcast(control, fact, trace), "applied"
        match fact.data:
            case DayOpened(day=day) if steered is None:
                outcome = (
                    "ignored"
                    if control.open_day is not None and day <= control.open_day
                    else "out_of_order"
                )
            case DayOpened() as opened:
                await self._sweep(
                    self._keys_for(opened, control, steered or control),
                    steered or control,
                    fact,
                    record,
                )
            case FeedHeard() as heard:
                await self._sweep(
                    self._households.in_area(heard.area), steered or control, fact, record
                )
            case AreaStruck():
                # whom it may have hit is looked at between records
                await self._sweep([], steered or control, fact, record)
            case _:
                await self._sweep(self._households.in_area(""), steered or control, fact, record)
        if self._must_end:
            return
        if outcome != "applied":
            await self._pass(record, is_early=outcome == "out_of_order")
        self._metrics.facts.labels(fact.data.kind, outcome).inc()
        fields = {
            "kind": fact.data.kind,
            "outcome": outcome,
            "fact_id": fact.fact_id,
            "trace_id": trace_id(trace),
        }
        if not self._committer.is_folding:
            log.info("risk.broadcast", partition=self._partition, **fields)

    async def _pass(self, record: ConsumerRecord[bytes, bytes], *, is_early: bool) -> None:
        pending = self._decider.pending()
        if is_early:
            detail = "a day was opened before the days between"
            self._decider.set_aside(record, RefusalReason.DAY_OUT_OF_ORDER, detail, pending)
        await self._committer.commit(pending, record.offset + 1)

    def _keys_for(self, opened: DayOpened, control: Control, steered: Control) -> list[bytes]:
        """Return the households a new day concerns.

        That is everybody at go-live and when a policy value changes, else those something falls due
        or a feed falls silent for.
        """
        policy = self._households.policy_under(control)
        if control.open_day is None or (
            policy is not None and policy.changes(control.open_day, opened.day)
        ):
            return self._households.in_area("")
        silenced = newly_stale(control, steered, policy, self._households.registered_by_village())
        areas = [*silenced, *turning(control.incidents, control.open_day, opened.day)]
        return sorted({*self._households.due(opened.day), *self._in_areas(areas)})

    def _in_areas(self, areas: Iterable[str]) -> list[bytes]:
        return sorted({key for area in areas for key in self._households.in_area(area)})

    async def _sweep(
        self,
        keys: list[bytes],
        control: Control,
        fact: BroadcastRecord,
        record: ConsumerRecord[bytes, bytes],
    ) -> None:
        """Judge many households under the new control record.

        The last transaction moves the offset.

        If the worker dies between slices the fact is read again, and those already judged do not
        move a second time.
        """
        cause, trace = cause_of(fact), from_headers(record.headers)
        # nobody knows yet at which household
        is_alone = self._committer.trials.attempts.has_raised(record.offset)
        size = 1 if is_alone else SLICE
        for start in range(0, len(keys), size):
            if self._must_end:
                return
            pending = self._decider.pending()
            for key in keys[start : start + size]:
                await self._try(key, control, cause, trace, pending)
            if not self._must_end:
                await self._commit_slice(pending, keys[start], cause, is_alone=is_alone)
        if not self._must_end:
            await self._close(control, fact, record)

    async def _try(
        self, key: bytes, control: Control, cause: Cause, trace: str, pending: Pending
    ) -> None:
        """One household of a sweep. Raising once ends the process, raising twice marks it.

        Behind a household that stopped the partition none is tried: whoever raised next would end
        the process, at every start anew.
        """
        if self._must_end:
            return
        point = pending.outputs.savepoint()
        try:
            self._decider.catch_up_and_judge(key, control, cause, trace, pending)
        except Exception as error:  # noqa: BLE001 - what it is decides what follows
            pending.batch.drop(key)
            pending.outputs.restore(point, key)
            await self._failed(key, cause, error)

    async def _failed(self, key: bytes, cause: Cause, error: Exception) -> None:
        trials, household_id = self._committer.trials, key.decode()
        if trials.household != household_id or not is_defect(error):
            await self._committer.end_at(
                error, trials.failing(household_id), household_id=household_id
            )
        await self._mark(key, cause, place_of(error))

    async def _mark(self, key: bytes, cause: Cause, raised: str) -> None:
        """Mark the household in a transaction of its own.

        Where the next household raises as well, this one is not met again.
        """
        committer, now = self._committer, datetime.now(UTC)
        if committer.trials.attempts.is_program_at_fault(now):
            committer.stop(PROGRAM_AT_FAULT)
            return
        pending, household_id, offset = self._decider.pending(), key.decode(), committer.next_offset
        behind = f"{household_address(household_id)}:{self._partition}:{offset}"
        self._decider.mark(key, raised, behind, now, pending)
        detail = f"{raised}; the household is not judged until this is retried"
        pending.outputs.quarantined.append(
            self._shelf.hold_household(household_id, self._partition, offset, cause, detail)
        )
        pending.trials = committer.trials.set_aside(now)
        await committer.commit(pending, None)

    async def _commit_slice(
        self, pending: Pending, first: bytes, cause: Cause, *, is_alone: bool
    ) -> None:
        """A slice whose writing raises is tried again household by household."""
        try:
            await self._committer.commit(pending, None)
        except Exception as error:
            if not is_alone or not is_defect(error):
                raise
            await self._mark(first, cause, place_of(error))

    async def _close(
        self, control: Control, fact: BroadcastRecord, record: ConsumerRecord[bytes, bytes]
    ) -> None:
        pending = self._decider.pending()
        pending.batch.control = control
        if isinstance(fact.data, DayOpened):
            registered = self._households.registered_by_village()
            stale = stale_feeds(control, self._households.policy_under(control), registered)
            done = DayDone(
                partition=self._partition,
                day=fact.data.day,
                learned_at=fact.recorded_time,
                registered=registered,
                stale=stale,
            )
            pending.outputs.days.append((done, control.bundle))
        await self._committer.commit(pending, record.offset + 1)

    @property
    def has_rechecks(self) -> bool:
        """Whether households are to be looked at again beside the records."""
        return bool(self._households.control.looks) and not self._must_end

    async def recheck_on(self) -> None:
        """Look at a few of the households an incident concerns.

        This is one transaction, together with how far it went: no household's own fact waits for
        the others.
        """
        control = self._households.control
        look, *rest = control.looks
        size = 1 if self._is_careful else RECHECK_BATCH
        keys = [key for key in self._households.in_area(look.area) if key.decode() > look.after][
            :size
        ]
        pending = self._decider.pending()
        for key in keys:
            await self._try_look(key, pending)
        if self._must_end:
            return
        left = rest if len(keys) < size else [replace(look, after=keys[-1].decode()), *rest]
        pending.batch.control = replace(control, looks=tuple(left))
        try:
            await self._committer.commit(pending, None)
        except Exception as error:
            if not keys or not is_defect(error):
                raise
            await self._failed(keys[0], cause_of_look(look), error)

    async def _try_look(self, key: bytes, pending: Pending) -> None:
        if self._must_end:
            return
        look, point = self._households.control.looks[0], pending.outputs.savepoint()
        try:
            self._decider.look(look, key, pending)
        except Exception as error:  # noqa: BLE001 - as above
            pending.batch.drop(key)
            pending.outputs.restore(point, key)
            await self._failed(key, cause_of_look(look), error)
