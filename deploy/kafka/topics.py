"""Makes the topics of the topic cards, and refuses a topic that somebody has grown.

The broker makes none by itself.

`python -m deploy.kafka.topics` reads FOOTHOLD_KAFKA_BOOTSTRAP (with _USERNAME, _PASSWORD and _CA
where the broker is secured), FOOTHOLD_PARTITIONS and FOOTHOLD_REPLICATION (1 if not given).
"""

import asyncio
import os
import sys

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pydantic import ValidationError

from deploy.errors import CannotStart
from foothold_runtime.broker import Broker, BrokerSettings
from foothold_runtime.kafka_clients import started
from foothold_schemas.wire.topics import TOPICS


def make_topics(broker: Broker, partitions: int, replication: int = 1) -> None:
    """Make what is missing; raise CannotStart when a topic has another number of partitions."""
    asyncio.run(_make(broker, partitions, replication))


async def _make(broker: Broker, partitions: int, replication: int) -> None:
    async with started(AIOKafkaAdminClient(**broker.options)) as admin:
        have = set(await admin.list_topics())
        missing = [card for card in TOPICS if card.name not in have]
        if missing:
            await admin.create_topics(
                [
                    NewTopic(card.name, partitions, replication, topic_configs=card.config)
                    for card in missing
                ]
            )
        present = [card.name for card in TOPICS if card.name in have]
        for topic in await admin.describe_topics(present) if present else []:
            if len(topic["partitions"]) != partitions:
                raise CannotStart(
                    f"Topic {topic['topic']} has {len(topic['partitions'])} partitions, this"
                    f" deployment was made for {partitions}.",
                    "A household's order hangs on that number: replay into new topics instead of"
                    " growing them.",
                )


def _broker() -> Broker:
    """By the same variables as the services, and as strict."""
    variables = {"kafka_bootstrap": os.environ["FOOTHOLD_KAFKA_BOOTSTRAP"]}
    more = ("kafka_username", "kafka_password", "kafka_ca")
    variables |= {
        name: os.environ[variable]
        for name in more
        if (variable := f"FOOTHOLD_{name.upper()}") in os.environ
    }
    return BrokerSettings.model_validate(variables).broker


def main() -> None:
    """From the environment; say in one sentence what is wrong."""
    try:
        make_topics(
            _broker(),
            int(os.environ["FOOTHOLD_PARTITIONS"]),
            int(os.environ.get("FOOTHOLD_REPLICATION", "1")),
        )
    except KeyError as missing:
        sys.exit(f"The variable {missing} must be given.")
    except ValidationError as wrong:
        sys.exit("; ".join(problem["msg"] for problem in wrong.errors(include_input=False)))
    except CannotStart as error:
        sys.exit(f"Foothold: {error}")


if __name__ == "__main__":
    main()
