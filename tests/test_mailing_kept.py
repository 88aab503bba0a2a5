"""How long the ledger knows people: old campaigns become sums, and who asks is erased."""

import json
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailing import (
    campaigns,
    erased,
    forgetting,
    ledger,
    letters,
    outbox,
    reached,
    releasing,
    retention,
    segments,
    sums,
    suppression,
)
from mailing.model import SERVICE, MailingError, Totals
from mailing.segments import Segment
from store import addresses, roster
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from store.words import Words
from tests import smtp
from tests.conftest import NOON, NOON_LATER
from tests.patience import until
from tests.test_mailing_campaigns import draft, person
from tests.test_mailing_sender import Clock, deliver, released

DAY = timedelta(days=1)
NAMES = [f"Person{n:02}" for n in range(20)]


def sent(database: Database, school: School, ana: Actor, *names: str) -> str:
    id_ = released(database, ana, school, *names)
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())
    return id_


def rows(tx: Connection, campaign_id: str) -> int:
    asked = text("SELECT COUNT(*) FROM delivery WHERE campaign_id = :id")
    return int(tx.execute(asked, {"id": campaign_id}).scalar_one())


def reduce(database: Database, ada: Actor, school: School, now: datetime) -> int:
    """What the worker does: begin, then batch by batch; how many rows are gone."""
    with database.begin() as tx:
        retention.begin(tx, ada, school.id, before=now - 400 * DAY, now=now)
    gone = batch = retention.AT_ONCE
    gone = 0
    while batch:
        with database.begin() as tx:
            batch = retention.let_go(tx, ada, school.id)
        gone += batch
    return gone


@pytest.mark.parametrize("asked", ["got", "missed", "meant"])
def test_nobody_is_meant_by_a_campaign_of_which_only_sums_are_left(
    database: Database, school: School, ana: Actor, ada: Actor, asked: str
) -> None:
    """Released all the same it would miss whoever was let go, and say nothing of it."""
    id_ = sent(database, school, ana, *NAMES)
    segment = Segment.from_json(json.dumps({asked: [id_]}))
    with database.begin() as tx:
        assert retention.let_go_of(tx, school.id, segment) is None
    late = NOON_LATER + 401 * DAY
    assert reduce(database, ada, school, late) == len(NAMES)
    with database.begin() as tx:
        assert campaigns.get(tx, ana, id_).reduced_at == late
        one = roster.save_person(tx, ana, school.id, name="One", email="one@school.example",
                                 source="t", now=late)  # fmt: skip
        written = draft(tx, ana, school)
        wanted = replace(segment, people=(one,))
        campaigns.keep_segment(tx, ana, written, wanted, now=late)
        with pytest.raises(MailingError, match="only the sums are left"):
            releasing.release(tx, ana, written, now=late)


