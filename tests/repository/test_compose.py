"""Tests the compose file, by parsing.

It gives each service what its settings need and nothing they do not know, and holds no secret.
"""

import json
import os
import re
import shutil
import subprocess
from importlib.metadata import distribution
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from jsonschema import Draft202012Validator

from deploy.docs import SETTINGS
from deploy.grafana.boards import BOARDS
from foothold_ingest.doors.uploads import MAX_FILE
from foothold_runtime.reach import named
from foothold_schemas.wire.topics import EMBEDDED_PARTITIONS

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
RUNNING = sorted(SETTINGS)
CADDY = shutil.which("caddy")


def variables(service: str) -> dict[str, str]:
    return {
        name: str(value)
        for name, value in SERVICES[service].get("environment", {}).items()
        if name.startswith("FOOTHOLD_")
    }


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

    assert published == (
        [str(defaults[f"{service}_port"])] if f"{service}_port" in defaults else []
    )
    assert f":{defaults[f'{service}_ops_port']}/readyz" in " ".join(
        SERVICES[service]["healthcheck"]["test"]
    )
    assert not any(
        str(defaults[f"{service}_ops_port"]) in port for port in SERVICES[service].get("ports", [])
    )


def test_region_windows_run_twice_each_under_its_own_name() -> None:
    fields = SETTINGS["risk"].model_fields
    required = {f"FOOTHOLD_{name.upper()}" for name, field in fields.items() if field.is_required()}
    names = ("regions", "regions-standby")

    for name in names:
        assert required <= set(variables(name)) <= {f"FOOTHOLD_{field.upper()}" for field in fields}
        assert f":{fields['regions_ops_port'].default}/readyz" in " ".join(
            SERVICES[name]["healthcheck"]["test"]
        )
        assert SERVICES[name]["command"] == ["foothold_risk", "regions"]
    assert [variables(name)["FOOTHOLD_INSTANCE"] for name in names] == list(names)


