"""A directory that is down bars nobody from later mail; addresses that are dead stay dead."""

from datetime import timedelta

import pytest

from console.desk import incidents, outgoing
from console.views import suppressions
from console.wiring import Console
from mailing import lifting, limits, outages, returned, segments, suppression
from mailing.model import SERVICE, Totals
from mailing.reports import Notification, Report
from mailing.sender import Delivered
from store import access, audit
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import misbehaving, smtp, stage
from tests.conftest import NOON
from tests.smtp import Script
from tests.test_mailing_campaigns import EVERYONE
from tests.test_mailing_misbehaving import through
from tests.test_mailing_sender import Clock, deliver, released, totals

NAMES = tuple(f"Person{n:02}" for n in range(40))
UNKNOWN = "550 5.1.1 User unknown"
DOWN: Script = misbehaving.knowing(**{"@": UNKNOWN})
DEAD = Notification((), (), (Report("x", "failed", "5.1.1", UNKNOWN),))


def barred(database: Database, ana: Actor, school: School) -> int:
    with database.read() as tx:
        return suppression.count(tx, ana, school.id)


def reached_before(database: Database, school: School, ana: Actor) -> None:
    released(database, ana, school, *NAMES)
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())


def test_a_directory_that_is_down_for_an_hour_fails_nobody_who_got_mail_before(
    database: Database, school: School, ana: Actor
) -> None:
    reached_before(database, school, ana)
    id_ = released(database, ana, school, *NAMES)
    with smtp.relay(DOWN) as relay:
        done = through(database, relay.url, connections=3)
    assert limits.DYING <= done.failed <= limits.DYING + 3  # then it is asked for no more of them
    assert totals(database, ana, id_) == Totals(waiting=40)
    assert barred(database, ana, school) == 0
    with database.read() as tx:
        emergency = segments.audience(tx, ana, school.id, EVERYONE, topic=SERVICE, now=NOON)
    assert len(emergency.people) == 40
    clock = Clock()
    clock.now += outages.AGAIN
    with smtp.relay() as relay:
        assert deliver(database, relay.url, clock).sent == 40
    assert totals(database, ana, id_) == Totals(sent=40)


def test_a_list_that_never_worked_fails_and_bars_nobody_either(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES[:20])
    with smtp.relay(DOWN) as relay:
        assert through(database, relay.url).failed == 20
    assert totals(database, ana, id_) == Totals(failed=20)
    assert barred(database, ana, school) == 0


def test_dead_addresses_among_the_living_are_barred_however_they_stand_in_line(
    database: Database, school: School, ana: Actor
) -> None:
    reached_before(database, school, ana)
    id_ = released(database, ana, school, *NAMES)
    with database.begin() as tx:  # those who left school come first
        tx.execute(text("UPDATE delivery SET next_at = next_at - 1 WHERE name LIKE 'Person0%'"))
        tx.execute(text("UPDATE delivery SET next_at = next_at - 1 WHERE name LIKE 'Person10'"))
    dead = misbehaving.knowing(person0=UNKNOWN, person10=UNKNOWN)
    with smtp.relay(dead) as relay:
        done = through(database, relay.url)
    assert (done.sent, done.failed) == (29, 11)
    assert totals(database, ana, id_) == Totals(sent=29, failed=11)
    assert barred(database, ana, school) == 11


def test_those_who_are_dead_are_told_from_the_others_when_the_directory_is_back(
    database: Database, school: School, ana: Actor
) -> None:
    reached_before(database, school, ana)
    id_ = released(database, ana, school, *NAMES)
    with smtp.relay(DOWN) as relay:
        through(database, relay.url)
    clock = Clock()
    for _ in range(outages.TRIES):
        clock.now += outages.AGAIN
        with smtp.relay(misbehaving.knowing(person39=UNKNOWN)) as relay:
            deliver(database, relay.url, clock)
    found = totals(database, ana, id_)
    assert (found.sent, found.audience, found.waiting) == (39, 40, 0)


def test_what_comes_back_for_most_of_a_domain_is_sent_again(
    database: Database, school: School, ana: Actor
) -> None:
    reached_before(database, school, ana)
    id_ = released(database, ana, school, *NAMES)
    with smtp.relay() as relay:
        assert deliver(database, relay.url, Clock()).sent == 40
    with database.begin() as tx:
        rows = tx.execute(text("SELECT id FROM delivery WHERE campaign_id = :id"), {"id": id_})
        for n, each in enumerate(rows.scalars().all()[:30]):
            row = returned.delivery(tx, each)
            assert row is not None
            assert returned.heed(tx, row, DEAD, now=NOON) == "dead address"
            if n == 12:  # 13 came back, 27 are on their way as far as anybody knows
                assert outages.judge(tx, access.system(school.id), school.id, now=NOON) == []
        found = outages.judge(tx, access.system(school.id), school.id, now=NOON)
    assert found == ["school.example"]
    assert totals(database, ana, id_) == Totals(sent=10, waiting=30)
    assert barred(database, ana, school) == 0


