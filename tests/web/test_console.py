"""Plays a clerk's quarter of an hour at the console, in a real browser.

Sign in, upload a sheet, see what came back, retry what waits, and nobody else's.
"""

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from confluent_kafka import Producer
from playwright.sync_api import Page, expect

from deploy.local.stack import Stack
from foothold_schemas.wire.topics import agency_card
from tests.support.made.files import BILL_HEADERS, as_csv, bill
from tests.support.running import browser
from tests.support.running.parts import ROOT
from tests.support.running.sender import Sender, eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing())),
]

AGENCY = "console-clinic"
COUNTY = "370397"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def key(foothold: Stack, sender: Sender) -> str:  # noqa: ARG001 - the policy is adopted and a day open
    """Return the key of an agency with two records in quarantine.

    One is of a county not known yet, one is hopeless.
    """
    new_key = foothold.command("ingest", "agency", "add", AGENCY).splitlines()[0]
    at = "2026-06-09T09:00:00+08:00"
    entry = {
        "authority": COUNTY,
        "register_number": "C1",
        "area": f"{COUNTY}101201",
        "standing": "ordinary",
        "members": [{"person_ref": "p"}],
    }
    event = {
        "specversion": "1.0",
        "id": "c-1",
        "source": f"/agencies/{AGENCY}",
        "type": "foothold.HouseholdRegistered.v1",
        "time": at,
    }
    producer = Producer({"bootstrap.servers": foothold.kafka.bootstrap})
    for value in (
        json.dumps({**event, "subject": f"{COUNTY}/C1", "data": entry}),
        "<script>alert(1)</script>",
    ):
        producer.produce(agency_card(AGENCY).name, value)
    assert producer.flush(30) == 0
    eventually(
        lambda: foothold.command("ingest", "quarantine", "list").count(AGENCY) == 2,
        "both stand in quarantine",
    )
    return new_key


@pytest.fixture
def desk(foothold: Stack, key: str) -> Iterator[Page]:
    with browser.page() as page:
        browser.sign_in(page, f"{foothold.ingest_url}/console", key, "李办事")
        expect(page.get_by_text(f"{AGENCY} · 李办事")).to_be_visible()
        yield page


def test_a_sheet_is_uploaded_and_what_is_wrong_comes_back_with_it(desk: Page) -> None:
    rows = [bill("W1"), bill("W2", "3.70302E+17"), bill("W3", day="2026-02-30")]
    desk.get_by_label("文件", exact=False).set_input_files(
        {
            "name": "六月结算.csv",
            "mimeType": "text/csv",
            "buffer": as_csv(BILL_HEADERS, rows, "gb18030"),
        }
    )
    desk.get_by_label("内容").select_option("settled-bills")
    desk.get_by_role("button", name="上传").click()
    expect(desk.get_by_role("heading", name="六月结算.csv")).to_be_visible()
    expect(desk.get_by_text("尚未采用")).to_be_visible(timeout=15_000)
    desk.get_by_role("button", name="确认采用").click()
    expect(desk.get_by_text("已处理")).to_be_visible(timeout=15_000)
    expect(desk.get_by_text("尚未采用")).to_have_count(0)
    expect(desk.locator(".numbers > div").filter(has_text="退回")).to_contain_text("2")
    expect(desk.get_by_text("gb18030")).to_be_visible()
    with desk.expect_download() as sheet:
        desk.get_by_role("link", name="下载退回的行").click()

    back = sheet.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in back] == ["结算单号", "W2", "W3"]
    assert "号码被表格软件损坏" in back[1]
    picture = ROOT / "var/pictures"
    picture.mkdir(parents=True, exist_ok=True)
    assert desk.screenshot(path=picture / "console-file.png", full_page=True)


