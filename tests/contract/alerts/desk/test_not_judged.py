"""A household risk does not judge is shown as such: on its case, and on a list of its area.

Until it is judged again.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.queries.inbox import Inbox
from foothold_alerts.queries.lists import Lists, WorkList
from foothold_schemas.messages.transitions import Judgement
from tests.support.alerts import EXAMPLE, NOW, WORKFLOWS, cases_on, transition

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]

assert EXAMPLE.kind == "Transition"
VILLAGE = EXAMPLE.household.area


def judgement(
    household: str, since: datetime = NOW, *, is_judged: bool = False, area: str = VILLAGE
) -> Judgement:
    number = f"R-{household}"
    return Judgement(
        household_id=household * 32,
        is_judged=is_judged,
        since=since,
        register_number=number,
        area=area,
    )


async def shown(engine: AsyncEngine, area: str) -> list[tuple[Any, ...]]:
    entries = await Lists(engine, WORKFLOWS).entries(WorkList.NOT_JUDGED, area, NOW)
    return [(e.number, e.register_number, e.due_on) for e in entries]


async def test_it_stands_on_its_case_and_on_the_list_of_its_area_also_without_a_case(
    alerts_database: AsyncEngine,
) -> None:
    cases, later = cases_on(alerts_database), NOW + timedelta(hours=1)
    await cases.take(
        [
            transition("a"),
            judgement("a"),
            judgement("b", later),
            judgement("c", area="110101001001"),
        ],
        NOW,
    )
    page = await Inbox(alerts_database, WORKFLOWS).case(VILLAGE[:6], 1)

    assert page is not None
    assert page.not_judged_since == NOW
    assert await shown(alerts_database, VILLAGE[:6]) == [(1, "R-a", NOW), (None, "R-b", later)]
    assert await shown(alerts_database, "1101") == [(None, "R-c", NOW)]


async def test_it_is_cleared_when_it_is_judged_again_and_what_comes_late_does_not_bring_it_back(
    alerts_database: AsyncEngine,
) -> None:
    cases = cases_on(alerts_database)
    await cases.take([transition("a"), judgement("a")], NOW)
    await cases.take([judgement("a", NOW + timedelta(hours=2), is_judged=True)], NOW)
    await cases.take([judgement("a")], NOW)
    page = await Inbox(alerts_database, WORKFLOWS).case(VILLAGE[:6], 1)

    assert page is not None
    assert page.not_judged_since is None
    assert await shown(alerts_database, VILLAGE[:6]) == []
