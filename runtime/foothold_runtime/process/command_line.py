"""How a service's command line begins and ends.

It reads the settings once, and says in a sentence why the service cannot start or go on.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TypeVar

from pydantic import ValidationError

from foothold_runtime.process.away import unavailable_dependency
from foothold_runtime.process.errors import CannotServe, Refused
from foothold_runtime.variables import what_is_wrong

S = TypeVar("S")


def read_environment(program: str, settings: Callable[[], S]) -> S:
    """Read the settings; a missing or wrong variable ends the process with its name."""
    try:
        return settings()
    except ValidationError as error:
        sys.exit(f"{program} cannot start: {what_is_wrong(error)}")


def run_service(package: str, settings: object, arguments: argparse.Namespace) -> str | None:
    """Do a command of a service with a database; return what to print.

    `serve` and `migrate` are functions in modules of that name; every other command stands in the
    table COMMANDS of the module `commands`. Each is loaded when it is called: nobody waits for the
    rest.
    """
    match arguments.command:
        case "serve":
            asyncio.run(import_module(f"{package}.serve").serve(settings))
            return None
        case "migrate":
            import_module(f"{package}.migrate").migrate(settings)
            return None
        case name:
            commands = import_module(f"{package}.commands").COMMANDS
            message: str | None = asyncio.run(commands[name](settings, arguments))
            return message


def run_command(program: str, command: Callable[[], str | None]) -> None:
    """Run the command and print what it returns.

    What somebody at the terminal can change ends the process with a sentence that says what; a bug
    keeps its traceback.
    """
    try:
        if (message := command()) is not None:
            sys.stdout.write(message + "\n")
    except (CannotServe, Refused) as error:
        sys.exit(f"{program} cannot go on: {error}")
    except Exception as error:
        if (reason := unavailable_dependency(error)) is None:
            raise
        sys.exit(f"{program} cannot go on: {reason}")
