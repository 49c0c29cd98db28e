"""An account sees the area of its level, and there is none that sees every county."""

import argparse

import pytest

from foothold_alerts.accounts import role_of
from foothold_alerts.commands import account
from foothold_alerts.errors import Refused
from foothold_alerts.rules.case import Role
from foothold_alerts.settings import Settings

SETTINGS = Settings.model_construct(alerts_database_url="postgresql+psycopg://nobody@127.0.0.1:1/nothing", alerts_session_hours=1)


@pytest.mark.parametrize("area", ["", "37", "3703", "37039", "3703999", "370399101", "370399101201", "37039910120", " 370399", "３７０３９９", "37O399"])
@pytest.mark.parametrize("role", [None, "county", "township", "village"])
async def test_an_area_that_does_not_fit_the_role_is_refused_with_what_does(area: str, role: str | None) -> None:
    if role_of(area) is not None and role in (None, role_of(area)):
        return  # it fits; the tests on a database make such accounts
    arguments = argparse.Namespace(action="add", name="zhang", area=area, role=role)
    with pytest.raises(Refused, match=r"6 digits \(county\), 9 \(township\) or 12 \(village\)"):
        await account(SETTINGS, arguments)


@pytest.mark.parametrize(("area", "role"), [("370399", Role.COUNTY), ("370399101", Role.TOWNSHIP), ("370399101201", Role.VILLAGE), ("", None)])
def test_the_level_of_an_area_is_its_length(area: str, role: Role | None) -> None:
    assert role_of(area) is role
