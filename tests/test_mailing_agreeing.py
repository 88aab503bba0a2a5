"""From how many recipients on a second person agrees is the school's own to say."""

import pytest

from console.desk import accounts
from console.views import admin_release
from mailing import agreeing, campaigns, releasing
from mailing.model import MailingError
from mailing.timing import SECOND_PERSON, Terms
from store import access, schools
from store.access import Actor, Denied, Role
from store.db import Connection, Database, text
from store.schools import School
from tests import stage
from tests.conftest import NOON
from tests.stage import press, said
from tests.test_mailing_campaigns import draft, person

USUAL = Terms(second_person_above=SECOND_PERSON)


def state(tx: Connection, ana: Actor, school: School, terms: Terms) -> str:
    id_ = draft(tx, ana, school)
    releasing.release(tx, ana, id_, terms=terms, now=NOON)
    return campaigns.get(tx, ana, id_).state


def test_a_schools_own_number_goes_before_the_settings(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        for name in ("Alina", "Boris"):
            person(tx, ana, school, name)
        other = schools.found(
            tx, access.system(), "Other", time_zone="UTC", language="en", now=NOON
        )
        assert state(tx, ana, school, Terms(1)) == "asked"
        agreeing.keep(tx, ada, school.id, 2, now=NOON)
        assert state(tx, ana, school, Terms(1)) == "released"
        agreeing.keep(tx, ada, school.id, 1, now=NOON)
        assert state(tx, ana, school, Terms(0)) == "asked"
        agreeing.keep(tx, ada, school.id, 0, now=NOON)
        assert state(tx, ana, school, Terms(1)) == "released"
        system = access.system(other.id)
        assert agreeing.above(tx, system, other.id, Terms(7)) == 7
        agreeing.keep(tx, ada, school.id, None, now=NOON)
        assert state(tx, ana, school, Terms(1)) == "asked"
        told = tx.execute(
            text("SELECT action, subject FROM audit WHERE action LIKE '%second person'")
        )
        assert sorted(tuple(row) for row in told) == [
            ("follow second person", ""),
            *(("set second person", number) for number in "012"),
        ]


def test_whoever_is_alone_with_the_work_is_kept_from_it_by_no_number_that_nobody_said(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        roles: dict[str, Role] = {"one": "coordinator", "two": "viewer", "three": "moderator"}
        for name, role in roles.items():
            accounts.add(
                tx, access.system(), name, "correct horse battery", role=role,
                school_ids=frozenset({school.id}), every_school=False, now=NOON,
            )  # fmt: skip
        assert agreeing.above(tx, ana, school.id, USUAL) == 0
        assert agreeing.above(tx, ana, school.id, Terms(499)) == 499
        accounts.add(
            tx, access.system(), "four", "correct horse battery", role="admin",
            school_ids=frozenset(), every_school=True, now=NOON,
        )  # fmt: skip
        assert agreeing.above(tx, ana, school.id, USUAL) == SECOND_PERSON
        tx.execute(text("UPDATE account SET disabled = TRUE WHERE name = 'four'"))
        assert agreeing.above(tx, ana, school.id, USUAL) == 0


def test_administrators_alone_say_it_and_only_a_number(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        with pytest.raises(Denied):
            agreeing.keep(tx, ana, school.id, 5, now=NOON)
        for wrong in (-1, agreeing.MOST + 1):
            with pytest.raises(MailingError, match="from 0 to"):
                agreeing.keep(tx, ada, school.id, wrong, now=NOON)


def test_an_administrator_says_it_on_the_screen(
    database: Database, school: School, ada: Actor
) -> None:
    console = stage.console(database)
    with database.begin() as tx:
        agreeing.keep(tx, ada, school.id, 40, now=NOON)
    at = stage.dialog(lambda: admin_release.draw(console, ada, school))
    assert "Mail to more than 40 people leaves once a second person agrees." in said(at)
    at = stage.dialog(lambda: admin_release.change(console, ada, school, own=40, above=40))
    at.number_input(key="second-person-above").set_value(12)
    press(at, "Keep it")
    with database.read() as tx:
        assert agreeing.own(tx, ada, school.id) == 12
