"""Nobody is invited to an hour that is no more: whoever waits gets the new one, with the others."""

import threading
from datetime import timedelta

import pytest

from console.desk import incidents, moved_lessons
from mailing import campaigns, following, gate, moved, reached, releasing, sender
from mailing.following import Readers
from mailing.inviting import of
from mailing.model import UNDO, MailingError, Totals
from mailing.timing import Terms
from mailing.transports import Relay
from store import access, roster
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import smtp
from tests.conftest import NOON
from tests.test_mailing_invitations import drafted, planned
from tests.test_mailing_release import TWO
from tests.test_mailing_sender import ORIGIN, Clock, totals

AT = NOON + timedelta(days=1)
NEW = AT + timedelta(hours=5)
PEOPLE = 12
LATER = timedelta(microseconds=1_234_567)


def invited(database: Database, school: School, ana: Actor, *, later: bool = False) -> str:
    """Twelve people, released; `later`: they wait for a chosen hour."""
    (lesson,) = planned(database, school, AT)
    with database.begin() as tx:
        for n in range(1, PEOPLE):
            roster.save_person(
                tx, ana, school.id, name=f"P{n}", email=f"p{n}@school.example", language="en",
                source="t", now=NOON,
            )  # fmt: skip
    id_ = drafted(database, ana, school, lesson)
    with database.begin() as tx:
        if later:
            releasing.schedule(tx, ana, id_, NOON + timedelta(hours=3), now=NOON)
        releasing.release(tx, ana, id_, anyway="A trial", now=NOON)
    return id_


def move(database: Database, school: School) -> None:
    planned(database, school, NEW)


def call_off(database: Database) -> None:
    with database.begin() as tx:
        tx.execute(text("UPDATE lesson SET gone = TRUE"))


def deliver(database: Database, url: str, *, hours: float = 0.0, limit: int = 100) -> int:
    clock = Clock(NOON + UNDO + timedelta(hours=hours))
    return sender.deliver(
        database, Relay.from_url(url, connections=1), ORIGIN, owner="test", clock=clock,
        stop=threading.Event(), limit=limit,
    ).sent  # fmt: skip


def tell(database: Database, ana: Actor, id_: str) -> str:
    with database.begin() as tx:
        return following.tell(tx, ana, id_, now=NOON)


