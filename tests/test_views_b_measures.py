"""On a person's page: whose account it is, what stands against them, who allows what is final."""

from dataclasses import replace
from datetime import timedelta

import pytest

from console.desk import pending
from console.desk.pending import About
from console.views import unsettled
from console.wiring import Console
from moderation import actions, comments, welfare, wordings
from moderation.model import Flag
from store import access, enrolling, roster
from store.access import Actor
from store.db import Database, text
from store.enrolling import Listed
from store.schools import School
from tests import stage
from tests.conftest import NOON
from tests.moderation_platform import _comment, connect
from tests.stage import dialog, letters, press, said, screen


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


def test_a_second_person_reads_what_is_to_go_and_who_asked(
    console: Console, school: School, ben: Actor, ana: Actor, olga: str
) -> None:
    waits(console, school, held=1)
    with console.db.begin() as tx:
        post = _comment({"id": "p0", "html": "what an **idiot**", "author": "u1", "at": 0.0})
        wordings.merge(tx, ben, school.id, "lms", replace(post, author_name="Olga K"), now=NOON)
        tx.execute(
            text(
                "INSERT INTO account (id, name, email, role, every_school, password_hash, "
                "disabled, created_at) VALUES ('ben', 'Ben B', '', 'moderator', TRUE, '', FALSE, 0)"
            )
        )
    at = screen("people", console, ana, school)
    assert "what an **idiot**" in letters(at)
    assert "Asked for by Ben B" in said(at)
    with console.db.read() as tx:
        [held] = actions.unsettled(tx, ana, school.id)
        known = pending.about(tx, ana, school.id, [held])[held.id]
    assert known == About("Olga K", olga, "Re\nwhat an **idiot**", "Ben B")


def test_all_that_is_not_settled_is_counted_and_what_waits_for_somebody_comes_first(
    console: Console, school: School, ben: Actor, ana: Actor, olga: str
) -> None:
    waits(console, school, held=3, unconfirmed=60)
    at = screen("people", console, ben, school)
    assert "63 actions are not settled" in [each.label for each in at.expander]
    assert [button.label for button in at.button].count("Allow it") == 3
    assert "Allow these 3" not in [button.label for button in at.button]  # he asked for them
    at = screen("people", console, ana, school)
    assert "Allow these 3" in [button.label for button in at.button]
    with console.db.read() as tx:
        held = actions.held(tx, ana, school.id)
        known = pending.about(tx, ana, school.id, held)
    at = dialog(lambda: unsettled.ask_all(console, ana, school, held, known))
    press(at, "Allow these 3")
    with console.db.read() as tx:
        assert "held" not in actions.unsettled_count(tx, ana, school.id)


def test_one_yes_to_all_leaves_out_a_cry_for_help(
    console: Console, school: School, ben: Actor, ana: Actor, olga: str
) -> None:
    waits(console, school, held=3)
    cry = _comment({"id": "p0", "html": "I want to die", "author": "u1", "at": 0.0})
    with console.db.begin() as tx:
        kept = wordings.merge(tx, ben, school.id, "lms", cry, now=NOON)
        stored = comments.get(tx, ben, kept.id)
        assert stored
        flag = Flag("Help", "want to die", 2, 13, welfare="self-harm")
        welfare.raised(tx, ben, stored, [flag], now=NOON)
    at = screen("people", console, ana, school)
    assert "Allow these 2" in [button.label for button in at.button]


def waits(console: Console, school: School, *, held: int = 0, unconfirmed: int = 0) -> None:
    """So many removals that Ben asked for, tried once each."""
    states = ["unconfirmed"] * unconfirmed + ["held"] * held
    with console.db.begin() as tx:
        for place, state in enumerate(reversed(states)):
            tx.execute(
                text("""
                    INSERT INTO moderation_action (id, school_id, connection_id, kind, external_id,
                        requested_by, requested_at, reason, state, ended, tries, next_try_at)
                    VALUES ('a' || :nth, :school, 'lms', 'remove comment', 'p' || :nth, 'ben',
                        :now, '', :state, FALSE, 1, :now)
                """),
                {
                    "nth": str(place),
                    "school": school.id,
                    "state": state,
                    "now": NOON - timedelta(minutes=place),
                },
            )


def accounts(console: Console, actor: Actor, person: str) -> list[str]:
    with console.db.read() as tx:
        return sorted(one.external_id for one in roster.accounts_of(tx, actor, person))
