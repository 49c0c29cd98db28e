"""A caseworker's browser, logged in."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from deploy.local.stack import Stack
from tests.support.running import browser
from tests.support.running.sender import Sender


@pytest.fixture
def desk(foothold: Stack, sender: Sender) -> Iterator[Page]:
    """The inbox."""
    with browser.page() as page:
        page.goto(foothold.inbox_url)
        page.get_by_label("用户名").fill("caseworker")
        page.get_by_label("密码").fill(sender.passwords["caseworker"])
        page.get_by_role("button", name="登录").click()
        yield page
