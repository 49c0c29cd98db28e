"""The door's OpenAPI document names the routes there are.

Its examples work, and requests made from it find no fault in the door.
"""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks

from deploy.openapi import XLSX, document
from tests.support.running.sender import BATCH, Sender

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(300)]

load_all_checks()


@schemathesis.serializer(XLSX)
def _as_bytes(_: Any, value: Any) -> bytes:  # noqa: ANN401 - whatever was generated
    return value if isinstance(value, bytes) else str(value).encode()


SCHEMA = schemathesis.openapi.from_dict(document())


def test_the_document_names_the_routes_there_are(sender: Sender) -> None:
    app = sender.client.get("/openapi.json").json()

    assert app == json.loads(json.dumps(document()))
    for path, operations in app["paths"].items():
        for method in operations:
            answer = sender.client.request(method, path.replace("{", "").replace("}", ""))
            assert answer.status_code == httpx.codes.UNAUTHORIZED, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"


def examples() -> Iterator[Any]:
    content = document()["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    for media, body in content.items():
        for name, example in body["examples"].items():
            yield pytest.param(media, example["value"], id=f"{media} {name}")


@pytest.mark.parametrize(("media", "value"), list(examples()))
def test_every_example_of_the_document_is_taken_by_the_door(
    sender: Sender,
    media: str,
    value: Any,  # noqa: ANN401
) -> None:
    events = value if isinstance(value, list) else [value]
    for agency, some in itertools.groupby(events, key=lambda event: event["source"].split("/")[2]):
        body = list(some) if isinstance(value, list) else value
        answer = sender.post(agency, body, {"content-type": media})
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text


@pytest.mark.parametrize("path", ["/", "/v2/events", "/v1/eventz"])
def test_what_is_not_there_is_said_as_a_problem_too(sender: Sender, path: str) -> None:
    answers = [sender.client.get(path), sender.client.delete("/v1/events")]

    assert [(a.status_code, a.json()["status"], a.headers["content-type"]) for a in answers] == [
        *((404, 404, "application/problem+json"), (405, 405, "application/problem+json"))
    ]


# check digits, sums and days are refused with 422, and no schema can say them
# it cannot take our header away again; the first test here asks every route without
NOT_OURS: Any = [
    schemathesis.checks.CHECKS.get_one("positive_data_acceptance"),
    schemathesis.checks.CHECKS.get_one("ignored_auth"),
]


REJECTION: Any = schemathesis.checks.CHECKS.get_one("negative_data_rejection")
"""Not of a batch, whose good events are taken: its answer says what is wrong with the others."""


@SCHEMA.parametrize()
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_requests_made_from_the_document_find_no_fault_in_the_door(
    sender: Sender, case: schemathesis.Case[Any]
) -> None:
    headers = {"authorization": f"Bearer {sender.keys['statistics']}"}
    excluded = [*NOT_OURS, REJECTION] if case.media_type == BATCH["content-type"] else NOT_OURS
    case.call_and_validate(
        base_url=sender.stack.ingest_url, headers=headers, excluded_checks=excluded
    )


def test_the_document_is_a_schema_itself() -> None:
    for name, schema in document()["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert name
