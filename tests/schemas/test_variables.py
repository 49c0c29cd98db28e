"""A service that is told something wrong says which variable, what is wrong and how to write it.

Never what it was told.
"""

import importlib
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from secrets import token_urlsafe

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from foothold_runtime.process_settings import FEWEST_CHARACTERS, is_guessable
from foothold_runtime.variables import Environment

SECRET = "Geheim-7391"
NEEDED = {
    "ENV": "development",
    "KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "PARTITIONS": "8",
    "INGEST_DATABASE_URL": "postgresql+psycopg://ingest:pw@db:5432/foothold_ingest",
    "ALERTS_DATABASE_URL": "postgresql+psycopg://alerts@/foothold_alerts?host=/run/postgres",
    **{f"{name}_SECRET": "x" * 32 for name in ("HOUSEHOLD", "KEY", "QUARANTINE", "DIRECTORY")},
}
DATABASES = [
    f"ingest:{SECRET}@db",
    f"postgresql+psycopg://ingest:{SECRET}@db:port/ingest",
    f"postgresql+psycopg://ingest:{SECRET}@db:99999/ingest",
    f"postgresql+psycopg://ingest:{SECRET}@db:5432",
    f"postgresql+psycopg://ingest:{SECRET}#1@db:5432/ingest",
    f"mysql://ingest:{SECRET}@db/ingest",
    f"postgresql+psycopg://ingest:{SECRET}@[db/ingest",
]
WRONG = [
    *[("ingest", "INGEST_DATABASE_URL", url, "postgresql+psycopg://user") for url in DATABASES],
    *[("alerts", "ALERTS_DATABASE_URL", url, "postgresql+psycopg://user") for url in DATABASES],
    *[
        (service, "ENV", env, "'production' or 'development'")
        for service in ("ingest", "risk", "alerts")
        for env in ("Production", "prod", "")
    ],
    *[
        ("risk", "KAFKA_BOOTSTRAP", text, "host:port")
        for text in ("kafka", "kafka:0", "kafka:65536", "kafka:9092,", "PLAINTEXT://kafka:9092", "")
    ],
    *[
        ("alerts", "ALERTS_URL", url, "https://host")
        for url in ("desk.example", "ftp://desk", "https://", "https://desk:x")
    ],
    *[
        (service, f"{service.upper()}_OPS_PORT", port, "65535")
        for service in ("ingest", "risk", "alerts")
        for port in ("65536",)
    ],
    ("ingest", "INGEST_PORT", "0", "1"),
    ("risk", "REGIONS_OPS_PORT", "-1", "1"),
    ("risk", "PARTITIONS", "0", "1"),
    ("ingest", "INGEST_MAX_IN_FLIGHT", "0", "1"),
    ("ingest", "INGEST_SEND_SECONDS", "0", "0"),
    ("risk", "RISK_SESSION_MS", "0", "1"),
    ("risk", "RISK_STALL_SECONDS", "0", "0"),
    ("alerts", "ALERTS_SESSION_HOURS", "0", "1"),
    ("alerts", "ALERTS_CALENDARS", "nowhere/at-all", "directory"),
    ("alerts", "ALERTS_WORKFLOWS", "nowhere/at-all", "directory"),
]


@pytest.fixture(autouse=True)
def needed_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NEEDED.items():
        monkeypatch.setenv(f"FOOTHOLD_{name}", value)


@pytest.mark.parametrize(("service", "name", "value", "message"), WRONG)
def test_a_wrong_variable_is_named_with_the_form_it_takes_and_without_what_it_held(
    service: str, name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"FOOTHOLD_{name}", value)
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"foothold_{service}.__main__").read_settings()

    answer = str(ended.value)
    assert answer.startswith(f"foothold-{service} cannot start: FOOTHOLD_{name}: ")
    assert message in answer
    assert SECRET not in answer
    assert ";" not in answer, "one wrong variable, one sentence"


def test_all_that_is_wrong_is_said_at_once_and_what_lies_between_two_names_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FOOTHOLD_PARTITIONS")
    monkeypatch.setenv("FOOTHOLD_ENV", "prod")
    with pytest.raises(SystemExit) as ended:
        importlib.import_module("foothold_risk.__main__").read_settings()
    assert str(ended.value).count("FOOTHOLD_") == 2

    monkeypatch.setenv("FOOTHOLD_PARTITIONS", "8")
    monkeypatch.setenv("FOOTHOLD_ENV", "production")
    monkeypatch.setenv("FOOTHOLD_KAFKA_USERNAME", "risk")
    with pytest.raises(
        SystemExit,
        match=(
            r"^foothold-risk cannot start: FOOTHOLD_KAFKA_USERNAME and FOOTHOLD_KAFKA_PASSWORD"
            r" belong together$"
        ),
    ):
        importlib.import_module("foothold_risk.__main__").read_settings()


