"""Relief in the browser: an amount is seen once more with whose it is.

What was typed is never lost, and a slip in the papers can be put right.
"""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_alerts.people.accounts import Accounts
from foothold_alerts.rules.case import Role
from foothold_alerts.web.app import make_app
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Movement
from foothold_schemas.values import Sentence
from tests.support.alerts import NOW, cases_on, desk_on, rows, transition

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(60)]


class Hands:
    """People at their desks, each with a browser of the own."""

    def __init__(self, app: Any, accounts: Accounts) -> None:  # noqa: ANN401 - an ASGI application
        self._app, self._accounts = app, accounts
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def add(self, name: str, area: str, role: Role) -> None:
        password = await self._accounts.add(name, area, role, datetime.now(UTC))
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._app), base_url="http://desk", follow_redirects=True
        )
        await client.post("/login", data={"name": name, "password": password})
        self._clients[name] = client

    async def post(self, name: str, path: str, **fields: str) -> httpx.Response:
        """Post a form of the case's newest page."""
        client = self._clients[name]
        page = (await client.get("/cases/1")).text
        token, version = (
            re.findall(r'name="csrf" value="([^"]+)"', page)[-1],
            re.findall(r'name="version" value="(\d+)"', page)[-1],
        )
        return await client.post(
            f"/cases/1/{path}", data={"csrf": token, "version": version, **fields}
        )

    async def page(self, name: str) -> str:
        return (await self._clients[name].get("/cases/1")).text


@pytest.fixture
async def hands(alerts_database: AsyncEngine) -> Hands:
    await cases_on(alerts_database).take([transition("a", 1, FindingKind.DISASTER_LOSS)], NOW)
    accounts = Accounts(alerts_database, 12)
    people = Hands(make_app(desk_on(alerts_database, accounts)), accounts)
    for name, area, role in (
        ("zhao", "370399101", Role.TOWNSHIP),
        ("li", "370399101", Role.TOWNSHIP),
        ("chen", "370399", Role.COUNTY),
    ):
        await people.add(name, area, role)
    return people


async def paid(hands: Hands, amount: str = "2500") -> None:
    await hands.post("zhao", "relief/1/decide", amount=amount)
    await hands.post("li", "relief/1/pay")


async def test_the_page_before_an_amount_names_household_and_relief_and_reads_wide_digits(
    hands: Hands, alerts_database: AsyncEngine
) -> None:
    page = await hands.post(
        "zhao", "relief/1/decide/confirm", amount="２，９９９．５０", note="زەينەپ 𠮷"
    )

    assert page.status_code == 200
    ((register_number,),) = await rows(alerts_database, "select register_number from cases")
    for shown in (
        "户号",
        register_number,
        "370399 101 201",
        "急难型临时救助",
        "灾害损失",
        "2999.50",
        "贰仟玖佰玖拾玖元伍角整",
        "زەينەپ 𠮷",
    ):
        assert shown in page.text


@pytest.mark.parametrize(
    ("amount", "why"),
    [
        ("3000.01", "须由县级决定"),
        ("999999999999999999", "核对位数"),
        ("-5", "不能是负数"),
        ("3千", "只写数字"),
        ("1.005", "最多两位小数"),
        ("0", "请填写金额"),
    ],
)
async def test_an_amount_that_cannot_be_is_refused_at_once_beside_what_was_typed(
    hands: Hands, amount: str, why: str
) -> None:
    for path in ("relief/1/decide/confirm", "relief/1/decide"):
        page = await hands.post("zhao", path, amount=amount, note="房屋倒塌 𠮷")
        assert page.status_code == 422, path
        assert why in page.text
        assert f'value="{amount}"' in page.text
        assert 'value="房屋倒塌 𠮷"' in page.text
        assert "金额无误，提交" not in page.text


