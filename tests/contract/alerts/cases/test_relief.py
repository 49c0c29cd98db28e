"""Tests relief on a real database.

It takes two people, is given once a year unless the county excepts, and never after the end;
everything is in the audit and on its way to risk.
"""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.locked import Handling, NotAllowed, Stale
from foothold_alerts.rules.case import CloseReason, Role
from foothold_alerts.rules.relief.relief import ReliefAct, ReliefRefusal
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Movement
from tests.support.alerts import NOW, cases_on, person, relief_on, rows, transition, work_on

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]
TOWNSHIP = person("zhao", Role.TOWNSHIP)


async def test_a_payment_takes_two_people_and_goes_to_risk_once(
    alerts_database: AsyncEngine,
) -> None:
    relief = relief_on(alerts_database)
    await cases_on(alerts_database).take([transition("a", 1, FindingKind.DISASTER_LOSS)], NOW)
    await relief.relieve(
        Handling(TOWNSHIP, 1, 1, NOW), 1, ReliefAct.DECIDE, amount=300_000, note=""
    )
    with pytest.raises(NotAllowed) as refused:
        await relief.relieve(Handling(TOWNSHIP, 1, 2, NOW), 1, ReliefAct.PAY, amount=None, note="")
    assert refused.value.why is ReliefRefusal.SAME_PERSON
    await relief.relieve(Handling(person("li"), 1, 2, NOW), 1, ReliefAct.PAY, amount=None, note="")
    with pytest.raises(Stale):
        await relief.relieve(
            Handling(person("li"), 1, 3, NOW), 1, ReliefAct.PAY, amount=None, note=""
        )
    await relief.relieve(
        Handling(person("li"), 1, 3, NOW), 1, ReliefAct.PAPERS, amount=280_000, note=""
    )

    statements = await rows(
        alerts_database,
        "select body->'data'->>'kind', body->'data'->>'amount', body->>'by' from said order by seq",
    )
    audit = await rows(
        alerts_database,
        "select actor, action from audit where actor <> 'foothold' order by audit_id",
    )
    assert statements == [("ReliefPaid", "3000.00", "li")]
    assert audit == [("zhao", "relief_decide"), ("li", "relief_pay"), ("li", "relief_papers")]
    assert await rows(
        alerts_database, "select status, to_settle_fen, decided_by, paid_by from relief"
    ) == [("settled", 20_000, "zhao", "li")]


async def test_an_advance_while_papers_of_another_episode_are_owed_needs_the_county_and_its_reason(
    alerts_database: AsyncEngine,
) -> None:
    relief, cases = relief_on(alerts_database), cases_on(alerts_database)
    await cases.take([transition("a", 1, FindingKind.DISASTER_LOSS)], NOW)
    await relief.relieve(Handling(TOWNSHIP, 1, 1, NOW), 1, ReliefAct.DECIDE, amount=100, note="")
    await relief.relieve(Handling(person("li"), 1, 2, NOW), 1, ReliefAct.PAY, amount=None, note="")
    again = {"episode": 2, "spell": 2, "open_day": NOW.date().replace(year=2027)}
    await cases.take([transition("a", 2, FindingKind.DISASTER_LOSS, **again)], NOW)
    with pytest.raises(NotAllowed) as refused:
        await relief.relieve(
            Handling(TOWNSHIP, 2, 1, NOW), 2, ReliefAct.DECIDE, amount=100, note="another fire"
        )
    await relief.relieve(
        Handling(person("chen"), 2, 1, NOW), 2, ReliefAct.DECIDE, amount=100, note="another fire"
    )

    assert refused.value.why is ReliefRefusal.PAPERS_OWED
    assert await rows(alerts_database, "select approved_by from relief order by relief_id") == [
        (None,),
        ("chen",),
    ]


async def test_for_one_cause_relief_comes_again_in_a_year_only_by_the_countys_exception(
    alerts_database: AsyncEngine,
) -> None:
    relief, cases = relief_on(alerts_database), cases_on(alerts_database)
    await cases.take([transition("a", 1, FindingKind.DISASTER_LOSS)], NOW)
    cause = FindingKind.DISASTER_LOSS
    with pytest.raises(Stale):  # one is under way
        await relief.again(Handling(person("chen"), 1, 1, NOW), cause, note="x")
    await relief.relieve(Handling(TOWNSHIP, 1, 1, NOW), 1, ReliefAct.DECIDE, amount=100, note="")
    await relief.relieve(Handling(person("li"), 1, 2, NOW), 1, ReliefAct.PAY, amount=None, note="")
    await cases.take(
        [transition("a", 2, cause, FindingKind.SELF_PAID_HIGH, movement=Movement.WORSENED)], NOW
    )
    for who, note, why in (
        (TOWNSHIP, "x", ReliefRefusal.ROLE),
        (person("chen"), "", ReliefRefusal.NOTE),
    ):
        with pytest.raises(NotAllowed) as refused:
            await relief.again(Handling(who, 1, 4, NOW), cause, note=note)
        assert refused.value.why is why
    await relief.again(Handling(person("chen"), 1, 4, NOW), cause, note="a second storm")

    relief_rows = await rows(
        alerts_database, "select cause, status, is_exception from relief order by relief_id"
    )
    assert relief_rows == [
        ("disaster_loss", "paid", False),
        ("self_paid_high", "proposed", False),
        ("disaster_loss", "proposed", True),
    ]


async def test_nothing_is_decided_or_paid_once_the_case_is_over_but_papers_still_come(
    alerts_database: AsyncEngine,
) -> None:
    relief, cases = relief_on(alerts_database), cases_on(alerts_database)
    await cases.take(
        [
            transition(
                "a", 1, FindingKind.DISASTER_LOSS, FindingKind.SELF_PAID_HIGH, is_urgent=False
            )
        ],
        NOW,
    )
    await relief.relieve(Handling(TOWNSHIP, 1, 1, NOW), 1, ReliefAct.DECIDE, amount=100, note="")
    await relief.relieve(Handling(person("li"), 1, 2, NOW), 1, ReliefAct.PAY, amount=None, note="")
    await work_on(alerts_database).step(
        Handling(TOWNSHIP, 1, 3, NOW), "dismiss", reason=CloseReason.CAN_COPE
    )
    with pytest.raises(Stale):
        await relief.relieve(
            Handling(TOWNSHIP, 1, 4, NOW), 2, ReliefAct.APPLY, amount=None, note=""
        )
    await relief.relieve(Handling(TOWNSHIP, 1, 4, NOW), 1, ReliefAct.PAPERS, amount=100, note="")

    assert await rows(alerts_database, "select status from relief order by relief_id") == [
        ("settled",),
        ("proposed",),
    ]