STRONG = {
    "ENV": "production",
    "KAFKA_USERNAME": "foothold",
    "KAFKA_PASSWORD": "p",
    "ALERTS_URL": "https://desk.example",
    **{
        f"{name}_SECRET": token_urlsafe(32)
        for name in ("HOUSEHOLD", "KEY", "QUARANTINE", "DIRECTORY")
    },
}
OF_SERVICE = {
    "ingest": ("HOUSEHOLD", "KEY", "QUARANTINE", "DIRECTORY"),
    "risk": ("QUARANTINE",),
    "alerts": ("QUARANTINE", "DIRECTORY"),
}
GUESSABLE = [
    "x" * 43,
    "0123456789" * 4,
    "changeme-changeme-changeme-changeme-1",
    "abcabcabcabcabcabcabcabcabcabcabcabc",
    "My-Password-is-32-characters-long!!",
]
REFUSED = [
    *[
        (service, {f"{name}_SECRET": secret}, f"FOOTHOLD_{name}_SECRET")
        for service, names in OF_SERVICE.items()
        for name in names
        for secret in GUESSABLE
    ],
    *[
        (service, {"KAFKA_USERNAME": None, "KAFKA_PASSWORD": None}, "FOOTHOLD_KAFKA_USERNAME")
        for service in OF_SERVICE
    ],
    (
        "ingest",
        {"KEY_SECRET": STRONG["HOUSEHOLD_SECRET"]},
        "FOOTHOLD_HOUSEHOLD_SECRET and FOOTHOLD_KEY_SECRET",
    ),
    (
        "alerts",
        {"DIRECTORY_SECRET": STRONG["QUARANTINE_SECRET"]},
        "FOOTHOLD_QUARANTINE_SECRET and FOOTHOLD_DIRECTORY_SECRET",
    ),
    ("alerts", {"ALERTS_URL": "http://desk.example"}, "FOOTHOLD_ALERTS_URL"),
    ("alerts", {"ALERTS_URL": None}, "FOOTHOLD_ALERTS_URL"),
]


def set_variables(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(f"FOOTHOLD_{name}", raising=False)
        else:
            monkeypatch.setenv(f"FOOTHOLD_{name}", value)


@pytest.mark.parametrize(("service", "changed", "named"), REFUSED)
def test_production_refuses_what_would_only_do_at_home(
    service: str, changed: dict[str, str | None], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_variables(monkeypatch, STRONG | changed)
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"foothold_{service}.__main__").read_settings()
    set_variables(monkeypatch, {"ENV": "development"})

    assert named in str(ended.value)
    assert not any(
        value in str(ended.value) for name, value in changed.items() if value and "SECRET" in name
    )
    assert (
        importlib.import_module(f"foothold_{service}.__main__").read_settings().env
        is Environment.DEVELOPMENT
    )


@pytest.mark.parametrize("service", OF_SERVICE)
def test_production_takes_what_is_fit_for_it(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, STRONG)
    assert (
        importlib.import_module(f"foothold_{service}.__main__").read_settings().env
        is Environment.PRODUCTION
    )

    set_variables(
        monkeypatch,
        {"KAFKA_USERNAME": None, "KAFKA_PASSWORD": None, "KAFKA_PLAINTEXT": "private_network"},
    )
    assert (
        importlib.import_module(f"foothold_{service}.__main__").read_settings().broker.is_secured
        is False
    )


@given(st.binary(min_size=32, max_size=64).map(lambda noise: b64encode(noise).decode()))
@settings(max_examples=50)
def test_whatever_chance_makes_is_taken(noise: str) -> None:
    assume(len(set(noise)) >= FEWEST_CHARACTERS * 2)  # hypothesis likes zeros more than chance does

    assert not is_guessable(noise)


@pytest.mark.parametrize("service", ["ingest", "risk", "alerts"])
def test_what_is_written_as_it_should_be_is_taken(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    more = {
        "ENV": "development",
        "KAFKA_BOOTSTRAP": "kafka-1:9092, [::1]:9092,10.0.0.7:65535",
        "ALERTS_URL": "https://desk.example:8443/",
        "ALERTS_CALENDARS": str(tmp_path),
        "INGEST_DATABASE_URL": "postgresql://ingest:p%23%2F%40@db/foothold_ingest",
        "INGEST_PORT": "65535",
        "PARTITIONS": "1",
    }
    for name, value in more.items():
        monkeypatch.setenv(f"FOOTHOLD_{name}", value)

    settings = importlib.import_module(f"foothold_{service}.__main__").read_settings()
    assert settings.env is Environment.DEVELOPMENT
    assert settings.broker.bootstrap == more["KAFKA_BOOTSTRAP"]
