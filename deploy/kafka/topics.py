"""Makes the topics of the topic cards, and refuses a topic that somebody has grown. The broker makes none by itself.

`python -m deploy.kafka.topics` reads FOOTHOLD_KAFKA_BOOTSTRAP (with _USERNAME, _PASSWORD and _CA where the broker is secured), FOOTHOLD_PARTITIONS and
FOOTHOLD_REPLICATION (1 if not given).
"""

import asyncio
import os
import sys
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.errors import CannotStart
from foothold_schemas.broker import Broker
from foothold_schemas.topics import TOPICS


def make_topics(broker: Broker, partitions: int, replication: int = 1) -> None:
    """Make what is missing; raise CannotStart when a topic has another number of partitions."""
    asyncio.run(_make(broker, partitions, replication))


async def _make(broker: Broker, partitions: int, replication: int) -> None:
    admin = AIOKafkaAdminClient(**broker.options)
    await admin.start()
    try:
        have = set(await admin.list_topics())
        missing = [card for card in TOPICS if card.name not in have]
        if missing:
            await admin.create_topics([NewTopic(card.name, partitions, replication, topic_configs=card.config) for card in missing])
        present = [card.name for card in TOPICS if card.name in have]
        for topic in await admin.describe_topics(present) if present else []:
            if len(topic["partitions"]) != partitions:
                raise CannotStart(
                    f"Topic {topic['topic']} has {len(topic['partitions'])} partitions, this deployment was made for {partitions}.",
                    "A household's order hangs on that number: replay into new topics instead of growing them.",
                )
    finally:
        await admin.close()


def _broker() -> Broker:
    ca = os.environ.get("FOOTHOLD_KAFKA_CA")
    name, password = os.environ.get("FOOTHOLD_KAFKA_USERNAME"), os.environ.get("FOOTHOLD_KAFKA_PASSWORD")
    return Broker(os.environ["FOOTHOLD_KAFKA_BOOTSTRAP"], name, password, None if ca is None else Path(ca))


def main() -> None:
    """From the environment; say in one sentence what is wrong."""
    try:
        make_topics(_broker(), int(os.environ["FOOTHOLD_PARTITIONS"]), int(os.environ.get("FOOTHOLD_REPLICATION", "1")))
    except KeyError as missing:
        sys.exit(f"The variable {missing} must be given.")
    except CannotStart as error:
        sys.exit(f"Foothold: {error}")


if __name__ == "__main__":
    main()
