"""First keys and accounts of an embedded Foothold, made once and kept beside its data."""

import json
from concurrent.futures import ThreadPoolExecutor

from deploy.local.stack import Stack

DEMO_COUNTY = "370399"
ACCOUNTS = ("caseworker", "duty-officer")
AGENCIES = ("statistics", "health-insurance", "emergency-management")


def access(stack: Stack) -> dict[str, str]:
    """Name → key or password. Made on the first start only: keys and passwords are kept as hashes by the services."""
    path = stack.folder / "access.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
    wanted: dict[str, tuple[str, ...]] = {f"key:{name}": ("ingest", "agency", "add", name) for name in AGENCIES}
    wanted["key:operator"] = ("ingest", "agency", "add", "foothold-operator", "--operator")
    wanted |= {f"password:{name}": ("alerts", "account", "add", name, "--area", DEMO_COUNTY) for name in ACCOUNTS}
    wanted[f"region:{DEMO_COUNTY}"] = ("ingest", "region", "add", DEMO_COUNTY, "示例县")
    if missing := {name: words for name, words in wanted.items() if name not in kept}:
        with ThreadPoolExecutor(max_workers=3) as pool:
            kept |= dict(zip(missing, pool.map(lambda words: stack.command(*words).splitlines()[0], missing.values()), strict=True))
        path.touch(mode=0o600)
        path.write_text(json.dumps(kept))
    return kept


def adopt_shipped_policy(stack: Stack) -> str:
    """Adopt the shipped bundle, whose numbers are illustrative, so that a first event is judged; return its title."""
    bundle, _, title = stack.command("risk", "policy", "check").splitlines()[0].partition("  ")
    key = stack.folder / "operator.key"
    key.touch(mode=0o600)
    key.write_text(access(stack)["key:operator"], encoding="utf-8")
    stack.command("risk", "policy", "adopt", bundle, "--door", stack.ingest_url, "--key-file", str(key))
    return title


def give_access(stack: Stack) -> str:
    """What to print once everything runs: addresses, log-ins and keys."""
    made = access(stack)
    log_ins = "\n".join(f"    {name:<22} {made[f'password:{name}']}" for name in ACCOUNTS)
    keys = "\n".join(f"    {name:<22} {made[f'key:{name}']}" for name in (*AGENCIES, "operator"))
    return f"""
  收件箱 Inbox      {stack.inbox_url}
{log_ins}
  上报 Events       {stack.ingest_url}/v1/events
{keys}
  报送台 Console    {stack.ingest_url}/console
  指标 Metrics      {"  ".join(f"{stack.ops_url(name)}/metrics" for name in stack.services)}
  Kafka             {stack.kafka.bootstrap}
  Ctrl-C 结束 ends everything.

"""
