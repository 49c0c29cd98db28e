"""Tests region warnings at the desk.

They are kept once, the last one is by its day, and they are reported once for each place, inside
the reader's area, and seen by somebody.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.areas.warnings import Areas
from foothold_alerts.cases.transitions import Cases
from foothold_alerts.people.accounts import Accounts
from foothold_alerts.rules.case import Role
from foothold_alerts.web.app import make_app
from foothold_schemas.messages.areas import AreaLevel, Direction, RegionWarning, WarningLevel
from foothold_schemas.messages.transitions import DayDone
from tests.support.alerts import NOW, areas_on, cases_on, desk_on, rows, transition
from tests.support.running.parts import ROOT

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]

EXAMPLE = RegionWarning.model_validate_json(
    (ROOT / "schemas/examples/region-warnings.v1/RegionWarning.up.json").read_bytes()
)
VILLAGE, TOWNSHIP, COUNTY = "370399101201", "370399101", "370399"
LEVELS = {
    "I": WarningLevel.I,
    "II": WarningLevel.II,
    "III": WarningLevel.III,
    "IV": WarningLevel.IV,
    "none": None,
}


def warning(
    area: str = VILLAGE,
    level: str = "III",
    *,
    after: int = 0,
    direction: Direction = Direction.UP,
    window: int = 7,
    homes: str = "",
) -> RegionWarning:
    day = NOW.date() + timedelta(days=after)
    changes = {
        "warning_id": f"{area}:disaster_loss:{window}:{day}:{direction}:{level}",
        "area": area,
        "area_level": {12: AreaLevel.VILLAGE, 9: AreaLevel.TOWNSHIP, 6: AreaLevel.COUNTY}[
            len(area)
        ],
        "county": area[:6],
        "day": day,
        "window": window,
        "direction": direction,
        "level": LEVELS[level],
        "household_ids": tuple(letter * 32 for letter in homes),
    }
    return EXAMPLE.model_copy(update=changes)


@pytest.fixture
def areas(alerts_database: AsyncEngine) -> Areas:
    return areas_on(alerts_database)


@pytest.fixture
def cases(alerts_database: AsyncEngine) -> Cases:
    return cases_on(alerts_database)


async def levels(areas: Areas, area: str = COUNTY) -> list[tuple[str, str]]:
    return [
        (line.warning["area"], line.warning["body"]["level"])
        for line in (await areas.standing(area)).lines
    ]


async def noticed_places(engine: AsyncEngine) -> list[tuple[int, str]]:
    return [
        (n, p)
        for n, p in await rows(
            engine, "select number, place from notices where event = 'region' order by notice_id"
        )
    ]


async def test_a_warning_read_twice_is_one_and_is_told_once_to_the_township_and_the_county(
    areas: Areas, alerts_database: AsyncEngine
) -> None:
    await areas.take([warning()], NOW)
    await areas.take([warning(), warning()], NOW)

    assert await levels(areas) == [(VILLAGE, "III")]
    assert await noticed_places(alerts_database) == [(1, COUNTY), (1, TOWNSHIP)]
    jobs = await rows(alerts_database, "select task_name, args from procrastinate_jobs order by id")
    assert [name for name, _ in jobs] == ["gather_notices", "gather_notices", "remind_of_region"]


async def test_the_last_is_the_last_by_day_and_place_in_the_day_whatever_was_read_last(
    areas: Areas,
) -> None:
    fall, rise = (
        warning(level="none", direction=Direction.DOWN, after=3),
        warning(level="II", after=3),
    )
    await areas.take([rise, fall, warning(level="IV"), warning(level="III")], NOW)

    assert await levels(areas) == [(VILLAGE, "II")]

    await areas.take([warning(level="none", direction=Direction.DOWN, after=9)], NOW)
    assert await levels(areas) == []


async def test_only_a_place_that_stands_graver_than_before_is_told_and_history_is_not(
    areas: Areas, cases: Cases, alerts_database: AsyncEngine
) -> None:
    await areas.take(
        [warning(level="III"), warning(level="III", window=30), warning(level="IV", window=90)], NOW
    )
    assert {place for _, place in await noticed_places(alerts_database)} == {TOWNSHIP, COUNTY}
    # the other windows say nothing new
    assert {number for number, _ in await noticed_places(alerts_database)} == {1}

    await areas.take([warning(level="I", window=30)], NOW)
    assert {number for number, _ in await noticed_places(alerts_database)} == {1, 4}

    done = [
        DayDone(partition=0, day=NOW.date() + timedelta(days=60), learned_at=NOW, registered={})
    ]
    await cases.take(done, NOW)
    await areas.take([warning("370399102", level="I")], NOW)
    assert {number for number, _ in await noticed_places(alerts_database)} == {1, 4}


async def test_that_it_is_over_is_told_once_to_whom_it_was_told_when_the_last_level_has_fallen(
    areas: Areas, alerts_database: AsyncEngine
) -> None:
    over = "select number, place from notices where event = 'region_over' order by notice_id"
    fall: dict[str, Any] = {"level": "none", "direction": Direction.DOWN, "after": 2}
    await areas.take([warning(level="IV"), warning(level="IV", window=30), warning(**fall)], NOW)
    assert await rows(alerts_database, over) == []

    await areas.take([warning(**fall, window=30)], NOW)
    await areas.take([warning(**fall, window=30), warning(**fall)], NOW)
    # level IV was told to the place alone
    assert [tuple(row) for row in await rows(alerts_database, over)] == [(4, TOWNSHIP)]


async def test_people_see_what_lies_in_their_area_and_nothing_else(
    areas: Areas, cases: Cases
) -> None:
    await cases.take([transition("a"), transition("b")], NOW)
    await areas.take(
        [warning(homes="abc"), warning("370399102", homes="a"), warning("370302", homes="a")], NOW
    )

    assert await levels(areas, TOWNSHIP) == [(VILLAGE, "III")]
    assert await levels(areas) == [(VILLAGE, "III"), ("370399102", "III")]
    page = await areas.page(COUNTY, 1)
    assert page is not None
    assert ({case["household_id"][0] for case in page.cases.lines}, page.without) == ({"a", "b"}, 1)
    assert await areas.page("370399102", 1) is None
    assert not await areas.acknowledge("li", "370399102", 1, NOW)


async def test_a_county_is_told_again_until_somebody_has_seen_it(
    areas: Areas, alerts_database: AsyncEngine
) -> None:
    await areas.take([warning()], NOW)
    await areas.remind(1)
    assert await noticed_places(alerts_database) == [(1, COUNTY), (1, TOWNSHIP), (1, COUNTY)]

    assert await areas.acknowledge("zhang", COUNTY, 1, NOW)
    assert not await areas.acknowledge("li", COUNTY, 1, NOW)
    await areas.remind(1)

    assert len(await noticed_places(alerts_database)) == 3
    audit = await rows(alerts_database, "select actor, action, detail from audit")
    assert audit == [("zhang", "region_acknowledged", {"warning": warning().warning_id})]


async def test_nobody_is_reminded_of_what_does_not_stand_any_more(
    areas: Areas, alerts_database: AsyncEngine
) -> None:
    await areas.take([warning(), warning(level="none", direction=Direction.DOWN, after=2)], NOW)

    await areas.remind(1)

    assert len(await noticed_places(alerts_database)) == 2
    async with alerts_database.connect() as connection:
        body = (
            await connection.execute(text("select body from region_warnings where number = 1"))
        ).scalar_one()
    assert RegionWarning.model_validate_json(json.dumps(body)) == warning()


async def test_what_stands_shows_the_count_of_now_and_an_old_warning_leads_to_it(
    areas: Areas, alerts_database: AsyncEngine
) -> None:
    def change(level: str, direction: Direction, households: int, position: int) -> RegionWarning:
        plain = warning(level=level, direction=direction)
        share = f"{households / 40:.4f}"
        return plain.model_copy(
            update={
                "households": households,
                "registered": 40,
                "share": share,
                "position": position,
                "week_ago": 1,
            }
        )

    await areas.take(
        [
            change("III", Direction.UP, 6, 10),
            change("II", Direction.UP, 8, 12),
            change("I", Direction.UP, 12, 20),
        ],
        NOW,
    )
    await areas.take([change("I", Direction.SAME, 40, 60)], NOW)
    # an earlier place of risk's log, read again
    await areas.take(
        [change("I", Direction.SAME, 13, 21), change("I", Direction.SAME, 40, 60)], NOW
    )
    (line,) = (await areas.standing(COUNTY)).lines
    first = await areas.page(COUNTY, 1)

    assert (
        line.warning["body"]["level"],
        line.warning["body"]["households"],
        line.now["households"],
        line.now["registered"],
    ) == ("I", 12, 40, 40)
    assert first is not None
    assert (
        first.warning["body"]["households"],
        first.standing["number"],
        first.now["households"],
        first.now["level"],
    ) == (6, 3, 40, "I")
    assert [row["body"]["households"] for row in first.history.lines] == [12, 8, 6]
    assert len(await rows(alerts_database, "select 1 from region_warnings")) == 3
    assert len(await rows(alerts_database, "select 1 from region_counts")) == 1

    accounts = Accounts(alerts_database, 12)
    password = await accounts.add("zhang", COUNTY, Role.COUNTY, datetime.now(UTC))
    transport = httpx.ASGITransport(make_app(desk_on(alerts_database, accounts)))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://desk", cookies={"foothold-language": "zh"}
    ) as client:
        await client.post("/login", data={"name": "zhang", "password": password})
        listed, old, standing = [
            (await client.get(path)).text for path in ("/areas", "/areas/1", "/areas/3")
        ]

    assert "<b>40 / 40</b>" in listed
    assert "达级时 12" in listed
    assert "<b>40 / 40</b>" in old.split('class="figure">')[1].split("</p>")[0]
    assert "Ⅰ级" in old.split('class="figure">')[1].split("</p>")[0]
    assert "6 / 40" in old
    assert 'href="/areas/3">' in old.split('class="notice"')[1].split("</p>")[0]
    assert 'class="notice"' not in standing
