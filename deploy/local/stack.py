"""Runs the whole of Foothold on one machine.

It starts parts, topics, databases, secrets and services, in the order in which they need one
another.
"""

import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from fasteners import InterProcessLock

from deploy.errors import CannotStart, from_os_error
from deploy.kafka.topics import make_topics
from deploy.local.kafka import Kafka
from deploy.local.leftovers import end_leftovers, remember
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.postgres import Postgres
from deploy.local.supervise import Line, Service
from foothold_runtime.ops import STARTED_BY
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS

SERVICES: Final = ("ingest", "risk", "alerts", "regions")
COMMANDS: Final = {"regions": ("foothold_risk", "regions")}
"""Services that are not simply `python -m foothold_<name> serve`."""
DATABASES: Final = ("foothold_ingest", "foothold_alerts")
READY_SECONDS: Final = 60
_SECRETS: Final = (
    "FOOTHOLD_HOUSEHOLD_SECRET",
    "FOOTHOLD_KEY_SECRET",
    "FOOTHOLD_QUARANTINE_SECRET",
    "FOOTHOLD_DIRECTORY_SECRET",
)
STRANGER_STARTS: Final = 3
"""Times a service is started before somebody else's answers count: its former self may still be
letting go of the port."""
_STARTED_BEFORE: Final = "pids.json"


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of the doors.

    They are ingest's and alerts' own, and each service's inner one for metrics and health.
    """

    ingest: int
    alerts: int
    ingest_ops: int
    risk_ops: int
    alerts_ops: int
    regions_ops: int

    @classmethod
    def free(cls) -> Self:
        """Six ports nobody uses."""
        return cls(*(free_port() for _ in range(6)))


class Stack:
    """A running Foothold in `folder`.

    Use it as a context manager; `say` gets one line of progress at a time.

    `replicas` names services that run more than once: the second risk is `risk-2`. `more` are
    further variables for all of them.
    """

    def __init__(  # noqa: PLR0913 - choices of a whole deployment, each by its name
        self,
        folder: Path,
        ports: Ports,
        *,
        day_clock: str,
        policy_folder: Path | None = None,
        kafka_port: int | None = None,
        replicas: Mapping[str, int] | None = None,
        more: Mapping[str, str] | None = None,
        say: Line | None = None,
        on_line: Line | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.ports = ports
        self.kafka = Kafka(self.folder / "kafka", lambda text: self._say("kafka", text), kafka_port)
        self.postgres = Postgres(self.folder / "postgres")
        self.services: dict[str, Service] = {}
        self.secrets: dict[str, str] = {}
        self._day_clock = day_clock
        self._policy_folder = policy_folder
        self._more = dict(more or {})
        self._own_ports = {
            f"{service}-{n}": (free_port(), free_port())
            for service, count in (replicas or {}).items()
            for n in range(2, count + 1)
        }
        self._say: Line = say or (lambda _name, _text: None)
        self._on_line = on_line
        self._lock: InterProcessLock | None = None
        self._start_word = secrets.token_urlsafe(12)

    @property
    def ingest_url(self) -> str:
        """The agencies' door."""
        return f"http://{LOOPBACK}:{self.ports.ingest}"

    @property
    def inbox_url(self) -> str:
        """The caseworkers' door."""
        return f"http://{LOOPBACK}:{self.ports.alerts}"

    def ops_url(self, service: str) -> str:
        """A service's metrics and health."""
        port = (
            self._own_ports[service][1]
            if service in self._own_ports
            else getattr(self.ports, f"{service}_ops")
        )
        return f"http://{LOOPBACK}:{port}"

    def door_url(self, service: str) -> str:
        """The outer door of a service that runs more than once, such as `alerts-2`."""
        port = (
            self._own_ports[service][0]
            if service in self._own_ports
            else getattr(self.ports, service)
        )
        return f"http://{LOOPBACK}:{port}"

    @staticmethod
    def wipe(folder: Path) -> None:
        """Forget an earlier run: end what it left behind and remove its data."""
        lock = Stack._take(folder)
        try:
            end_leftovers(folder / _STARTED_BEFORE)
            for path in folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.name != "lock":
                    path.unlink()
        finally:
            lock.release()

    @staticmethod
    def refuse_second(folder: Path) -> None:
        """Raise CannotStart where one runs on the folder already.

        It does so before anybody wonders who took its ports.
        """
        Stack._take(folder).release()

    @staticmethod
    def _take(folder: Path) -> InterProcessLock:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error(error, "Making the data folder") from error
        lock = InterProcessLock(folder / "lock")
        if not lock.acquire(blocking=False):
            raise CannotStart(
                f"Another Foothold already runs in {folder}.",
                "End it first (Ctrl-C in its window), or use a second clone.",
            )
        return lock

    def __enter__(self) -> Self:
        """Start everything; on any failure stop what was started."""
        self._lock = self._take(self.folder)
        try:
            for name in end_leftovers(self.folder / _STARTED_BEFORE):
                self._say(name, "was left over from an interrupted run; ended it")
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything, last started first."""
        self.stop()

    def _start(self) -> None:
        self.secrets = self._keep_secrets()
        self.start_parts(meanwhile=self._migrate)
        (self.folder / "log").mkdir(exist_ok=True)
        for name in (*SERVICES, *self._own_ports):
            self.start_service(name)
        self.wait_ready()
        self.remember()

    def start_service(self, name: str, module: str | None = None) -> Service:
        """Run a service, or its replica such as `risk-2`, from now on.

        `module` is what to run in its place.
        """
        kind = name.partition("-")[0]
        command = COMMANDS.get(kind, (f"foothold_{kind}", "serve"))
        service = Service(
            name,
            [module or command[0], command[1]],
            self.environment_of(name),
            self.folder / "log" / f"{name}.jsonl",
            self._on_line,
        )
        service.start()
        self.services[name] = service
        return service

    def start_parts(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Kafka and PostgreSQL side by side, then the topics.

        `meanwhile` is done once PostgreSQL is there: Kafka takes longer.
        """
        self._say("kafka", "starting Apache Kafka and PostgreSQL")
        trouble: list[BaseException] = []

        def start_kafka() -> None:
            try:
                self.kafka.start()
                make_topics(self.kafka.broker, EMBEDDED_PARTITIONS)
            except BaseException as error:  # noqa: BLE001 - carried over to the main thread, which raises it
                trouble.append(error)

        thread = threading.Thread(target=start_kafka, daemon=True)
        thread.start()
        try:
            self.postgres.start(DATABASES)
            meanwhile()
        finally:
            thread.join()
        if trouble:
            raise trouble[0]
        self._say("kafka", f"Kafka at {self.kafka.bootstrap}, process {self.kafka.pid}")
        self._say("postgres", f"PostgreSQL at {self.postgres.socket_folder}")

    def _keep_secrets(self) -> dict[str, str]:
        path = self.folder / "secrets.json"
        if not path.is_file():
            path.touch(mode=0o600)
            path.write_text(json.dumps({name: secrets.token_urlsafe(32) for name in _SECRETS}))
        kept: dict[str, str] = json.loads(path.read_text())
        # a folder made by an earlier version
        if missing := {name: secrets.token_urlsafe(32) for name in _SECRETS if name not in kept}:
            kept |= missing
            path.write_text(json.dumps(kept))
        return kept

    def environment(self) -> dict[str, str]:
        """What every service and command of this stack is told."""
        variables = {
            "FOOTHOLD_ENV": "development",
            "FOOTHOLD_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "FOOTHOLD_PARTITIONS": str(EMBEDDED_PARTITIONS),
            "FOOTHOLD_DAY_CLOCK": self._day_clock,
            "FOOTHOLD_GO_LIVE": "at_start",
            "FOOTHOLD_INGEST_DATABASE_URL": self.postgres.url("foothold_ingest"),
            "FOOTHOLD_ALERTS_DATABASE_URL": self.postgres.url("foothold_alerts"),
            "FOOTHOLD_INGEST_PORT": str(self.ports.ingest),
            "FOOTHOLD_INGEST_OPS_PORT": str(self.ports.ingest_ops),
            "FOOTHOLD_RISK_OPS_PORT": str(self.ports.risk_ops),
            "FOOTHOLD_ALERTS_PORT": str(self.ports.alerts),
            "FOOTHOLD_ALERTS_OPS_PORT": str(self.ports.alerts_ops),
            "FOOTHOLD_REGIONS_OPS_PORT": str(self.ports.regions_ops),
        }
        if self._policy_folder is not None:
            variables["FOOTHOLD_POLICY_FOLDER"] = str(self._policy_folder.resolve())
        variables["FOOTHOLD_START"] = self._start_word
        ours = {
            name: value for name, value in os.environ.items() if not name.startswith("FOOTHOLD_")
        }
        return {**ours, **variables, **self._more, **self.secrets, "PYTHONUNBUFFERED": "1"}

    def told_too(self, variable: str, value: str) -> None:
        """One more variable, or another value, for services started from now on."""
        self._more[variable] = value

    def environment_of(self, name: str) -> dict[str, str]:
        """What a service, one of its replicas, or a command of it is told."""
        variables = {**self.environment(), "FOOTHOLD_INSTANCE": name}
        if name == "ingest":
            variables.setdefault("FOOTHOLD_FOLDERS", f"data={self.folder}")
        if name in self._own_ports:
            kind, (door, ops) = name.partition("-")[0].upper(), self._own_ports[name]
            variables |= {f"FOOTHOLD_{kind}_PORT": str(door), f"FOOTHOLD_{kind}_OPS_PORT": str(ops)}
        return variables

    def _migrate(self) -> None:
        commands = [
            [sys.executable, "-m", f"foothold_{name}", "migrate"] for name in ("ingest", "alerts")
        ]
        for process in [
            subprocess.Popen(
                c,
                env=self.environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for c in commands
        ]:
            output, _ = process.communicate(timeout=READY_SECONDS)
            if process.returncode:
                raise CannotStart(
                    "A database could not be brought up to date.", output.strip()[-800:]
                )

    def command(self, service: str, *arguments: str) -> str:
        """Run a service's command, such as `agency add`; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", f"foothold_{service}", *arguments],
            env=self.environment_of(service),
            capture_output=True,
            text=True,
            check=False,
            timeout=READY_SECONDS,
        )
        if done.returncode:
            raise CannotStart(
                f"foothold-{service} {' '.join(arguments)} failed.",
                (done.stderr or done.stdout).strip()[-800:],
            )
        return done.stdout.strip()

    def wait_ready(self) -> None:
        """Until every service says it is ready."""
        deadline = time.monotonic() + READY_SECONDS
        for name, service in self.services.items():
            while (
                answer := _ready(f"{self.ops_url(name)}/readyz", self._start_word)
            ) is not Answer.READY:
                service.check()
                if answer is Answer.OF_A_STRANGER and service.starts > STRANGER_STARTS:
                    raise self._taken(name)
                if time.monotonic() > deadline and answer is Answer.OF_A_STRANGER:
                    raise self._taken(name)
                if time.monotonic() > deadline:
                    raise CannotStart(
                        f"{name} was not ready within {READY_SECONDS} seconds.",
                        f"It said last: {service.last_words()} Its log is {service.log}.",
                    )
                time.sleep(0.05)
            self._say(name, f"{name} is ready")

    def _taken(self, name: str) -> CannotStart:
        kind = name.partition("-")[0].upper()
        return CannotStart(
            f"Another program answers at {self.ops_url(name)}, where {name} should be.",
            "It took the port while Foothold was starting: end it, or choose another port with"
            f" FOOTHOLD_{kind}_OPS_PORT.",
        )

    def check(self) -> None:
        """Raise CannotStart when a part has ended, or a service was given up."""
        for name, part in (("Kafka", self.kafka), ("PostgreSQL", self.postgres)):
            if not part.is_running:
                raise CannotStart(
                    f"{name} has ended.",
                    f"Its log is {part.log_path}. Start again: everything goes on where it was.",
                )
        for service in self.services.values():
            service.check()

    def remember(self) -> None:
        """Write down what runs, for the next start to find if this one is killed."""
        pids = {
            name: service.pid for name, service in self.services.items() if service.pid is not None
        }
        remember(
            self.folder / _STARTED_BEFORE,
            {**pids, "kafka": self.kafka.pid, "postgres": self.postgres.pid},
        )

    def stop(self) -> None:
        """End services, then parts, and give the folder back."""
        for service in self.services.values():
            service.ask_to_stop()
        for service in self.services.values():
            service.stop()
        self.services.clear()
        self.kafka.stop()
        self.postgres.stop()
        (self.folder / _STARTED_BEFORE).unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.release()
            self._lock = None


class Answer(Enum):
    """What `/readyz` says."""

    READY = "ready"
    NOT_YET = "not yet"
    OF_A_STRANGER = "of a stranger"


def _ready(url: str, start: str) -> Answer:
    """Whether the service that was started here is ready.

    Any other program does not know the word it was started with.
    """
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            if answer.headers.get(STARTED_BY) != start:
                return Answer.OF_A_STRANGER
            return Answer.READY if answer.status == HTTPStatus.OK else Answer.NOT_YET
    except urllib.error.HTTPError as error:
        return Answer.NOT_YET if error.headers.get(STARTED_BY) == start else Answer.OF_A_STRANGER
    except (urllib.error.URLError, OSError, http.client.HTTPException):
        return Answer.NOT_YET
