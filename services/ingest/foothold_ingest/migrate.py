"""Brings ingest's database up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from foothold_ingest.settings import Settings, quarantine_seal


def migrate(settings: Settings) -> None:
    """Run the migrations that are missing."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("sqlalchemy.url", settings.ingest_database_url.replace("%", "%%"))
    config.attributes["quarantine_seal"] = quarantine_seal(settings)
    command.upgrade(config, "head")
