"""Every sentence of the house exists in every language, with the same places to fill."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog

from console import catalogues, i18n
from console.i18n import _, ngettext, say, speaking
from store.words import Words


@pytest.fixture(scope="module")
def said() -> Catalog:
    return catalogues.sentences()


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_no_sentence_is_without_a_translation(language: str, said: Catalog) -> None:
    known = catalogues.read(language)
    missing = [message.id for message in said if message.id and known.get(message.id) is None]
    assert missing == [], "run: python -m console.catalogues, and translate"
    assert list(catalogues.faults(known)) == []


def test_a_sentence_within_an_f_string_is_found() -> None:
    source = "f\"{_('Hello {name}').format(name=1)}\"; ngettext('{n} day', '{n} days', 2)"
    assert sorted(catalogues.said_in(source), key=str) == [("{n} day", "{n} days"), "Hello {name}"]


def test_a_translation_that_drops_a_place_is_a_fault() -> None:
    catalog = Catalog("ru")
    catalog.add("{name} is full", "Мест нет")
    catalog.add("Down", "")
    faults = list(catalogues.faults(catalog))
    assert len(faults) == 2
    assert "other places" in faults[0]
    assert "no translation" in faults[1]


@pytest.mark.parametrize(
    ("language", "number", "words"),
    [
        ("ru", 1, "1 человек"),
        ("ru", 3, "3 человека"),
        ("ru", 12, "12 человек"),
        ("ru", 21, "21 человек"),
        ("zh_Hans", 2, "2 人"),
        ("en", 1, "1 person"),
        ("en", 2, "2 people"),
    ],
)
def test_plurals_follow_the_language(language: str, number: int, words: str) -> None:
    with speaking(language):
        assert ngettext("{n} person", "{n} people", number).format(n=number) == words


def test_two_readers_in_one_process_each_read_their_own_language() -> None:
    with speaking("ru"):
        with speaking("zh_Hans"):
            assert _("Overview") == "总览"
        assert _("Overview") == "Обзор"
    assert _("Overview") == "Overview"


def test_an_error_without_words_for_people_keeps_its_own_to_itself() -> None:
    assert "secret" not in say(RuntimeError("secret token 123"))


def test_words_are_translated_and_then_filled() -> None:
    with speaking("ru"):
        assert say(Words("{name} does not answer", {"name": "B"})) == "B не отвечает"


@pytest.mark.parametrize(
    ("tag", "ours"),
    [("zh-CN", "zh_Hans"), ("zh", "zh_Hans"), ("ru-RU", "ru"), ("de-DE", "en"), (None, "en")],
)
def test_the_browsers_language_finds_the_nearest_of_ours(tag: str | None, ours: str) -> None:
    assert i18n.best(tag) == ours


def test_times_are_the_schools_and_spans_are_as_people_say_them() -> None:
    at = datetime(2026, 3, 10, 15, 5, 10, tzinfo=UTC)
    moscow = ZoneInfo("Europe/Moscow")
    assert i18n.clock(at, moscow, seconds=True) == "18:05:10"
    assert i18n.moment(at, moscow, now=at + timedelta(minutes=1)) == "18:05"
    with speaking("en"):
        assert i18n.moment(at, moscow, now=at + timedelta(days=2)) == "10 Mar 18:05"
        assert i18n.span(timedelta(minutes=80)) == "1 h 20 min"
        assert i18n.number(1234.5, digits=1) == "1,234.5"
        assert i18n.number(1e30) == "1e+30"  # a stranger's reading
    with speaking("ru"):
        assert i18n.percent(0.82) == "82 %"
        assert i18n.number(1234.5, digits=1) == "1\xa0234,5"
