"""Brings ingest's database up to date."""

from pathlib import Path

from foothold_ingest.settings import Settings, quarantine_seal
from foothold_runtime.process.migrate import run_missing


def migrate(settings: Settings) -> None:
    """Run the migrations that are missing."""
    run_missing(
        Path(__file__).with_name("migrations"),
        settings.ingest_database_url,
        quarantine_seal=quarantine_seal(settings),
    )
