"""Takes pictures of the documents from a running `make demo`: `python -m simulator.pictures`.

Needs an installed Chromium and a Chinese font.
"""

import json
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path("docs/pictures")
ACCESS = Path("var/demo/access.json")
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


def main() -> None:
    """The inbox, an urgent case and the region warnings, as a caseworker sees them.

    The first two in both languages.
    """
    if not ACCESS.is_file():
        sys.exit("No demonstration runs here: start 'make demo' in another window first.")
    password = json.loads(ACCESS.read_text())["password:caseworker"]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=sys.argv[2] if len(sys.argv) > 2 else "/usr/bin/chromium",  # noqa: PLR2004
            args=list(CHROMIUM),
        )
        page = browser.new_page(viewport={"width": 1280, "height": 860}, locale="zh-CN")
        page.goto(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8081")
        page.get_by_label("用户名").fill("caseworker")
        page.get_by_label("密码").fill(password)
        page.get_by_role("button", name="登录").click()
        page.screenshot(path=FOLDER / "inbox.png")
        page.locator("table.inbox a").first.click()
        for name, code in (("中文", "zh"), ("English", "en")):
            page.get_by_role("link", name=name).click()
            page.locator(".trace summary").click()
            page.screenshot(path=FOLDER / f"case-{code}.png", full_page=True)
        desk = page.url.split("/cases/")[0]
        page.goto(desk)
        page.screenshot(path=FOLDER / "inbox-en.png")
        page.goto(f"{desk}/language/both")
        page.goto(f"{desk}/areas")
        page.screenshot(path=FOLDER / "areas.png")
        browser.close()


if __name__ == "__main__":
    main()
