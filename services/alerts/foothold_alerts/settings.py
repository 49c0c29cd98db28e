"""What alerts is told from outside, read once. Nothing else in this package looks at the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Variables of alerts. A field without a default must be given."""

    model_config = SettingsConfigDict(env_prefix="FOOTHOLD_", frozen=True)

    env: str = Field(default="production", description="`production` or `development`; production sends cookies over HTTPS only.")
    kafka_bootstrap: str = Field(description="Kafka's address, `host:port[,host:port]`.")
    alerts_database_url: str = Field(description="SQLAlchemy address of alerts' own database.")
    alerts_host: str = Field(default="127.0.0.1", description="Address of the caseworkers' door.")
    alerts_port: int = Field(default=8081, description="Port of the caseworkers' door.")
    alerts_ops_host: str = Field(default="127.0.0.1", description="Address of alerts' metrics and health.")
    alerts_ops_port: int = Field(default=9103, description="Port of alerts' metrics and health.")
    alerts_session_hours: int = Field(default=12, description="How long a log-in lasts.")
