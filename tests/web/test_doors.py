"""Tests the desk's doors without a browser.

The tests cover who gets in, who sees what, and what a forged or odd request gets.
"""

import re
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from deploy.local.stack import Stack
from tests.support.running.sender import Sender

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


@pytest.fixture
def visitor(foothold: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=foothold.inbox_url) as client:
        yield client


@pytest.fixture
def caseworker(visitor: httpx.Client, sender: Sender) -> httpx.Client:
    answer = visitor.post(
        "/login", data={"name": "caseworker", "password": sender.passwords["caseworker"]}
    )
    assert answer.status_code == httpx.codes.SEE_OTHER
    return visitor


def csrf(client: httpx.Client) -> str:
    match = re.search(r'name="csrf" value="([^"]+)"', client.get("/").text)
    assert match
    return match[1]


@pytest.mark.parametrize("path", ["/", "/cases/1", "/?stage=lead"])
def test_without_a_log_in_every_page_leads_to_the_log_in(visitor: httpx.Client, path: str) -> None:
    answer = visitor.get(path)

    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (
        httpx.codes.SEE_OTHER,
        "/login",
    )


@pytest.mark.parametrize(
    "path",
    [
        "/cases/1/steps/take",
        "/cases/1/steps/dismiss",
        "/cases/1/relief/1/decide",
        "/cases/1/measures",
        "/cases/1/pause",
        "/cases/1/disputes",
        "/logout",
    ],
)
def test_without_a_log_in_nothing_is_changed(visitor: httpx.Client, path: str) -> None:
    answer = visitor.post(path, data={"csrf": "x", "version": "1", "amount": "1"})

    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (
        httpx.codes.SEE_OTHER,
        "/login",
    )


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(visitor: httpx.Client) -> None:
    answers = [
        visitor.post("/login", data={"name": name, "password": "wrong"})
        for name in ("duty-officer", "nobody")
    ]

    assert [a.status_code for a in answers] == [httpx.codes.UNAUTHORIZED] * 2
    assert answers[0].text == answers[1].text


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(
    visitor: httpx.Client, sender: Sender
) -> None:
    cookie = visitor.post(
        "/login", data={"name": "caseworker", "password": sender.passwords["caseworker"]}
    ).headers["set-cookie"]

    assert {"httponly", "samesite=strict"} <= {part.strip().lower() for part in cookie.split(";")}


def test_logging_out_ends_the_session_and_is_audited(
    foothold: Stack, caseworker: httpx.Client
) -> None:
    token = caseworker.cookies["foothold"]
    caseworker.post("/logout", data={"csrf": csrf(caseworker)})
    with psycopg.connect(foothold.postgres.dsn("foothold_alerts")) as connection:
        (last,) = connection.execute(
            "select action from audit where actor = 'caseworker' order by audit_id desc limit 1"
        ).fetchall()

    assert last == ("log_out",)
    assert (
        httpx.get(f"{foothold.inbox_url}/", headers={"cookie": f"foothold={token}"}).status_code
        == httpx.codes.SEE_OTHER
    )


def test_a_form_without_the_sessions_token_or_from_elsewhere_is_refused(
    caseworker: httpx.Client,
) -> None:
    token = csrf(caseworker)
    forged = caseworker.post("/cases/1/steps/take", data={"csrf": "guess", "version": "1"})
    elsewhere = caseworker.post(
        "/cases/1/steps/take",
        data={"csrf": token, "version": "1"},
        headers={"origin": "https://elsewhere.example"},
    )

    assert [forged.status_code, elsewhere.status_code] == [httpx.codes.FORBIDDEN] * 2


def test_pages_forbid_scripts_and_framing(caseworker: httpx.Client) -> None:
    policy = caseworker.get("/").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_a_case_outside_the_persons_area_is_not_there(foothold: Stack, sender: Sender) -> None:
    password = foothold.command("alerts", "account", "add", "elsewhere", "--area", "370302")
    with httpx.Client(base_url=foothold.inbox_url) as client:
        client.post("/login", data={"name": "elsewhere", "password": password})
        page, inbox = client.get("/cases/1"), client.get("/")
        taken = client.post("/cases/1/steps/take", data={"csrf": csrf(client), "version": "1"})

    assert [page.status_code, taken.status_code] == [httpx.codes.NOT_FOUND] * 2
    assert "/cases/" not in inbox.text
    assert sender.passwords


def test_a_disabled_session_is_out_at_the_next_request(foothold: Stack) -> None:
    password = foothold.command("alerts", "account", "add", "leaver", "--area", "370399")
    with httpx.Client(base_url=foothold.inbox_url) as client:
        client.post("/login", data={"name": "leaver", "password": password})
        before = client.get("/").status_code
        foothold.command("alerts", "account", "add", "leaver", "--area", "370399")

        assert (before, client.get("/").status_code) == (httpx.codes.OK, httpx.codes.SEE_OTHER)


@pytest.mark.parametrize("amount", ["0", "-5", "1e3", "１００", "1.234", "abc", "1,000"])
def test_what_is_no_amount_pays_nothing(caseworker: httpx.Client, amount: str) -> None:
    answer = caseworker.post(
        "/cases/999999/relief/1/decide",
        data={"csrf": csrf(caseworker), "version": "1", "amount": amount},
    )

    assert answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY)


def test_an_odd_request_is_answered_and_not_crashed_on(caseworker: httpx.Client) -> None:
    odd = [
        "/?page=-1",
        "/?page=99999999999",
        "/?stage=nope",
        "/cases/0",
        "/cases/99999999999999999999",
        "/cases/abc",
        "/nothing",
    ]

    assert all(caseworker.get(path).status_code < httpx.codes.INTERNAL_SERVER_ERROR for path in odd)
