"""What the documents say is so: settings, commands, links."""

import re
from pathlib import Path

from console.settings import KEYS
from probes.probers import PROBERS
from probes.probers.settable import COMMON_CONDITIONS, Condition

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


def test_every_probe_is_documented_with_its_conditions() -> None:
    page = (HOUSE / "docs" / "probes.md").read_text(encoding="utf-8")
    every, *sections = re.split(r"^## ", page, flags=re.MULTILINE)
    documented = {section.split("\n")[0]: section for section in sections}
    assert list(documented) == list(PROBERS)
    missing = [condition.name for condition in COMMON_CONDITIONS if row(condition) not in every]
    for name, prober in PROBERS.items():
        section = documented[name]
        missing += [
            f"{name}: {each.name}" for each in prober.conditions if row(each) not in section
        ]
    assert missing == []


def row(condition: Condition) -> str:
    """How its line in the table begins."""
    return f"| `{condition.name}` |"


def test_the_readme_names_every_room_of_the_house() -> None:
    readme = (HOUSE / "README.md").read_text(encoding="utf-8")
    rooms = ("store", "platforms", "probes", "moderation", "mailing", "console", "benchmarks")
    assert [room for room in rooms if f"{room}/" not in readme] == []
