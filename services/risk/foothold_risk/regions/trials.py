"""What the region windows remember of signals that raised.

It is beside an offset of a group of its own, because Faust commits nothing for them.

The windows are folded from the log's start at every start, so what was set aside once has to be
left out every time. The group has no members: Kafka forgets what was written a week ago, so it is
written again at every start and every day.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import OffsetAndMetadata

from foothold_runtime.attempts import Attempts
from foothold_runtime.broker import Broker
from foothold_runtime.kafka_clients import started

GROUP_ID: Final = "risk-regions-attempts"
MOST_REMEMBERED: Final = 100
"""Kafka keeps four thousand characters beside an offset; the attempts take one."""
_SEPARATOR: Final = "|"


@dataclass(frozen=True, slots=True)
class SignalTrials:
    """`aside`: offsets left out of the fold."""

    attempts: Attempts = field(default_factory=Attempts)
    aside: tuple[int, ...] = ()

    @classmethod
    def read(cls, metadata: str) -> Self:
        """From the text beside the offset; nothing is known where it is another program's."""
        words, _, offsets = metadata.partition(_SEPARATOR)
        numbers = [number for number in offsets.split(",") if number]
        is_ours = all(number.isascii() and number.isdigit() for number in numbers)
        return cls(Attempts.read(words), tuple(map(int, numbers)) if is_ours else ())

    def text(self) -> str:
        """As it stands beside the offset."""
        return f"{self.attempts.text()}{_SEPARATOR}{','.join(map(str, self.aside))}"

    def raising(self, offset: int) -> "SignalTrials":
        """The signal raised once."""
        return replace(self, attempts=self.attempts.raising(offset, offset))

    def set_aside(self, offset: int, now: datetime) -> "SignalTrials":
        """The signal raised twice."""
        return SignalTrials(self.attempts.past(offset + 1).set_aside(now), (*self.aside, offset))

    def from_offset(self, first: int) -> "SignalTrials":
        """Without what the log holds no longer."""
        return replace(self, aside=tuple(offset for offset in self.aside if offset >= first))

    def must_stop(self, now: datetime) -> bool:
        """Whether nothing more may be set aside."""
        return self.attempts.is_program_at_fault(now) or len(self.aside) >= MOST_REMEMBERED


async def load(broker: Broker, source: TopicPartition) -> SignalTrials:
    """What is known of the partition."""
    async with started(AIOKafkaAdminClient(**broker.options)) as admin:
        known = (await admin.list_consumer_group_offsets(GROUP_ID, partitions=[source])).get(source)
    return SignalTrials() if known is None else SignalTrials.read(known.metadata or "")


async def save(broker: Broker, source: TopicPartition, offset: int, trials: SignalTrials) -> None:
    """Write it down; the offset beside it is only where it happened."""
    async with started(
        AIOKafkaConsumer(**broker.options, group_id=GROUP_ID, enable_auto_commit=False)
    ) as consumer:
        consumer.assign([source])
        await consumer.commit({source: OffsetAndMetadata(offset, trials.text())})
