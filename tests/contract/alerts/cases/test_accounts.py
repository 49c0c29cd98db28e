"""Tests accounts on a real database.

The tests cover that only hashes are kept, a brake on guessing, and what becomes of the cases of
somebody who leaves.
"""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.locked import Handling
from foothold_alerts.people.accounts import (
    LOCK_MINUTES,
    MAX_FAILURES,
    MAX_FAILURES_OF_AN_ADDRESS,
    Accounts,
)
from foothold_alerts.people.passwords import TryLater
from foothold_alerts.rules.case import Role
from tests.support.alerts import NOW, cases_on, person, rows, transition, work_on

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]


async def test_passwords_and_sessions_are_kept_as_hashes(alerts_database: AsyncEngine) -> None:
    accounts = Accounts(alerts_database, session_hours=1)
    password = await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    token = await accounts.log_in("zhang", password, NOW)
    kept = str(await rows(alerts_database, "select * from accounts")) + str(
        await rows(alerts_database, "select * from sessions")
    )

    assert token is not None
    assert "$argon2id$" in kept
    assert password not in kept
    assert token not in kept
    assert None is await accounts.person(token, NOW + timedelta(hours=1, seconds=1))


async def test_who_leaves_is_out_at_once_and_the_cases_go_back_to_the_queue(
    alerts_database: AsyncEngine,
) -> None:
    cases, work = cases_on(alerts_database), work_on(alerts_database)
    accounts = Accounts(alerts_database, session_hours=1)
    token = await accounts.log_in(
        "zhang", await accounts.add("zhang", "370399", Role.COUNTY, NOW), NOW
    )
    await cases.take([transition("a"), transition("b")], NOW)
    await work.step(Handling(person("zhang"), 1, 1, NOW), "take")
    await work.step(Handling(person("li"), 2, 1, NOW), "take")

    assert token is not None
    assert (
        await accounts.disable("zhang", NOW),
        await accounts.disable("zhang", NOW),
        await accounts.disable("wang", NOW),
    ) == (1, None, None)
    assert await accounts.person(token, NOW) is None
    assert await rows(
        alerts_database, "select number, stage, assigned_to from cases order by 1"
    ) == [(1, "verifying", None), (2, "verifying", "li")]


async def test_guessing_is_braked_and_the_brake_lets_go(alerts_database: AsyncEngine) -> None:
    accounts = Accounts(alerts_database, session_hours=1)
    password = await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    guesses = [
        await accounts.log_in("zhang", "guess", NOW, "10.0.0.1") for _ in range(MAX_FAILURES)
    ]
    with pytest.raises(TryLater) as braked:
        await accounts.log_in(
            "zhang", password, NOW + timedelta(minutes=LOCK_MINUTES - 1), "10.0.0.1"
        )
    later = await accounts.log_in(
        "zhang", password, NOW + timedelta(minutes=LOCK_MINUTES, seconds=1), "10.0.0.1"
    )

    assert guesses == [None] * MAX_FAILURES
    assert braked.value.seconds == 60
    assert later is not None


async def test_nobody_locks_a_colleague_out_from_elsewhere(alerts_database: AsyncEngine) -> None:
    accounts = Accounts(alerts_database, session_hours=1)
    password = await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    for _ in range(MAX_FAILURES):
        await accounts.log_in("zhang", "guess", NOW, "10.0.0.66")

    assert await accounts.log_in("zhang", password, NOW, "10.0.0.1") is not None


async def test_an_address_that_tries_many_names_is_braked_for_all_of_them(
    alerts_database: AsyncEngine,
) -> None:
    accounts = Accounts(alerts_database, session_hours=1)
    password = await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    for n in range(MAX_FAILURES_OF_AN_ADDRESS):
        await accounts.log_in(f"name-{n}", "guess", NOW, "10.0.0.66")
    with pytest.raises(TryLater):
        await accounts.log_in("zhang", password, NOW, "10.0.0.66")

    assert await accounts.log_in("zhang", password, NOW, "10.0.0.1") is not None


async def test_who_is_disabled_or_gets_another_password_while_a_log_in_runs_is_not_let_in(
    alerts_database: AsyncEngine,
) -> None:
    accounts = Accounts(alerts_database, session_hours=1)
    password = await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    real = accounts._passwords.matches

    async def meanwhile(password_hash: str | None, password: str) -> bool:
        is_right = await real(password_hash, password)
        await accounts.add("zhang", "370399", Role.COUNTY, NOW)
        return is_right

    accounts._passwords.matches = meanwhile  # type: ignore[method-assign]  # what happens between the look and the session

    assert await accounts.log_in("zhang", password, NOW) is None


@pytest.mark.parametrize(
    ("first", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8:0:1::1", "2001:db8::1", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
    ],
)
async def test_a_host_that_takes_one_address_after_another_is_braked_as_one(
    alerts_database: AsyncEngine, first: str, other: str, *, is_same: bool
) -> None:
    accounts = Accounts(alerts_database, session_hours=1)
    for n in range(MAX_FAILURES_OF_AN_ADDRESS):
        await accounts.log_in(f"name-{n}", "guess", NOW, first)
    if is_same:
        with pytest.raises(TryLater):
            await accounts.log_in("zhang", "guess", NOW, other)
    else:
        assert await accounts.log_in("zhang", "guess", NOW, other) is None


async def test_a_name_nobody_has_leaves_the_same_trace_as_one_somebody_has(
    alerts_database: AsyncEngine,
) -> None:
    accounts = Accounts(alerts_database, session_hours=1)
    await accounts.add("zhang", "370399", Role.COUNTY, NOW)
    for name in ("zhang", "nobody"):
        await accounts.log_in(name, "guess", NOW)

    assert await rows(
        alerts_database, "select actor from audit where action = 'log_in_refused' order by 1"
    ) == [("nobody",), ("zhang",)]
