"""The command line of alerts."""

import argparse

from foothold_alerts.rules.case import Role
from foothold_alerts.rules.notices import TargetKind


def parser() -> argparse.ArgumentParser:
    """Its commands and what each takes."""
    root = argparse.ArgumentParser(prog="foothold-alerts", description="Foothold's desk.")
    commands = root.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="take transitions and serve the inbox until SIGTERM")
    commands.add_parser("migrate", help="bring the database up to date")
    account = commands.add_parser("account", help="local accounts").add_subparsers(
        dest="action", required=True
    )
    add = account.add_parser(
        "add", help="make an account, or give it a new password; it is shown once"
    )
    add.add_argument("name")
    add.add_argument(
        "--area", required=True, help="county, township or village code the account may see"
    )
    add.add_argument(
        "--role",
        choices=[role.value for role in Role],
        help="whose steps it takes; an area of another level is refused",
    )
    account.add_parser(
        "disable", help="end an account; its open cases go back to the queue"
    ).add_argument("name")
    notify = commands.add_parser(
        "notify", help="who is told of new, urgent and overdue cases"
    ).add_subparsers(dest="action", required=True)
    target = notify.add_parser(
        "add", help="tell an address of an area; a webhook's secret is shown once"
    )
    target.add_argument("--area", required=True, help="county or township code")
    target.add_argument("kind", choices=[kind.value for kind in TargetKind])
    target.add_argument(
        "address", help="an Apprise address such as mailto://…, or a webhook's https:// address"
    )
    notify.add_parser("list", help="areas and kinds; never the addresses")
    notify.add_parser("remove", help="tell one no more").add_argument("target", type=int)
    job = commands.add_parser(
        "job", help="what the desk does by itself and could not"
    ).add_subparsers(dest="action", required=True)
    job.add_parser("list", help="jobs and words to risk that failed three times and were set aside")
    job.add_parser("retry", help="try them anew, all or some").add_argument(
        "ids", nargs="*", help="as 'job list' prints them; all, if none is named"
    )
    return root
