"""What may be typed after `foothold-ingest`."""

import argparse
from pathlib import Path
from typing import TypeAlias

from foothold_schemas.wire.quarantine import RefusalReason

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse has no public name for it


def parser() -> argparse.ArgumentParser:
    """The commands."""
    root = argparse.ArgumentParser(prog="foothold-ingest", description="Foothold's front door.")
    first = root.add_subparsers(dest="command", required=True)
    first.add_parser("serve", help="take events until SIGTERM")
    first.add_parser("migrate", help="bring the database up to date")
    live = first.add_parser(
        "go-live", help="open the first day, once the register and twelve months are loaded"
    )
    live.add_argument(
        "--loud",
        action="store_true",
        help="notify people of the cases that follow from what was loaded",
    )
    directory = first.add_parser("directory", help="whom to visit").add_subparsers(
        dest="action", required=True
    )
    directory.add_parser("erase", help="destroy a household's contact and its key").add_argument(
        "subject", help="<county>/<register number>"
    )
    _agencies(first)
    _people(first)
    _quarantine(first)
    reader = first.add_parser("reader", help="who reads agencies' topics").add_subparsers(
        dest="action", required=True
    )
    reader.add_parser("list", help="topics that are paused, and what was lost of them")
    reader.add_parser(
        "resume", help="read an agency's topic on, once its sender is mended"
    ).add_argument("agency")
    work = first.add_parser(
        "work", help="doubts and tickets that were given up after three attempts"
    ).add_subparsers(dest="action", required=True)
    work.add_parser("list", help="which, by their ids")
    work.add_parser("retry", help="try all of them again, after an upgrade")
    return root


def _agencies(first: Commands) -> None:
    agency = first.add_parser("agency", help="agencies, their keys and topics").add_subparsers(
        dest="action", required=True
    )
    add = agency.add_parser("add", help="make a key, shown once, and the agency's topic")
    add.add_argument("name")
    add.add_argument(
        "--operator",
        action="store_true",
        help="the key may open days, adopt policies and tell what people decided, and nothing else",
    )
    allow = agency.add_parser(
        "allow", help="set what an agency may send; what is left out is unlimited"
    )
    allow.add_argument("name")
    for command in (add, allow):
        command.add_argument(
            "--kinds",
            nargs="+",
            metavar="KIND",
            help="kinds of facts, such as MedicalClaimSettled; without it every kind",
        )
        command.add_argument(
            "--areas",
            nargs="+",
            metavar="CODE",
            help="first 2, 4 or 6 digits of its areas; without it everywhere",
        )
    agency.add_parser("rotate", help="another key beside the one in use, shown once").add_argument(
        "name"
    )
    disable = agency.add_parser("disable", help="end one key, or silence the agency at every door")
    disable.add_argument("name")
    disable.add_argument("--key", metavar="PREFIX", help="only the key with this prefix")
    client = agency.add_parser(
        "client",
        help="take access tokens made for a client as the agency's; without one, no longer",
    )
    client.add_argument("name")
    client.add_argument(
        "client", nargs="?", help="as the issuer's tokens say in `client_id` or `azp`"
    )
    agency.add_parser("enable", help="let a disabled agency speak again").add_argument("name")
    agency.add_parser("list", help="who may send what, and the prefixes of live keys")


def _people(first: Commands) -> None:
    region = first.add_parser(
        "region", help="county codes beside the standard's table"
    ).add_subparsers(dest="action", required=True)
    added = region.add_parser("add", help="know a county code, or set its years")
    added.add_argument("code", help="six digits")
    added.add_argument("name")
    added.add_argument(
        "--from-year", type=int, help="the first year at whose end it held; without it always"
    )
    added.add_argument(
        "--last-year", type=int, help="the last year at whose end it held; without it still"
    )
    mapping = first.add_parser("mapping", help="what agencies' files look like").add_subparsers(
        dest="action", required=True
    )
    mapping.add_parser("check", help="say what is wrong with a mapping").add_argument(
        "file", type=Path
    )
    own = mapping.add_parser(
        "set", help="an agency's own mapping, in place of the shipped one of its name"
    )
    own.add_argument("agency")
    own.add_argument("file", type=Path)
    shown = mapping.add_parser("show", help="print a mapping, to be changed and set")
    shown.add_argument("name")
    shown.add_argument("--agency", default="", help="as this agency has it")
    double = first.add_parser(
        "double", help="people who stand in two households at once"
    ).add_subparsers(dest="action", required=True)
    double.add_parser(
        "list",
        help="open tickets with both households; each is mended in the register of one of them",
    )
    dismissed = double.add_parser("dismiss", help="close a ticket that is no double")
    dismissed.add_argument("ticket", type=int)
    dismissed.add_argument("--because", required=True)


def _quarantine(first: Commands) -> None:
    shelf = first.add_parser("quarantine", help="what could not be used").add_subparsers(
        dest="action", required=True
    )
    listed = shelf.add_parser("list", help="what waits, oldest first")
    listed.add_argument("--all", action="store_true", help="also what was retried")
    show = shelf.add_parser("show", help="one record and its history")
    show.add_argument("id")
    show.add_argument(
        "--content",
        action="store_true",
        help="the record itself; it may hold personal data, and looking leaves a trace",
    )
    retry = shelf.add_parser("retry", help="try records again: these, or all that wait")
    retry.add_argument("ids", nargs="*", metavar="id")
    for command in (listed, retry):
        command.add_argument("--reason", choices=[reason.value for reason in RefusalReason])
        of = "the newest" if command is listed else "the oldest"
        command.add_argument(
            "--limit", type=int, default=1_000, help=f"so many at most, {of} (1000)"
        )
