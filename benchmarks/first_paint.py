"""How soon the overview shows its first row: `python -m benchmarks.first_paint`.

Chromium, warm, median of ten navigations, each from the navigation to the moment when the
figures and the first card are visible. A media server of the campus is down, so that there
is a card.
"""

import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import requests
from playwright.sync_api import Page, sync_playwright

from store import db
from store.db import text
from tests.browsing import CHROMIUM, settled, signed_in
from tests.running import Running, console

TIMES = 10
WARM = 3  # navigations before the measuring: the browser's cache, the process's code
CARD = 120_000  # milliseconds until the first card, with the probes that it takes
PAUSE = 1.0  # seconds between two navigations


def paint(page: Page, url: str, patience: float = 30_000) -> float:
    """Seconds from the navigation to the first card beside the figures."""
    started = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.get_by_test_id("stMetricValue").first.wait_for(state="visible", timeout=patience)
    page.locator("[class*=st-key-open-]").first.wait_for(state="visible", timeout=patience)
    return time.perf_counter() - started


def break_a_server(running: Running) -> None:
    """Switch on the campus's scene of a media server that is down, as its badge does."""
    campus = db.connect(running.data / "campus")
    with campus.read() as tx:
        row = tx.execute(text("SELECT value FROM setting WHERE name = 'campus'")).one()
    campus.close()
    control = json.loads(row.value)["control"]
    requests.post(f"{control}/scenes/server-down", json={"on": True}, timeout=10).raise_for_status()


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        console(Path(folder) / "data") as running,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(**CHROMIUM)
        page = signed_in(browser, running, width=1440, height=900).new_page()
        break_a_server(running)
        paint(page, running.url, CARD)
        took = []
        for _number in range(WARM + TIMES):
            settled(page)
            time.sleep(PAUSE)
            took.append(paint(page, running.url))
        browser.close()
    kept = sorted(took[WARM:])
    figures = {
        "times": TIMES,
        "median_s": round(statistics.median(kept), 3),
        "fastest_s": round(kept[0], 3),
        "slowest_s": round(kept[-1], 3),
        "load_average": round(os.getloadavg()[0], 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
