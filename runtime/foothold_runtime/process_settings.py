"""The variables every service reads, and what a service in production refuses to start with."""

from enum import StrEnum
from itertools import combinations
from typing import Final, Self

from pydantic import Field, SecretStr, model_validator

from foothold_runtime.broker import BrokerSettings
from foothold_runtime.variables import Environment, NamedPairs

FEWEST_CHARACTERS: Final = 10
"""Different ones in a secret. 32 random characters of base64 practically never have fewer."""
_GUESSED: Final = (
    "changeme",
    "change-me",
    "password",
    "foothold",
    "secret",
    "example",
    "0123456789",
    "qwertyuiop",
)

_PLAIN: Final = (
    "FOOTHOLD_KAFKA_USERNAME is missing, so Kafka would be spoken to in clear: name the service at"
    " a secured broker, or say FOOTHOLD_KAFKA_PLAINTEXT=private_network where nobody else is on the"
    " network"
)


class PlainKafka(StrEnum):
    """Where Kafka may be spoken to without encryption although people's work hangs on it."""

    REFUSED = "refused"
    PRIVATE_NETWORK = "private_network"


class ProcessSettings(BrokerSettings):
    """A service's own settings derive from this one."""

    env: Environment = Field(
        default=Environment.PRODUCTION,
        description=(
            "`production` or `development`; production refuses secrets that can be guessed, plain"
            " Kafka and plain HTTP."
        ),
    )
    kafka_plaintext: PlainKafka = Field(
        default=PlainKafka.REFUSED,
        description=(
            "`private_network`: production may speak to Kafka in clear, on a network nobody else"
            " is in."
        ),
    )
    start: str = Field(
        default="",
        max_length=100,
        description=(
            "A word that `/readyz` repeats: by it, whoever starts a service knows that it answers"
            " itself."
        ),
    )
    folders: NamedPairs = Field(
        default="",
        description=(
            "Folders whose disks are measured, `name=/path` with commas between: the broker's, the"
            " database's."
        ),
    )
    peers: NamedPairs = Field(
        default="",
        description=(
            "Ops endpoints of other services, `name=http://host:port` with commas between: do they"
            " answer?"
        ),
    )

    @model_validator(mode="after")
    def _is_fit_for_production(self) -> Self:
        if self.env is Environment.PRODUCTION and (
            wrong := [*self._weak_secrets(), *self._open_lines()]
        ):
            raise ValueError("; ".join(wrong))
        return self

    def _weak_secrets(self) -> list[str]:
        held = {
            f"FOOTHOLD_{name.upper()}": value.get_secret_value()
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), SecretStr) and name != "kafka_password"
        }
        weak = [
            f"{name} can be guessed: make one with 'openssl rand -base64 33'"
            for name, secret in held.items()
            if is_guessable(secret)
        ]
        alike = [
            f"{first} and {other} are the same: each guards something else, so each is its own"
            for first, other in combinations(held, 2)
            if held[first] == held[other]
        ]
        return weak + alike

    def _open_lines(self) -> list[str]:
        if self.kafka_username is not None or self.kafka_plaintext is PlainKafka.PRIVATE_NETWORK:
            return []
        return [_PLAIN]


def is_guessable(secret: str) -> bool:
    """Whether a secret is easy to guess.

    It is when it has a word of an example, is a few characters over and over, or is a short piece
    repeated.
    """
    if len(set(secret)) < FEWEST_CHARACTERS or any(word in secret.lower() for word in _GUESSED):
        return True
    return secret in (secret + secret)[1:-1]
