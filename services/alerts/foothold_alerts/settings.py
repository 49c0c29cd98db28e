"""What alerts is told from outside, read once.

Nothing else in this package looks at the environment.
"""

from typing import Self

from pydantic import DirectoryPath, Field, FilePath, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from foothold_runtime.process_settings import ProcessSettings
from foothold_runtime.variables import DatabaseUrl, Environment, PageUrl, Port, Proxies
from foothold_schemas.seal import Purpose, Seal


class Settings(BaseSettings, ProcessSettings):
    """Variables of alerts. A field without a default must be given."""

    model_config = SettingsConfigDict(env_prefix="FOOTHOLD_", frozen=True)

    partitions: int = Field(
        ge=1, description="Partitions of this deployment's topics, fixed when it is created."
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
    alerts_database_url: DatabaseUrl = Field(
        description="SQLAlchemy address of alerts' own database."
    )
    alerts_url: PageUrl = Field(
        default="http://127.0.0.1:8081",
        description="The desk's address as people reach it, for links in notices.",
    )
    alerts_calendars: DirectoryPath | None = Field(
        default=None,
        description="Folder with a county's own statutory calendars, one `<year>.yaml` each.",
    )
    alerts_workflows: DirectoryPath | None = Field(
        default=None,
        description=(
            "Folder with a county's own versions of the workflow, `monitoring-<version>.yaml`; new"
            " cases go by the newest."
        ),
    )
    alerts_area_names: FilePath | None = Field(
        default=None,
        description=(
            "CSV of a county's own areas, `code,name` and if wanted `name_en`: townships and"
            " villages, which the standard's table does not name."
        ),
    )
    proxies: Proxies = Field(
        default="",
        description=(
            "Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed; empty:"
            " nobody's."
        ),
    )
    alerts_host: str = Field(default="127.0.0.1", description="Address of the caseworkers' door.")
    alerts_port: Port = Field(default=8081, description="Port of the caseworkers' door.")
    alerts_ops_host: str = Field(
        default="127.0.0.1", description="Address of alerts' metrics and health."
    )
    alerts_ops_port: Port = Field(default=9103, description="Port of alerts' metrics and health.")
    alerts_session_hours: int = Field(default=12, ge=1, description="How long a log-in lasts.")

    @model_validator(mode="after")
    def _is_reached_by_https(self) -> Self:
        if self.env is Environment.PRODUCTION and not self.alerts_url.startswith("https://"):
            raise ValueError(
                "FOOTHOLD_ALERTS_URL is an http address: links in notices would send log-ins in"
                " clear; put a proxy with TLS before the desk"
            )
        return self


def notice_seal(settings: Settings) -> Seal:
    """What keeps addresses of people to tell."""
    return Seal(settings.directory_secret.get_secret_value().encode(), Purpose.NOTICE)
