"""A project that pays many households too little is one line with their cases.

It stays inside the reader's area.
"""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.queries.projects import Owed, Projects, Underpaid
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Transition
from tests.support.alerts import NOW, WORKFLOWS, cases_on, transition

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]

VILLAGES = ("370399101201", "370399101202", "370399102201")


def underpaid(household: str, project: str, village: str, *, is_urgent: bool = False) -> Transition:
    plain = transition(
        household,
        1,
        FindingKind.PROJECT_UNDERPAID,
        FindingKind.RIGID_SPENDING_RATIO,
        is_urgent=is_urgent,
    )
    findings = (
        plain.findings[0].model_copy(
            update={"project": project, "value": "30.00", "threshold": "70.00"}
        ),
        plain.findings[1],
    )
    return plain.model_copy(
        update={
            "findings": findings,
            "household": plain.household.model_copy(update={"area": village}),
        }
    )


async def test_many_households_are_one_line_and_each_reader_sees_the_own_area(
    alerts_database: AsyncEngine,
) -> None:
    moves = [underpaid(letter, "solar-1", VILLAGES[n]) for n, letter in enumerate("abc")]
    await cases_on(alerts_database).take(
        [*moves, underpaid("d", "orchard-2", VILLAGES[0]), transition("e")], NOW
    )
    projects = Projects(alerts_database, WORKFLOWS)

    assert (await projects.standing("370399")).lines == [
        Underpaid("solar-1", 3, 3),
        Underpaid("orchard-2", 1, 1),
    ]
    assert (await projects.standing("370399102")).lines == [Underpaid("solar-1", 1, 1)]
    assert [
        (line.number, line.area, line.paid, line.guaranteed)
        for line in (await projects.households("370399101", "solar-1")).lines
    ] == [
        (1, VILLAGES[0], "30.00", "70.00"),
        (2, VILLAGES[1], "30.00", "70.00"),
    ]
    assert (await projects.households("370302", "solar-1")).lines == []
    assert (await projects.households("370399", "nobody")).lines == []


async def test_urgent_households_come_first(alerts_database: AsyncEngine) -> None:
    moves = [
        underpaid("a", "solar-1", VILLAGES[0]),
        underpaid("b", "solar-1", VILLAGES[0], is_urgent=True),
    ]
    await cases_on(alerts_database).take(moves, NOW)

    lines = (await Projects(alerts_database, WORKFLOWS).households("370399", "solar-1")).lines
    assert [type(line) for line in lines] == [Owed, Owed]
    assert [(line.number, line.is_urgent) for line in lines] == [(2, True), (1, False)]
