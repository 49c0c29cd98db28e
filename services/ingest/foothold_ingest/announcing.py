"""What agencies say to everybody goes out a few at a time: each makes risk look at the households of a whole area, and others' facts wait meanwhile (ADR 43).

The next few go out once risk has taken the last, and after as long a pause as it took: half of risk's time stays the others', whatever one agency sends.
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

from foothold_ingest.publish import Publisher, Unknown, fact_line
from foothold_ingest.rules.judgement import Accepted, Judgement
from foothold_runtime.kafka_clients import started
from foothold_schemas.broker import Broker
from foothold_schemas.envelope import FactRecord
from foothold_schemas.facts import AreaStruck, FeedHeard
from foothold_schemas.topics import HOUSEHOLD_FACTS, RISK_GROUP

AT_ONCE: Final = 4
MOST_UNTAKEN: Final = 500
"""Of an agency, while risk is not there: nobody waits behind them yet, but somebody will."""
LOOK_SECONDS: Final = 0.1
LONGEST_PAUSE: Final = 60.0
IMPATIENT_SECONDS: Final = 10.0
LONGEST_WAIT: Final = 300.0
"""Behind a partition of risk that stands still: whoever watches Foothold knows of it by then, and the agency's other facts wait behind these."""
_REMEMBERED: Final = 4_000
_MEMBERS: Final = 5
"""Where a group's description has its members."""

log = structlog.get_logger()


@dataclass(slots=True)
class Spoken:
    """What an agency said that risk may not have taken yet: the last offset in each partition, when, and how many. `names`: what need not be said again."""

    ends: Mapping[int, int] = field(default_factory=dict)
    said_at: float = 0.0
    untaken: int = 0
    names: "OrderedDict[bytes, None]" = field(default_factory=OrderedDict)

    def said(self, ends: Mapping[int, int], names: Sequence[bytes]) -> None:
        """These too."""
        self.ends, self.said_at, self.untaken = ends, time.monotonic(), self.untaken + len(names)
        self.names.update(dict.fromkeys(names))
        while len(self.names) > _REMEMBERED:
            self.names.popitem(last=False)


class Announcer:
    """Broadcasts facts of agencies. Agencies do not wait for one another here, only for the transaction at hand."""

    def __init__(self, publisher: Publisher, broker: Broker) -> None:
        self._publisher = publisher
        self._broker = broker
        self._spoken: defaultdict[str, Spoken] = defaultdict(Spoken)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def announce(self, accepted: Sequence[Accepted], *, is_patient: bool) -> None:
        """Say them to every partition; raise Unknown where Kafka does not confirm, or an impatient door would wait long.

        Sending the same events again then goes on where it stopped: what was said is not said a second time.
        """
        by_agency: defaultdict[str, list[Accepted]] = defaultdict(list)
        for one in accepted:
            by_agency[one.record.agency].append(one)
        try:
            async with asyncio.timeout(None if is_patient else IMPATIENT_SECONDS):
                for agency, some in by_agency.items():
                    await self._announce(agency, some)
        except TimeoutError:
            raise Unknown from None

    async def _announce(self, agency: str, accepted: Sequence[Accepted]) -> None:
        spoken = self._spoken[agency]
        async with self._turns[agency]:
            new = [(name, one) for one in accepted if (name := _name(one.record)) not in spoken.names]
            for start in range(0, len(new), AT_ONCE):
                some = new[start : start + AT_ONCE]
                await self._turn(agency, spoken)
                ends = await self._publisher.broadcast([fact_line(one.record, one.traceparent) for _, one in some])
                spoken.said(ends, [name for name, _ in some])

    async def _turn(self, agency: str, spoken: Spoken) -> None:
        """Return when risk has taken what the agency said last; while risk is not there, as long as not too much waits for it."""
        if not spoken.untaken:
            return
        began, has_waited = time.monotonic(), False
        try:
            async with started(AIOKafkaAdminClient(**self._broker.options)) as admin:
                while not await _is_taken(admin, spoken.ends) and time.monotonic() - began < LONGEST_WAIT:
                    if spoken.untaken < MOST_UNTAKEN and not await _is_at_work(admin):
                        return
                    if not has_waited:
                        log.info("ingest.announcement_waits", agency=agency, untaken=spoken.untaken)
                    has_waited = True
                    await asyncio.sleep(LOOK_SECONDS)
        except KafkaError:
            return  # who broadcasts next will say so
        spoken.untaken = 0
        if has_waited:
            await asyncio.sleep(min(time.monotonic() - spoken.said_at, LONGEST_PAUSE))


async def _is_taken(admin: AIOKafkaAdminClient, ends: Mapping[int, int]) -> bool:
    sources = {TopicPartition(HOUSEHOLD_FACTS.name, partition): end for partition, end in ends.items()}
    taken = await admin.list_consumer_group_offsets(RISK_GROUP, partitions=list(sources))
    return all(source in taken and taken[source].offset > end for source, end in sources.items())


async def _is_at_work(admin: AIOKafkaAdminClient) -> bool:
    """Whether anybody is in risk's group."""
    answers = await admin.describe_consumer_groups([RISK_GROUP])
    return any(group[_MEMBERS] for answer in answers for group in answer.groups)


def _name(record: FactRecord) -> bytes:
    """The same for the same event sent again."""
    told = (record.fact_id, record.time.isoformat(), record.data.model_dump_json())
    return blake2b("\n".join(told).encode(), digest_size=16).digest()


def is_announced(judgement: Judgement) -> bool:
    """Whether it is an agency's fact for everybody."""
    return isinstance(judgement, Accepted) and isinstance(judgement.record.data, FeedHeard | AreaStruck)


def up_to_a_turn(judged: Sequence[Judgement]) -> Sequence[Judgement]:
    """The first of them, with no more facts for everybody than go out at once: a reader commits behind these before it waits for the next."""
    many = 0
    for place, one in enumerate(judged):
        many += is_announced(one)
        if many > AT_ONCE:
            return judged[:place]
    return judged
