"""Brings alerts' database up to date."""

from pathlib import Path

from foothold_alerts.settings import Settings
from foothold_runtime.process.migrate import run_missing


def migrate(settings: Settings) -> None:
    """Run the migrations that are missing."""
    migrate_at(settings.alerts_database_url)


def migrate_at(url: str) -> None:
    """Run the migrations that are missing in the database at an address."""
    run_missing(Path(__file__).with_name("migrations"), url)
