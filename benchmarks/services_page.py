"""How soon the services board shows its first page in Chromium, in a school that is there."""

import re
import secrets
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

import requests
from playwright.sync_api import BrowserContext, Page, sync_playwright

from console.desk import accounts
from store import access
from store.db import Database
from tests.browsing import CHROMIUM, settled
from tests.running import Running, console

TIMES = 10
WARM = 3  # navigations before the measuring: the browser's cache, the process's code
FIRST = 120_000  # milliseconds until the first one
PAUSE = 1.0  # seconds between two navigations
NAME = "bench"
PAINTED = """
    (function look() {
        const grid = document.querySelector("[data-testid=stDataFrame] canvas");
        if (grid && grid.width) {
            const row = grid.getContext("2d").getImageData(0, 40, Math.min(grid.width, 600), 42);
            let dark = 0;
            for (let i = 0; i < row.data.length; i += 4)
                dark += row.data[i + 3] && row.data[i] + row.data[i + 1] + row.data[i + 2] < 300;
            if (dark > 20) {
                document.documentElement.dataset.painted = performance.now();
                return;
            }
        }
        requestAnimationFrame(look);
    })();
"""  # milliseconds from the navigation to the frame that shows the first row's letters


def first_pages(data: Path, database: Database, **settings: str) -> dict[str, float]:
    """Seconds from the navigation until the worst are seen: the median of ten."""
    password = secrets.token_urlsafe(12)
    with database.begin() as tx:
        accounts.add(
            tx,
            access.system(),
            NAME,
            password,
            role="coordinator",
            every_school=True,
            language="en",
            now=datetime.now(UTC),
        )
    with (
        console(data, PULT_PROBER_MODE="off", PULT_WORKER_MODE="off", **settings) as running,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(**CHROMIUM)
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en")
        _sign_in(running, context, password)
        context.add_init_script(PAINTED)
        page = context.new_page()
        _paint(page, running.url, FIRST)
        took = []
        for _ in range(WARM + TIMES):
            settled(page)
            time.sleep(PAUSE)
            took.append(_paint(page, running.url))
        browser.close()
    kept = took[WARM:]
    return {
        "median_s": round(statistics.median(kept), 3),
        "fastest_s": round(min(kept), 3),
        "slowest_s": round(max(kept), 3),
    }


def _paint(page: Page, url: str, patience: float = 30_000) -> float:
    """Seconds from the navigation until the first row of the table is painted."""
    page.goto(f"{url}/services", wait_until="commit")
    painted = page.locator("html[data-painted]")
    painted.wait_for(state="attached", timeout=patience)
    return float(painted.get_attribute("data-painted") or "nan") / 1000


def _sign_in(running: Running, context: BrowserContext, password: str) -> None:
    visitor = requests.Session()
    visitor.trust_env = False
    form = visitor.get(f"{running.url}/login", timeout=30).text
    token = re.search(r'name="token" value="([^"]+)"', form)
    assert token, "the page has no form"
    answer = visitor.post(
        f"{running.url}/login",
        data={"token": token[1], "name": NAME, "password": password},
        headers={"Origin": running.url},
        timeout=30,
    )
    answer.raise_for_status()
    context.add_cookies(
        [{"name": one.name, "value": str(one.value), "url": running.url} for one in visitor.cookies]
    )
