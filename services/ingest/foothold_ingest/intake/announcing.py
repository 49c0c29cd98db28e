"""Sends what agencies say to everybody a few at a time.

Each makes risk look at the households of a whole area, and others' facts wait meanwhile (ADR 43).

The next few go out once risk has taken the last, and after as long a pause as it took: half of
risk's time stays the others', whatever one agency sends.
"""

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import structlog
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from foothold_ingest.log.writer import Publisher, Unknown, fact_line
from foothold_ingest.rules.accept import kind_of
from foothold_ingest.rules.judgement import Accepted, Judgement, Rejected
from foothold_ingest.rules.strict_json import JsonValue
from foothold_runtime.broker import Broker
from foothold_runtime.kafka_clients import started
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import AreaStruck, FeedHeard
from foothold_schemas.wire.topics import HOUSEHOLD_FACTS, RISK_GROUP

AT_ONCE: Final = 4
MOST_UNTAKEN: Final = 500
"""Of an agency, while risk is not there: nobody waits behind them yet, but somebody will."""
ABSENT_SECONDS: Final = 60.0
"""So long nobody may be in risk's group before it counts as not there: a restart is over sooner."""
POLL_SECONDS: Final = 0.1
LONGEST_PAUSE: Final = 60.0
IMPATIENT_SECONDS: Final = 10.0
LONGEST_WAIT: Final = 120.0
"""Behind a partition of risk that stands still: the agency's other facts wait behind these. With
the pause it is less than a client may be silent."""
_REMEMBERED: Final = 4_000
ANNOUNCED_KINDS: Final = frozenset({"AreaStruck", "FeedHeard"})
_MEMBERS: Final = 5
"""Where a group's description has its members."""

log = structlog.get_logger()


@dataclass(slots=True)
class Outstanding:
    """What an agency said that risk may not have taken yet.

    It has the last offset in each partition, when, and how many. `names`: what need not be said
    again.

    `seen_untaken_at`: when risk was last seen not to have come so far. `not_before`: when the next
    may go out.
    """

    ends: Mapping[int, int] = field(default_factory=dict)
    said_at: float = 0.0
    untaken: int = 0
    seen_untaken_at: float = 0.0
    not_before: float = 0.0
    names: "OrderedDict[bytes, None]" = field(default_factory=OrderedDict)

    def record(self, ends: Mapping[int, int], names: Sequence[bytes]) -> None:
        """These went out."""
        self.ends, self.said_at, self.untaken = ends, time.monotonic(), self.untaken + len(names)
        self.names.update(dict.fromkeys(names))
        while len(self.names) > _REMEMBERED:
            self.names.popitem(last=False)

    def taken(self) -> None:
        """Record that risk has come so far.

        The next wait for as long as it was seen to take, whoever asks for them and when.
        """
        took = max(0.0, self.seen_untaken_at - self.said_at)
        self.untaken, self.not_before = 0, time.monotonic() + min(took, LONGEST_PAUSE)