def test_all_parts_agree_on_the_number_of_partitions_and_the_broker_makes_no_topics() -> None:
    assert {
        v["FOOTHOLD_PARTITIONS"] for s in SERVICES if "FOOTHOLD_PARTITIONS" in (v := variables(s))
    } == {str(EMBEDDED_PARTITIONS)}
    assert SERVICES["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_the_file_is_what_compose_reads() -> None:
    # its command does not run beside faust's older click
    package = Path(str(distribution("check-jsonschema").locate_file("check_jsonschema")))
    schema = json.loads(
        (package / "builtin_schemas" / "vendor" / "compose-spec.json").read_text(encoding="utf-8")
    )

    assert [error.message for error in Draft202012Validator(schema).iter_errors(COMPOSE)] == []
    assert list(
        Draft202012Validator(schema).iter_errors(COMPOSE | {"services": {"kafka": {"imagee": "x"}}})
    )


def test_prometheus_asks_every_process_where_its_metrics_are() -> None:
    config = yaml.safe_load(
        (ROOT / "deploy" / "prometheus" / "prometheus.yaml").read_text(encoding="utf-8")
    )
    asked = {
        target
        for job in config["scrape_configs"]
        for some in job["static_configs"]
        for target in some["targets"]
    }
    there = {
        name for name, service in SERVICES.items() if "/readyz" in str(service.get("healthcheck"))
    }
    ports = {
        name: re.search(r":(\d+)/readyz", str(SERVICES[name]["healthcheck"])) for name in there
    }

    assert asked == {f"{name}:{port[1]}" for name, port in ports.items() if port is not None}
    assert there >= set(RUNNING)


def test_what_is_mounted_is_there_and_alertmanager_names_alerts_that_exist() -> None:
    mounted = [
        volume.split(":")
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if volume.startswith("./")
    ]
    rules = yaml.safe_load(
        (ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text(encoding="utf-8")
    )
    alerts = {
        rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule
    }
    configuration = (ROOT / "deploy" / "alertmanager" / "alertmanager.yaml").read_text(
        encoding="utf-8"
    )

    assert [source for source, *_ in mounted if not (ROOT / source).exists()] == []
    assert set(re.findall(r"Foothold\w+", configuration)) <= alerts
    assert (
        yaml.safe_load(configuration)["receivers"][0]["webhook_configs"][0]["url_file"]
        == f"/run/secrets/{next(iter(COMPOSE['secrets']))}"
    )


NEVER_SILENT = (
    "FootholdDiskFilling",
    "FootholdBrokerDown",
    "FootholdRecordsLost",
    "FootholdAgencyPaused",
    "FootholdHouseholdsNotJudged",
    "FootholdReaderStopped",
)


def test_a_dead_part_silences_what_follows_from_it_and_nothing_else() -> None:
    rules = yaml.safe_load(
        (ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text(encoding="utf-8")
    )
    alerts = {
        rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule
    }
    configuration = yaml.safe_load(
        (ROOT / "deploy" / "alertmanager" / "alertmanager.yaml").read_text(encoding="utf-8")
    )
    silenced: dict[str, set[str]] = {}
    for rule in configuration["inhibit_rules"]:
        sources, targets = (
            _named(matcher, alerts)
            for matcher in (rule["source_matchers"][0], rule["target_matchers"][0])
        )
        assert sources, rule
        assert targets, rule
        for source in sources:
            silenced.setdefault(source, set()).update(targets - {source})

    for part in ("FootholdKafkaDown", "FootholdPostgresDown"):
        assert {
            "FootholdRiskDown",
            "FootholdIngestDown",
            "FootholdDeskDown",
            "FootholdInstanceDown",
            "FootholdDeskUnsent",
        } <= silenced[part]
    assert [
        (source, name)
        for source, names in silenced.items()
        for name in NEVER_SILENT
        if name in names
    ] == []
    assert "FootholdKafkaDown" not in silenced["FootholdPostgresDown"]


def _named(matcher: str, alerts: set[str]) -> set[str]:
    """The alerts a matcher of Alertmanager stands for."""
    match = re.fullmatch(r'alertname(=~|=)"(.*)"', matcher)
    assert match is not None, matcher
    return {name for name in alerts if re.fullmatch(match[2], name)}


def test_every_image_has_a_version() -> None:
    images = [service["image"] for service in SERVICES.values() if "image" in service]

    assert all(re.search(r":v?\d+(\.\d+)*$", image) for image in images), images


def test_grafana_finds_its_source_and_the_dashboards_where_they_are_mounted() -> None:
    folder = ROOT / "deploy" / "grafana"
    source = yaml.safe_load(
        (folder / "provisioning" / "datasources" / "prometheus.yaml").read_text(encoding="utf-8")
    )["datasources"][0]
    provider = yaml.safe_load(
        (folder / "provisioning" / "dashboards" / "foothold.yaml").read_text(encoding="utf-8")
    )["providers"][0]
    boards = [
        json.loads(file.read_text(encoding="utf-8"))
        for file in sorted((folder / "dashboards").glob("*.json"))
    ]

    assert (
        f"./deploy/grafana/dashboards:{provider['options']['path']}:ro"
        in SERVICES["grafana"]["volumes"]
    )
    assert source["url"] == "http://prometheus:9090"
    assert {board["uid"] for board in boards} == {board.name for board in BOARDS}
    assert {
        target["datasource"]["uid"]
        for board in boards
        for panel in board["panels"]
        for target in panel["targets"]
    } == {source["uid"]}


def test_no_secret_has_a_default() -> None:
    secret = re.compile(r"SECRET|PASSWORD|DATABASE_URL")
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            assert not secret.search(variable) or ":?" in str(value), f"{name}: {variable}"


def test_doors_are_published_on_the_loopback_unless_somebody_says_where() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    proxy = ports.pop("proxy")

    assert all(port.startswith("127.0.0.1:") for some in ports.values() for port in some)
    assert proxy == ["${FOOTHOLD_PUBLISH:-127.0.0.1}:443:443"]


def test_what_cannot_write_has_room_for_what_it_must() -> None:
    read_only = {name: service for name, service in SERVICES.items() if service.get("read_only")}

    assert set(RUNNING) <= set(read_only)
    for name, service in read_only.items():
        (temporary,) = service["tmpfs"]
        path, _, options = temporary.partition(":")
        size = int(re.search(r"size=(\d+)m", options)[1])  # type: ignore[index]  # the file must say it
        assert path == "/tmp", name  # noqa: S108 - the container's
        assert size >= 4 * MAX_FILE // 1024 // 1024, (
            f"{name}: an upload is spooled whole, and more than one comes at once"
        )


def test_kafka_is_spoken_to_in_clear_only_where_nobody_else_is() -> None:
    plain = {
        name
        for name in SERVICES
        if variables(name).get("FOOTHOLD_KAFKA_PLAINTEXT") == "private_network"
    }

    assert set(RUNNING) <= plain
    assert COMPOSE["networks"]["default"]["internal"] is True
    assert "networks" not in SERVICES["kafka"], "it is in the default network alone"
    assert "ports" not in SERVICES["kafka"]


def test_a_proxy_with_tls_stands_before_both_doors_and_only_it_is_believed() -> None:
    address = SERVICES["proxy"]["networks"]["doors"]["ipv4_address"]
    subnet = COMPOSE["networks"]["doors"]["ipam"]["config"][0]["subnet"]
    caddyfile = (ROOT / "deploy" / "caddy" / "Caddyfile").read_text(encoding="utf-8")

    assert ip_address(address) in ip_network(subnet)
    for name in ("ingest", "alerts"):
        assert variables(name)["FOOTHOLD_PROXIES"] == address
        assert "doors" in SERVICES[name]["networks"]
        assert (
            f"reverse_proxy {name}:{SETTINGS[name].model_fields[f'{name}_port'].default}"
            in caddyfile
        )
    assert variables("alerts")["FOOTHOLD_ALERTS_URL"].startswith("https://${FOOTHOLD_DESK_NAME")
    assert "protocols h1 h2" in caddyfile
    assert set(re.findall(r"\{\$(\w+)\}", caddyfile)) == set(SERVICES["proxy"]["environment"])


@pytest.mark.skipif(CADDY is None, reason="caddy is not installed (Debian: apt-get install caddy)")
def test_the_proxys_configuration_is_one() -> None:
    variables = {
        "FOOTHOLD_DESK_NAME": "desk.example",
        "FOOTHOLD_DOOR_NAME": "door.example",
        "FOOTHOLD_TLS": "internal",
    }
    command = [
        str(CADDY),
        "adapt",
        "--config",
        str(ROOT / "deploy" / "caddy" / "Caddyfile"),
        "--adapter",
        "caddyfile",
    ]
    done = subprocess.run(
        command,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    adapted = json.loads(done.stdout) if done.returncode == 0 else {}

    assert done.returncode == 0, done.stderr
    hosts = {
        host
        for route in adapted["apps"]["http"]["servers"]["srv0"]["routes"]
        for match in route["match"]
        for host in match["host"]
    }
    assert hosts == {"desk.example", "door.example"}


def test_services_look_at_one_another_at_their_ops_endpoints_and_at_disks_they_see() -> None:
    for name in RUNNING:
        for peer, url in named(variables(name).get("FOOTHOLD_PEERS", "")).items():
            assert f":{urlsplit(url).port}/readyz" in " ".join(
                SERVICES[peer]["healthcheck"]["test"]
            ), (name, peer)
        seen = [volume.split(":")[1] for volume in SERVICES[name].get("volumes", [])]
        assert set(named(variables(name).get("FOOTHOLD_FOLDERS", "")).values()) <= set(seen)
    assert {
        peer for name in RUNNING for peer in named(variables(name).get("FOOTHOLD_PEERS", ""))
    } >= {"ingest", "risk", "alerts"}


def test_the_image_copies_files_that_exist_and_is_not_root() -> None:
    lines = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    for service in RUNNING:
        for line in (
            x.replace("${SERVICE}", service)
            for x in lines
            if x.startswith("COPY") and "--from" not in x
        ):
            assert all((ROOT / source).exists() for source in line.split()[1:-1]), line
    assert "USER foothold" in lines
    assert any("--require-hashes" in line for line in lines)
