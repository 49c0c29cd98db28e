"""Sends records in batches made here (ADR 3): a send for each record costs three times as much."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

Acknowledged: TypeAlias = list[asyncio.Future[object]]
Place: TypeAlias = tuple[str, int]
"""A topic and its partition."""


class TooLargeToWrite(MessageSizeTooLargeError):  # type: ignore[misc]  # noqa: N818 - says what it is
    """A record no batch of the producer takes."""


class ToWrite(Protocol):
    """What a batch needs of a record. A value of None erases under its key."""

    @property
    def key(self) -> bytes | None: ...  # noqa: D102 - a protocol's members speak for themselves
    @property
    def value(self) -> bytes | None: ...  # noqa: D102 - as above
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...  # noqa: D102 - as above


async def send_in_batches(
    producer: AIOKafkaProducer, records: Mapping[Place, Sequence[ToWrite]]
) -> Acknowledged:
    """Hand all of them to the producer; return what tells whether the broker took each batch.

    Records of one partition keep their order. Each answer must be awaited before anything that
    rests on it: a record the broker refuses (too large for its topic) is known by its answer only.
    Raise TooLargeToWrite.
    """
    answers: Acknowledged = []
    for (topic, partition), lines in records.items():
        batch = producer.create_batch()
        for line in lines:
            entry = {"key": line.key, "value": line.value, "headers": list(line.headers)}
            if batch.append(timestamp=None, **entry) is None:
                answers.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                if batch.append(timestamp=None, **entry) is None:
                    size = len(line.value or b"")
                    raise TooLargeToWrite(f"a record of {size} bytes for {topic}")
        answers.append(await producer.send_batch(batch, topic, partition=partition))
    return answers
