"""On a person's page: whose account it is, what stands against them, who allows what is final."""

import pytest

from console.wiring import Console
from moderation import actions
from store import access, enrolling, roster
from store.access import Actor
from store.db import Database, text
from store.enrolling import Listed
from store.schools import School
from tests import stage
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.stage import press, said, screen


@pytest.fixture
def console(database: Database) -> Console:
    return stage.console(database)


@pytest.fixture
def olga(console: Console, school: School) -> str:
    """On the LMS as olga; somebody of the same user name is in the chat."""
    actor = access.system(school.id)
    with console.db.begin() as tx:
        for place, id_, name in (("lms", "u1", "Olga K"), ("chat", "@olga:x.example", "*Olya*")):
            connect(tx, school, place)
            one = Listed(
                id_, id_ if place == "chat" else "olga", name, "", "student", "en", "", "",
                suspended=False, last_seen=None,
            )  # fmt: skip
            enrolling.people(tx, actor, school.id, place, [one], now=NOON)
        (person,) = roster.people(tx, actor, school.id, search="olga k")
    return person.id


def test_a_suggested_account_is_linked_confirmed_and_taken_apart(
    console: Console, school: School, ben: Actor, olga: str
) -> None:
    at = screen("person", console, ben, school, id=olga)
    assert "The same user name." in said(at)
    at = press(at, "Link it")
    assert accounts(console, ben, olga) == ["@olga:x.example", "u1"]
    at = screen("person", console, ben, school, id=olga)
    assert "linked by hand" in said(at)
    assert "May be theirs too" not in said(at)
    next(button for button in at.button if button.label == "Not theirs").click().run()
    assert len(accounts(console, ben, olga)) == 1


def test_a_refused_suggestion_goes(console: Console, school: School, ben: Actor, olga: str) -> None:
    press(screen("person", console, ben, school, id=olga), "Not theirs")
    assert "May be theirs too" not in said(screen("person", console, ben, school, id=olga))


def test_what_is_final_is_allowed_by_somebody_else(
    console: Console, school: School, ben: Actor, ana: Actor, olga: str
) -> None:
    with console.db.begin() as tx:
        held = actions.request(
            tx, ben, "suspend account", school_id=school.id, connection_id="lms",
            external_id="u1", reason="*spam*", now=NOON,
        )  # fmt: skip
        tx.execute(text("UPDATE moderation_action SET state = 'held', next_try_at = NULL"))
    assert "Waits for a second person" in said(screen("people", console, ana, school))
    at = screen("person", console, ben, school, id=olga)
    assert "Waits for a second person" in said(at)
    (allow,) = (button for button in at.button if button.label == "Allow it")
    assert allow.disabled
    press(screen("person", console, ana, school, id=olga), "Allow it")
    with console.db.read() as tx:
        action = actions.get(tx, ben, held)
    assert action is not None
    assert (action.approved_by, action.receipt.state) == ("ana", "unconfirmed")


def test_what_no_platform_has_confirmed_is_listed_until_it_is(
    console: Console, school: School, ben: Actor, olga: str
) -> None:
    with console.db.begin() as tx:
        actions.request(
            tx, ben, "suspend account", school_id=school.id, connection_id="lms",
            external_id="u1", now=NOON,
        )  # fmt: skip
        tx.execute(text("UPDATE moderation_action SET state = 'unconfirmed', tries = 3"))
    at = screen("people", console, ben, school)
    assert "1 action is not settled" in [each.label for each in at.expander]
    assert "Block on LMS: not confirmed yet" in said(at)
    assert "tried 3 times" in said(at)
    with console.db.begin() as tx:
        tx.execute(text("UPDATE moderation_action SET state = 'verified'"))
    assert not screen("people", console, ben, school).expander


def test_what_a_platform_refused_is_listed_until_it_is_left_so(
    console: Console, school: School, ben: Actor, olga: str
) -> None:
    with console.db.begin() as tx:
        actions.request(
            tx, ben, "suspend account", school_id=school.id, connection_id="lms",
            external_id="u1", now=NOON,
        )  # fmt: skip
        tx.execute(text("UPDATE moderation_action SET state = 'refused', tries = 1"))
    at = screen("people", console, ben, school)
    assert "Not blocked on LMS" in said(at)
    keys = {button.label: button.proto.shortcut for button in at.button}
    assert (keys["Ask again"], keys["Leave it so"]) == ("a", "z")
    at.session_state["unsettled"] = False
    assert not any(button.proto.shortcut in ("a", "z") for button in at.run().button)
    press(at, "Leave it so")
    assert not screen("people", console, ben, school).expander


def accounts(console: Console, actor: Actor, person: str) -> list[str]:
    with console.db.read() as tx:
        return sorted(one.external_id for one in roster.accounts_of(tx, actor, person))