def test_nine_of_nine_are_too_few_to_be_a_directory(
    database: Database, school: School, ana: Actor
) -> None:
    released(database, ana, school, *NAMES[: outages.LEAST - 1])
    with smtp.relay(DOWN) as relay:
        through(database, relay.url)
    assert barred(database, ana, school) == outages.LEAST - 1


def test_the_coordinators_are_told_which_domain_and_that_it_is_over(
    database: Database, school: School, ana: Actor
) -> None:
    reached_before(database, school, ana)
    released(database, ana, school, *NAMES)
    with smtp.relay(DOWN) as relay:
        done = through(database, relay.url)
    outgoing.follow(database, school.id, done, now=NOON)
    outgoing.follow(database, school.id, Delivered(sent=1), now=NOON)
    with database.read() as tx:
        (incident,) = incidents.open_(tx, ana, school.id)
    assert "school.example refuses most of its addresses as unknown" in str(incident.title)
    assert incident.affected == done.failed
    outgoing.follow_domains(database, school.id, now=NOON + outages.WINDOW + timedelta(minutes=1))
    with database.read() as tx:
        assert [each for each in incidents.open_(tx, ana, school.id) if not each.recovered_at] == []


def bury(database: Database, school: School, *emails: str, days: int = 0) -> None:
    with database.begin() as tx:
        for email in emails:
            for reason in (suppression.HARD_BOUNCE, suppression.UNSUBSCRIBED)[: 1 + ("0" in email)]:
                suppression.keep(
                    tx, school.id, email, topic="", reason=reason, detail="",
                    now=NOON + timedelta(days=days),
                )  # fmt: skip


def test_a_domains_dead_of_one_day_are_lifted_together_and_nobody_else(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    bury(database, school, *(f"p{n}@school.example" for n in range(5)))
    bury(database, school, "early@school.example", days=-1)
    bury(database, school, "x@old-school.example", "p@other.example")
    with database.begin() as tx:
        first, *_others = lifting.batches(tx, ana, school.id, school.zone)
        assert first == lifting.Batch("school.example", NOON.date(), 5)
        lifted = lifting.lift(
            tx, ana, school.id, first.domain, first.day, zone=school.zone, now=NOON
        )
        assert lifted == 5
        left = {(each.email, each.reason) for each in suppression.of(tx, ana, school.id)}
        logged = [each.action for each in audit.entries(tx, ada, school.id)]
    assert left == {
        ("p0@school.example", "unsubscribed"),
        ("early@school.example", "hard bounce"),
        ("x@old-school.example", "hard bounce"),
        ("p@other.example", "hard bounce"),
    }
    assert logged.count("lift dead addresses") == 1


def test_left_out_addresses_are_found_and_leafed_through(
    database: Database, school: School, ana: Actor
) -> None:
    bury(database, school, *(f"p{n}@school.example" for n in range(1, 8)), "anna_k@a.example")
    bury(database, school, "annabk@a.example")
    with database.read() as tx:
        assert suppression.count(tx, ana, school.id, search="Anna_K") == 1
        (found,) = suppression.of(tx, ana, school.id, search="anna_k")
        assert found.email == "anna_k@a.example"
        pages = [
            each.email
            for at in (0, 4, 8)
            for each in suppression.of(tx, ana, school.id, limit=4, offset=at)
        ]
    assert len(pages) == len(set(pages)) == 9


@pytest.fixture
def console(database: Database) -> Console:
    return stage.console(database)


def test_the_screen_says_how_many_before_it_lifts_them(
    console: Console, school: School, ana: Actor
) -> None:
    bury(console.db, school, *(f"p{n}@school.example" for n in range(1, 8)))
    with console.db.read() as tx:
        together = lifting.batches(tx, ana, school.id, school.zone)
    at = stage.dialog(lambda: suppressions._lift(console, ana, school, together))
    assert "Mail reaches 7 addresses again, an emergency too." in stage.said(at)
    stage.press(at, "Let mail reach them again")
    with console.db.read() as tx:
        assert suppression.count(tx, ana, school.id) == 0
