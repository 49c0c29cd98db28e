"""The settings every level of tests shares.

They are a fixed Hypothesis profile, so that a red run is red again, and the real parts.
"""

import ast
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

# platformdirs warns once at import where no XDG_RUNTIME_DIR is set; its fall-back suits us
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tests.support.running.parts import VAR, Parts, embedded_parts, given_parts

from deploy.local.stack import Ports, Stack
from tests.support.made.areas import write_region_policy
from tests.support.running.prober import Prober
from tests.support.running.sender import Sender

TODAY = date(2026, 6, 10)
LIVES = VAR / "livez"

os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
"""A broker that lives a minute never earns back what Java's second compiler costs it: a third of
its processor time."""

settings.register_profile(
    "foothold",
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("mutants", settings.get_profile("foothold"), max_examples=12)
"""For a run that changes the rules and asks whether anybody notices: as often as that can be
afforded."""
settings.load_profile("foothold")


RUNNING = ("contract", "e2e", "faults", "security", "web")
"""Folders whose tests need brokers, databases or services. Those of `local` start their own, and
wait more than they compute."""
SHARED = "foothold"
"""The fixture that keeps all of Foothold running. Files that use it stay together, so that it runs
once and ends with the last of their tests."""
_LEADS_TO_IT = frozenset({SHARED, "sender", "desk"})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes longest, after the tests were shuffled.

    So no worker begins with it when the others are done.
    """
    items.sort(key=lambda item: (not _is_shared(item), Path(item.nodeid).parts[1] not in RUNNING))


def _is_shared(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and SHARED in item.fixturenames


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End the shared Foothold where the next test does not use it.

    It takes a third of a core though nobody asks it anything.
    """
    if (
        isinstance(item, pytest.Function)
        and _is_shared(item)
        and nextitem is not None
        and not _is_shared(nextitem)
    ):
        for kept in item._request._arg2fixturedefs[SHARED]:
            kept.finish(item._request)  # type: ignore[arg-type]  # it is asked for a node to blame only


class ByWorker(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """A schedule by worker: the files that share one Foothold go to one worker.

    All others go file by file to whoever is free.
    """

    def _split_scope(self, nodeid: str) -> str:
        """What stays together.

        Read from the file: only workers know the fixtures, and a name they gave a test is not seen
        by pytest 9.2.
        """
        file = nodeid.partition("::")[0]
        return SHARED if _shares(file) else file


@cache
def _shares(file: str) -> bool:
    tree = ast.parse(Path(__file__).parents[1].joinpath(file).read_text(encoding="utf-8"))
    functions = [
        node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    asks = [f for f in functions if f.decorator_list or f.name.startswith("test_")]
    # a fixture of the file's own stands before the shared one
    names = _LEADS_TO_IT - {f.name for f in functions}
    return any(names & {argument.arg for argument in f.args.args} for f in asks)


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
    run_folder = Path(tempfile.mkdtemp(prefix="run-", dir=VAR))
    yield run_folder
    shutil.rmtree(run_folder, ignore_errors=True)


@contextmanager
def _running() -> Iterator[Stack]:
    VAR.mkdir(parents=True, exist_ok=True)
    stack_folder = Path(tempfile.mkdtemp(prefix="stack-", dir=VAR))
    write_region_policy(stack_folder / "policy")
    with Stack(
        stack_folder, Ports.free(), day_clock="manual", policy_folder=stack_folder / "policy"
    ) as stack:
        yield stack
    shutil.rmtree(stack_folder, ignore_errors=True)


@pytest.fixture(scope="session")
def foothold() -> Iterator[Stack]:
    """All of Foothold running, shared by tests that open no day themselves.

    Asked all the while whether it lives.
    """
    with _running() as stack, ExitStack() as probing:
        probers = [
            probing.enter_context(Prober(f"{stack.ops_url(name)}/livez", name))
            for name in ("ingest", "alerts")
        ]
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
        terminalreporter.write_line(
            f"/livez of the shared Foothold, {measured.read_text(encoding='utf-8').strip()}"
        )


@pytest.fixture(scope="session")
def sender(foothold: Stack) -> Iterator[Sender]:
    """Agencies and operator of the shared Foothold.

    Its policy is adopted and TODAY is open, whatever the calendar says.
    """
    with Sender(foothold) as started:
        started.adopt()
        started.open_day(TODAY)
        yield started


@pytest.fixture
def own_sender(own_foothold: Stack) -> Iterator[Sender]:
    """Its agencies and operator."""
    with Sender(own_foothold) as started:
        yield started


@pytest.fixture
def own_foothold() -> Iterator[Stack]:
    """All of Foothold for one test alone: no day open, no policy adopted."""
    with _running() as stack:
        yield stack
