"""What one record means for its household, put into a batch and its outputs.

Nothing here is committed, and nothing is half done that raised alone.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition

from foothold_risk.messages.area_signal import confirmation
from foothold_risk.messages.judge import Subject, Verdict, asked, judge, names_for
from foothold_risk.rules.context.cause import Cause, cause_of, cause_of_look
from foothold_risk.rules.context.control import Control
from foothold_risk.rules.context.incidents import Recheck, waiting
from foothold_risk.rules.household.fold import MOST_FACTS, MOST_WITHDRAWN, Folded, fold
from foothold_risk.rules.household.household import Household, Unjudged, fresh
from foothold_risk.rules.status.leaving import describe
from foothold_risk.worker.outputs import Line, Outputs
from foothold_risk.worker.quarantine import Shelf
from foothold_risk.worker.retry import address_of, cause_in
from foothold_risk.worker.state import Batch, Households
from foothold_risk.worker.trials import Trials
from foothold_schemas.facts.decisions import CaseDecided, FindingExempted
from foothold_schemas.facts.envelope import BroadcastRecord, HouseholdRecord
from foothold_schemas.messages.transitions import Judgement
from foothold_schemas.wire.codec import WRONG_KEY, Unreadable, decode_fact
from foothold_schemas.wire.quarantine import RefusalReason
from foothold_schemas.wire.tracing import from_headers, trace_id

WAITS = "waits"


FULL: Final = (
    f"the household holds {MOST_FACTS} facts of agencies, or {MOST_WITHDRAWN} taken back: see"
    " whether its sender puts everything under one subject"
)


@dataclass(slots=True)
class Pending:
    """What the next transaction will hold, and the first and last record it is of.

    `trials`: what is remembered with it, where that is more than that these records are done with.
    """

    batch: Batch
    outputs: Outputs
    first: int = -1
    last: int = -1
    trials: Trials | None = None

    def holds(self, offset: int) -> None:
        """Deal with this record in it."""
        self.first = offset if self.first < 0 else self.first
        self.last = offset


class Decider:
    """Decides for the households of one partition."""

    def __init__(
        self, source: TopicPartition, partitions: int, households: Households, shelf: Shelf
    ) -> None:
        self._source = source
        self._partitions = partitions
        self._households = households
        self._shelf = shelf

    def pending(self) -> Pending:
        """Nothing yet."""
        return Pending(Batch(self._households), Outputs(self._source.partition, self._partitions))

    def read(
        self, record: ConsumerRecord[bytes, bytes], pending: Pending
    ) -> HouseholdRecord | BroadcastRecord | None:
        """The fact; None for a record that was set aside because it is none."""
        try:
            fact = decode_fact(record.value)
        except Unreadable as error:
            self.set_aside(record, error.reason, error.detail, pending)
            return None
        if isinstance(fact, HouseholdRecord) and record.key != fact.household_id.encode():
            self.set_aside(record, RefusalReason.WRONG_KEY, WRONG_KEY, pending)
            return None
        return fact

    def set_aside(
        self,
        record: ConsumerRecord[bytes, bytes],
        reason: RefusalReason,
        detail: str,
        pending: Pending,
    ) -> None:
        """Keep the record whole, with the reason."""
        pending.outputs.quarantined.append(self._shelf.hold(record, reason, detail))
        pending.outputs.lines.append(
            {
                "event": "risk.quarantined",
                "offset": record.offset,
                "reason": reason.value,
                "detail": detail,
            }
        )

    def decide(
        self, fact: HouseholdRecord, record: ConsumerRecord[bytes, bytes], pending: Pending
    ) -> None:
        """Fold the household's fact and judge.

        Where the household is not judged, the fact waits behind the record that raised.
        """
        key = fact.household_id.encode()
        mark = pending.batch.get(key).unjudged
        if mark is not None and address_of(record) != mark.behind:
            detail = (
                f"waits behind {mark.behind}: its household is not judged until that is retried"
            )
            self.set_aside(record, RefusalReason.UNPROCESSABLE, detail, pending)
            pending.outputs.lines.append(self._line(fact, WAITS, (), record))
            return
        if mark is not None:
            self._resume(key, mark, record, pending)
        self._catch_up(key, pending)
        self._fold_and_judge(fact, record, pending, is_resumed=mark is not None)

    def _fold_and_judge(
        self,
        fact: HouseholdRecord,
        record: ConsumerRecord[bytes, bytes],
        pending: Pending,
        *,
        is_resumed: bool,
    ) -> None:
        data, control, key = fact.data, self._households.control, record.key or b""
        before = pending.batch.get(key)
        names = names_for(before, data, control.open_day, self._households.policy)
        household, folded = fold(before, fact, data, control.open_day, names)
        if folded is Folded.TOO_OLD:
            self.set_aside(
                record,
                RefusalReason.TOO_OLD,
                f"{data.kind} lies more than 25 months before the open day",
                pending,
            )
        elif folded is Folded.ID_REUSED:
            self.set_aside(
                record,
                RefusalReason.ID_REUSE,
                f"another {data.kind} came under this id; give a correction an id of its own",
                pending,
            )
        elif folded is Folded.FULL:
            self.set_aside(record, RefusalReason.HOUSEHOLD_FULL, FULL, pending)
        if household is before and not is_resumed:
            pending.outputs.lines.append(self._line(fact, folded.value, (), record))
            return
        # else applied; or itself too old or withdrawn, but it replaces others
        cause = cause_of(fact, is_correction=folded is Folded.REPLACED)
        decided = data if isinstance(data, CaseDecided | FindingExempted) else None
        subject = Subject(key.decode(), household, cause, decided, before)
        judged = self._judged(subject, from_headers(record.headers), pending)
        if judged.refused and decided is not None:
            folded = Folded.REFUSED
            self.set_aside(
                record,
                RefusalReason.CONDITION_UNMET,
                f"{asked(decided)}: {describe(judged.refused)}",
                pending,
            )
        pending.outputs.lines.append(
            self._line(
                fact, folded.value, tuple(t.movement.value for t in judged.transitions), record
            )
        )

    def _judged(self, subject: Subject, trace: str, pending: Pending) -> Verdict:
        control, before, key = (
            self._households.control,
            subject.before,
            subject.household_id.encode(),
        )
        judged = judge(subject, control, self._households.policy)
        pending.batch.put(key, judged.household)
        pending.outputs.add(key, judged, trace, subject.cause.ends)
        if before is None or not isinstance(subject.decided, CaseDecided):
            return judged
        confirmed = confirmation(
            self._source.partition,
            subject.household_id,
            before,
            judged.household,
            control.open_day,
        )
        if confirmed is not None:
            pending.outputs.signals.append(confirmed)
        return judged

    @staticmethod
    def _line(
        fact: HouseholdRecord,
        outcome: str,
        movements: tuple[str, ...],
        record: ConsumerRecord[bytes, bytes],
    ) -> Line:
        line: Line = {
            "event": "risk.fact",
            "fact_id": fact.fact_id,
            "household_id": fact.household_id,
            "kind": fact.data.kind,
            "outcome": outcome,
        }
        return {
            **line,
            "movements": list(movements),
            "trace_id": trace_id(from_headers(record.headers)),
        }

    def look_again(self, record: ConsumerRecord[bytes, bytes], pending: Pending) -> None:
        """Judge a household for the cause it was stopped at, as a marker came for it.

        No record of its own had stopped it.
        """
        key = record.key or b""
        mark = pending.batch.get(key).unjudged
        if mark is None or address_of(record) != mark.behind:
            return
        cause = cause_in(record)
        self._resume(key, mark, record, pending)
        self.judge(key, self._households.control, cause, from_headers(record.headers), pending)

    def judge(
        self, key: bytes, control: Control, cause: Cause, trace: str, pending: Pending
    ) -> None:
        """Judge a household without a fact of its own. One that is marked stays as it is."""
        household = pending.batch.get(key)
        if household.unjudged is not None:
            return
        judged = judge(
            Subject(key.decode(), household, cause), control, self._households.policy_under(control)
        )
        pending.batch.put(key, judged.household)
        pending.outputs.add(key, judged, trace, cause.ends)

    def catch_up_and_judge(
        self, key: bytes, control: Control, cause: Cause, trace: str, pending: Pending
    ) -> None:
        """Judge it after the incidents that have still to reach it."""
        self._catch_up(key, pending)
        self.judge(key, control, cause, trace, pending)

    def look(self, look: Recheck, key: bytes, pending: Pending) -> None:
        """An incident reaches a household."""
        self.judge(key, self._households.control, cause_of_look(look), look.trace, pending)

    def _catch_up(self, key: bytes, pending: Pending) -> None:
        """Judge the incidents that have still to reach the household.

        What came first is judged first, as the log has it.
        """
        if (looks := self._households.control.looks) and (
            register := pending.batch.get(key).register
        ) is not None:
            for look in waiting(looks, key.decode(), register.area):
                self.look(look, key, pending)

    def mark(self, key: bytes, raised: str, behind: str, now: datetime, pending: Pending) -> None:
        """From now on the household is not judged.

        What it is stays as it was before the record that raised.
        """
        household = pending.batch.get(key)
        known = household.unjudged
        since = now if known is None else known.since
        pending.batch.put(key, fresh(household, unjudged=Unjudged(since, raised, behind)))
        if known is None:
            pending.outputs.judgements.append(judgement_of(key, household, since, is_judged=False))
        pending.outputs.lines.append(
            {
                "event": "risk.household_not_judged",
                "household_id": key.decode(),
                "raised": raised,
                "behind": behind,
            }
        )

    def _resume(
        self, key: bytes, mark: Unjudged, record: ConsumerRecord[bytes, bytes], pending: Pending
    ) -> None:
        household = fresh(pending.batch.get(key), unjudged=None)
        pending.batch.put(key, household)
        since = max(mark.since, datetime.fromtimestamp(max(0, record.timestamp) / 1000, UTC))
        pending.outputs.judgements.append(judgement_of(key, household, since, is_judged=True))
        pending.outputs.lines.append(
            {"event": "risk.household_judged_again", "household_id": key.decode()}
        )


def judgement_of(
    key: bytes, household: Household, since: datetime, *, is_judged: bool
) -> Judgement:
    """That risk judges the household no more, or again."""
    register = household.register
    return Judgement(
        household_id=key.decode(),
        is_judged=is_judged,
        since=since,
        register_number=None if register is None else register.register_number,
        area=None if register is None else register.area,
    )
