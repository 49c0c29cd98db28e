"""What ingest is told from outside, read once.

Nothing else in this package looks at the environment.
"""

import socket
from enum import StrEnum
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from foothold_runtime.process_settings import ProcessSettings
from foothold_runtime.variables import DatabaseUrl, Port, Proxies
from foothold_schemas.seal import Purpose, Seal


class DayClock(StrEnum):
    """Who opens days: the wall clock, or an operator by hand (tests, demos)."""

    WALL = "wall"
    MANUAL = "manual"


class GoLive(StrEnum):
    """When the first day is opened.

    It is once the register is loaded and somebody says so, or as soon as ingest starts.
    """

    BY_COMMAND = "by_command"
    AT_START = "at_start"


class Settings(BaseSettings, ProcessSettings):
    """Variables of ingest. A field without a default must be given."""

    model_config = SettingsConfigDict(env_prefix="FOOTHOLD_", frozen=True)

    partitions: int = Field(
        ge=1, description="Partitions of this deployment's topics, fixed when it is created."
    )
    ingest_database_url: DatabaseUrl = Field(
        description="SQLAlchemy address of ingest's own database."
    )
    household_secret: SecretStr = Field(
        min_length=32, description="Key of the household ids. Losing it means losing them."
    )
    key_secret: SecretStr = Field(
        min_length=32, description="Key of the hashes of agencies' API keys."
    )
    quarantine_secret: SecretStr = Field(
        min_length=32, description="Seals what is set aside; the same for all three services."
    )
    directory_secret: SecretStr = Field(
        min_length=32, description="Wraps the households' data keys; ingest and alerts share it."
    )
    dead_letter_limit: int = Field(
        default=1_000,
        ge=1,
        description=(
            "So many bad records in a row, and a reader stops there instead of setting aside for"
            " ever."
        ),
    )
    go_live: GoLive = Field(
        default=GoLive.BY_COMMAND,
        description=(
            "Days by the wall clock begin `by_command` (`foothold-ingest go-live`) or `at_start`."
        ),
    )
    day_clock: DayClock = Field(
        default=DayClock.WALL, description="Who opens days: `wall` or `manual`."
    )
    oidc_issuer: str | None = Field(
        default=None,
        description=(
            "Issuer of agencies' access tokens, as its `iss` says; without it only keys are taken."
        ),
    )
    oidc_audience: str = Field(
        default="foothold-ingest", description="What the tokens' `aud` must name."
    )
    oidc_keys_url: str | None = Field(
        default=None, description="Address of the issuer's public keys (its `jwks_uri`)."
    )
    instance: str = Field(
        default_factory=socket.gethostname,
        description="Name of this replica; two replicas never share one.",
    )
    proxies: Proxies = Field(
        default="",
        description=(
            "Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed; empty:"
            " nobody's."
        ),
    )
    ingest_host: str = Field(default="127.0.0.1", description="Address of the agencies' door.")
    ingest_port: Port = Field(default=8080, description="Port of the agencies' door.")
    ingest_ops_host: str = Field(
        default="127.0.0.1", description="Address of ingest's metrics and health."
    )
    ingest_ops_port: Port = Field(default=9101, description="Port of ingest's metrics and health.")
    ingest_max_in_flight: int = Field(
        default=20_000, ge=1, description="Events waiting for Kafka before ingest answers 503."
    )

    ingest_send_seconds: float = Field(
        default=4.0,
        gt=0,
        description="How long ingest waits for Kafka before it answers 503, outcome unknown.",
    )

    @model_validator(mode="after")
    def _issuer_is_whole(self) -> Self:
        if (self.oidc_issuer is None) != (self.oidc_keys_url is None):
            raise ValueError("FOOTHOLD_OIDC_ISSUER and FOOTHOLD_OIDC_KEYS_URL belong together")
        if self.oidc_keys_url is not None and not self.oidc_keys_url.startswith(
            ("https://", "http://127.0.0.1:", "http://localhost:")
        ):
            raise ValueError(
                "FOOTHOLD_OIDC_KEYS_URL is an https address: whoever can change what it answers can"
                " speak for every agency"
            )
        return self


def quarantine_seal(settings: Settings) -> Seal:
    """What opens and closes quarantined records."""
    return Seal(settings.quarantine_secret.get_secret_value().encode(), Purpose.QUARANTINE)
