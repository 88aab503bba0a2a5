"""A real Chromium for the tests: in any language, theme and width, and never off the machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests import real
from tests.running import Running

CHROMIUM: dict[str, Any] = {
    "executable_path": "/usr/bin/chromium",
    "args": [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ],
}
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Mobile Safari/537.36"
)
NARROW = 600  # pixels; below it we are a phone


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser until the block ends. Without Chromium the test skips, and fails in CI."""
    real.need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**CHROMIUM)
        yield browser
        browser.close()


def signed_in(
    browser: Browser,
    running: Running,
    *,
    width: int = 1440,
    height: int = 900,
    language: str = "en",
    theme: Literal["light", "dark"] = "light",
) -> BrowserContext:
    """A window of somebody who has entered the campus."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale={"zh_Hans": "zh-CN"}.get(language, language),
        color_scheme=theme,
        user_agent=PHONE if width < NARROW else None,
    )
    context.set_default_timeout(90_000)  # milliseconds
    visitor = running.enter_campus(language)
    context.add_cookies(
        [{"name": one.name, "value": str(one.value), "url": running.url} for one in visitor.cookies]
    )
    return context


def settled(page: Page, milliseconds: float = 60_000) -> None:
    """Until Streamlit has run the script and shows it."""
    page.wait_for_selector(
        "[data-testid=stApp][data-test-script-state=notRunning]", timeout=milliseconds
    )


def overheard(context: BrowserContext) -> list[str]:
    """The addresses that the window asks for from now on, websockets among them."""
    urls: list[str] = []
    context.on("request", lambda request: urls.append(request.url))
    context.on("page", lambda page: page.on("websocket", lambda wire: urls.append(wire.url)))
    return urls


def outside(urls: list[str]) -> list[str]:
    """Those of the requests that left this machine."""
    local = {"127.0.0.1", "localhost", ""}
    return [url for url in urls if (urlsplit(url).hostname or "") not in local]
