"""Brings alerts' database up to date."""

from pathlib import Path

from foothold_runtime.process.migrate import run_missing


def migrate(url: str) -> None:
    """Run the migrations that are missing."""
    run_missing(Path(__file__).with_name("migrations"), url)