class Announcer:
    """Broadcasts facts of agencies.

    Agencies do not wait for one another here, only for the transaction at hand.
    """

    def __init__(self, publisher: Publisher, broker: Broker) -> None:
        self._publisher = publisher
        self._broker = broker
        self._outstanding: defaultdict[str, Outstanding] = defaultdict(Outstanding)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._seen_at_work = -ABSENT_SECONDS

    async def announce(self, accepted: Sequence[Accepted], *, is_patient: bool) -> None:
        """Say them to every partition.

        Raise Unknown where Kafka does not confirm, or an impatient door would wait long.

        Sending the same events again then goes on where it stopped: what was said is not said a
        second time.
        """
        by_agency: defaultdict[str, list[Accepted]] = defaultdict(list)
        for judgement in accepted:
            by_agency[judgement.record.agency].append(judgement)
        deadline = None if is_patient else asyncio.get_running_loop().time() + IMPATIENT_SECONDS
        for agency, some in by_agency.items():
            for start in range(0, len(some), AT_ONCE):
                await self._say(agency, some[start : start + AT_ONCE], deadline)

    async def _say(self, agency: str, some: Sequence[Accepted], deadline: float | None) -> None:
        """A few.

        Only the waiting may be cut short: a transaction that is cut short leaves a producer nobody
        can use.
        """
        outstanding, turn = self._outstanding[agency], self._turns[agency]
        named = {_name(judgement.record): judgement for judgement in some}
        try:
            async with asyncio.timeout_at(deadline):
                await turn.acquire()
        except TimeoutError:
            raise Unknown from None
        try:
            new = {
                name: judgement
                for name, judgement in named.items()
                if name not in outstanding.names
            }
            if not new:
                return
            async with asyncio.timeout_at(deadline):
                await self._wait(agency, outstanding)
            ends = await self._publisher.broadcast(
                [fact_line(judgement.record, judgement.traceparent) for judgement in new.values()]
            )
            outstanding.record(ends, list(new))
        except TimeoutError:
            raise Unknown from None
        finally:
            turn.release()

    async def _wait(self, agency: str, outstanding: Outstanding) -> None:
        """Until risk has taken what the agency said last, and as long again.

        While risk is not there, as long as not too much waits for it.
        """
        if outstanding.untaken:
            try:
                async with started(AIOKafkaAdminClient(**self._broker.options)) as admin:
                    await self._until_taken(admin, agency, outstanding)
            except KafkaError as error:
                do = (
                    "where the broker asks for rights, give ingest those that 'python -m"
                    " deploy.kafka.access' prints; else nothing"
                )
                log.error("ingest.announcements_not_paced", error=type(error).__name__, do=do)  # noqa: TRY400 - it may repeat an address
                return
        await asyncio.sleep(max(0.0, outstanding.not_before - time.monotonic()))

    async def _until_taken(
        self, admin: AIOKafkaAdminClient, agency: str, outstanding: Outstanding
    ) -> None:
        began = time.monotonic()
        while not await _is_taken(admin, outstanding.ends):
            now = time.monotonic()
            if await _is_at_work(admin):
                self._seen_at_work = now
            is_absent = now - self._seen_at_work >= ABSENT_SECONDS
            if now - began >= LONGEST_WAIT or (is_absent and outstanding.untaken < MOST_UNTAKEN):
                return
            if outstanding.seen_untaken_at < outstanding.said_at:
                log.info("ingest.announcement_waits", agency=agency, untaken=outstanding.untaken)
            outstanding.seen_untaken_at = now
            await asyncio.sleep(POLL_SECONDS)
        outstanding.taken()


async def _is_taken(admin: AIOKafkaAdminClient, ends: Mapping[int, int]) -> bool:
    sources = {
        TopicPartition(HOUSEHOLD_FACTS.name, partition): end for partition, end in ends.items()
    }
    taken = await admin.list_consumer_group_offsets(RISK_GROUP, partitions=list(sources))
    return all(source in taken and taken[source].offset > end for source, end in sources.items())


async def _is_at_work(admin: AIOKafkaAdminClient) -> bool:
    """Whether anybody is in risk's group."""
    answers = await admin.describe_consumer_groups([RISK_GROUP])
    return any(group[_MEMBERS] for answer in answers for group in answer.groups)


def _name(record: FactRecord) -> bytes:
    """The same for the same event sent again."""
    statement = (record.fact_id, record.time.isoformat(), record.data.model_dump_json())
    return blake2b("\n".join(statement).encode(), digest_size=16).digest()


def is_announced(judgement: Judgement) -> bool:
    """Whether it is an agency's fact for everybody."""
    return isinstance(judgement, Accepted) and isinstance(
        judgement.record.data, FeedHeard | AreaStruck
    )


def up_to_a_turn(events: Sequence[JsonValue | Rejected]) -> int:
    """Return how many of the first events make up one turn.

    They hold no more facts for everybody than go out at once. A reader commits behind these before
    it waits for the next.
    """
    many = 0
    for place, event in enumerate(events):
        many += not isinstance(event, Rejected) and kind_of(event) in ANNOUNCED_KINDS
        if many > AT_ONCE:
            return place
    return len(events)
