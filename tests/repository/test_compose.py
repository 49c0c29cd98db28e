"""The compose file, by parsing: it tells each service what its settings need and nothing they do not know, and holds no secret."""

import re
from pathlib import Path

import pytest
import yaml

from deploy.docs import SETTINGS
from foothold_schemas.topics import EMBEDDED_PARTITIONS

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
RUNNING = sorted(SETTINGS)


def variables(service: str) -> dict[str, str]:
    return {name: str(value) for name, value in SERVICES[service].get("environment", {}).items() if name.startswith("FOOTHOLD_")}


@pytest.mark.parametrize("service", RUNNING)
def test_each_service_is_given_what_it_must_be_given_and_only_what_it_knows(service: str) -> None:
    fields = SETTINGS[service].model_fields
    known = {f"FOOTHOLD_{name.upper()}" for name in fields}
    required = {f"FOOTHOLD_{name.upper()}" for name, field in fields.items() if field.is_required()}

    assert required <= set(variables(service)) <= known


@pytest.mark.parametrize("service", RUNNING)
def test_each_service_listens_where_its_port_and_its_health_check_are(service: str) -> None:
    defaults = {name: field.default for name, field in SETTINGS[service].model_fields.items()}
    published = [port.rsplit(":", 1)[1] for port in SERVICES[service].get("ports", [])]

    assert published == ([str(defaults[f"{service}_port"])] if f"{service}_port" in defaults else [])
    assert f":{defaults[f'{service}_ops_port']}/readyz" in " ".join(SERVICES[service]["healthcheck"]["test"])
    assert not any(str(defaults[f"{service}_ops_port"]) in port for port in SERVICES[service].get("ports", []))


def test_region_windows_run_twice_each_under_its_own_name() -> None:
    fields = SETTINGS["risk"].model_fields
    required = {f"FOOTHOLD_{name.upper()}" for name, field in fields.items() if field.is_required()}
    names = ("regions", "regions-standby")

    for name in names:
        assert required <= set(variables(name)) <= {f"FOOTHOLD_{field.upper()}" for field in fields}
        assert f":{fields['regions_ops_port'].default}/readyz" in " ".join(SERVICES[name]["healthcheck"]["test"])
        assert SERVICES[name]["command"] == ["foothold_risk", "regions"]
    assert [variables(name)["FOOTHOLD_INSTANCE"] for name in names] == list(names)


def test_all_parts_agree_on_the_number_of_partitions_and_the_broker_makes_no_topics() -> None:
    assert {v["FOOTHOLD_PARTITIONS"] for s in SERVICES if "FOOTHOLD_PARTITIONS" in (v := variables(s))} == {str(EMBEDDED_PARTITIONS)}
    assert SERVICES["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_no_secret_has_a_default() -> None:
    secret = re.compile(r"SECRET|PASSWORD|DATABASE_URL")
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            assert not secret.search(variable) or ":?" in str(value), f"{name}: {variable}"


def test_doors_are_published_on_the_loopback_only() -> None:
    assert all(port.startswith("127.0.0.1:") for service in SERVICES.values() for port in service.get("ports", []))


def test_the_image_copies_files_that_exist_and_is_not_root() -> None:
    lines = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    for service in RUNNING:
        for line in (x.replace("${SERVICE}", service) for x in lines if x.startswith("COPY") and "--from" not in x):
            assert all((ROOT / source).exists() for source in line.split()[1:-1]), line
    assert "USER foothold" in lines
    assert any("--require-hashes" in line for line in lines)
