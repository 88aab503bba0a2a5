"""What the documents say is so: settings, commands, links."""

import re
from pathlib import Path

from console.settings import KEYS

HOUSE = Path(__file__).parent.parent


def test_every_setting_is_documented_with_its_variable() -> None:
    page = (HOUSE / "docs" / "settings.md").read_text(encoding="utf-8")
    assert [key.variable for key in KEYS.values() if f"{key.variable}" not in page] == []


def test_no_link_of_the_documents_is_dead() -> None:
    pages = [HOUSE / "README.md", HOUSE / "CHANGELOG.md", *(HOUSE / "docs").glob("*.md")]
    dead = [
        f"{page.name}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert dead == []


def test_the_readme_names_every_room_of_the_house() -> None:
    readme = (HOUSE / "README.md").read_text(encoding="utf-8")
    rooms = ("store", "platforms", "probes", "moderation", "mailing", "console", "benchmarks")
    assert [room for room in rooms if f"{room}/" not in readme] == []
