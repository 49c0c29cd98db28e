"""What `foothold-risk policy` does.

It checks bundles, shows what is in force somewhere, and has one adopted through ingest's door.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Final

from foothold_risk.policy.loader import values_of
from foothold_risk.rules.policy import Place, Policy, Value
from foothold_schemas.facts.envelope import event_type

_OPERATOR: Final = "/agencies/foothold-operator"
_TIMEOUT_SECONDS: Final = 20


class NotDone(Exception):  # noqa: N818 - reads as what it says
    """The command could not be carried out; the message says why and what to do."""


def check(policies: Mapping[str, Policy]) -> str:
    """One line for each bundle: its hash, its title, and whether a number in it is illustrative."""
    return "".join(
        f"{p.bundle}  {p.title.en}{'  ILLUSTRATIVE' if p.illustrative else ''}\n"
        for p in policies.values()
    )


def show(policies: Mapping[str, Policy], area: str, day: date) -> str:
    """Every value in force for the area on the day, by bundle, with where it comes from.

    Raise NotDone where no bundle serves the area.
    """
    serving = [
        (policy, place) for policy in policies.values() if (place := policy.place(area)) is not None
    ]
    if not serving:
        served = ", ".join(sorted({code for policy in policies.values() for code in policy.places}))
        raise NotDone(f"no bundle serves {area}; served are {served}")
    return (
        "\n".join(line for policy, place in serving for line in _bundle(policy, place, day)) + "\n"
    )


def _bundle(policy: Policy, place: Place, day: date) -> Iterator[str]:
    yield f"{policy.title.zh} | {policy.title.en}"
    yield f"{place.title.zh} | {place.title.en} ({place.code}), {day}, {policy.bundle[:12]}"
    if day < place.dates[0]:
        raise NotDone(f"{policy.title.en} begins on {place.dates[0]}; nothing is in force on {day}")
    for value in values_of(place.on(day)):
        yield from _value(value)


def _value(value: Value[object]) -> Iterator[str]:
    marks = "  ILLUSTRATIVE 仅作演示" if value.illustrative else ""
    yield f"  {value.name} = {value.text}{f'  ({value.formula})' if value.formula else ''}{marks}"
    yield f"      since {value.since}, {value.region}, {value.confidence}: {value.reference}"


def adopt(policies: Mapping[str, Policy], beginning: str, door: str, key: str) -> str:
    """Send PolicyAdopted for the one bundle whose hash begins so; raise NotDone."""
    matching = [policy for policy in policies.values() if policy.bundle.startswith(beginning)]
    if len(matching) != 1:
        raise NotDone(
            f"{len(matching)} bundles begin with {beginning};"
            " `foothold-risk policy check` lists them"
        )
    if not key:
        raise NotDone(
            "the key file is empty; `foothold-ingest agency add NAME --operator` makes a key"
        )
    event = {
        "specversion": "1.0",
        "id": f"adopt-{matching[0].bundle[:12]}-{datetime.now(UTC):%Y%m%dT%H%M%S}",
        "source": _OPERATOR,
        "type": event_type("PolicyAdopted"),
        "time": datetime.now(UTC).isoformat(),
        "data": {"bundle": matching[0].bundle},
    }
    if not door.startswith(("http://", "https://")):
        raise NotDone(f"{door} is not an address such as http://127.0.0.1:8080")
    headers = {"authorization": f"Bearer {key}", "content-type": "application/cloudevents+json"}
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        f"{door.rstrip('/')}/v1/events", json.dumps(event).encode(), headers
    )
    try:
        urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        with error:
            raise NotDone(
                f"ingest refused: {error.code} {error.read().decode(errors='replace')[:500]}"
            ) from None
    except OSError as error:
        raise NotDone(f"ingest does not answer at {door}: {error}") from None
    return f"adopted {matching[0].bundle}  {matching[0].title.en}\n"
