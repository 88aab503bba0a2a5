"""Rules are tried on the last month: what they would have caught, and what came of that."""

from dataclasses import replace
from datetime import timedelta

import pytest

from moderation import cases, comments, review, rules, trial
from moderation.filters import Rules
from moderation.model import Flag
from store.access import Actor
from store.db import Database
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
            ids[external] = comments.merge(tx, ana, school.id, "lms", made, now=NOON).id
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
