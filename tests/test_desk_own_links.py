"""No link by hand hides from the guards that an account is one's own, or an administrator's."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from console.desk import linked
from console.wiring import Console
from moderation import actions, guards, owning, review, staff
from moderation.model import ModerationError
from store import access, enrolling, roster, suggesting
from store.access import Actor
from store.db import Connection, Database, text
from store.linking import LinkError
from store.schools import School
from tests import stage
from tests.cast import listed
from tests.conftest import NOON
from tests.moderation_platform import colleague, connect
from tests.stage import said, screen
from tests.test_moderation_owning import insult

HOUSE = Path(__file__).parents[1]
HERE, CHAT, PUPIL = ("lms", "u1"), ("chat", "u1"), ("lms", "u2")
ADDRESS = "b@a.test"


@pytest.fixture
def console(database: Database, school: School) -> Console:
    """u1 of the LMS and of the chat are one person with an address; u2 is a pupil."""
    made, pult = stage.console(database), access.system(school.id)
    own = replace(listed("u1"), email=ADDRESS, name="B.")
    with database.begin() as tx:
        for place in ("lms", "chat"):
            connect(tx, school, place)
        both = [own, replace(listed("u2"), email="", name="Kid")]
        enrolling.people(tx, pult, school.id, "lms", both, now=NOON)
        enrolling.people(tx, pult, school.id, "chat", [own], now=NOON)
        for name, role in (("ben", "moderator"), ("ana", "coordinator"), ("ada", "admin")):
            colleague(tx, name, role)
        assert whose(tx, HERE) == whose(tx, CHAT)
    return made


def whose(tx: Connection, place: tuple[str, str]) -> str:
    return found(tx, place).person_id or ""


def found(tx: Connection, place: tuple[str, str]) -> roster.PlatformAccount:
    row = tx.execute(
        text("SELECT * FROM platform_account WHERE connection_id = :c AND external_id = :e"),
        {"c": place[0], "e": place[1]},
    ).one()
    return roster.account_of(row)


def known_by_address(tx: Connection, who: str) -> None:
    tx.execute(text("UPDATE account SET email = :e WHERE id = :id"), {"e": "B@a.test", "id": who})


def part(tx: Connection, actor: Actor, how: str, place: tuple[str, str] = HERE) -> None:
    """Give the account to a pupil, or to nobody."""
    if how == "link":
        linked.link(tx, actor, found(tx, place).id, whose(tx, PUPIL), now=NOON)
    else:
        linked.unlink(tx, actor, found(tx, place).id, now=NOON)


@pytest.mark.parametrize("how", ["link", "unlink"])
def test_nobody_takes_their_own_account_out_of_their_person_and_judges_it_then(
    console: Console, school: School, ben: Actor, ana: Actor, how: str
) -> None:
    with console.db.begin() as tx:
        known_by_address(tx, "ben")
        case, person = insult(tx, ben, school, "u1", "p1"), whose(tx, HERE)
        with pytest.raises(LinkError, match="your own account there"):
            part(tx, ben, how)
        assert (whose(tx, HERE), whose(tx, CHAT)) == (person, person)
        with pytest.raises(ModerationError, match="about you"):
            review.decide(tx, ben, case.id, "approve", now=NOON)
        with pytest.raises(ModerationError, match="about you"):
            actions.request(tx, ben, "lift account", school_id=school.id, connection_id="lms",
                            external_id="u1", now=NOON)  # fmt: skip
        part(tx, ana, how)  # a second person knows better
        assert whose(tx, HERE) != person


@pytest.mark.parametrize("how", ["link", "unlink"])
def test_an_administrator_s_account_is_moved_by_another_administrator_alone(
    console: Console, school: School, ben: Actor, ada: Actor, how: str
) -> None:
    with console.db.begin() as tx:
        known_by_address(tx, "ada")
        person = whose(tx, HERE)
        with pytest.raises(LinkError, match="belongs to an administrator"):
            part(tx, ben, how)
        with pytest.raises(LinkError, match="your own account there"):
            part(tx, ada, how)
        assert whose(tx, HERE) == person
        with pytest.raises(ModerationError, match="belongs to an administrator"):
            guards.not_ours(tx, ben, school.id, *HERE)
        part(tx, replace(ada, account_id="olga"), how)
        assert whose(tx, HERE) != person


@pytest.mark.parametrize("place", [HERE, CHAT])
def test_the_account_by_which_one_is_known_stays_with_the_others(
    console: Console, school: School, ben: Actor, ana: Actor, place: tuple[str, str]
) -> None:
    with console.db.begin() as tx:
        owning.claim(tx, ben, school.id, *HERE, now=NOON)
        owning.confirm(tx, ana, school.id, *HERE, "ben", now=NOON)
        with pytest.raises(LinkError, match="your own account there"):
            part(tx, ben, "unlink", place)
        for each in (HERE, CHAT):
            [member] = staff.of_place(tx, ben, school.id, *each)
            assert member.account_id == "ben"


def test_an_administrator_s_two_persons_become_one_and_she_is_known_at_each_account(
    console: Console, school: School, ben: Actor
) -> None:
    with console.db.begin() as tx:
        known_by_address(tx, "ada")
        connect(tx, school, "forum")
        third = replace(listed("u3"), email=ADDRESS, name="B.")
        pult = access.system(school.id)
        enrolling.people(tx, pult, school.id, "forum", [third], now=NOON)
        assert whose(tx, ("forum", "u3")) != whose(tx, HERE)
        linked.link(tx, ben, found(tx, ("forum", "u3")).id, whose(tx, HERE), now=NOON)
        linked.link(tx, ben, found(tx, HERE).id, whose(tx, HERE), now=NOON)  # it is confirmed
        for place in (HERE, CHAT, ("forum", "u3")):
            assert whose(tx, place) == whose(tx, HERE)
            with pytest.raises(ModerationError, match="belongs to an administrator"):
                guards.not_ours(tx, ben, school.id, *place)


def test_two_people_is_not_said_of_one_s_own_account(
    console: Console, school: School, ben: Actor, ana: Actor
) -> None:
    with console.db.begin() as tx:
        known_by_address(tx, "ben")
        tx.execute(text("UPDATE platform_account SET name = 'Nobody' WHERE connection_id = 'chat'"))
        doubts = [each for each in suggesting.doubts(tx, ben, school.id) if each.joined]
        assert [each.account_id for each in doubts] == [found(tx, CHAT).id]
        with pytest.raises(LinkError, match="your own account there"):
            linked.keep_apart(tx, ben, doubts, NOON)
        assert linked.keep_apart(tx, ana, doubts, NOON) == 1


def test_the_person_s_page_says_why_and_the_account_stays(
    console: Console, school: School, ben: Actor
) -> None:
    with console.db.begin() as tx:
        known_by_address(tx, "ben")
        person, apart = whose(tx, CHAT), f"apart-{found(tx, CHAT).id}"
    at = screen("person", console, ben, school, id=person)
    [button] = [each for each in at.button if apart in str(each.key)]
    at = button.click().run()
    assert "your own account there" in " ".join([said(at), *(each.value for each in at.toast)])
    with console.db.read() as tx:
        assert whose(tx, CHAT) == person


def test_pupils_are_linked_and_taken_apart_as_ever(
    console: Console, school: School, ben: Actor
) -> None:
    with console.db.begin() as tx:
        known_by_address(tx, "ada")
        pupil = replace(listed("u9"), email="", name="Kid Z")
        pult = access.system(school.id)
        connect(tx, school, "forum")
        enrolling.people(tx, pult, school.id, "forum", [pupil], now=NOON)
        linked.link(tx, ben, found(tx, ("forum", "u9")).id, whose(tx, PUPIL), now=NOON)
        assert whose(tx, ("forum", "u9")) == whose(tx, PUPIL)
        alone = linked.unlink(tx, ben, found(tx, ("forum", "u9")).id, now=NOON)
        assert whose(tx, ("forum", "u9")) == alone != whose(tx, PUPIL)


def test_no_screen_or_command_links_past_the_desk() -> None:
    past = [
        f"{file.relative_to(HOUSE)}:{node.lineno}"
        for room in ("console", "moderation", "mailing", "probes")
        for file in sorted((HOUSE / room).rglob("*.py"))
        if file != HOUSE / "console" / "desk" / "linked.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node) in ("linking.link", "linking.unlink")
    ]
    assert past == []
