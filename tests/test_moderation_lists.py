"""Lists of watched words go out as a table and come back the same, whatever stands in them."""

import csv
from dataclasses import replace
from io import StringIO

import pytest

from moderation import entries, lists, rules
from moderation.filters import Pattern, Rules, RulesError, WordList, screen

STARTER = Rules.from_toml(rules.starter())
ODD = WordList(
    '=SUM(1) "quoted"',
    "en",
    ("=cmd", "-1", "'apostrophe", "a,b", 'say "x"', "傻瓜"),
    ("+ok",),
    "abuse",
)


def test_the_starter_lists_come_back_the_same_by_table_and_as_toml() -> None:
    given = ("\ufeff" + lists.table(STARTER)).encode()
    assert lists.merged(STARTER, lists.read(given)) == STARTER
    assert Rules.from_toml(lists.toml(STARTER)) == STARTER


def test_a_list_that_is_brought_in_is_off_until_it_is_tried_and_a_grown_one_goes_on() -> None:
    given = lists.read(b"list,word,hide\nOurs,toad,yes\nTheirs,newt,\n")
    kept = Rules((WordList("Ours", "en", ("frog",)),), ())
    ours, theirs = lists.merged(kept, given).lists
    assert (ours.on, ours.hide, ours.terms) == (True, True, ("frog", "toad"))
    assert (theirs.on, theirs.hide) == (False, False)


def test_the_switches_survive_both_ways() -> None:
    watch = replace(STARTER.watch, links=frozenset(), hides=frozenset({"links"}))
    odd = Rules(
        (WordList("Ours", "en", ("frog",), hide=True), WordList("Off", "", ("toad",), on=False)),
        (Pattern("p", "x+", hide=True, on=False),),
        replace(watch, off=frozenset({"links"})),
    )
    assert Rules.from_toml(lists.toml(odd)) == odd
    ours, off = lists.read(lists.table(odd).encode())
    assert (ours.hide, off.hide) == (True, False)


def test_what_is_switched_off_finds_nothing_and_what_hides_says_so() -> None:
    written = '[[list]]\nname="A"\nterms=["frog"]\nhide=true\n[[list]]\nname="B"\nterms=["toad"]'
    rules = Rules.from_toml(written)
    assert [(flag.rule, flag.hide) for flag in screen(rules, "frog, toad")] == [
        ("A", True), ("B", False),
    ]  # fmt: skip
    first, second = entries.of(rules)
    changed = entries.switched(rules, replace(first, on=False))
    changed = entries.switched(changed, replace(second, hide=True))
    assert [(flag.rule, flag.hide) for flag in screen(changed, "frog, toad")] == [("B", True)]
    assert [each.sha256 == old.sha256 for each, old in zip(
        entries.of(changed), (first, second), strict=True
    )] == [True, False]  # fmt: skip


def test_odd_words_survive_both_ways_and_open_no_formula() -> None:
    odd = Rules((ODD,), ())
    written = lists.table(odd)
    assert lists.read(written.encode()) == [replace(ODD, on=False)]
    assert Rules.from_toml(lists.toml(odd)) == odd
    for row in csv.reader(StringIO(written)):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_a_language_goes_out_alone() -> None:
    russian = lists.read(lists.table(STARTER, "ru").encode())
    assert {words.language for words in russian} == {"ru"}
    assert {words.name for words in russian} == {
        words.name for words in STARTER.lists if words.language == "ru"
    }


def test_a_table_adds_to_the_list_of_its_name_and_founds_new_ones() -> None:
    kept = Rules((WordList("Ours", "en", ("frog",)),), ())
    given = "list,language,word\nOurs,en,toad\nOurs,en,frog\nTheirs,ru,жаба\n"
    ours, theirs = lists.merged(kept, lists.read(given.encode())).lists
    assert ours.terms == ("frog", "toad")
    assert (theirs.name, theirs.language, theirs.terms) == ("Theirs", "ru", ("жаба",))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (b"\xff\xfe\x00", "UTF-8"),
        (b"", "first line lacks list"),
        (b"list,term\nOurs,frog\n", "first line lacks word"),
        (b"list,word,kind\nOurs,frog,fire\n", "Line 2"),
        (b"list,word\nOurs,\n", "Line 2"),
        (b"list,word,welfare\nOurs,frog,fire\n", "welfare of"),
        (b"list,word,welfare,hide\nOurs,frog,abuse,yes\n", "never hidden"),
    ],
)
def test_a_bad_table_is_refused_with_the_place(given: bytes, problem: str) -> None:
    with pytest.raises(RulesError, match=problem):
        lists.read(given)
