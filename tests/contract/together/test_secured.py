"""On a broker that trusts nobody a fact still becomes a case.

No name may do what the topic cards do not say.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from deploy.kafka.access import SERVICES, principal, rights
from deploy.local.ports import free_port
from foothold_runtime.broker import Broker
from foothold_schemas.wire.topics import (
    HOUSEHOLD_FACTS,
    RISK_GROUP,
    RISK_TRANSITIONS,
    TOPICS,
    agency_card,
)
from tests.conftest import TODAY
from tests.support.made.build import HOUSEHOLD
from tests.support.made.policy import write_test_policy
from tests.support.running.desk import case_number
from tests.support.running.parts import VAR
from tests.support.running.secured import ADMIN, SecuredStack, right_of
from tests.support.running.sender import Sender, eventually

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]

AT = datetime(2026, 6, 10, 2, tzinfo=UTC)
CLINIC, BANK = "clinic", "bank"
AGENCIES = (CLINIC, BANK)


@pytest.fixture(scope="module")
def secured() -> Iterator[SecuredStack]:
    VAR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="secured-", dir=VAR, ignore_cleanup_errors=True
    ) as temporary:
        write_test_policy(Path(temporary) / "policy")
        with SecuredStack(
            Path(temporary), [f"agency-{name}" for name in AGENCIES], Path(temporary) / "policy"
        ) as stack:
            for name in AGENCIES:
                lines = stack.command("ingest", "agency", "add", name).splitlines()
                stack.kafka.give(right_of(line) for line in lines if "kafka-acls.sh" in line)
            yield stack


@pytest.fixture
def sender(secured: SecuredStack) -> Iterator[Sender]:
    with Sender(secured) as started:
        yield started


def test_a_record_in_an_agencys_own_topic_becomes_a_case(
    secured: SecuredStack, sender: Sender
) -> None:
    sender.adopt()
    sender.say("operator", "DayOpened", "open", datetime.now(UTC), None, day=TODAY.isoformat())
    home = "370399/SAFE-1"
    entry = {
        "authority": "370399",
        "register_number": "SAFE-1",
        "area": "370399101202",
        "standing": "ordinary",
        "members": [{"person_ref": "s1"}],
    }
    registered = sender.event("statistics", "HouseholdRegistered", "safe-1", AT, home, **entry)
    eventually(
        lambda: sender.post("statistics", registered).is_success,
        "ingest knows the county that was added a moment ago",
    )
    bill = {
        "claim_number": "safe",
        "settled_on": "2026-06-01",
        "setting": "inpatient",
        "total": "25000.00",
    }
    event = sender.event(CLINIC, "MedicalClaimSettled", "safe-bill", AT, home, **bill)
    producer = Producer(secured.kafka.client(f"agency-{CLINIC}", acks="all"))
    producer.produce(agency_card(CLINIC).name, json.dumps(event).encode())
    assert producer.flush(20) == 0

    assert eventually(lambda: case_number(secured, "SAFE-1"), "a case stands at the desk")


def may_write(stack: SecuredStack, name: str, topic: str) -> bool:
    """By the broker's own word on a record.

    What is written means nothing to any reader and lies in quarantine.
    """
    errors: list[KafkaError | None] = []
    producer = Producer(stack.kafka.client(name, acks="all"))
    producer.produce(
        topic,
        b"nothing",
        b"nothing",
        partition=0,
        on_delivery=lambda error, _message: errors.append(error),
    )
    assert producer.flush(20) == 0
    (error,) = errors
    assert error is None or error.code() in (
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    ), error
    return error is None


async def reads(broker: Broker, topic: str) -> bool:
    """Whether a record of the topic comes; each has one in its first partition."""
    first = TopicPartition(topic, 0)
    async with AIOKafkaConsumer(
        **broker.options, group_id=None, enable_auto_commit=False
    ) as consumer:
        consumer.assign([first])
        consumer.seek(first, 0)
        try:
            return bool(await asyncio.wait_for(consumer.getone(first), 20))
        except TopicAuthorizationFailedError:
            return False


async def may_read(stack: SecuredStack, name: str) -> dict[str, bool]:
    """A topic of which the name is told nothing at all it cannot read."""
    asking = AdminClient(stack.kafka.client(name))
    errors = {
        card.name: asking.list_topics(card.name, timeout=20).topics[card.name].error
        for card in CARDS
    }
    assert {error.code() for error in errors.values() if error is not None} <= {
        KafkaError.TOPIC_AUTHORIZATION_FAILED
    }
    return {
        topic: error is None and await reads(stack.kafka.known_as(name), topic)
        for topic, error in errors.items()
    }


NAMES = (*map(principal, SERVICES), *(f"agency-{name}" for name in AGENCIES))
CARDS = (*TOPICS, *map(agency_card, AGENCIES))


@pytest.mark.parametrize("name", NAMES)
async def test_every_name_may_write_and_read_what_the_cards_say_and_nothing_else(
    secured: SecuredStack, name: str
) -> None:
    who = name.removeprefix("foothold-").removeprefix("agency-")
    for card in CARDS:
        assert may_write(secured, ADMIN, card.name)  # something to read

    assert {card.name: may_write(secured, name, card.name) for card in CARDS} == {
        card.name: who in card.writers for card in CARDS
    }
    assert await may_read(secured, name) == {card.name: who in card.readers for card in CARDS}


def test_nobody_comes_without_a_name_or_with_a_wrong_password(secured: SecuredStack) -> None:
    plain = AdminClient({"bootstrap.servers": secured.kafka.bootstrap})
    wrong = AdminClient({**secured.kafka.client(principal("risk")), "sasl.password": "guess"})
    for client in (plain, wrong):
        with pytest.raises(KafkaException):
            client.list_topics(timeout=3)


async def _joins(broker: Broker, topic: str) -> None:
    member = AIOKafkaConsumer(topic, **broker.options, group_id=RISK_GROUP)
    try:
        await member.start()
        await member.getmany(timeout_ms=20_000)
    finally:
        await member.stop()


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        (principal("alerts"), RISK_TRANSITIONS.name),
        (principal("ingest"), HOUSEHOLD_FACTS.name),
        (f"agency-{CLINIC}", agency_card(CLINIC).name),
    ],
)
async def test_nobody_joins_risks_group_or_takes_its_transactions(
    secured: SecuredStack, name: str, topic: str
) -> None:
    """Each of the two would stop risk.

    A member of its group takes partitions, and a producer of its name fences it.
    """
    producer = Producer(
        secured.kafka.client(name) | {"transactional.id": "foothold-risk-household-facts.v1-0"}
    )

    with pytest.raises(GroupAuthorizationFailedError):
        await _joins(secured.kafka.known_as(name), topic)
    with pytest.raises(KafkaException) as transactions:
        producer.init_transactions(20)
    assert transactions.value.args[0].code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED


@pytest.mark.parametrize(
    ("service", "command"),
    [
        *((service, "serve") for service in SERVICES),
        ("risk", "regions"),
        ("risk", f"explain {HOUSEHOLD} --on {TODAY}"),
    ],
)
def test_without_its_rights_a_service_says_so_in_one_sentence(
    secured: SecuredStack, service: str, command: str
) -> None:
    bank, variables = secured.kafka.known_as(f"agency-{BANK}"), secured.environment_of(service)
    variables |= {name: str(free_port()) for name in variables if name.endswith("_PORT")}
    variables |= {
        "FOOTHOLD_KAFKA_USERNAME": bank.username or "",
        "FOOTHOLD_KAFKA_PASSWORD": bank.password or "",
    }
    done = subprocess.run(
        [sys.executable, "-m", f"foothold_{service}", *command.split()],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.returncode == 1
    assert f"foothold-{service} cannot go on: Kafka does not let it" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_printed_command_gives_the_right_it_was_made_from() -> None:
    assert all(
        right_of(right.command) == right for service in SERVICES for right in rights(service)
    )
