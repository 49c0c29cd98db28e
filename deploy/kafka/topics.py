"""Makes the topics of the topic cards, and refuses a topic that somebody has grown. The broker makes none by itself.

`python -m deploy.kafka.topics` reads FOOTHOLD_KAFKA_BOOTSTRAP, FOOTHOLD_PARTITIONS and FOOTHOLD_REPLICATION (1 if not given).
"""

import asyncio
import os
import sys

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.errors import CannotStart
from foothold_schemas.topics import TOPICS


def make_topics(bootstrap: str, partitions: int, replication: int = 1) -> None:
    """Make what is missing; raise CannotStart when a topic has another number of partitions."""
    asyncio.run(_make(bootstrap, partitions, replication))


async def _make(bootstrap: str, partitions: int, replication: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
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


def main() -> None:
    """From the environment; say in one sentence what is wrong."""
    try:
        make_topics(os.environ["FOOTHOLD_KAFKA_BOOTSTRAP"], int(os.environ["FOOTHOLD_PARTITIONS"]), int(os.environ.get("FOOTHOLD_REPLICATION", "1")))
    except KeyError as missing:
        sys.exit(f"The variable {missing} must be given.")
    except CannotStart as error:
        sys.exit(f"Foothold: {error}")


if __name__ == "__main__":
    main()
