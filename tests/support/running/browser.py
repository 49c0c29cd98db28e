"""An installed Chromium, driven headless; Playwright brings none of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def sign_in(page: Page, console: str, key: str, person: str) -> None:
    """As an agency's clerk at the console of this address."""
    page.goto(console)
    page.get_by_label("本单位密钥").fill(key)
    page.get_by_label("您的姓名").fill(person)
    page.get_by_role("button", name="登录").click()


def chromium() -> str | None:
    """Its path, if one is installed."""
    return next(
        (
            path
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (path := shutil.which(name))
        ),
        None,
    )


def missing() -> str | None:
    """What a browser test lacks on this machine, or None."""
    if chromium() is None:
        return "no Chromium is installed (Debian: apt install chromium)"
    fonts = (
        subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)  # noqa: S607 - fontconfig
        if shutil.which("fc-list")
        else None
    )
    return (
        None
        if fonts is not None and fonts.stdout.strip()
        else "no Chinese font is installed (Debian: apt install fonts-wqy-microhei fontconfig)"
    )


@contextmanager
def page(width: int = 1280, height: int = 900) -> Iterator[Page]:
    """A page of a fresh browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            yield browser.new_context(
                viewport={"width": width, "height": height}, locale="zh-CN"
            ).new_page()
        finally:
            browser.close()