def test_the_first_page_shows_what_arrived_what_waits_and_since_when_it_is_silent(
    desk: Page, foothold: Stack, key: str
) -> None:
    event = {
        "specversion": "1.0",
        "id": "w-1",
        "source": f"/agencies/{AGENCY}",
        "type": "foothold.FeedHeard.v1",
        "time": "2026-06-09T09:00:00+08:00",
    }
    headers = {"authorization": f"Bearer {key}", "content-type": "application/cloudevents+json"}
    body = {
        **event,
        "data": {"feed": "MedicalClaimSettled", "area": "370302", "through_month": "2026-05"},
    }
    assert (
        httpx.post(f"{foothold.ingest_url}/v1/events", json=body, headers=headers).status_code
        == httpx.codes.ACCEPTED
    )

    def shown() -> bool:
        desk.reload()
        return "报送情况" in desk.locator("section").filter(has_text="今天收到").inner_text()

    eventually(shown, "what arrived today is counted", seconds=15)
    expect(desk.locator("section").filter(has_text="等待处理")).to_contain_text("内容不是 JSON")
    expect(desk.locator("section").filter(has_text="本单位")).to_contain_text(
        f"fh_{key.split('_')[1]}_…"
    )
    assert key not in desk.content()
    assert desk.screenshot(path=ROOT / "var/pictures/console.png", full_page=True)


def test_records_are_tried_again_once_what_kept_them_out_is_mended(
    desk: Page, foothold: Stack
) -> None:
    desk.get_by_role("link", name="隔离区").click()
    own_rows = desk.locator("tbody tr").filter(has_text=agency_card(AGENCY).name)
    expect(own_rows).to_have_count(2)
    row = own_rows.filter(has_text="行政区划代码未知")
    row.get_by_role("checkbox").check()
    desk.get_by_role("button", name="重试所选").click()
    expect(desk.get_by_role("status")).to_contain_text("仍有错误 1")
    expect(row).to_contain_text("上次重试")
    foothold.command("ingest", "region", "add", COUNTY, "新县")

    def taken() -> bool:
        desk.get_by_role("button", name="全部重试").click()
        return "已采用 1" in desk.get_by_role("status").inner_text()

    eventually(taken, "the code is known to the door within ten seconds", seconds=20)
    expect(own_rows).to_have_count(1)


def test_the_fate_of_one_event_is_found_by_its_id(desk: Page, foothold: Stack, key: str) -> None:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/cloudevents+json"}
    event = {
        "specversion": "1.0",
        "source": f"/agencies/{AGENCY}",
        "type": "foothold.MedicalClaimSettled.v1",
        "time": "2026-06-09T09:00:00+08:00",
    }
    data = {
        "claim_number": "fate",
        "settled_on": "2026-06-08",
        "setting": "inpatient",
        "total": "5.00",
    }
    sent = {
        "fate-log": ({"subject": "370399/FATE"}, data),
        "fate-held": ({}, {**data, "resident_number": "370302199001010010"}),
    }
    for name, (more, body) in sent.items():
        answer = httpx.post(
            f"{foothold.ingest_url}/v1/events",
            json={**event, **more, "id": name, "data": body},
            headers=headers,
        )
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    desk.get_by_role("link", name="查去向").click()

    def fate(name: str, source: str = f"/agencies/{AGENCY}") -> str:
        desk.get_by_label("编号").fill(name)
        desk.get_by_label("来源").fill(source)
        desk.get_by_role("button", name="查找").click()
        expect(desk.get_by_role("status").or_(desk.get_by_role("alert"))).to_be_visible(
            timeout=20_000
        )
        return desk.get_by_role("status").or_(desk.get_by_role("alert")).inner_text()

    assert "已采用" in fate("fate-log")
    assert "household-facts.v1:" in fate("fate-log")
    assert "待匹配" in fate("fate-held")
    assert "没有找到" in fate("fate-nowhere")
    assert "其他单位" in fate("fate-log", "/agencies/statistics")
    assert "在隔离区" in fate("c-1") or "已采用" in fate("c-1")
    assert "fate-log" not in desk.url