def test_who_waits_for_a_chosen_hour_is_never_told_the_old_one(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = invited(database, school, ana, later=True)
    move(database, school)
    with smtp.relay() as relay:
        assert deliver(database, relay.url, hours=4) == 0
        assert relay.mails == []
        with database.begin() as tx:
            assert moved.pause(tx, now=NOON) == 1
            assert moved.pause(tx, now=NOON) == 0
            assert campaigns.get(tx, ana, id_).state == "paused"
            assert following.readers(tx, ana, id_) == Readers(got=0, waiting=PEOPLE)
        new = tell(database, ana, id_)
        assert deliver(database, relay.url, hours=4) == PEOPLE
    assert len(set(relay.recipients)) == len(relay.mails) == PEOPLE
    assert totals(database, ana, id_) == Totals(suppressed=PEOPLE)
    assert totals(database, ana, new) == Totals(sent=PEOPLE)
    with database.read() as tx:
        told = of(tx, ana, new)
        why = {str(each.why) for each in reached.undelivered(tx, ana, id_)}
        assert following.change(tx, ana, id_) is None
    assert told is not None
    assert told.starts_at == NEW
    assert why == {moved.SUPERSEDED}


@pytest.mark.parametrize("how", ["moved", "off"])
def test_those_who_have_it_and_those_who_wait_get_the_same_news_once(
    database: Database, school: School, ana: Actor, how: str
) -> None:
    id_ = invited(database, school, ana)
    with smtp.relay() as relay:
        assert deliver(database, relay.url, limit=5) == 5
        before = len(relay.mails)
        move(database, school) if how == "moved" else call_off(database)
        assert deliver(database, relay.url) == 0
        new = tell(database, ana, id_)
        assert totals(database, ana, id_) == Totals(sent=5, suppressed=PEOPLE - 5)
        assert deliver(database, relay.url, hours=0.1) == PEOPLE
    assert len({mail.recipient for mail in relay.mails[before:]}) == PEOPLE
    method = b"METHOD:REQUEST" if how == "moved" else b"METHOD:CANCEL"
    assert all(method in mail.data for mail in relay.mails[before:])
    assert totals(database, ana, new) == Totals(sent=PEOPLE)


def test_a_lesson_that_moves_while_its_invitation_leaves_stops_the_rest(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = invited(database, school, ana)

    def moves(verb: str, _argument: str) -> bool:
        if verb == "END" and not relay.mails:
            move(database, school)
            threading.Event().wait(gate.GLANCE * 2)
        return True

    with smtp.relay(moves) as relay:
        deliver(database, relay.url)
    found = totals(database, ana, id_)
    assert found == Totals(sent=len(relay.mails), waiting=PEOPLE - len(relay.mails))
    assert len(relay.mails) <= 2


def test_news_that_is_called_back_can_be_sent_again_to_the_same_people(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = invited(database, school, ana, later=True)
    move(database, school)
    new = tell(database, ana, id_)
    with database.begin() as tx:
        assert releasing.cancel(tx, ana, new, now=NOON)
        assert following.change(tx, ana, id_) is not None
        assert releasing.release(tx, ana, new, now=NOON)
        assert campaigns.totals(tx, ana, new) == Totals(waiting=PEOPLE)


def test_a_second_move_is_told_to_all_of_the_first_invitation(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = invited(database, school, ana, later=True)
    move(database, school)
    new = tell(database, ana, id_)
    planned(database, school, NEW + timedelta(hours=1))
    newer = tell(database, ana, new)
    assert totals(database, ana, new) == Totals(suppressed=PEOPLE)
    assert totals(database, ana, newer) == Totals(waiting=PEOPLE)
    with database.read() as tx:
        assert following.change(tx, ana, id_) is following.change(tx, ana, newer) is None


def test_an_invitation_of_others_to_the_same_lesson_tells_these_nothing(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = invited(database, school, ana)
    move(database, school)
    with database.begin() as tx:
        lesson = tx.execute(text("SELECT id FROM lesson")).scalar_one()
    other = drafted(database, ana, school, lesson)
    with database.begin() as tx:
        releasing.release(tx, ana, other, anyway="A trial", now=NOON)
        assert following.change(tx, ana, id_) is not None
        assert following.change(tx, ana, other) is None
        assert campaigns.get(tx, ana, id_).state == "released"


def test_an_old_hour_is_not_sent_on_and_one_that_is_true_again_is(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = invited(database, school, ana, later=True)
    move(database, school)
    with database.begin() as tx:
        moved.pause(tx, now=NOON)
        with pytest.raises(MailingError, match="no longer at the hour"):
            releasing.resume(tx, ana, id_, now=NOON)
    planned(database, school, AT)
    with database.begin() as tx:
        assert releasing.resume(tx, ana, id_, now=NOON)
    with smtp.relay() as relay:
        assert deliver(database, relay.url, hours=4) == PEOPLE


def test_the_coordinators_are_told_until_the_readers_are(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = invited(database, school, ana)
    pult = access.system(school.id)

    def standing() -> list[tuple[str, int]]:
        moved_lessons.follow(database, pult, school.id, now=NOON)
        with database.read() as tx:
            return [
                (str(each.title), each.affected)
                for each in incidents.open_(tx, ana, school.id)
                if not each.recovered_at
            ]

    assert standing() == []
    move(database, school)
    ((title, affected),) = standing()
    assert "Algebra 0 has another hour than its invitation says" in title
    assert affected == PEOPLE
    call_off(database)
    ((title, _affected),) = standing()
    assert "Algebra 0 is called off" in title
    tell(database, ana, id_)
    assert standing() == []


@pytest.mark.parametrize("terms", [Terms(), TWO], ids=["released", "asked"])
def test_news_that_is_called_back_leaves_the_first_invitation_waiting(
    database: Database, school: School, ana: Actor, terms: Terms
) -> None:
    id_ = invited(database, school, ana, later=True)
    move(database, school)
    with database.begin() as tx:
        moved.pause(tx, now=NOON)
        new = following.tell(tx, ana, id_, terms=terms, now=NOON + LATER)
        assert campaigns.get(tx, ana, id_).state == "stopped"
        assert releasing.cancel(tx, ana, new, now=NOON + LATER)
        assert campaigns.get(tx, ana, id_).state == "paused"
        assert campaigns.totals(tx, ana, id_) == Totals(waiting=PEOPLE)
    planned(database, school, AT)
    with database.begin() as tx:
        assert releasing.resume(tx, ana, id_, now=NOON + LATER)
    with smtp.relay() as relay:
        assert deliver(database, relay.url, hours=4) == PEOPLE


def test_only_what_the_letter_stopped_waits_again(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = invited(database, school, ana, later=True)
    move(database, school)
    new = tell(database, ana, id_)
    planned(database, school, NEW + timedelta(hours=1))
    with database.begin() as tx:
        newer = following.tell(tx, ana, new, now=NOON + LATER)
        assert releasing.cancel(tx, ana, newer, now=NOON + LATER)
        assert campaigns.get(tx, ana, id_).state == "stopped"
        assert campaigns.get(tx, ana, new).state == "paused"
        assert campaigns.totals(tx, ana, id_) == Totals(suppressed=PEOPLE)
