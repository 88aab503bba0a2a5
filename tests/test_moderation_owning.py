"""Staff whose accounts no address gives away say which are theirs, and the guards know it."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from console.views import review_bulk
from console.wiring import Console
from moderation import (
    actions,
    bulk,
    comments,
    guards,
    judging,
    measures,
    owning,
    previewing,
    review,
    rules,
    staff,
    wordings,
)
from moderation.model import Case, ModerationError, Subject
from store import access, enrolling, linking, roster
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests import stage
from tests.cast import listed
from tests.conftest import NOON
from tests.moderation_platform import colleague, connect
from tests.stage import press, said, screen
from tests.test_moderation_signals import POST

HERE = ("lms", "u1")


@pytest.fixture
def console(database: Database) -> Console:
    return stage.console(database)


@pytest.fixture(autouse=True)
def person(console: Console, school: School) -> str:
    """u1 of the LMS and of the chat, under no address that Pult knows; u2 is somebody else."""
    pult = access.system(school.id)
    with console.db.begin() as tx:
        for place in ("lms", "chat"):
            connect(tx, school, place)
            own = replace(listed("u1"), email="", name="B.")
            enrolling.people(tx, pult, school.id, place, [own, replace(listed("u2"), email="")],
                             now=NOON)  # fmt: skip
        colleague(tx, "ben", "moderator")
        colleague(tx, "ana", "coordinator")
        colleague(tx, "ada", "admin")
        account = roster.account(tx, pult, *HERE)
    assert account
    assert account.person_id
    return account.person_id


def block(tx: Connection, actor: Actor, school: School, *, of: str = "u1") -> None:
    with tx.begin_nested():
        measures.impose(tx, actor, school.id, Subject(None, "lms", of), "block", now=NOON)


def insult(tx: Connection, actor: Actor, school: School, author: str, id_: str) -> Case:
    post = replace(POST, external_id=id_, text="what an idiot", html="what an idiot",
                   author_external_id=author)  # fmt: skip
    merged = wordings.merge(tx, actor, school.id, "lms", post, now=NOON)
    kept = comments.get(tx, actor, merged.id)
    assert kept
    case_id = judging.judge(tx, actor, rules.of(tx, actor, school.id), kept, now=NOON)
    case = review.case(tx, actor, case_id or "")
    assert case
    return case


def test_who_says_that_an_account_is_theirs_neither_blocks_nor_judges_it(
    console: Console, school: School, ben: Actor
) -> None:
    with console.db.begin() as tx:
        owning.claim(tx, ben, school.id, *HERE, now=NOON)
        with pytest.raises(ModerationError, match="your own account"):
            block(tx, ben, school)
        with pytest.raises(ModerationError, match="your own account"):
            actions.request(tx, ben, "mute account", school_id=school.id, connection_id="lms",
                            external_id="u1", now=NOON)  # fmt: skip
        case = insult(tx, ben, school, "u1", "p1")
        with pytest.raises(ModerationError, match="about you"):
            review.decide(tx, ben, case.id, "approve", now=NOON)
        block(tx, ben, school, of="u2")


def test_the_person_s_other_accounts_are_theirs_too(
    console: Console, school: School, ben: Actor
) -> None:
    with console.db.begin() as tx:
        tx.execute(text("""
            UPDATE platform_account SET person_id = (SELECT person_id FROM platform_account
                WHERE connection_id = 'lms' AND external_id = 'u1') WHERE external_id = 'u1'
        """))  # fmt: skip
        owning.claim(tx, ben, school.id, "chat", "u1", now=NOON)
        with pytest.raises(ModerationError, match="your own account"):
            block(tx, ben, school)


def test_an_administrator_s_account_is_everybody_s_refusal_once_somebody_else_confirms_it(
    console: Console, school: School, ben: Actor, ana: Actor, ada: Actor
) -> None:
    with console.db.begin() as tx:
        owning.claim(tx, ada, school.id, *HERE, now=NOON)
        with pytest.raises(ModerationError, match="Somebody else confirms"):
            owning.confirm(tx, ada, school.id, *HERE, "ada", now=NOON)
        nested = tx.begin_nested()
        block(tx, ben, school)  # nobody is shielded by their own word alone
        nested.rollback()
        assert owning.confirm(tx, ana, school.id, *HERE, "ada", now=NOON)
        assert not owning.confirm(tx, ana, school.id, *HERE, "ada", now=NOON)
        with pytest.raises(ModerationError, match="belongs to an administrator"):
            block(tx, ben, school)


def test_the_roster_s_address_confirms_it_by_itself(
    console: Console, school: School, ben: Actor, person: str
) -> None:
    with console.db.begin() as tx:
        tx.execute(text("UPDATE person SET email = 'b@a.test' WHERE id = :id"), {"id": person})
        tx.execute(text("UPDATE account SET email = 'B@a.test' WHERE id = 'ben'"))
        owning.claim(tx, ben, school.id, *HERE, now=NOON)
        [claim] = owning.of_places(tx, ben, school.id, [HERE])
    assert claim.confirmed


def test_a_link_by_hand_puts_nobody_out_of_reach_until_a_second_person_confirms_it(
    console: Console, school: School, ben: Actor, ana: Actor, ada: Actor, person: str
) -> None:
    """Neither by the address of an administrator, nor by an account that is known as theirs."""
    bully = ("lms", "u2")
    with console.db.begin() as tx:
        tx.execute(text("UPDATE account SET email = 'ada@a.test' WHERE id = 'ada'"))
        tx.execute(text("UPDATE person SET email = 'ada@a.test' WHERE id = :id"), {"id": person})
        owning.claim(tx, ada, school.id, *HERE, now=NOON)
        theirs, own = (roster.account(tx, ben, *place) for place in (bully, HERE))
        assert theirs
        assert own
        linking.link(tx, ben, theirs.id, person, now=NOON)
        linking.link(tx, ben, own.id, person, now=NOON)  # it was hers, and stays surely so
        assert not any(each.sure for each in staff.of_place(tx, ben, school.id, *bully))
        assert all(each.sure for each in staff.of_place(tx, ben, school.id, *HERE))
        guards.not_ours(tx, ana, school.id, *bully)
        with pytest.raises(ModerationError, match="belongs to an administrator"):
            guards.not_ours(tx, ana, school.id, *HERE)
        owning.claim(tx, ada, school.id, *bully, now=NOON)
        owning.confirm(tx, ana, school.id, *bully, "ada", now=NOON)
        with pytest.raises(ModerationError, match="belongs to an administrator"):
            guards.not_ours(tx, ben, school.id, *bully)


def test_an_administrator_s_account_linked_by_hand_shields_nobody(
    console: Console, school: School, ben: Actor, ana: Actor, ada: Actor
) -> None:
    bully = ("lms", "u2")
    with console.db.begin() as tx:
        owning.claim(tx, ada, school.id, *HERE, now=NOON)
        owning.confirm(tx, ana, school.id, *HERE, "ada", now=NOON)
        theirs, hers = (roster.account(tx, ben, *place) for place in (bully, HERE))
        assert theirs
        assert theirs.person_id
        assert hers
        linking.link(tx, ben, hers.id, theirs.person_id, now=NOON)
        guards.not_ours(tx, ana, school.id, *bully)
        with pytest.raises(ModerationError, match="belongs to an administrator"):
            guards.not_ours(tx, ana, school.id, *HERE)  # her own stays hers wherever it is linked


def test_a_confirmed_account_is_taken_back_by_somebody_else_alone(
    console: Console, school: School, ben: Actor, ana: Actor
) -> None:
    with console.db.begin() as tx:
        owning.claim(tx, ben, school.id, *HERE, now=NOON)
        assert owning.disclaim(tx, ben, school.id, *HERE, "ben", now=NOON)
        owning.claim(tx, ben, school.id, *HERE, now=NOON)
        owning.confirm(tx, ana, school.id, *HERE, "ben", now=NOON)
        with pytest.raises(ModerationError, match="Somebody else takes that back"):
            owning.disclaim(tx, ben, school.id, *HERE, "ben", now=NOON)
        assert owning.disclaim(tx, ana, school.id, *HERE, "ben", now=NOON)
        assert not owning.disclaim(tx, ana, school.id, *HERE, "ben", now=NOON)
        block(tx, ben, school)


def test_it_is_in_the_audit_by_our_own_ids_and_of_a_known_account_alone(
    console: Console, school: School, ben: Actor, zoe: Actor
) -> None:
    with console.db.begin() as tx:
        owning.claim(tx, ben, school.id, *HERE, now=NOON)
        row = tx.execute(text("SELECT subject FROM audit WHERE action = 'claim account'")).one()
        account = roster.account(tx, ben, *HERE)
        assert account
        assert row.subject == account.id
        with pytest.raises(ModerationError, match="not in the roster"):
            owning.claim(tx, ben, school.id, "lms", "nobody", now=NOON)
        with pytest.raises(access.Denied):
            owning.claim(tx, zoe, school.id, *HERE, now=NOON)


def test_on_the_person_s_page_it_is_said_confirmed_and_taken_back(
    console: Console, school: School, ben: Actor, ana: Actor, person: str
) -> None:
    at = press(screen("person", console, ben, school, id=person), "This is me")
    assert "You cannot block or judge yourself" in said(at)
    at = screen("person", console, ben, school, id=person)
    assert "Somebody else confirms it" in said(at)
    assert "This is me" not in [button.label for button in at.button]
    own = {button.label: button.disabled for button in at.button}
    assert (own["Block"], own["Mute"]) == (True, True)
    at = press(screen("person", console, ana, school, id=person), "It is so")
    assert "works here." in said(screen("person", console, ana, school, id=person))
    at = screen("person", console, ben, school, id=person)
    assert "Your own accounts." in said(at)
    assert "It is not so" not in [button.label for button in at.button]
    press(screen("person", console, ana, school, id=person), "It is not so")
    assert "works here" not in said(screen("person", console, ana, school, id=person))


@pytest.mark.parametrize("verdict", ["remove", "approve"])
def test_in_bulk_one_s_own_comment_is_left_out_with_its_reason_before_and_after(
    console: Console, school: School, ben: Actor, verdict: str
) -> None:
    with console.db.begin() as tx:
        owning.claim(tx, ben, school.id, *HERE, now=NOON)
        own = insult(tx, ben, school, "u1", "p1")
        found = [own, insult(tx, ben, school, "u2", "p2")]
        chosen = next(each for each in review_bulk.VERDICTS if each == verdict)
        plan = previewing.of(tx, ben, school.id, found, chosen)
        assert previewing.left_out(plan) == {own.id}
        made = bulk.decide(tx, ben, school.id, bulk.as_read(found), chosen, now=NOON)
    assert (made.left_out, made.missed) == ((own.id,), ())
    [(why, count)] = made.whys
    assert (str(why), count) == (previewing.OWN, 1)
    assert len(made.decided) == 1


def test_the_toast_says_why_and_not_that_the_case_has_changed(
    console: Console, school: School, ben: Actor
) -> None:
    with console.db.begin() as tx:
        owning.claim(tx, ben, school.id, *HERE, now=NOON)
        found = [
            insult(tx, ben, school, author, id_) for author, id_ in (("u1", "p1"), ("u2", "p2"))
        ]
    at = stage.dialog(lambda: review_bulk.ask(console, ben, school, found))
    assert "you wrote it yourself" in said(at)
    at = press(press(at, "Approve"), "Approve 1 comment")
    assert [each.value for each in at.toast] == [f"1 · {previewing.OWN}"]


def _only_off() -> None:
    """Streamlit runs its text alone: what it needs is imported inside."""
    from console.widgets import actionbar
    from console.widgets.actionbar import Act

    actionbar._more([Act("block", "Block", lambda: None, off="It is you.")])


def test_a_phone_s_menu_where_nothing_can_be_done_is_left_out() -> None:
    at = AppTest.from_function(_only_off, default_timeout=stage.WAIT).run()
    assert not at.exception
