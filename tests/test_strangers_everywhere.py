"""The worst of strangers' texts on every screen, in every export and mail: letters, and no more."""

import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from console.app import VIEWS
from console.desk import exporting
from console.views import admin
from mailing import templates
from store import legibility
from store.access import Actor
from store.db import Database
from store.schools import School
from tests import stage
from tests.cast import Cast, settled
from tests.hostile import EMOJI, HOSTILE, LONG, MARKUP, ZALGO, faults, strings, write_everywhere

PLAIN = ("Text", "TextInput", "TextArea", "Selectbox", "Multiselect")  # drawn letter by letter
MOST = 200_000  # letters that one screen may weigh, whatever strangers wrote


@pytest.fixture
def cast(database: Database, school: School) -> Iterator[Cast]:
    with settled(database, school.id) as (made, _reached):
        with database.begin() as tx:
            write_everywhere(tx, made.console.now().timestamp())
        yield made


def shown(at: AppTest) -> list[tuple[str, str, str]]:
    """Each string on the screen: its element, its field, what it says."""
    found = []
    for node in at._tree:
        proto = getattr(node, "proto", None)
        if hasattr(proto, "ListFields"):
            kind = type(node).__name__
            found += [(kind, path, said) for path, said in strings(proto)]
            if kind == "Dataframe":
                table: Any = node
                cells = table.value.astype(str).to_numpy().ravel()
                found += [(kind, "cell", str(cell)) for cell in cells]
    return found


def test_every_screen_shows_letters_alone(cast: Cast, school: School, ada: Actor) -> None:
    known = {
        "target": cast.target.id,
        "incident": cast.incident,
        "person": cast.roster.person,
        "composer": cast.draft,
        "delivery": cast.released.id,
        "emergency": cast.incident,
    }
    seen: set[str] = set()
    for slug in VIEWS:
        params = {"id": known[slug]} if slug in known else {}
        at = stage.screen(slug, cast.console, ada, school, **params)
        _check(slug, at, seen)
    for tab in admin._parts():
        at = stage.screen("admin", cast.console, ada, school)
        at.session_state["admin-tab"] = tab
        _check(f"admin {tab}", at.run(), seen)
    assert {
        "review",
        "appeals",
        "person",
        "incident",
        "recipients",
        "composer",
        "classrooms",
    } <= seen


def _check(slug: str, at: AppTest, seen: set[str]) -> None:
    assert not at.exception, slug
    found = shown(at)
    if any("kolibri" in said and "evil" in said for _kind, _path, said in found):
        seen.add(slug)
    wrong = [
        (kind, path, fault, said[:80])
        for kind, path, said in found
        if path != ".srcdoc"
        for fault in faults(said, markdown=kind not in PLAIN and path != "cell")
    ]
    assert wrong == [], slug
    assert sum(len(said) for _kind, _path, said in found) < MOST, slug


def test_a_megabyte_is_cut_and_says_so(cast: Cast, school: School, ada: Actor) -> None:
    at = stage.screen("review", cast.console, ada, school)
    assert f"{len(LONG):,} letters in all" in stage.said(at)


def test_emoji_and_the_marks_of_real_languages_stay_as_they_are() -> None:
    for said in (EMOJI, "Việt Nam", "नमस्ते", "שָׁלוֹם", "الْعَرَبِيَّة", "ภาษาไทย", "й ё", "\u4f60\u597d"):
        assert legibility.legible(said) == said
    assert legibility.legible(ZALGO) == ZALGO[:5] + "algo"
    assert legibility.legible("a\ud83d\u202eb") == "a\ufffd\ufffdb"


def test_a_megabyte_of_marks_is_made_legible_whole() -> None:
    assert legibility.legible("e" + "\u0301" * 1_000_000) == "e" + "\u0301" * 4


def test_every_export_is_text_for_a_spreadsheet(cast: Cast, school: School, ada: Actor) -> None:
    told = ""
    for name in exporting.EXPORTS:
        out = io.StringIO()
        with cast.console.db.read() as tx:
            exporting.write(name, tx, ada, school, out)
        told += out.getvalue()
        for row in csv.reader(io.StringIO(out.getvalue(), newline="")):
            for cell in row:
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝")), name
                assert faults(cell, markdown=False) == [], name
    assert "'=1+1 kolibri" in told


class Seen(HTMLParser):
    """What a mail reader would make of the HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_mail_carries_a_stranger_s_name_as_letters() -> None:
    written = templates.Message(
        {"en": "Dear {{ name }}"},
        {"en": "# Hello\n\n{{ name }}, [see](https://school.example/{{ name }})"},
    )
    calm, hostile = (
        templates.render(written, {"name": said}, language="en", school="School 14")
        for said in ("Olga", HOSTILE)
    )
    seen, usual = Seen(), Seen()
    seen.feed(hostile.html)
    usual.feed(calm.html)
    assert seen.tags == usual.tags
    site = "https://school.example/"
    assert len(seen.links) == len(usual.links)
    assert [each for each in seen.links if not each.startswith(site)] == [
        each for each in usual.links if not each.startswith(site)
    ]
    assert MARKUP.split(" #")[0] in re.sub(r"\s+", " ", seen.text)
    assert faults(hostile.text, markdown=False) == []
    assert faults(seen.text, markdown=False) == []
    assert "\u202e" not in hostile.subject
