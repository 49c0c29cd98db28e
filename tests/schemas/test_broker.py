"""Tests the connection to Kafka.

It is plain without a name, encrypted and named with one, and never half of it.
"""

import ssl
from pathlib import Path

import pytest
from pydantic import ValidationError

from foothold_runtime.broker import Broker, BrokerSettings


def test_without_a_name_the_connection_is_plain() -> None:
    options = BrokerSettings(kafka_bootstrap="k:9092").broker.options

    assert (options["bootstrap_servers"], options["security_protocol"], options["ssl_context"]) == (
        "k:9092",
        "PLAINTEXT",
        None,
    )


def test_with_a_name_it_is_encrypted_and_the_certificate_is_checked() -> None:
    broker = BrokerSettings.model_validate(
        {"kafka_bootstrap": "k:9093", "kafka_username": "foothold-risk", "kafka_password": "word"}
    ).broker
    options = broker.options
    context = options["ssl_context"]

    assert (
        options["security_protocol"],
        options["sasl_mechanism"],
        options["sasl_plain_password"],
    ) == ("SASL_SSL", "SCRAM-SHA-512", "word")
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert "word" not in repr(broker)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kafka_username": "foothold-risk"}, "belong together"),
        ({"kafka_password": "word"}, "belong together"),
        ({"kafka_ca": "ca.pem"}, "FOOTHOLD_KAFKA_CA needs FOOTHOLD_KAFKA_USERNAME"),
        (
            {"kafka_username": "n", "kafka_password": "word", "kafka_ca": "nowhere.pem"},
            "there is no file nowhere.pem",
        ),
    ],
)
def test_half_of_it_is_refused_by_name(given: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as refused:
        BrokerSettings.model_validate({"kafka_bootstrap": "k:9092", **given})

    assert "word" not in str(refused.value.errors(include_input=False))


def test_the_countys_own_certificate_is_the_one_trusted(tmp_path: Path) -> None:
    nothing = tmp_path / "ca.pem"
    nothing.write_text("no certificate")

    with pytest.raises(ssl.SSLError):
        _ = Broker("k:9093", "n", "p", nothing).options
