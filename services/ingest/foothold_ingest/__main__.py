"""Ingest's command line: the only place that reads settings.

What a command does is loaded when it is called: nobody waits for the rest.
"""

import argparse
import asyncio
from typing import Final

from foothold_ingest.arguments import parser
from foothold_ingest.settings import Settings
from foothold_runtime.process.command_line import read_environment, run_command

PROGRAM: Final = "foothold-ingest"


def main() -> None:
    """Parse the command line and do it."""
    arguments = parser().parse_args()
    settings = read_settings()
    run_command(PROGRAM, lambda: run(settings, arguments))


def run(settings: Settings, arguments: argparse.Namespace) -> str | None:
    """Do the command; return what to print."""
    match arguments.command:
        case "serve":
            from foothold_ingest.serve import serve  # noqa: PLC0415 - see above

            asyncio.run(serve(settings))
        case "migrate":
            from foothold_ingest.migrate import migrate  # noqa: PLC0415 - see above

            migrate(settings)
        case name:
            from foothold_ingest.commands import COMMANDS  # noqa: PLC0415 - see above

            return asyncio.run(COMMANDS[name](settings, arguments))
    return None


def read_settings() -> Settings:
    """From the environment; a missing or wrong variable ends the process with its name."""
    return read_environment(PROGRAM, Settings)


if __name__ == "__main__":
    main()
