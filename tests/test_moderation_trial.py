"""Rules are tried on the last month: what they would have caught, and what came of that."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from operator import itemgetter

import pytest

from moderation import cases, comments, entries, flagging, review, rules, trial, wordings
from moderation.filters import Rules, RulesError
from moderation.model import Flag
from store import access
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.cast import post
from tests.conftest import NOON
from tests.moderation_platform import connect

TURNIPS = Rules.from_toml('[[list]]\nname = "Vegetables"\nterms = ["turnip"]')


@pytest.fixture
def written(database: Database, school: School, ana: Actor) -> dict[str, str]:
    """Comments by their external ids: two turnips (one approved, one new), an idiot, an old one."""
    said = {
        "p1": ("you turnip", NOON - timedelta(days=2)),
        "p2": ("t u r n i p!", NOON - timedelta(days=1)),
        "p3": ("what an idiot", NOON - timedelta(days=3)),
        "p4": ("old turnip", NOON - timedelta(days=40)),
        "p5": ("see you at five", NOON - timedelta(days=3)),
    }
    ids = {}
    with database.begin() as tx:
        connect(tx, school)
        for external, (words, at) in said.items():
            made = replace(post(external), text=words, html=words, written_at=at)
            ids[external] = wordings.merge(tx, ana, school.id, "lms", made, now=NOON).id
        case_id = cases.flagged(tx, ana, ids["p1"], [Flag("Vegetables", "turnip", 4, 10)], now=NOON)
        assert case_id
        review.decide(tx, ana, case_id, "approve", now=NOON)
    return ids


def test_a_trial_counts_what_is_new_what_is_missed_and_what_was_approved(
    database: Database, school: School, ada: Actor, written: dict[str, str]
) -> None:
    with database.read() as tx:
        found = trial.over(tx, ada, school.id, TURNIPS, now=NOON)
    assert (found.read, found.caught, found.new) == (4, 2, 2)
    assert (found.missed, found.approved, found.removed) == (1, 1, 0)
    assert [each.comment_id for each in found.examples] == [written["p2"], written["p1"]]
    assert [each.decision for each in found.examples] == ["", "approve"]
    assert {each.terms for each in found.examples} == {("turnip",)}


def test_the_rules_in_force_find_nothing_new(
    database: Database, school: School, ada: Actor, written: dict[str, str]
) -> None:
    with database.read() as tx:
        found = trial.over(tx, ada, school.id, rules.of(tx, ada, school.id), now=NOON)
    assert (found.caught, found.new, found.missed) == (1, 0, 0)


EVERYTHING = Rules.from_toml("""
[[list]]
name = "Words"
terms = ["turnip"]
hide = true
on = false
[[pattern]]
name = "Phones"
expression = '\\+7[0-9]{6,}'
[flood]
comments = 3
minutes = 2
[repeats]
times = 3
minutes = 30
[newcomers]
days = 3
[links]
allowed = ["school.example"]
""")
ON = entries.switched(EVERYTHING, replace(entries.of(EVERYTHING)[0], on=True))


def test_every_kind_of_rule_is_tried_and_finds_what_it_finds_as_comments_come(
    database: Database, school: School, ada: Actor
) -> None:
    said = [
        ("u1", 0, "you turnip", "Re: roots"),
        ("u1", 5, "call +79990001122", "Re: roots"),
        ("u1", 10, "well", "turnip talk"),
        ("u1", 12, "and on", "Re: roots"),
        *((f"v{n}", 900 + n, f"Answers to all exams, write to number {n}", "") for n in range(4)),
        ("u2", 2000, "see https://cheap.example/x and https://school.example/y", ""),
        ("u3", -400_000, "hello", ""),
        ("u3", 2100, "see https://cheap.example/x", ""),
        ("u4", 2200, "see https://a.school.example/z", ""),
    ]
    live: Counter[str] = Counter()
    with database.begin() as tx:
        connect(tx, school)
        for number, (author, late, words, subject) in enumerate(sorted(said, key=itemgetter(1))):
            at = NOON - timedelta(days=2) + timedelta(seconds=late)
            made = replace(
                post(f"e{number}"), author_external_id=author, text=words, html=words,
                subject=subject, written_at=at, parent_id="",
            )  # fmt: skip
            merged = wordings.merge(tx, ada, school.id, "lms", made, now=NOON)
            kept = comments.get(tx, ada, merged.id)
            assert kept is not None
            live.update({flag.rule for flag in flagging.flags_of(tx, ON, kept)})
    with database.read() as tx:
        found = trial.over(tx, ada, school.id, EVERYTHING, now=NOON)
    assert {each.entry.name: each.caught for each in found.by_rule} == dict(live)
    assert live.keys() == {"Words", "Phones", "flood", "repeats", "newcomers", "links"}
    assert (found.read, found.written) == (len(said), len(said))


def test_no_more_than_so_many_comments_are_tried_and_it_says_how_many(
    database: Database, school: School, ada: Actor
) -> None:
    with database.begin() as tx:
        connect(tx, school)
        for number in range(3):
            words = "turnip " + "x" * trial.LETTERS
            made = replace(post(f"e{number}"), text=words[: trial.LETTERS // 2], written_at=NOON)
            wordings.merge(tx, ada, school.id, "lms", made, now=NOON)
        tx.execute(text("UPDATE comment SET subject = text"))
    with database.read() as tx:
        found = trial.over(tx, ada, school.id, TURNIPS, now=NOON)
    assert (found.read, found.written) == (1, 3)
    assert found.since == NOON


def test_only_what_was_tried_as_it_stands_is_switched_on(
    database: Database, school: School, ada: Actor
) -> None:
    wanted = rules.starter() + '[[list]]\nname = "Vegetables"\nterms = ["turnip"]\n'
    with database.begin() as tx:
        with pytest.raises(RulesError, match="Not tried as it stands now: Vegetables"):
            rules.save(tx, ada, school.id, wanted, now=NOON)
        rules.save(tx, ada, school.id, f"{wanted}on = false\n", now=NOON)
        found = trial.over(tx, ada, school.id, rules.built(wanted), now=NOON)
        trial.keep(tx, ada, school.id, found, now=NOON)
        rules.save(tx, ada, school.id, wanted, now=NOON)
        for changed in ("hide = true\n", 'language = "en"\n'):
            with pytest.raises(RulesError, match="Vegetables"):
                rules.save(tx, ada, school.id, wanted + changed, now=NOON)
        assert rules.text_of(tx, ada, school.id) == wanted
        rules.save(tx, ada, school.id, "", now=NOON)  # switching off needs no trial
        rules.save(tx, ada, school.id, wanted, now=NOON)  # nor what was tried once


def test_what_pult_approved_by_itself_is_no_decision_of_a_person(
    database: Database, school: School, ada: Actor, written: dict[str, str]
) -> None:
    with database.begin() as tx:
        case_id = cases.flagged(tx, ada, written["p2"], [Flag("x", "turnip", 0, 1)], now=NOON)
        pult = access.system(school.id)
        review.decide(tx, pult, case_id or "", "approve", now=NOON)
        found = trial.over(tx, ada, school.id, TURNIPS, now=NOON)
    assert found.approved == 1
