"""Stored rules that cannot be read are left out and told; the others go on finding."""

import pytest

from console.desk import doctor
from moderation import intake, review, rules
from store.access import Actor
from store.db import Database, text
from store.schools import School
from store.vault import Vault
from tests.conftest import NOON
from tests.moderation_platform import Adapter, Site, connect, serving

TWICE = """
[[list]]
name = "ours"
terms = ["frog"]
[[list]]
name = "ours"
terms = ["toad"]
[[pattern]]
name = "ours"
expression = "newt"
[[pattern]]
name = "numbers"
expression = '\\d{9}'
[flood]
comments = 5
minutes = 1
"""
BROKEN = [
    (TWICE, 2, "named “ours”"),
    (TWICE.replace("'\\d{9}'", "'('").replace('name = "ours"\nterms = ["toad"]', ""), 3, "cannot"),
    (TWICE + "[repeats]\ntimes = 0\n", 3, "whole number"),
    (TWICE + "[weather]\nrain = 1\n", 3, "no weather in rules"),
]


def _store(database: Database, school: School, written: str) -> None:
    """As an older Pult, or a hand in the database, may have left them."""
    with database.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO moderation_rules (school_id, toml, changed_by, changed_at)
                VALUES (:school, :toml, 'ada', :now)
            """),
            {"school": school.id, "toml": written, "now": NOON},
        )


def _pulled(database: Database, ben: Actor, said: str) -> int:
    site = Site()
    site.write("p1", said, NOON)
    with serving(site) as url:
        return intake.pull(database, ben, "lms", lambda _: Adapter(url), now=NOON)


@pytest.mark.parametrize(("written", "count", "why"), BROKEN)
def test_intake_goes_on_with_the_rules_that_can_be_read(
    database: Database, school: School, ben: Actor, written: str, count: int, why: str
) -> None:
    _store(database, school, written)
    with database.begin() as tx:
        connect(tx, school)
    assert _pulled(database, ben, "a frog, a toad") == 1
    with database.read() as tx:
        [case] = review.waiting(tx, ben, school.id, now=NOON)
        told = rules.ignored(tx, ben, school.id)
        read = rules.of(tx, ben, school.id)
    assert [flag.term for flag in case.flags] == ["frog"]
    assert len(told) == count
    assert any(why in str(one) for one in told)
    assert read.watch.flood is not None


def test_what_is_no_toml_at_all_leaves_the_starter_lists(
    database: Database, school: School, ben: Actor
) -> None:
    _store(database, school, "[[list")
    with database.begin() as tx:
        connect(tx, school)
    assert _pulled(database, ben, "you idiot") == 1
    with database.read() as tx:
        assert len(review.waiting(tx, ben, school.id, now=NOON)) == 1
        assert len(rules.ignored(tx, ben, school.id)) == 1


def test_doctor_names_the_rule_and_where_to_mend_it(
    database: Database, school: School, ada: Actor
) -> None:
    _store(database, school, TWICE)
    found = [
        one
        for one in doctor.look(
            database, ada, Vault(b"uXzmAm2cYvSbKJQlHxK6sE0lAGkT6OuAYrXTWjhAHlw="), now=NOON
        )
        if one.name == "watched words"
    ]
    assert [one.state for one in found] == ["failing", "failing"]
    assert "“ours”" in str(found[0].problem)
    assert "Watched words" in str(found[0].advice)
