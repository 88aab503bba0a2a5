"""A released letter can be read as each of its readers gets it, before it leaves and after."""

import pytest

from mailing import (
    campaigns,
    letters,
    preferences,
    releasing,
    segments,
    suppression,
    unsubscribe,
)
from mailing.segments import Segment
from store.access import Actor, Denied, system
from store.db import Connection, Database
from store.schools import School
from tests.conftest import NOON
from tests.test_mailing_campaigns import SENDER, person


@pytest.fixture
def letter(database: Database, school: School, ana: Actor) -> str:
    """To Alina in Russian, to Ben and 100_percent in English; Cid's address is dead."""
    with database.begin() as tx:
        person(tx, ana, school, "Alina", language="ru")
        person(tx, ana, school, "Ben", language="en", group="7B")
        person(tx, ana, school, "100_percent", language="en")
        person(tx, ana, school, "Cid", language="en")
        suppression.add(tx, ana, school.id, "cid@school.example", now=NOON)
        id_ = campaigns.draft(
            tx,
            ana,
            school.id,
            subject={"ru": "Класс", "en": "Room for {{ name }}"},
            body={"ru": "Здравствуйте", "en": "{% if group = 7B %}Room 9{% else %}Hall{% endif %}"},
            segment=Segment(everyone=True),
            sender=SENDER,
            now=NOON,
        )
        releasing.release(tx, ana, id_, now=NOON)
    return id_


def named(
    tx: Connection, who: Actor, letter: str, language: str = "en", search: str = ""
) -> list[str]:
    found = letters.readers(tx, who, letter, language=language, search=search)
    return [each.name for each in found]


def test_its_languages_and_readers_are_told_without_those_left_out(
    database: Database, ana: Actor, letter: str
) -> None:
    with database.read() as tx:
        assert letters.languages(tx, ana, letter) == {"en": 2, "ru": 1}
        assert named(tx, ana, letter) == ["100_percent", "Ben"]
        assert named(tx, ana, letter, language="ru") == ["Alina"]
        assert [(str(why), n) for why, n in letters.left_out(tx, ana, letter)] == [
            ("Taken off the list by a coordinator.", 1)
        ]


def test_a_reader_is_found_by_a_part_of_her_name_letter_for_letter(
    database: Database, ana: Actor, letter: str
) -> None:
    with database.read() as tx:
        assert named(tx, ana, letter, search="BE") == ["Ben"]
        assert named(tx, ana, letter, search="_") == ["100_percent"]
        assert named(tx, ana, letter, search="ben@school") == ["Ben"]
        assert named(tx, ana, letter, search="Alina") == []  # she reads it in Russian
        assert named(tx, ana, letter, search="alin", language="") == ["Alina"]


def test_each_letter_is_of_what_was_frozen_for_its_reader(
    database: Database, school: School, ana: Actor, letter: str
) -> None:
    with database.begin() as tx:
        ben = next(each for each in letters.readers(tx, ana, letter, language="en", search="ben"))
        person(tx, ana, school, "Ben", language="ru", group="9A")  # changed since
        seen = letters.rendered(tx, ana, ben.delivery_id)
    assert seen.subject == "Room for Ben"
    assert "Room 9" in seen.text
    assert "Hall" not in seen.html


def test_another_schools_letter_is_nobodys_to_read(
    database: Database, ana: Actor, letter: str
) -> None:
    stranger = system("another")
    with database.read() as tx:
        ben = letters.readers(tx, ana, letter, language="en")[0]
        with pytest.raises(Denied):
            letters.rendered(tx, stranger, ben.delivery_id)
        with pytest.raises(Denied):
            letters.rendered(tx, ana, "nothing")


def test_a_part_for_readers_of_a_language_is_for_those_who_chose_it(
    database: Database, school: School, ana: Actor
) -> None:
    """The platform says Russian, she said Chinese, which this letter is not written in."""
    with database.begin() as tx:
        alina = person(tx, ana, school, "Alina", language="ru")
        person(tx, ana, school, "Ben", language="")
        mark = unsubscribe.token(b"k", school.id, "alina@school.example", "news")
        preferences.choose(tx, b"k", mark, wanted=("news",), language="zh_Hans", now=NOON)
        id_ = campaigns.draft(
            tx, ana, school.id, subject={"ru": "{{ language }}"},
            body={"ru": "{% if language = zh_Hans %}for her{% else %}for others{% end %}"},
            segment=Segment(everyone=True), sender=SENDER, now=NOON,
        )  # fmt: skip
        before = campaigns.preview(tx, ana, id_, alina)
        assert (before.subject, "for her" in before.text) == ("zh_Hans", True)
        seen = segments.audience(tx, ana, school.id, Segment(everyone=True), now=NOON)
        spoken = {each.name: each.language for each in seen.people}
        assert spoken == {"Alina": "zh_Hans", "Ben": "ru"}, "Ben has none: the school's"
        releasing.release(tx, ana, id_, now=NOON)
        subjects = {
            each.name: letters.rendered(tx, ana, each.delivery_id).subject
            for each in letters.readers(tx, ana, id_)
        }
        assert subjects == {"Alina": "zh_Hans", "Ben": "ru"}
        preferences.choose(tx, b"k", mark, wanted=("news",), language="en", now=NOON)
        [frozen] = letters.readers(tx, ana, id_, search="alina")
        after = letters.rendered(tx, ana, frozen.delivery_id)
        assert (after.subject, "for others" in after.text) == ("en", True)


def test_a_preview_is_in_the_language_that_the_reader_has_chosen(
    database: Database, school: School, ana: Actor, letter: str
) -> None:
    with database.begin() as tx:
        alina = person(tx, ana, school, "Alina", language="ru")
        assert campaigns.preview(tx, ana, letter, alina).subject == "Класс"
        key = b"k" * 32
        token = unsubscribe.token(key, school.id, "alina@school.example", "announcements")
        preferences.choose(tx, key, token, wanted={"announcements"}, language="en", now=NOON)
        assert campaigns.preview(tx, ana, letter, alina).subject == "Room for Alina"
