"""Checks what must hold of a topic before anything reads it.

The topic may be seen at all, and it has the partitions the deployment was made for.
"""

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import TopicAuthorizationFailedError

from foothold_runtime.broker import Broker
from foothold_runtime.kafka_clients import started
from foothold_runtime.process.errors import WrongPartitions
from foothold_schemas.wire.topics import TopicCard


async def check_topic(broker: Broker, card: TopicCard, partitions: int) -> None:
    """Raise WrongPartitions, or TopicAuthorizationFailedError.

    A reader of an unseen topic would only log it, and wait.
    """
    async with started(AIOKafkaAdminClient(**broker.options)) as admin:
        topic = (await admin.describe_topics([card.name]))[0]
    if topic["error_code"] == TopicAuthorizationFailedError.errno:
        raise TopicAuthorizationFailedError(card.name)
    count = len(topic["partitions"])
    if count != partitions:
        raise WrongPartitions.of(card.name, count, partitions)
