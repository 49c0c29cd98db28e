"""Faust's client as the region windows need it.

It reads only what is committed, has a thread that ends, and the service's own name.
"""

import faust
from aiokafka import AIOKafkaConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from mode.threads import ServiceThread, WorkerThread

from foothold_runtime.broker import Broker


class Expendable(WorkerThread):
    """A thread that never keeps the process alive.

    When Kafka is unavailable it waits for it, and cannot be asked to end.
    """

    def __init__(self, service: ServiceThread) -> None:
        super().__init__(service)
        self.daemon = True


class CommittedOnlyThread(AIOKafkaConsumerThread):
    """Faust reads what transactions took back unless it writes transactions itself.

    A signal of risk counts only when it is committed.
    """

    Worker = Expendable

    def _create_worker_consumer(self, transport: Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - Faust offers no setting for it
        return consumer


class CommittedOnlyConsumer(Consumer):
    """The consumer that goes with it."""

    def _new_consumer_thread(self) -> CommittedOnlyThread:
        return CommittedOnlyThread(self, loop=self.loop, beacon=self.beacon)


class CommittedOnlyTransport(Transport):
    """The transport that goes with it."""

    Consumer = CommittedOnlyConsumer


def credentials(broker: Broker) -> faust.SASLCredentials | None:
    """The same name and certificate as every other client of the service."""
    if not broker.is_secured:
        return None
    return faust.SASLCredentials(
        username=broker.username,
        password=broker.password,
        mechanism="SCRAM-SHA-512",
        ssl_context=broker.tls,
    )
