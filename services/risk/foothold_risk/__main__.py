"""Risk's command line: the only place that reads settings.

What a command does is loaded when it is called: nobody waits for the rest.
"""

import argparse
import asyncio
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Final

from foothold_risk import commands
from foothold_risk.policy.loader import SHIPPED, load_folder
from foothold_risk.policy.text import PolicyError
from foothold_risk.rules.calendar import SHANGHAI
from foothold_risk.rules.policy import Policy
from foothold_risk.settings import Settings
from foothold_runtime.process.command_line import read_environment, run_command
from foothold_runtime.process.errors import CannotServe

PROGRAM: Final = "foothold-risk"


def main() -> None:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="foothold-risk", description="Foothold's judge.")
    subcommands = parser.add_subparsers(dest="command", required=True)
    subcommands.add_parser("serve", help="judge facts until SIGTERM")
    subcommands.add_parser(
        "regions",
        help="watch whole areas until SIGTERM: windows over villages, townships and counties",
    )
    policy = subcommands.add_parser("policy", help="policy bundles").add_subparsers(
        dest="action", required=True
    )
    check = policy.add_parser(
        "check", help="load every bundle of a folder and print its hash and title"
    )
    check.add_argument("folder", nargs="?", type=Path, default=SHIPPED)
    show = policy.add_parser("show", help="what is in force somewhere on a day, with its sources")
    show.add_argument(
        "--area", required=True, help="county (6 digits), township (9) or village (12)"
    )
    show.add_argument("--on", required=True, type=date.fromisoformat, help="the day, YYYY-MM-DD")
    show.add_argument("--folder", type=Path, default=SHIPPED)
    adopt = policy.add_parser("adopt", help="make a bundle decide from now on")
    adopt.add_argument("bundle", help="the bundle's hash, or its beginning")
    adopt.add_argument(
        "--door", required=True, help="ingest's address, such as http://127.0.0.1:8080"
    )
    adopt.add_argument(
        "--key-file",
        required=True,
        type=argparse.FileType(encoding="utf-8"),
        help="file with an operator's key; - reads standard input",
    )
    adopt.add_argument("--folder", type=Path, default=SHIPPED)
    explain = subcommands.add_parser(
        "explain",
        help="fold a household's log again; every step and number, compared with what was said",
    )
    explain.add_argument("household", help="the household's id, 32 hex digits")
    explain.add_argument(
        "--on", required=True, type=date.fromisoformat, help="as of this day, YYYY-MM-DD"
    )
    subcommands.add_parser(
        "items",
        help=(
            "income items that the policy in force names nowhere: they count as income until a"
            " county says what they are"
        ),
    )
    arguments = parser.parse_args()
    if arguments.command == "policy":
        sys.stdout.write(policy_command(arguments))
        return
    settings = read_settings()
    run_command(PROGRAM, lambda: run(settings, arguments))


def run(settings: Settings, arguments: argparse.Namespace) -> None:
    """Do the command, with Kafka."""
    match arguments.command:
        case "explain":
            asyncio.run(explain_household(settings, arguments.household, arguments.on))
        case "items":
            asyncio.run(list_items(settings))
        case "regions":
            from foothold_risk.regions.serve import serve_regions  # noqa: PLC0415 - see above

            asyncio.run(serve_regions(settings, load(settings.policy_folder)))
        case _:
            from foothold_risk.serve import serve  # noqa: PLC0415 - see above

            asyncio.run(serve(settings, load(settings.policy_folder)))


async def explain_household(settings: Settings, household_id: str, on: date) -> None:
    """Print the explanation; where it differs from what was said then, say so and end with 1."""
    from foothold_risk.explain import (  # noqa: PLC0415 - see above
        as_said,
        differences,
        is_of_other_rules,
        read,
        replay,
        tell,
    )

    policies = load(settings.policy_folder)
    facts, stored = await read(settings.broker, household_id, settings.partitions)
    try:
        replayed = replay(household_id, facts, policies, on)
    except CannotServe as error:
        sys.exit(f"foothold-risk: {error}")
    unlike = differences(replayed.transitions, stored, on)
    replayed.transitions = as_said(replayed.transitions, stored, on)
    sys.stdout.writelines(f"{line}\n" for line in tell(household_id, replayed, policies, on))
    if is_of_other_rules(replayed.transitions):
        sys.stdout.write(
            "  以上按当时的规则版本如实列示 shown as it was said, each step under the rules it"
            " names\n"
        )
        return
    if unlike:
        sys.exit(
            "\n".join(
                [
                    "  与当时所述不同 differs from what was said then:",
                    *(f"  {line}" for line in unlike),
                ]
            )
        )
    sys.stdout.write(f"  与当时所述一致 equals what was said then: {len(replayed.transitions)}\n")


async def list_items(settings: Settings) -> None:
    """Print how often each was sent, by whom, and the item; for the policy staff."""
    from foothold_risk.explain import unknown_items  # noqa: PLC0415 - see above

    lines = await unknown_items(
        settings.broker,
        settings.partitions,
        load(settings.policy_folder),
        datetime.now(SHANGHAI).date(),
    )
    sys.stdout.write(
        "\n".join(lines or ["政策已列出全部收入项目 every income item is named by the policy"])
        + "\n"
    )


def policy_command(arguments: argparse.Namespace) -> str:
    """What a policy command prints; a problem ends the process with its sentence."""
    policies = load(arguments.folder)
    try:
        match arguments.action:
            case "check":
                return commands.check(policies)
            case "show":
                return commands.show(policies, arguments.area, arguments.on)
            case _:
                return commands.adopt(
                    policies, arguments.bundle, arguments.door, arguments.key_file.read().strip()
                )
    except commands.NotDone as error:
        sys.exit(f"foothold-risk: {error}")


def load(folder: Path) -> dict[str, Policy]:
    """The bundles, or the end of the process with file and line."""
    try:
        return load_folder(folder)
    except PolicyError as error:
        sys.exit(f"foothold-risk cannot start: {error}")


def read_settings() -> Settings:
    """From the environment; a missing or wrong variable ends the process with its name."""
    return read_environment(PROGRAM, Settings)


if __name__ == "__main__":
    main()
