"""What risk is told from outside, read once.

Nothing else in this package looks at the environment.
"""

import socket
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from foothold_risk.policy.loader import SHIPPED
from foothold_runtime.process_settings import ProcessSettings
from foothold_runtime.variables import Port


class Settings(BaseSettings, ProcessSettings):
    """Variables of risk. A field without a default must be given."""

    model_config = SettingsConfigDict(env_prefix="FOOTHOLD_", frozen=True)

    instance: str = Field(
        default_factory=socket.gethostname,
        description="Name of this replica; two replicas never share one.",
    )
    partitions: int = Field(
        ge=1, description="Partitions of this deployment's topics, fixed when it is created."
    )
    policy_folder: Path = Field(
        default=SHIPPED,
        description=(
            "Folder of the policy bundles, one folder each with `bundle.yaml` and a file per"
            " region."
        ),
    )
    quarantine_secret: SecretStr = Field(
        min_length=32, description="Seals what is set aside; the same for all three services."
    )
    dead_letter_limit: int = Field(
        default=1_000,
        ge=1,
        description=(
            "So many bad records in a row, and a reader stops there instead of setting aside for"
            " ever."
        ),
    )
    risk_ops_host: str = Field(
        default="127.0.0.1", description="Address of risk's metrics and health."
    )
    risk_ops_port: Port = Field(default=9102, description="Port of risk's metrics and health.")
    risk_session_ms: int = Field(
        default=10_000,
        ge=1,
        description="How long Kafka waits for a silent worker before it gives its partitions away.",
    )
    risk_stall_seconds: float = Field(
        default=120.0, gt=0, description="A worker that makes no progress for so long ends itself."
    )
    regions_ops_host: str = Field(
        default="127.0.0.1", description="Address of the region windows' metrics and health."
    )
    regions_ops_port: Port = Field(
        default=9104, description="Port of the region windows' metrics and health."
    )