def test_nobody_sees_or_retries_what_is_anothers(
    desk: Page, foothold: Stack, sender: Sender
) -> None:
    desk.get_by_role("link", name="隔离区").click()
    ids = [cell.inner_text() for cell in desk.locator("tbody code").all()]
    with httpx.Client(base_url=foothold.ingest_url) as other:
        other.post("/console/sign-in", data={"key": sender.keys["statistics"], "name": "x"})
        seen = other.get("/console/quarantine").text
        csrf = re.findall(r'name="csrf" value="([^"]+)"', seen)[0]
        tried = other.post("/console/quarantine", data={"csrf": csrf, "id": ids})

    assert ids
    assert all(AGENCY in record_id for record_id in ids)
    assert AGENCY not in seen
    assert (tried.status_code, "重试 0 条" in tried.text) == (200, True)


def test_without_a_key_a_session_or_our_own_form_nothing_is_done(
    foothold: Stack, key: str, sender: Sender
) -> None:
    base = foothold.ingest_url
    with httpx.Client(base_url=base) as nobody:
        paths = ("", "/quarantine", "/held", "/files/x", "/templates/incomes")
        pages = [nobody.get(f"/console{path}").status_code for path in paths]
        acts = [
            nobody.post(path).headers["location"]
            for path in (
                "/console/quarantine",
                "/console/files",
                "/console/held",
                "/console/sign-out",
            )
        ]
        wrong = [
            nobody.post("/console/sign-in", data={"key": k, "name": "x"}).status_code
            for k in ("", "fh_1_2", sender.keys["operator"])
        ]
        form = nobody.get("/console/sign-in")
        large = [
            nobody.post(path, content=b"k=" + b"x" * 2_000_000, headers=FORM).status_code
            for path in ("/console/sign-in", "/console/quarantine")
        ]
        endless = nobody.post(
            "/console/sign-in", content=iter([b"key=x"]), headers=FORM
        ).status_code
    with httpx.Client(base_url=base) as clerk:
        assert clerk.post("/console/sign-in", data={"key": key, "name": "x"}).status_code == 303
        forged = [
            clerk.post("/console/quarantine", data={"all": "1", "csrf": token}).status_code
            for token in ("", "guess")
        ]
        csrf = re.search(r'name="csrf" value="([^"]+)"', clerk.get("/console").text)
        assert csrf is not None
        elsewhere = clerk.post(
            "/console/quarantine",
            data={"all": "1", "csrf": csrf[1]},
            headers={"origin": "http://evil.example"},
        ).status_code
        empty = clerk.post(
            "/console/files",
            data={"csrf": csrf[1], "mapping": "incomes"},
            files={"file": ("a.csv", b"")},
        ).status_code
        unknown = clerk.post(
            "/console/files",
            data={"csrf": csrf[1], "mapping": "lottery"},
            files={"file": ("a.csv", b"a")},
        ).status_code
        missing = clerk.get("/console/files/0000").status_code
        nul = [
            clerk.get("/console/quarantine?reason=%00").status_code,
            clerk.post("/console/sign-in", data={"key": key, "name": "a\x00"}).status_code,
        ]
        nul.append(
            clerk.post("/console/quarantine", data={"csrf": csrf[1], "id": "a\x00"}).status_code
        )

    assert (pages, acts, wrong) == ([303] * 5, ["/console/sign-in"] * 4, [422, 401, 401])
    assert nul == [422, 403, 422]
    assert (large, endless) == ([413, 413], 413)
    assert (forged, elsewhere, empty, unknown, missing) == ([403, 403], 403, 422, 422, 404)
    assert "script-src" not in form.headers["content-security-policy"]
    assert "default-src 'none'" in form.headers["content-security-policy"]


def test_a_key_that_ends_ends_the_sessions_it_began(foothold: Stack, sender: Sender) -> None:  # noqa: ARG001 - a day is open
    first = foothold.command("ingest", "agency", "add", "console-leaver").splitlines()[0]
    with httpx.Client(base_url=foothold.ingest_url) as clerk:
        clerk.post("/console/sign-in", data={"key": first, "name": "x"})
        before = clerk.get("/console").status_code
        foothold.command(
            "ingest", "agency", "disable", "console-leaver", "--key", first.split("_")[1]
        )
        after = clerk.get("/console").status_code

    assert (before, after) == (200, 303)
