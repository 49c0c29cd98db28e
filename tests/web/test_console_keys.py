"""An agency changes its key over at the console.

It is never without a live one, never has two more, and never changes anybody else's.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from playwright.sync_api import expect

from deploy.local.stack import Stack
from tests.support.running import browser
from tests.support.running.parts import ROOT
from tests.support.running.sender import Sender, eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing())),
]


def new_agency(foothold: Stack, name: str) -> str:
    """Its key."""
    return foothold.command("ingest", "agency", "add", name).splitlines()[0]


def prefix_of(key: str) -> str:
    return key.split("_")[1]


def may_send(foothold: Stack, key: str) -> bool:
    answer = httpx.get(
        f"{foothold.ingest_url}/v1/mappings", headers={"authorization": f"Bearer {key}"}
    )
    return answer.status_code == httpx.codes.OK


@contextmanager
def clerk_of(foothold: Stack, key: str) -> Iterator[tuple[httpx.Client, str]]:
    """Signed in, and the token its forms carry."""
    with httpx.Client(base_url=foothold.ingest_url) as clerk:
        clerk.post("/console/sign-in", data={"key": key, "name": "王更换"})
        match = re.search(r'name="csrf" value="([^"]+)"', clerk.get("/console/keys").text)
        assert match is not None
        yield clerk, match[1]


def test_a_clerk_changes_the_key_over_without_a_gap(foothold: Stack, sender: Sender) -> None:  # noqa: ARG001 - a day is open
    first = new_agency(foothold, "keys-clinic")
    with browser.page() as page:
        browser.sign_in(page, f"{foothold.ingest_url}/console", first, "王更换")
        page.get_by_role("link", name="更换").click()
        page.get_by_label("再次输入现用密钥").fill(first)
        page.get_by_role("button", name="新建").click()
        expect(page.get_by_role("status")).to_contain_text("只显示这一次")
        second = page.get_by_role("status").locator("code").inner_text()
        assert page.screenshot(path=ROOT / "var/pictures/console-keys.png", full_page=True)
        expect(page.get_by_role("button", name="新建")).to_have_count(0)  # two are live
        page.goto(f"{foothold.ingest_url}/console/keys")
        assert second not in page.content()
        assert (may_send(foothold, first), may_send(foothold, second)) == (True, True)

        page.get_by_role("button", name="退出").click()
        browser.sign_in(page, f"{foothold.ingest_url}/console", second, "王更换")
        page.goto(f"{foothold.ingest_url}/console/keys")
        page.get_by_role("button", name=f"停用 fh_{prefix_of(first)}").click()
        expect(page.get_by_role("status")).to_contain_text("已停用")
    eventually(
        lambda: not may_send(foothold, first), "the old key ends within ten seconds", seconds=15
    )

    assert may_send(foothold, second)
    with psycopg.connect(foothold.postgres.dsn("foothold_ingest")) as connection:
        entries = connection.execute(
            "SELECT actor, action, detail->>'key' FROM audit WHERE detail->>'agency' ="
            " 'keys-clinic' ORDER BY event_id"
        ).fetchall()
    assert [(action, key) for _, action, key in entries] == [
        ("agency_added", None),
        ("key_made", prefix_of(first)),
        ("key_made", prefix_of(second)),
        ("key_ended", prefix_of(first)),
    ]
    assert {actor for actor, *_ in entries[2:]} == {"keys-clinic: 王更换"}


def test_no_key_is_made_without_the_one_in_use_nor_a_third(foothold: Stack, sender: Sender) -> None:
    key = new_agency(foothold, "keys-two")
    with clerk_of(foothold, key) as (clerk, csrf):
        for typed in ("", "fh_1_2", sender.keys["statistics"], sender.keys["operator"]):
            assert (
                clerk.post("/console/keys", data={"csrf": csrf, "key": typed}).status_code
                == httpx.codes.FORBIDDEN
            ), typed
        assert (
            clerk.post("/console/keys", data={"csrf": csrf, "key": "x\x00"}).status_code
            == httpx.codes.UNPROCESSABLE_ENTITY
        )
        assert (
            clerk.post("/console/keys", data={"csrf": "guess", "key": key}).status_code
            == httpx.codes.FORBIDDEN
        )
        assert (
            clerk.post("/console/keys", data={"csrf": csrf, "key": key}).status_code
            == httpx.codes.OK
        )
        third = clerk.post("/console/keys", data={"csrf": csrf, "key": key})

    assert (third.status_code, "已有两把有效密钥" in third.text) == (409, True)


def test_the_last_key_the_one_signed_in_with_and_anothers_are_never_ended(
    foothold: Stack, sender: Sender
) -> None:
    key = new_agency(foothold, "keys-last")
    with clerk_of(foothold, key) as (clerk, csrf):
        for prefix in (prefix_of(key), prefix_of(sender.keys["statistics"]), "", "nothing"):
            assert (
                clerk.post("/console/keys/end", data={"csrf": csrf, "prefix": prefix}).status_code
                == httpx.codes.CONFLICT
            ), prefix
        second = re.search(
            r"fh_[0-9a-f]{8}_[\w-]{20,}",
            clerk.post("/console/keys", data={"csrf": csrf, "key": key}).text,
        )
        assert second is not None
        # two clerks, each about to end the other's key: one of them is left with his
        with clerk_of(foothold, second[0]) as (
            other,
            other_csrf,
        ):
            assert (
                other.post(
                    "/console/keys/end", data={"csrf": other_csrf, "prefix": prefix_of(key)}
                ).status_code
                == httpx.codes.OK
            )
            late = clerk.post(
                "/console/keys/end", data={"csrf": csrf, "prefix": prefix_of(second[0])}
            )

    assert (late.status_code, late.headers["location"]) == (303, "/console/sign-in")
    assert may_send(foothold, sender.keys["statistics"])
    assert may_send(foothold, second[0])
