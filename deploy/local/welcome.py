"""Makes the first keys and accounts of an embedded Foothold.

They are made once and kept beside its data. It also writes what a shell needs to run its commands.
"""

import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import foothold_alerts.arguments
import foothold_alerts.settings
import foothold_ingest.arguments
import foothold_ingest.settings
from deploy.local.stack import Stack
from foothold_runtime.process.command_line import run_service

DEMO_COUNTY = "370399"
ACCOUNTS = ("caseworker", "duty-officer")
AGENCIES = ("statistics", "health-insurance", "emergency-management")


def access(stack: Stack) -> dict[str, str]:
    """Name → key or password.

    Made on the first start only: keys and passwords are kept as hashes by the services.
    """
    path = stack.folder / "access.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
    commands: dict[str, tuple[str, ...]] = {
        f"key:{name}": ("ingest", "agency", "add", name) for name in AGENCIES
    }
    commands["key:operator"] = ("ingest", "agency", "add", "foothold-operator", "--operator")
    commands |= {
        f"password:{name}": ("alerts", "account", "add", name, "--area", DEMO_COUNTY)
        for name in ACCOUNTS
    }
    commands[f"region:{DEMO_COUNTY}"] = ("ingest", "region", "add", DEMO_COUNTY, "示例县")
    if missing := {name: words for name, words in commands.items() if name not in kept}:
        # a loop of its own, whatever runs in the caller's thread
        with ThreadPoolExecutor(max_workers=1) as aside:
            kept |= {
                name: aside.submit(_done, stack, *words).result().splitlines()[0]
                for name, words in missing.items()
            }
        path.touch(mode=0o600)
        path.write_text(json.dumps(kept))
    return kept


def _done(stack: Stack, service: str, *words: str) -> str:
    """A service's command in this process: seven processes would load the same libraries each."""
    variables = {
        name.removeprefix("FOOTHOLD_").lower(): value
        for name, value in stack.environment_of(service).items()
        if name.startswith("FOOTHOLD_")
    }
    if service == "ingest":
        settings = foothold_ingest.settings.Settings.model_validate(
            {
                n: v
                for n, v in variables.items()
                if n in foothold_ingest.settings.Settings.model_fields
            }
        )
        return (
            run_service(
                "foothold_ingest", settings, foothold_ingest.arguments.parser().parse_args(words)
            )
            or ""
        )
    desk = foothold_alerts.settings.Settings.model_validate(
        {n: v for n, v in variables.items() if n in foothold_alerts.settings.Settings.model_fields}
    )
    return (
        run_service("foothold_alerts", desk, foothold_alerts.arguments.parser().parse_args(words))
        or ""
    )


def adopt_shipped_policy(stack: Stack) -> str:
    """Adopt the shipped bundle, whose numbers are illustrative, so that a first event is judged.

    Return its title.
    """
    bundle, _, title = stack.command("risk", "policy", "check").splitlines()[0].partition("  ")
    key = stack.folder / "operator.key"
    key.touch(mode=0o600)
    key.write_text(access(stack)["key:operator"], encoding="utf-8")
    stack.command(
        "risk", "policy", "adopt", bundle, "--door", stack.ingest_url, "--key-file", str(key)
    )
    return title


def write_environment(stack: Stack) -> Path:
    """Write a file that gives a shell the variables of this run.

    With it, commands of the services work on this run. The file is for its owner alone, since it
    holds secrets.
    """
    path = stack.folder / "environment"
    path.touch(mode=0o600)
    variables = {
        name: value for name, value in stack.environment().items() if name.startswith("FOOTHOLD_")
    }
    path.write_text(
        "".join(
            f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items())
        ),
        encoding="utf-8",
    )
    return path


def give_access(stack: Stack) -> str:
    """Return what to print once everything runs.

    It has addresses, log-ins and keys, and how to run commands beside it.
    """
    granted = access(stack)
    log_ins = "\n".join(f"    {name:<22} {granted[f'password:{name}']}" for name in ACCOUNTS)
    keys = "\n".join(f"    {name:<22} {granted[f'key:{name}']}" for name in (*AGENCIES, "operator"))
    environment = f'. {write_environment(stack)} && PATH="$PWD/.venv/bin:$PATH"'
    commands = "(foothold-ingest, foothold-risk, foothold-alerts)"
    return f"""
  收件箱 Inbox      {stack.inbox_url}
{log_ins}
  上报 Events       {stack.ingest_url}/v1/events
{keys}
  报送台 Console    {stack.ingest_url}/console
  指标 Metrics      {"  ".join(f"{stack.ops_url(name)}/metrics" for name in stack.services)}
  Kafka             {stack.kafka.bootstrap}
  命令 Commands     {environment}    {commands}
  这些也记在 These stand in {stack.folder / "access.json"}
  Ctrl-C 结束 ends everything.

"""
