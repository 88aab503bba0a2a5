"""How soon she sees it, in a real browser: `python -m benchmarks.evening`.

Prints the seconds from the click on "Enter the campus" to people counted on the
overview, and from switching on two scenes to a room that fills and to a live
picture that is in doubt or down, each on its screen.
"""

import json
import re
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests import browsing
from tests.running import console

PATIENCE = 60_000  # milliseconds
SCENES = ("Rush: everybody comes at once", "A live picture stands still")


def main() -> None:
    expect.set_options(timeout=PATIENCE)
    with (
        tempfile.TemporaryDirectory() as folder,
        browsing.chromium() as browser,
        console(Path(folder) / "data") as running,
    ):
        page = browser.new_context(locale="en").new_page()
        page.goto(running.url)
        began = time.monotonic()
        page.get_by_role("button", name="Enter the campus").click()
        people = page.get_by_test_id("stMetric").filter(has_text="In lessons now")
        expect(people).to_have_text(re.compile(r"In lessons now\s*[1-9]"))
        figures = {"live_s": round(time.monotonic() - began, 1)} | scenes(page, running.url)
    print(json.dumps(figures))


def scenes(page: Page, url: str) -> dict[str, float]:
    page.get_by_role("button", name="Scenes").click()
    began = time.monotonic()
    for name in SCENES:
        page.get_by_text(name).click()
        expect(page.get_by_role("switch", name=name)).to_be_checked()
    expect(page.get_by_text(re.compile(r"is full|is filling up")).first).to_be_visible()
    rush = time.monotonic() - began
    page.goto(f"{url}/services")
    expect(page.get_by_text(re.compile("◆ Suspect|▲ Down")).first).to_be_visible()
    return {"rush_s": round(rush, 1), "stalled_s": round(time.monotonic() - began, 1)}


if __name__ == "__main__":
    main()
