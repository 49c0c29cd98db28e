"""One partition of the log, owned by this worker: judges records in order and commits state, outputs and offset in one transaction.

Memory changes only after the commit. Any exception ends the process; the successor fences this producer and restores from the changelog.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, time
from itertools import chain
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from msgspec.structs import replace

from foothold_risk.errors import MissingBundle
from foothold_risk.households import Batch, Control, Households
from foothold_risk.judge import asked, cause_of, cause_of_look, judge, steer
from foothold_risk.metrics import NO_GROUP, Metrics
from foothold_risk.outputs import Line, Outputs, Written
from foothold_risk.rules.calendar import SHANGHAI
from foothold_risk.rules.fold import Folded, fold
from foothold_risk.rules.incidents import Look, turning, waiting
from foothold_risk.rules.leaving import describe
from foothold_risk.rules.policy import Policy
from foothold_risk.sending import send
from foothold_risk.shelf import GROUP_ID, Shelf
from foothold_risk.signals import confirmation
from foothold_risk.silences import measure, newly_stale, stale_feeds
from foothold_schemas.codec import Unreadable, decode_fact
from foothold_schemas.decisions import CaseDecided, FindingExempted
from foothold_schemas.envelope import FactRecord
from foothold_schemas.facts import AreaStruck, BroadcastFact, DayOpened, FeedHeard
from foothold_schemas.quarantine import RefusalReason
from foothold_schemas.topics import HOUSEHOLD_STATE
from foothold_schemas.tracing import from_headers, trace_id
from foothold_schemas.transitions import DayDone, Transition

SLICE: Final = 500
AT_A_LOOK: Final = 50
BREATH: Final = 200
"""Records judged before heartbeats and health answers get their turn."""

log = structlog.get_logger()


class Partition:
    """State and producer of one partition. `busy` is held while a transaction runs; `next_offset` is the first record not yet judged.

    `is_leaving`: somebody else is about to own it, so a long sweep ends after the slice at hand; the successor begins the sweep again.
    `is_stopped`: everything that came was bad, so nothing more is read until somebody has looked and started the worker again.
    """

    def __init__(
        self,
        *,
        source: TopicPartition,
        partitions: int,
        producer: AIOKafkaProducer,
        households: Households,
        metrics: Metrics,
        shelf: Shelf,
        next_offset: int,
        on_commit: Callable[[], None],
    ) -> None:
        self.source = source
        self.producer = producer
        self.households = households
        self.next_offset = next_offset
        self.busy = asyncio.Lock()
        self.is_leaving = False
        self.is_stopped = False
        self._partitions = partitions
        self._shelf = shelf
        self._bad_in_a_row = 0
        self._metrics = metrics
        self._on_commit = on_commit
        self.measure_silence()

    async def work(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        """Judge records in order. A fact for everybody is a border: what came before is committed first."""
        batch, outputs = Batch(self.households), self._outputs()
        last = self.next_offset - 1
        for record in records:
            if record.offset < self.next_offset or self.is_stopped or self.is_leaving:
                continue
            fact = self._read(record, outputs)
            self._bad_in_a_row = 0 if fact is not None else self._bad_in_a_row + 1
            self.is_stopped = self._bad_in_a_row >= self._shelf.limit
            if fact is not None and fact.household_id is None:
                await self._commit(batch, outputs, record.offset)
                while isinstance(fact.data, DayOpened | AreaStruck) and self.has_looks:
                    await self.look_on()
                await self._broadcast(fact, record)
                batch, outputs = Batch(self.households), self._outputs()
            elif fact is not None:
                self._judge(fact, record, batch, outputs)
            last = record.offset
            if record.offset % BREATH == 0:
                await asyncio.sleep(0)
        if last >= self.next_offset and not self.is_leaving:
            await self._commit(batch, outputs, last + 1)

    def _outputs(self) -> Outputs:
        return Outputs(self.source.partition, self._partitions)

    def _read(self, record: ConsumerRecord[bytes, bytes], outputs: Outputs) -> FactRecord | None:
        try:
            fact = decode_fact(record.value)
        except Unreadable as error:
            self._set_aside(record, error.reason, error.detail, outputs)
            return None
        is_for_all = isinstance(fact.data, BroadcastFact)
        if is_for_all != (fact.household_id is None) or (not is_for_all and record.key != (fact.household_id or "").encode()):
            self._set_aside(record, RefusalReason.WRONG_KEY, "the record's key is not its household", outputs)
            return None
        return fact

    def _set_aside(self, record: ConsumerRecord[bytes, bytes], reason: RefusalReason, detail: str, outputs: Outputs) -> None:
        outputs.quarantined.append(self._shelf.hold(record, reason, detail))
        outputs.lines.append({"event": "risk.quarantined", "offset": record.offset, "reason": reason.value, "detail": detail})

    def _judge(self, fact: FactRecord, record: ConsumerRecord[bytes, bytes], batch: Batch, outputs: Outputs) -> None:
        data, household_id = fact.data, fact.household_id
        if isinstance(data, BroadcastFact) or household_id is None:
            raise AssertionError("a fact for everybody is not judged for one household")
        control, key, trace = self.households.control, household_id.encode(), from_headers(record.headers)
        self._catch_up(key, batch, outputs)
        before = batch.get(key)
        household, folded = fold(before, fact, data, control.open_day)
        said: tuple[Transition, ...] = ()
        if folded is Folded.TOO_OLD:
            self._set_aside(record, RefusalReason.TOO_OLD, f"{data.kind} lies more than 25 months before the open day", outputs)
        elif folded is Folded.ID_REUSED:
            self._set_aside(record, RefusalReason.ID_REUSE, f"another {data.kind} came under this id; give a correction an id of its own", outputs)
        if household is not before:  # applied; or itself too old or withdrawn, but it replaces others
            decided = data if isinstance(data, CaseDecided | FindingExempted) else None
            cause = cause_of(fact)
            judged = judge(household_id, household, control, self._policy(control), cause, decided, before)
            batch.put(key, judged.household)
            outputs.add(key, judged, trace, cause.ends)
            if (confirmed := confirmation(self.source.partition, household_id, before, judged.household, control.open_day)) is not None:
                outputs.signals.append(confirmed)
            said = judged.said
            if decided is not None and judged.refused:
                folded = Folded.REFUSED
                self._set_aside(record, RefusalReason.CONDITION_UNMET, f"{asked(decided)}: {describe(judged.refused)}", outputs)
        told: Line = {"event": "risk.fact", "fact_id": fact.fact_id, "household_id": household_id, "kind": data.kind, "outcome": folded.value}
        outputs.lines.append({**told, "movements": [t.movement.value for t in said], "trace_id": trace_id(trace)})

    def _policy(self, control: Control) -> Policy | None:
        if control.bundle is None:
            return None
        try:
            return self.households.policies[control.bundle]
        except KeyError:
            raise MissingBundle(f"policy bundle {control.bundle} is in force but not in this worker's policy folder") from None

    async def _broadcast(self, fact: FactRecord, record: ConsumerRecord[bytes, bytes]) -> None:
        control = self.households.control
        trace = from_headers(record.headers)
        steered, outcome = steer(control, fact, trace), "applied"
        match fact.data:
            case DayOpened(day=day) if steered is None:
                outcome = "ignored" if control.open_day is not None and day <= control.open_day else "out_of_order"
            case DayOpened() as opened:
                await self._sweep(self._keys_for(opened, control, steered or control), steered or control, fact, record)
            case FeedHeard() as heard:
                await self._sweep(self.households.in_area(heard.area), steered or control, fact, record)
            case AreaStruck():
                await self._sweep([], steered or control, fact, record)  # whom it may have hit is looked at between records
            case _:
                await self._sweep(self.households.in_area(""), steered or control, fact, record)
        if self.is_leaving:
            return
        if outcome != "applied":
            outputs = self._outputs()
            if outcome == "out_of_order":
                self._set_aside(record, RefusalReason.DAY_OUT_OF_ORDER, "a day was opened before the days between", outputs)
            await self._commit(Batch(self.households), outputs, record.offset + 1)
        self.measure_silence()
        self._metrics.facts.labels(fact.data.kind, outcome).inc()
        told = {"kind": fact.data.kind, "outcome": outcome, "fact_id": fact.fact_id, "trace_id": trace_id(trace)}
        log.info("risk.broadcast", partition=self.source.partition, **told)

    def measure_silence(self) -> None:
        """Say which feeds are silent where its households live."""
        control = self.households.control
        measure(self._metrics, control, self._policy(control), self.households.registered_by_village())

    def _keys_for(self, opened: DayOpened, control: Control, steered: Control) -> list[bytes]:
        """Whom a new day concerns: everybody at go-live and when a policy value changes, else those something falls due or a feed falls silent for."""
        policy = self._policy(control)
        if control.open_day is None or (policy is not None and policy.changes(control.open_day, opened.day)):
            return self.households.in_area("")
        silenced = newly_stale(control, steered, policy, self.households.registered_by_village())
        areas = [*silenced, *turning(control.incidents, control.open_day, opened.day)]
        return sorted({*self.households.due(opened.day), *self._in_areas(areas)})

    def _in_areas(self, areas: Iterable[str]) -> list[bytes]:
        return sorted({key for area in areas for key in self.households.in_area(area)})

    async def _sweep(self, keys: list[bytes], control: Control, fact: FactRecord, record: ConsumerRecord[bytes, bytes]) -> None:
        """Judge many households under the new control record, in slices of one transaction each; the last one moves the offset.

        If the worker dies between slices the fact is read again, and those already judged do not move a second time.
        """
        policy = self._policy(control)
        cause, trace = cause_of(fact), from_headers(record.headers)
        for start in range(0, len(keys), SLICE):
            if self.is_leaving:
                return
            batch, outputs = Batch(self.households), self._outputs()
            for key in keys[start : start + SLICE]:
                self._catch_up(key, batch, outputs)
                judged = judge(key.decode(), batch.get(key), control, policy, cause)
                batch.put(key, judged.household)
                outputs.add(key, judged, trace)
            await self._commit(batch, outputs, None)
        batch, outputs = Batch(self.households), self._outputs()
        batch.control = control
        if isinstance(fact.data, DayOpened):
            registered = self.households.registered_by_village()
            stale = stale_feeds(control, policy, registered)
            done = DayDone(partition=self.source.partition, day=fact.data.day, learned_at=fact.recorded_time, registered=registered, stale=stale)
            outputs.days.append((done, control.bundle))
        await self._commit(batch, outputs, record.offset + 1)

    @property
    def has_looks(self) -> bool:
        """Whether households are to be looked at again beside the records."""
        return bool(self.households.control.looks) and not self.is_leaving and not self.is_stopped

    async def look_on(self) -> None:
        """A few of the households an incident concerns, in one transaction with how far that went: no household's own fact waits for the others."""
        control = self.households.control
        look, *rest = control.looks
        keys = [key for key in self.households.in_area(look.area) if key.decode() > look.after][:AT_A_LOOK]
        batch, outputs = Batch(self.households), self._outputs()
        for key in keys:
            self._look(look, key, batch, outputs)
        left = rest if len(keys) < AT_A_LOOK else [replace(look, after=keys[-1].decode()), *rest]
        batch.control = replace(control, looks=tuple(left))
        await self._commit(batch, outputs, None)

    def _catch_up(self, key: bytes, batch: Batch, outputs: Outputs) -> None:
        """What came first is judged first, as the log has it: incidents that have still to reach the household."""
        if (looks := self.households.control.looks) and (register := batch.get(key).register) is not None:
            for look in waiting(looks, key.decode(), register.area):
                self._look(look, key, batch, outputs)

    def _look(self, look: Look, key: bytes, batch: Batch, outputs: Outputs) -> None:
        control, cause = self.households.control, cause_of_look(look)
        judged = judge(key.decode(), batch.get(key), control, self._policy(control), cause)
        batch.put(key, judged.household)
        outputs.add(key, judged, look.trace, cause.ends)

    async def _commit(self, batch: Batch, outputs: Outputs, next_offset: int | None) -> None:
        """One transaction; then, and only then, memory."""
        if next_offset == self.next_offset:
            return
        with self._metrics.batch_seconds.time():
            async with self.producer.transaction():
                own = self.source.partition
                await send(self.producer, chain((Written(HOUSEHOLD_STATE.name, own, *record) for record in batch.records()), outputs.messages()))
                if next_offset is not None:
                    await self.producer.send_offsets_to_transaction({self.source: next_offset}, GROUP_ID)
        self._on_commit()
        self.households.take_over(batch)
        if next_offset is not None:
            self.next_offset = next_offset
        self._tell(outputs)

    def _tell(self, outputs: Outputs) -> None:
        partition = str(self.source.partition)
        self._metrics.stopped.labels(partition).set(self.is_stopped)
        if self.is_stopped:
            log.error("risk.reader_stopped", partition=self.source.partition, bad_in_a_row=self._shelf.limit, do="mend the writer, then start risk again")
        for transition in outputs.transitions:
            self._metrics.transitions.labels(transition.movement.value, transition.group.value if transition.group else NO_GROUP).inc()
        for quarantined in outputs.quarantined:
            self._metrics.quarantined.labels(quarantined.reason.value).inc()
        for line in outputs.lines:
            if line["event"] == "risk.fact":
                self._metrics.facts.labels(line["kind"], line["outcome"]).inc()
            log.info(partition=self.source.partition, **line)
        self._metrics.households.labels(partition).set(self.households.registered.total())
        if (day := self.households.control.open_day) is not None:
            self._metrics.open_day.labels(partition).set(datetime.combine(day, time.min, SHANGHAI).timestamp())
