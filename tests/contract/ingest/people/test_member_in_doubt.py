"""One number is in two households (P18), by each door register entries come by.

Neither is decided on, nobody is overlooked, and once mended all goes on.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import psycopg
import pytest

from deploy.local.stack import Stack
from foothold_ingest.rules.people.resident_number import check_character
from foothold_schemas.messages.transitions import Transition
from tests.contract.ingest.doors.test_changes_at_doors import AGENCY, DOORS
from tests.support.made.files import HOUSE_HEADERS, as_csv, house
from tests.support.running.desk import Caseworker, case_number
from tests.support.running.sender import Sender, eventually, transitions

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]

AT = datetime(2026, 6, 10, 2, tzinfo=UTC)
FILE = "FILE"
IN_DOUBT = "有成员同时登记在另一户"


class Entry(NamedTuple):
    """A household of the register and its people's numbers."""

    home: str
    numbers: Sequence[str]


def person(door: str, n: int) -> str:
    """The n-th person of this door's own."""
    first = f"370302195503{10 + [*DOORS, FILE].index(door)}00{n}"
    return first + check_character(first)


def send(door: str, sender: Sender, entries: Sequence[Entry], at: datetime) -> None:
    if door == FILE:
        rows = [
            house(entry.home, number, county="370399")
            for entry in entries
            for number in entry.numbers
        ]
        key = {"authorization": f"Bearer {sender.keys[AGENCY]}"}
        params = {"mapping": "households", "as_of": at.isoformat()}
        upload = sender.client.post(
            "/v1/files", params=params, content=as_csv(HOUSE_HEADERS, rows), headers=key
        ).json()["upload"]
        done = eventually(
            lambda: (
                (u := sender.client.get(f"/v1/files/{upload}", headers=key).json())["status"]
                == "done"
                and u
            ),
            "the file is worked through",
        )
        assert (done["counts"]["rows"], done["counts"]["accepted"]) == (len(rows), len(rows)), done
        return
    events = []
    for n, entry in enumerate(entries):
        data = {
            "authority": "370399",
            "register_number": entry.home,
            "area": "370399101202",
            "standing": "ordinary",
        }
        event = {
            "specversion": "1.0",
            "id": f"{entry.home}-{at:%H%M}",
            "source": f"/agencies/{AGENCY}",
            "type": "foothold.HouseholdRegistered.v1",
        }
        when = {
            "subject": f"370399/{entry.home}",
            "time": (at + timedelta(seconds=n)).isoformat(),
            "datacontenttype": "application/json",
        }
        events.append(
            {
                **event,
                **when,
                "data": {
                    **data,
                    "members": [{"resident_number": number} for number in entry.numbers],
                },
            }
        )
    assert not any(DOORS[door](sender, events) or ())


def falls_ill(sender: Sender, home: str) -> None:
    """Send little income and a bill beyond what that can carry.

    Of a household that is clear to everybody, this makes a group.
    """
    year = {
        "category": "wage",
        "item": "salary",
        "amount": "7000.00",
        "earned_month": "2026-05",
        "is_yearly": True,
    }
    sender.say("statistics", "IncomeReported", f"{home}-year", AT, f"370399/{home}", **year)
    bill = {
        "claim_number": f"{home}-bill",
        "settled_on": "2026-06-01",
        "setting": "inpatient",
        "total": "25000.00",
    }
    sender.say(AGENCY, "MedicalClaimSettled", f"{home}-bill", AT, f"370399/{home}", **bill)


def ticket_states(stack: Stack, home: str) -> list[str]:
    """The states of the household's tickets its log was told of."""
    with (
        psycopg.connect(stack.postgres.dsn("foothold_ingest")) as connection,
        psycopg.connect(stack.postgres.dsn("foothold_alerts")) as desk,
    ):
        row = desk.execute(
            "select household_id from cases where register_number = %s", [home]
        ).fetchone()
        named = connection.execute(
            "select told from doubles where household_id = %s or other_id = %s",
            [row and row[0]] * 2,
        )
        return [state for (state,) in named if state is not None]


def moves_of(stack: Stack, home: str) -> list[Transition]:
    return [t for t in transitions(stack.kafka.bootstrap) if t.household.register_number == home]


@pytest.mark.parametrize("door", [*DOORS, FILE])
def test_nobody_decides_on_either_household_until_the_register_is_mended(
    foothold: Stack, sender: Sender, door: str
) -> None:
    homes = [f"P18-{door}-1", f"P18-{door}-2"]
    shared, first, other = (person(door, n) for n in range(3))
    send(door, sender, [Entry(homes[0], [shared, first]), Entry(homes[1], [shared, other])], AT)
    for home in homes:  # a lead whatever else: somebody told of trouble
        call = {"route": "hotline", "concern": "illness", "reported_on": "2026-06-10"}
        sender.say("statistics", "RiskReported", f"{home}-call", AT, f"370399/{home}", **call)
        eventually(
            lambda home=home: case_number(foothold, home),  # type: ignore[misc]  # eager
            f"a lead of {home} stands at the desk",
        )
        eventually(
            lambda home=home: ticket_states(foothold, home) == ["open"],  # type: ignore[misc]  # eager
            f"the log of {home} is told",
        )
        falls_ill(sender, home)
    with Caseworker(foothold, "caseworker", sender.passwords["caseworker"]) as worker:
        for home in homes:
            number = case_number(foothold, home)
            assert number is not None
            eventually(
                lambda number=number: IN_DOUBT in worker.page(number),  # type: ignore[misc]  # eager
                "its page says why nobody decides",
            )
            eventually(
                lambda home=home: "self_paid_high" in moves_of(foothold, home)[-1].added,  # type: ignore[misc]  # eager
                "what is found is told",
            )
            eventually(
                lambda number=number: (  # type: ignore[misc]
                    "户籍核实前不作决定"
                    in worker.send(number, "steps/dismiss", reason="can_cope").text
                ),
                "refused",
            )
            assert {t.group for t in moves_of(foothold, home)} == {None}

        send(door, sender, [Entry(homes[0], [first])], AT + timedelta(minutes=5))
        for home in homes:
            eventually(
                lambda home=home: moves_of(foothold, home)[-1].group is not None,  # type: ignore[misc]  # eager
                f"{home} is in a group now",
            )
            eventually(
                lambda home=home: IN_DOUBT not in worker.page(case_number(foothold, home) or 0),  # type: ignore[misc]  # eager
                "its page is clear",
            )
            worker.do(case_number(foothold, home) or 0, "steps/dismiss", reason="can_cope")
