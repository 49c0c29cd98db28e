"""Alerts' command line: the only place that reads settings."""

from typing import Final

from foothold_alerts.arguments import parser
from foothold_alerts.settings import Settings
from foothold_runtime.process.command_line import read_environment, run_command, run_service

PROGRAM: Final = "foothold-alerts"


def main() -> None:
    """Parse the command line and do it."""
    arguments = parser().parse_args()
    settings = read_settings()
    run_command(PROGRAM, lambda: run_service("foothold_alerts", settings, arguments))


def read_settings() -> Settings:
    """From the environment; a missing or wrong variable ends the process with its name."""
    return read_environment(PROGRAM, Settings)


if __name__ == "__main__":
    main()
