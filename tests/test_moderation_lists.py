"""Lists of watched words go out as a table and come back the same, whatever stands in them."""

import csv
from io import StringIO

import pytest

from moderation import lists, rules
from moderation.filters import Rules, RulesError, WordList

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
    assert lists.merged(Rules((), (), STARTER.watch), lists.read(given)) == STARTER
    assert Rules.from_toml(lists.toml(STARTER)) == STARTER


def test_odd_words_survive_both_ways_and_open_no_formula() -> None:
    odd = Rules((ODD,), ())
    written = lists.table(odd)
    assert lists.read(written.encode()) == [ODD]
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
    ],
)
def test_a_bad_table_is_refused_with_the_place(given: bytes, problem: str) -> None:
    with pytest.raises(RulesError, match=problem):
        lists.read(given)
