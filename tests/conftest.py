"""Settings every level shares: a fixed Hypothesis profile, so that a red run is red again, and the real parts."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

with warnings.catch_warnings():  # platformdirs warns once at import where no XDG_RUNTIME_DIR is set; its fall-back suits us
    warnings.simplefilter("ignore")
    from tests.support.parts import VAR, Parts, embedded_parts, given_parts

from deploy.local.stack import Ports, Stack
from tests.support.areas import write_region_policy
from tests.support.prober import Prober
from tests.support.sender import Sender

TODAY = date(2026, 6, 10)
LIVES = VAR / "livez"

settings.register_profile("foothold", max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("mutants", settings.get_profile("foothold"), max_examples=12)
"""For a run that changes the rules and asks whether anybody notices: as often as that can be afforded."""
settings.load_profile("foothold")


RUNNING = ("contract", "e2e", "faults", "security", "web")
"""Folders whose tests share brokers, databases and services. Those of `local` start their own, and wait more than they compute."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After they were shuffled: first what takes longest, so that no worker begins with it when the others are done."""
    items.sort(key=lambda item: Path(item.nodeid).parts[1] not in RUNNING)


class ByWorker(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """One worker does everything that runs real parts, the others what only computes, file by file.

    Two of them with real parts took as long together as one after the other, and disturbed each other: two cores are busy with either.
    """

    def _split_scope(self, nodeid: str) -> str:
        """What stays together. xdist's own marker for this (`xdist_group`) is not seen by pytest 9.2."""
        file = nodeid.partition("::")[0]
        return "running" if Path(file).parts[1] in RUNNING else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByWorker:
    """How `make test` shares its tests out."""
    return ByWorker(config, log)


@pytest.fixture(scope="session")
def parts() -> Iterator[Parts]:
    """A broker with the topics, and two empty databases."""
    given = given_parts()
    if given is not None:
        yield given
        return
    with embedded_parts() as embedded:
        yield embedded


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder inside the clone, removed afterwards."""
    VAR.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="run-", dir=VAR))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _running() -> Iterator[Stack]:
    VAR.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="stack-", dir=VAR))
    write_region_policy(made / "policy")
    with Stack(made, Ports.free(), day_clock="manual", policy_folder=made / "policy") as stack:
        yield stack
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def foothold() -> Iterator[Stack]:
    """All of Foothold running, shared by tests that open no day themselves; asked all the while whether it lives."""
    with _running() as stack, ExitStack() as probing:
        probers = [probing.enter_context(Prober(f"{stack.ops_url(name)}/livez", name)) for name in ("ingest", "alerts")]
        yield stack
        probing.close()
        LIVES.mkdir(parents=True, exist_ok=True)
        worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
        for prober in probers:
            (LIVES / f"{prober.name}-{worker}").write_text(f"{prober}\n", encoding="utf-8")
            prober.assert_lively()


def pytest_sessionstart(session: pytest.Session) -> None:
    """What an earlier run measured is not this one's."""
    if not hasattr(session.config, "workerinput"):
        shutil.rmtree(LIVES, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how lively the shared Foothold was under all tests."""
    for measured in sorted(LIVES.glob("*")):
        terminalreporter.write_line(f"/livez of the shared Foothold, {measured.read_text(encoding='utf-8').strip()}")


@pytest.fixture(scope="session")
def sender(foothold: Stack) -> Iterator[Sender]:
    """Agencies and operator of the shared Foothold; its policy is adopted and TODAY is open, whatever the calendar says."""
    with Sender(foothold) as made:
        made.adopt()
        made.open_day(TODAY)
        yield made


@pytest.fixture
def own_sender(own_foothold: Stack) -> Iterator[Sender]:
    """Its agencies and operator."""
    with Sender(own_foothold) as made:
        yield made


@pytest.fixture
def own_foothold() -> Iterator[Stack]:
    """All of Foothold for one test alone: no day open, no policy adopted."""
    with _running() as stack:
        yield stack
