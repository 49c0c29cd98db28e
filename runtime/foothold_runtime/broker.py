"""How a client reaches Kafka.

It has the broker's addresses, and by which name the client speaks where the broker asks for one
(SASL_SSL, SCRAM-SHA-512).
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self, TypedDict

from pydantic import BaseModel, Field, SecretStr, model_validator

from foothold_runtime.variables import Addresses


class BrokerOptions(TypedDict):
    """What aiokafka's clients take."""

    bootstrap_servers: str
    security_protocol: Literal["PLAINTEXT", "SASL_SSL"]
    ssl_context: ssl.SSLContext | None
    sasl_mechanism: Literal["SCRAM-SHA-512"]
    sasl_plain_username: str | None
    sasl_plain_password: str | None


@dataclass(frozen=True, slots=True)
class Broker:
    """Addresses, and a name with its password.

    Without a name nothing is encrypted, as inside one machine. `ca`: who signed the broker's
    certificate.
    """

    bootstrap: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None

    @property
    def is_secured(self) -> bool:
        """Whether the connection is encrypted and the client names itself."""
        return self.username is not None

    @property
    def options(self) -> BrokerOptions:
        """The connection in aiokafka's words."""
        return {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": "SASL_SSL" if self.is_secured else "PLAINTEXT",
            "ssl_context": self.tls if self.is_secured else None,
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
        }

    @property
    def tls(self) -> ssl.SSLContext:
        """The broker's certificate is checked, and its host name."""
        return ssl.create_default_context(cafile=self.ca)


class BrokerSettings(BaseModel):
    """The variables every service reads."""

    kafka_bootstrap: Addresses = Field(description="Kafka's address, `host:port[,host:port]`.")
    kafka_username: str | None = Field(
        default=None,
        description=(
            "The service's name at a secured broker (SASL_SSL, SCRAM-SHA-512); without it the"
            " connection is plain."
        ),
    )
    kafka_password: SecretStr | None = Field(default=None, description="The password of that name.")
    kafka_ca: Path | None = Field(
        default=None,
        description=(
            "File with the certificate that signed the broker's; without it the system's own are"
            " trusted."
        ),
    )

    @model_validator(mode="after")
    def _names_itself_whole(self) -> Self:
        if (self.kafka_username is None) != (self.kafka_password is None):
            raise ValueError("FOOTHOLD_KAFKA_USERNAME and FOOTHOLD_KAFKA_PASSWORD belong together")
        if self.kafka_ca is not None and self.kafka_username is None:
            raise ValueError(
                "FOOTHOLD_KAFKA_CA needs FOOTHOLD_KAFKA_USERNAME: without a name the connection is"
                " plain"
            )
        if self.kafka_ca is not None and not self.kafka_ca.is_file():
            raise ValueError(f"FOOTHOLD_KAFKA_CA: there is no file {self.kafka_ca}")
        return self

    @property
    def broker(self) -> Broker:
        """The connection these describe."""
        password = None if self.kafka_password is None else self.kafka_password.get_secret_value()
        return Broker(self.kafka_bootstrap, self.kafka_username, password, self.kafka_ca)
