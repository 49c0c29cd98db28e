"""What an operator does at the command line: accounts, and who is told.

Each returns what to print.
"""

import argparse
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Final

from foothold_alerts.jobs import aside as jobs_aside
from foothold_alerts.people.accounts import DIGITS, Accounts, role_of
from foothold_alerts.rules.case import Role
from foothold_alerts.rules.notices import TargetKind
from foothold_alerts.settings import Settings, notice_seal
from foothold_alerts.tables.cases import connect
from foothold_runtime.process.errors import Refused


async def account(settings: Settings, arguments: argparse.Namespace) -> str:
    """Make an account, or end one."""
    if arguments.action == "disable":
        return await _disable(settings, arguments.name)
    return await _add(settings, arguments.name, arguments.area, arguments.role)


async def _add(settings: Settings, name: str, area: str, role: str | None) -> str:
    """Make an account."""
    level = role_of(area)
    if level is None or (role is not None and Role(role) is not level):
        for_role = "" if role is None else f", of {DIGITS[Role(role)]} for a {role} account"
        raise Refused(
            "--area names the area the account sees, by a code of 6 digits (county), 9 (township)"
            f" or 12 (village){for_role}. An account of more than one county is made once in each."
        )
    engine = connect(settings.alerts_database_url)
    try:
        return await Accounts(engine, settings.alerts_session_hours).add(
            name, area, level, datetime.now(UTC)
        )
    finally:
        await engine.dispose()


async def _disable(settings: Settings, name: str) -> str:
    """End an account."""
    engine = connect(settings.alerts_database_url)
    try:
        cases = await Accounts(engine, settings.alerts_session_hours).disable(
            name, datetime.now(UTC)
        )
        return (
            f"there is no account {name} in use"
            if cases is None
            else f"{name} is disabled; {cases} cases are back in the queue"
        )
    finally:
        await engine.dispose()


async def notify(settings: Settings, arguments: argparse.Namespace) -> str:
    """Change or show who is told."""
    from foothold_alerts.jobs.notices import Notifier  # noqa: PLC0415 - as above
    from foothold_alerts.jobs.queue import (  # noqa: PLC0415 - loads libraries that no other command needs
        Jobs,
    )

    engine = connect(settings.alerts_database_url)
    notifier = Notifier(
        engine, Jobs(settings.alerts_database_url), notice_seal(settings), settings.alerts_url
    )
    try:
        match arguments.action:
            case "add":
                target, secret = await notifier.add(
                    arguments.area, TargetKind(arguments.kind), arguments.address
                )
                return f"{target}" if secret is None else f"{target}\n{secret}"
            case "list":
                return (
                    "\n".join(
                        f"{n}  {area:<12} {kind:<8} {'' if live else 'gone'}".rstrip()
                        for n, area, kind, live in await notifier.targets()
                    )
                    or "nobody is told"
                )
            case _:
                return (
                    "removed"
                    if await notifier.remove(arguments.target)
                    else "there is no such target"
                )
    except ValueError as error:
        raise Refused(str(error)) from None
    finally:
        await engine.dispose()


async def job(settings: Settings, arguments: argparse.Namespace) -> str:
    """List or retry what was set aside."""
    engine = connect(settings.alerts_database_url)
    try:
        if arguments.action == "list":
            return "\n".join(await jobs_aside.listed(engine)) or "nothing is set aside"
        if not (count := await jobs_aside.retry(engine, arguments.ids)):
            raise Refused("nothing of that is set aside; 'foothold-alerts job list' shows what is")
        return f"{count} are tried anew; alerts begins within seconds"
    finally:
        await engine.dispose()


COMMANDS: Final[dict[str, Callable[[Settings, argparse.Namespace], Coroutine[Any, Any, str]]]] = {
    "account": account,
    "job": job,
    "notify": notify,
}
