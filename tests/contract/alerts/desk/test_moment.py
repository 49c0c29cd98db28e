"""The case page and the inbox are as of one moment.

Headline, table and reasons agree, and what came since is named.
"""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.cases.mirror import Mirror, Shown
from foothold_alerts.people.accounts import Accounts
from foothold_alerts.rules.case import Role
from foothold_alerts.web.app import make_app
from foothold_schemas.messages.explanation import Outlay
from foothold_schemas.messages.transitions import DayDone
from foothold_schemas.values import Fen
from tests.support.alerts import NOW, cases_on, desk_on, transition

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]
VIEW: dict[str, Any] = json.loads(
    (Path(__file__).parents[4] / "schemas/examples/household-views.v1/group.json").read_bytes()
)


def outlay(day: int, amount: str) -> Outlay:
    return Outlay(day=date(2026, 6, day), kind="medical", amount=Fen.parse(amount))


async def test_after_two_more_bills_headline_table_and_reason_are_of_one_moment(
    alerts_database: AsyncEngine,
) -> None:
    flag = transition("a", 3, outlays=(outlay(1, "2418.00"),))
    flag = flag.model_copy(
        update={"figures": flag.figures.model_copy(update={"own_shares": Fen.parse("2418.00")})}
    )
    await cases_on(alerts_database).take(
        [DayDone(partition=0, day=date(2026, 6, 10), learned_at=NOW, registered={}), flag], NOW
    )
    finding = VIEW["findings"][0]
    facts = [
        finding["facts"][0] | {"amount": amount, "fact_id": letter * 32}
        for letter, amount in (("1", "2418.00"), ("2", "501.50"), ("3", "300.00"))
    ]
    sentence = {"zh": "自付3219.50元，超过标准。", "en": "3219.50 yuan paid, above the line."}
    now = VIEW | {
        "household_id": "a" * 32,
        "episode": 1,
        "number": 3,
        "as_of": "2026-06-12",
        "reason": sentence,
        "findings": [
            finding | {"value": "3219.50", "reason": sentence, "facts": facts, "facts_total": 3}
        ],
        "figures": (
            VIEW["figures"]
            | {
                "own_shares": "3219.50",
                "spending_window": {"first": "2025-06-13", "last": "2026-06-12"},
            }
        ),
        "outlays": [
            json.loads(outlay(day, amount).model_dump_json())
            for day, amount in ((1, "2418.00"), (11, "501.50"), (12, "300.00"))
        ],
    }
    accounts = Accounts(alerts_database, 12)
    password = await accounts.add("zhang", "370399", Role.COUNTY, datetime.now(UTC))
    transport = httpx.ASGITransport(make_app(desk_on(alerts_database, accounts)))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://desk", cookies={"foothold-language": "zh"}
    ) as client:
        await client.post("/login", data={"name": "zhang", "password": password})
        before = (await client.get("/cases/1")).text
        await Mirror(alerts_database).keep([Shown("a" * 32, 1, now)], [])
        case, inbox = (await client.get("/cases/1")).text, (await client.get("/")).text
        await Mirror(alerts_database).keep([Shown("a" * 32, 2, now | {"number": 2})], [])
        older = (await client.get("/cases/1")).text

    assert "变动以来" not in before
    assert "2418.00" in before
    lead = case.split('class="lead">')[1].split("</p>")[0]
    table = case.split('class="figures">')[1].split("</table>")[0]
    changed = case.split('class="since">')[1].split("</table>")[0]
    assert "3219.50" in lead
    assert "3219.50" in table
    assert all(
        amount in case.split('class="evidence">')[1].split("</table>")[0]
        for amount in ("2418.00", "501.50", "300.00")
    )
    assert [
        text in changed
        for text in ("+801.50", "2418.00 → 3219.50", "2026-06-11 医疗自付", "+501.50", "+300.00")
    ] == [True] * 5
    assert "<dd>2026-06-12</dd>" in case
    assert "自付3219.50元" in inbox
    assert "3219.50" not in older