def test_an_old_campaign_becomes_its_sums_and_they_stay(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    id_ = sent(database, school, ana, *NAMES)
    with database.begin() as tx:
        tx.execute(text("UPDATE delivery SET state = 'failed' WHERE name = 'Person03'"))
        tx.execute(text("UPDATE delivery SET state = 'held' WHERE name = 'Person04'"))
    late = NOON_LATER + 400 * DAY
    assert reduce(database, ada, school, late - 2 * DAY) == 0
    with database.begin() as tx:
        before = campaigns.totals(tx, ana, id_)
    assert reduce(database, ada, school, late + DAY) == 20
    assert reduce(database, ada, school, late + DAY) == 0
    with database.begin() as tx:
        assert rows(tx, id_) == 0
        assert before == Totals(sent=18, failed=1, held=1)
        assert campaigns.totals(tx, ana, id_) == before
        assert retention.reduced(tx, ana, school.id)
        assert outbox.again(tx, id_, "failed", now=late) == 0
        assert not releasing.stop(tx, ana, id_, now=late)
        assert campaigns.totals(tx, ana, id_) == before
        assert "{{ name }}" in campaigns.get(tx, ana, id_).body["ru"]  # the letter stays


def test_a_kill_between_two_batches_leaves_the_sums_whole(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    id_ = sent(database, school, ana, *NAMES)
    late = NOON_LATER + 401 * DAY
    with database.begin() as tx:
        assert retention.begin(tx, ada, school.id, before=late - 400 * DAY, now=late) == 1
    for left in (20, 13, 6, 0):
        with database.begin() as tx:
            assert rows(tx, id_) == left
            assert campaigns.totals(tx, ana, id_).audience == 20
            retention.let_go(tx, ada, school.id, limit=7)


def test_what_stands_still_for_so_long_is_stopped_and_what_moves_is_kept(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES[:4])
    late = NOON_LATER + 401 * DAY
    assert reduce(database, ada, school, late) == 0, "somebody may still send it"
    with database.begin() as tx:
        assert releasing.pause(tx, ana, id_, now=NOON)
    assert reduce(database, ada, school, late) == 4
    with database.begin() as tx:
        assert campaigns.get(tx, ana, id_).state == "stopped"
        assert campaigns.totals(tx, ana, id_) == Totals(suppressed=4)
    again = sent(database, school, ana)
    with database.begin() as tx:
        tx.execute(text("UPDATE campaign SET leaves_at = 0, updated_at = 0"))
        tx.execute(text("UPDATE delivery SET updated_at = :now"), {"now": late})
    assert reduce(database, ada, school, late) == 0, "it was sent again since"
    with database.begin() as tx:
        assert rows(tx, again) == 4


def test_a_sender_is_not_held_up_while_old_rows_go(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    old = sent(database, school, ana, *NAMES)
    with database.begin() as tx:
        tx.execute(text("UPDATE campaign SET leaves_at = 0, updated_at = 0"))
        tx.execute(text("UPDATE delivery SET updated_at = 0"))
    new = released(database, ana, school, "Late")
    ends = threading.Event()

    def tidy() -> None:
        while not ends.is_set():
            reduce(database, ada, school, NOON_LATER + DAY)
            time.sleep(0.01)

    tidying = threading.Thread(target=tidy)
    tidying.start()
    try:
        with smtp.relay() as relay:
            deliver(database, relay.url, Clock())
        until(lambda: _gone(database, old))
    finally:
        ends.set()
        tidying.join(60)
    with database.read() as tx:
        assert campaigns.totals(tx, ana, new) == Totals(sent=21)
        assert campaigns.totals(tx, ana, old) == Totals(sent=20)


def _gone(database: Database, campaign_id: str) -> bool:
    with database.read() as tx:
        return rows(tx, campaign_id) == 0


def test_whoever_is_erased_stands_nowhere_in_the_ledger_and_gets_no_more_mail(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    id_ = sent(database, school, ana, "Alina", "Boris")
    with database.begin() as tx:
        [alina] = [each for each in roster.people(tx, ana, school.id) if each.name == "Alina"]
        tx.execute(
            text("INSERT INTO chosen_language VALUES (:school, :email, 'ru', 0)"),
            {"school": school.id, "email": alina.email},
        )
        waiting = draft(tx, ana, school)
        releasing.release(tx, ana, waiting, now=NOON)
        before = campaigns.totals(tx, ana, waiting)
        gone = forgetting.erase(tx, ada, school.id, person_id=alina.id, now=NOON)
        assert gone == forgetting.Forgotten(mails=2, under_way=0)
        held = [tuple(row) for row in tx.execute(text("SELECT * FROM delivery"))]
        assert not [value for row in held for value in row if "alina" in str(value).casefold()]
        assert campaigns.totals(tx, ana, id_) == Totals(sent=2)
        assert before == Totals(waiting=2)
        assert campaigns.totals(tx, ana, waiting) == Totals(waiting=1, suppressed=1)
        assert forgetting.forgotten(tx, ana, school.id, alina.id)
        assert len(reached.received(tx, ana, alina.id)) == 2
        for topic in ("news", SERVICE):
            found = segments.audience(
                tx, ana, school.id, Segment(everyone=True), topic=topic, now=NOON
            )
            assert [each.name for each in found.people] == ["Boris"]
            assert {str(why) for _, why in found.left_out} == {"Erased on request."}
        assert suppression.reasons(tx, school.id, "news", [alina.email]) == {
            alina.email: erased.REASON
        }
        for table in ("suppression", "erased_address", "erasing_key", "chosen_language", "audit"):
            found_rows = tx.execute(text(f"SELECT * FROM {table}")).all()
            assert "alina" not in str(found_rows).casefold(), table
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())
        assert relay.recipients == ["boris@school.example"]


def test_an_erased_address_that_comes_back_by_a_bounce_or_a_link_is_not_written_again(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        alina = person(tx, ana, school, "Alina")
        email = "alina@school.example"
        suppression.keep(
            tx, school.id, email, topic="news", reason=suppression.UNSUBSCRIBED, detail="", now=NOON
        )
        forgetting.erase(tx, ada, school.id, person_id=alina, now=NOON)
        assert not suppression.keep(
            tx, school.id, email, topic="", reason=suppression.HARD_BOUNCE, detail="", now=NOON
        )
        assert not suppression.add(tx, ana, school.id, email, now=NOON)
        assert suppression.of(tx, ana, school.id) == []
        assert suppression.remove(tx, ana, school.id, email, now=NOON)
        assert suppression.reasons(tx, school.id, "other", [email]) == {}
        unsubscribed = {email: suppression.UNSUBSCRIBED}
        assert suppression.reasons(tx, school.id, "news", [email]) == unsubscribed


def test_a_mail_in_a_senders_hand_is_erased_once_it_is_settled(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    released(database, ana, school, "Alina")
    with database.begin() as tx:
        tx.execute(text("UPDATE delivery SET state = 'sending', owner = 'w'"))
        email = addresses.normal("alina@school.example")
        found = forgetting.erase(tx, ada, school.id, email=email, now=NOON)
        assert found == forgetting.Forgotten(mails=0, under_way=1)
        assert "Alina" in tx.execute(text("SELECT name FROM delivery")).scalars().all()
        tx.execute(text("UPDATE delivery SET state = 'sent', owner = NULL"))
        found = forgetting.erase(tx, ada, school.id, email=email, now=NOON)
        assert found == forgetting.Forgotten(mails=1, under_way=0)
        assert tx.execute(text("SELECT fields FROM delivery")).scalars().all() == ["{}"]


def test_nobody_elses_reason_tells_the_name(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        alina = person(tx, ana, school, "Alina")
        person(tx, ana, school, "Boris")
        id_ = draft(tx, ana, school)
        releasing.release(tx, ana, id_, now=NOON)
        shares = Words(segments.SHARES, {"name": "Alina"})
        tx.execute(
            text("UPDATE delivery SET state = 'suppressed', reply = :why WHERE name = 'Boris'"),
            {"why": shares.to_json()},
        )
        assert [str(words) for words, _ in letters.left_out(tx, ana, id_)] == [str(shares)]
        forgetting.erase(tx, ada, school.id, person_id=alina, now=NOON)
        assert {str(words) for words, _ in letters.left_out(tx, ana, id_)} == {
            "Erased on request.",
            "Shares the address with —, who gets it.",
        }


def lost(database: Database, school: School, ana: Actor) -> str:
    """One mail is held undecided, because its sender never came back."""
    id_ = released(database, ana, school, "Alina", "Boris")
    with database.begin() as tx:
        tx.execute(
            text("""
                UPDATE delivery SET state = 'sending', owner = 'gone/1', lease_until = :at
                WHERE name = 'Alina'
            """),
            {"at": NOON},
        )
        assert ledger.reclaim(tx, now=NOON + timedelta(minutes=5)) == 1
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())
    return id_


def test_what_a_lost_sender_left_held_is_erased(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    lost(database, school, ana)
    with database.begin() as tx:
        gone = forgetting.erase(tx, ada, school.id, email="alina@school.example", now=NOON)
        assert gone == forgetting.Forgotten(mails=1, under_way=0)
        row = tx.execute(text("SELECT state, owner FROM delivery WHERE email = ''")).one()
    assert tuple(row) == ("suppressed", None)


def test_what_a_lost_sender_left_held_is_reduced_in_time(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    id_ = lost(database, school, ana)
    late = NOON + DAY * 500
    with database.begin() as tx:
        assert sums.settle(tx, now=NOON + timedelta(minutes=10)) == 0, "it may still come back"
        before = late - DAY * 400
        assert retention.begin(tx, ada, school.id, before=before, now=late) == 1
        assert campaigns.totals(tx, ana, id_) == Totals(sent=1, held=1)


def test_the_sums_are_counted_anew_when_a_lost_sender_comes_back(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = lost(database, school, ana)
    with database.begin() as tx:
        assert sums.settle(tx, now=NOON + DAY * 2) == 1
        sums.forget_of(tx, "gone/1")
        tx.execute(text("UPDATE delivery SET state = 'sent', owner = NULL"))
        assert campaigns.totals(tx, ana, id_) == Totals(sent=2)
