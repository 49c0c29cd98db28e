"""Writes schemas/asyncapi.yaml (AsyncAPI 3.0) from the topic cards and the message schemas.

With --check says whether it is stale.
"""

import tomllib
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.generated import write_or_check
from foothold_schemas.wire.topics import (
    HOUSEHOLD_FACTS,
    HOUSEHOLD_STATE,
    RISK_TRANSITIONS,
    TOPICS,
    TopicCard,
    agency_card,
)
from foothold_schemas.wire.tracing import TRACEPARENT

SCHEMAS: Final = Path(__file__).parents[1] / "schemas"
FILE: Final = SCHEMAS / "asyncapi.yaml"
VERSION: Final[str] = tomllib.loads((SCHEMAS / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]["version"]
"""The last release: what its messages looked like stands in `schemas/released`."""
CONTENT: Final = "application/json"
FORMAT: Final = "application/schema+json;version=draft-2020-12"
AGENCY: Final = agency_card("{agency}")
TRACED: Final = {HOUSEHOLD_FACTS.name, RISK_TRANSITIONS.name, "cloudevent"}
"""Messages that belong to a trace of W3C's, named beside them."""
TRACE: Final = {
    "type": "string",
    "description": (
        "W3C Trace Context: one id from an agency's request to the case. What cannot be read is"
        " left out."
    ),
}


def document() -> dict[str, Any]:
    """Return the AsyncAPI document of the topics.

    It has a channel and a message for each topic others read, and an operation for each service at
    each end.
    """
    cards = [card for card in TOPICS if card is not HOUSEHOLD_STATE]
    channels = {_key(card): _channel(card) for card in cards}
    channels["agency"] = {
        **_channel(AGENCY),
        "parameters": {
            "agency": {"description": "The agency's name, as made by `foothold-ingest agency add`."}
        },
    }
    operations = {
        f"{service}-{verb}-{_key(card)}": _operation(card, verb)
        for card in cards
        for verb, service in _ends(card)
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Foothold",
            "version": VERSION,
            "description": (
                "What Foothold's services say to one another, and what agencies may write. Made"
                " from the topic cards; do not edit."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT,
        "channels": channels,
        "operations": {
            **operations,
            "ingest-receive-agency": {
                "action": "receive",
                "channel": {"$ref": "#/channels/agency"},
            },
        },
        "components": {
            "messages": (
                {_key(card): _message(card.name) for card in cards}
                | {"agency": _message("cloudevent")}
            )
        },
    }


def _key(card: TopicCard) -> str:
    return "agency" if card is AGENCY else card.name.removesuffix(".v1")


def _ends(card: TopicCard) -> list[tuple[str, str]]:
    return [
        *(("send", service) for service in card.writers),
        *(("receive", service) for service in card.readers),
    ]


def _channel(card: TopicCard) -> dict[str, Any]:
    kafka = {
        "topicConfiguration": {
            "cleanup.policy": [card.cleanup.value],
            "retention.ms": int(card.config["retention.ms"]),
        },
        "bindingVersion": "0.5.0",
    }
    return {
        "address": card.name,
        "description": f"{card.holds}. Key: {card.key}.",
        "messages": {"message": {"$ref": f"#/components/messages/{_key(card)}"}},
        "bindings": {"kafka": kafka},
    }


def _operation(card: TopicCard, verb: str) -> dict[str, Any]:
    return {"action": verb, "channel": {"$ref": f"#/channels/{_key(card)}"}}


def _message(schema: str) -> dict[str, Any]:
    # a copy each: YAML would write an alias
    headers = (
        {"headers": {"type": "object", "properties": {TRACEPARENT: dict(TRACE)}}}
        if schema in TRACED
        else {}
    )
    return {
        "contentType": CONTENT,
        **headers,
        "payload": {"schemaFormat": FORMAT, "schema": {"$ref": f"./json/{schema}.schema.json"}},
    }


def text() -> str:
    """The document as YAML."""
    return yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=140)


def main() -> None:
    """Write the file, or compare it."""
    write_or_check(FILE, text(), __doc__ or "")


if __name__ == "__main__":
    main()
