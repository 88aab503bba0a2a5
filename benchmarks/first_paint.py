"""How soon the overview shows its first row: `python -m benchmarks.first_paint`.

Chromium, warm, median of ten navigations, from the navigation to the first
card or row that is visible.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browsing import CHROMIUM, signed_in
from tests.running import console

TIMES = 10


def paint(page: Page, url: str) -> float:
    """Seconds from the navigation to the first figure of the overview."""
    started = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.get_by_test_id("stMetricValue").first.wait_for(state="visible")
    page.get_by_test_id("stVerticalBlock").get_by_role("button").first.wait_for(state="visible")
    return time.perf_counter() - started


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        console(Path(folder) / "data") as running,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(**CHROMIUM)
        context = signed_in(browser, running, width=1440, height=900)
        page = context.new_page()
        for _ in range(3):  # warm: the browser's cache, the process's code, the board
            paint(page, running.url)
        took = sorted(paint(page, running.url) for _ in range(TIMES))
        browser.close()
    print(
        json.dumps(
            {
                "times": TIMES,
                "median_s": round(statistics.median(took), 3),
                "slowest_s": round(took[-1], 3),
            }
        )
    )


if __name__ == "__main__":
    main()
