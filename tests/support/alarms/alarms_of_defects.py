"""Defects done on purpose to a running Foothold: each leads to the alert that must tell of it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from foothold_ingest.rules.accept import fact_id
from tests.support.alarms.alarms import START, Breaker
from tests.support.alarms.alarms import _noon as noon


def a_household_cannot_be_judged(broken: Breaker) -> None:
    """Folding its next fact raises, twice; after the upgrade it is retried."""
    broken._register("DEFECT")
    fact = fact_id("/agencies/emergency-management", "defect-storm")
    plan = broken.stack.folder / "defect.json"
    plan.write_text(json.dumps({"facts": [fact]}), encoding="utf-8")
    storm = {"hazard": "storm", "struck_on": f"{START}", "home": "destroyed", "is_verified": True}
    with _instead(broken, {"DEFECT_PLAN": str(plan), "DEFECT_SERVICE": "risk"}, "risk", "risk-2"):
        broken.sender.say(
            "emergency-management",
            "DisasterStruck",
            "defect-storm",
            noon(START),
            "370399/DEFECT",
            **storm,
        )
        broken._expect("FootholdHouseholdsNotJudged")
    broken.stack.command("ingest", "quarantine", "retry", "--reason", "unprocessable")
    broken._is_over("FootholdHouseholdsNotJudged")


def a_job_fails_for_good(broken: Breaker) -> None:
    """A deadline whose number is none: three times, then it is set aside and waits for somebody."""
    job = (
        "insert into procrastinate_jobs (queue_name, task_name, args) values ('default',"
        " 'deadline_passed', '{\"deadline_id\": \"none\"}')"
    )
    broken._later(job)
    broken._expect("FootholdJobsSetAside")
    assert "deadline_passed" in broken.stack.command("alerts", "job", "list")
    broken._later("delete from procrastinate_jobs where status = 'failed'")
    broken._is_over("FootholdJobsSetAside")


def a_part_stands_still(broken: Breaker) -> None:
    """Somebody holds a table, and what looks at it every half second waits."""
    with psycopg.connect(broken.stack.postgres.dsn("foothold_alerts")) as connection:
        connection.execute("lock table audit in access exclusive mode")
        broken._expect("FootholdWorkStandsStill")
        connection.rollback()
    broken._is_over("FootholdWorkStandsStill")


@contextmanager
def _instead(broken: Breaker, environment: dict[str, str], *names: str) -> Iterator[None]:
    """The service with a planted defect in its place."""
    os.environ.update(environment)
    try:
        for name in names:
            broken.stack.services.pop(name).stop()
            broken.stack.start_service(name, "tests.faults.defect")
        broken.stack.wait_ready()
        yield
    finally:
        for variable in environment:
            del os.environ[variable]
        with broken._away(*names):
            pass
