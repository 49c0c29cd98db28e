"""An account sees the area of its level, and there is none that sees every county."""

import argparse

import pytest

from foothold_alerts.commands import account
from foothold_alerts.people.accounts import role_of
from foothold_alerts.rules.case import Role
from foothold_alerts.settings import Settings
from foothold_runtime.process.errors import Refused

SETTINGS = Settings.model_construct(
    alerts_database_url="postgresql+psycopg://nobody@127.0.0.1:1/nothing", alerts_session_hours=1
)


AREAS = (
    "",
    "37",
    "3703",
    "37039",
    "3703999",
    "370399101",
    "370399101201",
    "37039910120",
    " 370399",
    "３７０３９９",
    "37O399",
)
ROLES = (None, "county", "township", "village")
WRONG = [
    (area, role)
    for area in AREAS
    for role in ROLES
    if role_of(area) is None or role not in (None, role_of(area))
]


@pytest.mark.parametrize(("area", "role"), WRONG)
async def test_an_area_that_does_not_fit_the_role_is_refused_with_what_does(
    area: str, role: str | None
) -> None:
    arguments = argparse.Namespace(action="add", name="zhang", area=area, role=role)
    with pytest.raises(Refused, match=r"6 digits \(county\), 9 \(township\) or 12 \(village\)"):
        await account(SETTINGS, arguments)


@pytest.mark.parametrize(
    ("area", "role"),
    [
        ("370399", Role.COUNTY),
        ("370399101", Role.TOWNSHIP),
        ("370399101201", Role.VILLAGE),
        ("", None),
    ],
)
def test_the_level_of_an_area_is_its_length(area: str, role: Role | None) -> None:
    assert role_of(area) is role
