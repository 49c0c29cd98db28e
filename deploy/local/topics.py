"""Makes the topics of the topic cards, and refuses a topic that somebody has grown. The broker makes none by itself."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.errors import CannotStart
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
