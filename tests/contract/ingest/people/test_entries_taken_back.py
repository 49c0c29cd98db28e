"""An entry that is taken back names nobody any more.

The one before counts again at the doors too; who names a stranger is told.
"""

from typing import Any

import pytest
from sqlalchemy import text

from foothold_ingest.build import Built
from foothold_ingest.commands import double
from tests.support.people import NUMBER, Say, arguments, claim, event, household

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

OTHER = "110105194912310055"


def back(*entries: dict[str, Any]) -> dict[str, Any]:
    """Their sender takes them back."""
    data = {"events": [e["id"] for e in entries], "reason": "entered_in_error"}
    return event(
        "civil",
        "FactsRetracted",
        f"back-{entries[0]['id']}",
        data,
        entries[0]["subject"],
        "2026-01-20T09:00:00+08:00",
    )


async def named(ingest: Built) -> list[tuple[str | None, int]]:
    async with ingest.engine.connect() as connection:
        query = (
            "select fact_id, (select count(*) from memberships m where m.household_id ="
            " h.household_id) from households h order by registered_at"
        )
        return [tuple(row) for row in await connection.execute(text(query))]


async def test_the_entry_before_counts_again_and_without_one_nobody_is_named(
    ingest: Built,
    say: Say,
) -> None:
    first = household("V1", {"resident_number": NUMBER})
    wrong = household("V1", {"person_ref": "somebody"}, at="2026-01-16T09:00:00+08:00")
    for entry in (first, wrong):
        assert (await say(entry)).status_code == 202
    waits = await say(claim("b1", NUMBER))
    (before,) = await named(ingest)
    assert (await say(back(wrong))).status_code == 202
    (again,) = await named(ingest)
    placed = await say(claim("b2", NUMBER))
    await say(wrong)
    (still,) = await named(ingest)
    await say(back(first))
    (nobody,) = await named(ingest)

    assert ("held" in waits.json(), "held" in placed.json()) == (True, False)
    assert (before[1], again[1], again[0] != before[0], still == again, nobody) == (
        0,
        1,
        True,
        True,
        (None, 0),
    )


async def test_a_doubt_about_a_member_ends_with_the_entry_that_caused_it(
    ingest: Built,
    say: Say,
) -> None:
    await say(household("V1", {"resident_number": NUMBER}))
    wrong = household("V2", {"resident_number": NUMBER}, at="2026-01-16T09:00:00+08:00")
    await say(wrong)
    opened = await double(ingest.settings, arguments(action="list"))
    await say(back(wrong))

    assert "V1" in opened or "nobody" not in opened
    assert (
        await double(ingest.settings, arguments(action="list"))
        == "nobody stands in two households at once"
    )


async def test_who_names_somebody_the_households_entry_does_not_is_told_and_taken(
    say: Say,
) -> None:
    await say(household("V1", {"person_ref": "p0"}))

    def bill(name: str, person: str, subject: str = "370302/V1") -> dict[str, Any]:
        data = {
            "claim_number": name,
            "settled_on": "2026-01-10",
            "setting": "inpatient",
            "total": "100.00",
            "person_ref": person,
        }
        return event("insurance", "MedicalClaimSettled", name, data, subject)

    answers = [
        (await say(item)).json()
        for item in (bill("b1", "p0"), bill("b2", "p1"), bill("b3", "p1", "370302/V9"))
    ]

    assert [[w["field"] for w in item.get("warnings", [])] for item in answers] == [
        [],
        ["/data/person_ref"],
        [],
    ]
    assert "登记成员中没有此人" in answers[1]["warnings"][0]["problem"]
