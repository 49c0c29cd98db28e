"""Tests incidents at the desk.

There is one for each thing that struck, with every household it may have hit, and each township is
notified once.
"""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.areas.incidents import Incidents
from foothold_alerts.cases.mirror import Mirror, Shown
from foothold_alerts.workflows import load_checklists, load_regions
from foothold_schemas.facts.facts import Hazard
from foothold_schemas.values import JsonObject
from tests.support.alerts import NOW, cases_on, incidents_on, rows, transition

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]

FLOOD = {
    "incident": "weather/flood",
    "area": "370399",
    "hazard": "flood",
    "severity": "II",
    "since": "2026-06-10",
    "text": {"zh": "洪", "en": "flood"},
}


def shown(
    letter: str,
    village: str = "370399101201",
    position: int = 1,
    impacts: tuple[JsonObject, ...] = (FLOOD,),
) -> Shown:
    household = {"register_number": letter.upper(), "area": village}
    return Shown(
        letter * 32, position, {"household": household, "status": "clear", "impacts": list(impacts)}
    )


@pytest.fixture
def incidents(alerts_database: AsyncEngine) -> Incidents:
    return incidents_on(alerts_database)


async def come(incidents: Incidents, engine: AsyncEngine, *views: Shown) -> None:
    await Mirror(engine).keep(views, [])
    await incidents.take(views, NOW)


async def test_many_households_are_one_incident_and_each_township_is_told_of_it_once(
    incidents: Incidents, alerts_database: AsyncEngine
) -> None:
    await come(incidents, alerts_database, shown("a"), shown("b"), shown("c", "370399102201"))
    await come(incidents, alerts_database, shown("d"), shown("a", position=2))

    (line,) = (await incidents.standing("370399")).lines
    assert [(hit.township, hit.households, hit.cases) for hit in line.townships] == [
        ("370399101", 3, 0),
        ("370399102", 1, 0),
    ]
    notices = await rows(
        alerts_database, "select number, place from notices where event = 'incident' order by place"
    )
    assert notices == [(1, "370399101"), (1, "370399102")]


async def test_a_reader_sees_the_households_of_the_own_area_those_with_urgent_cases_first(
    incidents: Incidents, alerts_database: AsyncEngine
) -> None:
    await cases_on(alerts_database).take(
        [transition("b", is_urgent=False), transition("c", is_urgent=True)], NOW
    )
    await come(
        incidents, alerts_database, shown("a"), shown("b"), shown("c"), shown("d", "370399102201")
    )

    page = await incidents.page("370399101", 1)
    assert page is not None
    assert [row["register_number"] for row in page.households] == ["C", "B", "A"]
    assert [(hit.households, hit.cases) for hit in page.townships] == [(3, 2)]
    assert await incidents.page("370302", 1) is None
    assert (await incidents.standing("370302")).lines == []
    assert [page.count for page in (await incidents.standing("370399102201")).lines] == [1]
    assert await incidents.page("370399", 2) is None


async def test_one_that_is_over_shows_nobody_and_one_that_grew_graver_says_so(
    incidents: Incidents, alerts_database: AsyncEngine
) -> None:
    await come(incidents, alerts_database, shown("a"), shown("b"))
    await come(
        incidents, alerts_database, shown("a", position=2, impacts=(FLOOD | {"severity": "I"},))
    )
    (line,) = (await incidents.standing("370399")).lines
    assert line.incident["body"]["severity"] == "I"

    gone = [Shown(letter * 32, 3, None) for letter in "ab"]
    await come(incidents, alerts_database, *gone)

    assert (await incidents.standing("370399")).lines == []
    page = await incidents.page("370399", 1)
    assert page is not None
    assert (page.count, page.households) == (0, [])


def test_each_hazard_has_its_checklist_and_each_level_its_answer() -> None:
    assert set(load_checklists()) == {hazard.value for hazard in Hazard}
    hours = [answer.acknowledge.total_seconds() / 3600 for answer in load_regions().values()]
    assert sorted(hours) == [2, 8, 24, 72]