async def test_what_the_papers_show_is_seen_once_more_with_what_would_come_back(
    hands: Hands, alerts_database: AsyncEngine
) -> None:
    await paid(hands)
    assert 'action="/cases/1/relief/1/papers/confirm"' in await hands.page("li")

    page = await hands.post("li", "relief/1/papers/confirm", amount="0")

    assert "比已发放少 2500.00：至少这些应退还。" in page.text
    assert await rows(alerts_database, "select status from relief") == [("paid",)]


async def test_a_slip_in_the_papers_is_put_right_with_a_reason_and_nothing_is_owed(
    hands: Hands, alerts_database: AsyncEngine
) -> None:
    await paid(hands)
    await hands.post("li", "relief/1/papers", amount="0")
    assert await rows(alerts_database, "select to_settle_fen from relief") == [(250_000,)]

    bare = await hands.post("zhao", "relief/1/correct_papers/confirm", amount="2500")
    assert (bare.status_code, "请填写说明" in bare.text) == (422, True)
    await hands.post("zhao", "relief/1/correct_papers", amount="2600", note="票据录错")

    assert await rows(alerts_database, "select status, actual_fen, to_settle_fen from relief") == [
        ("settled", 260_000, 0)
    ]
    assert (
        await rows(
            alerts_database, "select actor, action from audit order by audit_id desc limit 1"
        )
    ) == [("zhao", "relief_correct_papers")]
    assert "实际支出已更正" in await hands.page("chen")


async def test_more_than_is_open_cannot_come_back_and_an_act_without_an_amount_has_no_such_page(
    hands: Hands,
) -> None:
    await paid(hands)
    await hands.post("li", "relief/1/papers", amount="2000")
    more = await hands.post("li", "relief/1/came_back/confirm", amount="500.01")
    right = await hands.post("li", "relief/1/came_back/confirm", amount="500")
    other = await hands.post("chen", "relief/1/waive/confirm", note="x")

    assert (more.status_code, "多于应退还的余额" in more.text) == (422, True)
    assert (right.status_code, "500.00" in right.text) == (200, True)
    assert other.status_code == 404


async def test_whoever_decided_is_told_that_another_person_pays_and_is_offered_no_button_for_it(
    hands: Hands,
) -> None:
    await hands.post("zhao", "relief/1/decide", amount="2500")
    own, other = await hands.page("zhao"), await hands.page("li")

    assert 'action="/cases/1/relief/1/pay"' not in own
    assert "须由另一人登记发放" in own
    assert 'action="/cases/1/relief/1/pay"' in other


async def test_the_note_of_a_form_of_an_older_page_is_shown_again(hands: Hands) -> None:
    stale = await hands.post(
        "zhao", "steps/dismiss", version="0", reason="can_cope", note="入户看过 𠮷"
    )

    assert stale.status_code == 409
    assert "您刚才填写的说明没有登记：入户看过 𠮷" in stale.text


async def test_a_proposal_says_what_holds_now_and_what_it_was_proposed_for(
    hands: Hands, alerts_database: AsyncEngine
) -> None:
    def sentence(text: str) -> Sentence:
        return Sentence(zh=text, en=text)

    before = await hands.page("zhao")
    later = transition("a", 2, FindingKind.DISASTER_LOSS, movement=Movement.EASED)
    reason = sentence("厨房受损 the kitchen")
    findings = tuple(f.model_copy(update={"reason": reason}) for f in later.findings)
    await cases_on(alerts_database).take([later.model_copy(update={"findings": findings})], NOW)
    changed = await hands.page("zhao")
    confirmed = (await hands.post("zhao", "relief/1/decide/confirm", amount="100")).text
    await cases_on(alerts_database).take(
        [transition("a", 3, FindingKind.WORK_LOST, movement=Movement.EASED)], NOW
    )
    gone = await hands.page("zhao")

    proposed = before.split('<p class="ground"><small>')[1].split("</small>")[0]
    assert "ground-before" not in before
    for page in (changed, confirmed):
        assert "厨房受损" in page.split('<p class="ground"><small>')[1].split("</small>")[0]
        assert proposed in page.split("ground-before")[1]
    assert "目前不再成立" in gone
    assert "no longer holds" in gone
    assert proposed in gone.split("ground-before")[1]
