"""A household that lives elsewhere: its village stays responsible and counts it once.

Where it lives is shown that somebody does, and no more.
"""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.queries.inbox import Inbox
from foothold_alerts.queries.lists import Lists, WorkList
from foothold_alerts.rules.case import Stage
from foothold_schemas.messages.transitions import ExitReason, Movement, Status
from tests.support.alerts import NOW, WORKFLOWS, cases_on, transition

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]

HOME, TOWN = "370323", "370303"
VILLAGE = f"{HOME}101201"


def living(household: str, residence: str | None, number: int = 1, **changes: Any) -> Any:  # noqa: ANN401
    """A transition of a household of a village in HOME."""
    plain = transition(household, number, **changes)
    return plain.model_copy(
        update={
            "household": plain.household.model_copy(
                update={
                    "area": VILLAGE,
                    "register_number": f"R-{household}",
                    "residence": residence,
                }
            )
        }
    )


async def alter(engine: AsyncEngine, statement: str, **values: Any) -> None:  # noqa: ANN401
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


async def shown(engine: AsyncEngine, area: str) -> list[tuple[Any, ...]]:
    entries = await Lists(engine, WORKFLOWS).entries(WorkList.LIVES_HERE, area, NOW)
    return [(e.number, e.register_number, e.area, e.what, e.lives_in) for e in entries]


async def test_where_it_lives_it_is_shown_masked_and_counted_only_where_it_is_responsible(
    alerts_database: AsyncEngine,
) -> None:
    await cases_on(alerts_database).take([living("a", f"{TOWN}101"), living("b", None)], NOW)
    inbox = Inbox(alerts_database, WORKFLOWS)
    masked = (1, "", VILLAGE[:9], "lead", f"{TOWN}101")

    assert [
        await shown(alerts_database, area)
        for area in (TOWN, f"{TOWN}101", f"{TOWN}102", HOME, "3703")
    ] == [[masked], [masked], [], [], []]
    assert [(await inbox.page(area, None, 1)).total for area in (TOWN, HOME, "3703")] == [0, 2, 2]
    assert await inbox.case(TOWN, 1) is None
    assert await inbox.case(HOME, 1) is not None


async def test_what_risk_shows_now_stands_before_what_the_case_heard(
    alerts_database: AsyncEngine,
) -> None:
    await cases_on(alerts_database).take([living("a", TOWN), living("b", None)], NOW)
    put = (
        "insert into views values (:household, 1, cast(:body as jsonb)) on conflict (household_id)"
        " do update set body = excluded.body"
    )
    await alter(alerts_database, put, household="a" * 32, body='{"household": {"residence": null}}')
    await alter(
        alerts_database, put, household="b" * 32, body='{"household": {"residence": "370303"}}'
    )
    assert [row[0] for row in await shown(alerts_database, TOWN)] == [2]

    # risk shows it no more, and its case is still open
    await alter(alerts_database, put, household="a" * 32, body=None)
    assert [row[0] for row in await shown(alerts_database, TOWN)] == [1, 2]


async def test_who_refused_or_is_over_is_not_shown_elsewhere(alerts_database: AsyncEngine) -> None:
    cases = cases_on(alerts_database)
    await cases.take([living(home, TOWN) for home in "abc"], NOW)
    await alter(alerts_database, "update cases set consent = 'refused' where number = 1")
    gone: dict[str, Any] = {
        "is_lead": False,
        "is_episode_over": True,
        "group": None,
        "status": Status.CLEAR,
        "exit_reason": ExitReason.NATURAL,
    }
    await cases.take([living("b", TOWN, 2, movement=Movement.EXITED, **gone)], NOW)

    assert [(row[0], row[3]) for row in await shown(alerts_database, TOWN)] == [(3, Stage.LEAD)]
