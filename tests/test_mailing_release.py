"""When a campaign leaves, when it does not any more, and who else must agree."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailing import (
    approving,
    campaigns,
    claiming,
    ledger,
    preferences,
    reached,
    releasing,
    unsubscribe,
)
from mailing.model import SERVICE, UNDO, MailingError, Totals
from mailing.timing import STALE, Quiet, Terms
from store import access
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests.conftest import NOON
from tests.test_mailing_campaigns import EVERYONE, SENDER, agree, draft, person

MOSCOW = ZoneInfo("Europe/Moscow")  # the school's: three hours ahead of UTC
NIGHT = Terms(quiet=Quiet.parse("22:00-07:00"))
TWO = Terms(second_person_above=1)
LEASE = timedelta(seconds=20)


def at(hour: int, minute: int = 0, day: int = 10) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("hours", "given", "left"),
    [
        ("22:00-07:00", at(21, 59), at(21, 59)),
        ("22:00-07:00", at(22), at(7, day=11)),
        ("22:00-07:00", at(3, day=11), at(7, day=11)),
        ("22:00-07:00", at(7, day=11), at(7, day=11)),
        ("13:00-15:00", at(14), at(15)),
        ("13:00-15:00", at(15), at(15)),
        ("22:00-07:00", datetime(2026, 3, 10, 20, tzinfo=UTC), at(7, day=11)),
    ],
)
def test_quiet_hours_are_the_schools_and_go_over_midnight(
    hours: str, given: datetime, left: datetime
) -> None:
    quiet = Quiet.parse(hours)
    assert quiet is not None
    assert quiet.end(given, MOSCOW) == left


def test_quiet_hours_that_end_in_the_hour_that_comes_twice_end_after_they_began() -> None:
    quiet, berlin = Quiet.parse("22:00-02:30"), ZoneInfo("Europe/Berlin")
    assert quiet is not None
    first, second = (datetime(2026, 10, 25, hour, 15, tzinfo=UTC) for hour in (0, 1))
    assert quiet.end(first, berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert quiet.end(second, berlin) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("written", ["22-7", "25:00-07:00", "22:00-07:60", "at night"])
def test_hours_that_are_none_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match="22:00-07:00"):
        Quiet.parse(written)


def claimed(tx: Connection, database: Database, now: datetime) -> list[str]:
    rows = claiming.claim(tx, "w", campaign_id=None, now=now, limit=10, lease=LEASE)
    return [row.name for row in rows]


def test_nothing_but_service_mail_leaves_at_night(
    database: Database, school: School, ana: Actor
) -> None:
    now = at(23).astimezone(UTC)
    with database.begin() as tx:
        person(tx, ana, school, "Alina")
        usual, service = draft(tx, ana, school), draft(tx, ana, school)
        tx.execute(
            text("UPDATE campaign SET topic = :topic WHERE id = :id"),
            {"topic": SERVICE, "id": service},
        )
        for id_ in (usual, service):
            releasing.release(tx, ana, id_, terms=NIGHT, now=now)
        assert campaigns.get(tx, ana, usual).leaves_at == at(7, day=11)
        assert campaigns.get(tx, ana, usual).stage(now) == "scheduled"
        assert campaigns.get(tx, ana, service).leaves_at == now + UNDO
        assert claimed(tx, database, at(6, 59, day=11)) == ["Alina"]  # the service mail
        assert claimed(tx, database, at(7, day=11)) == ["Alina"]


def test_a_schedule_leaves_at_its_time_and_never_hours_late(
    database: Database, school: School, ana: Actor
) -> None:
    wanted = NOON + timedelta(hours=3)
    with database.begin() as tx:
        person(tx, ana, school, "Alina")
        on_time, stale = draft(tx, ana, school), draft(tx, ana, school)
        for id_ in (on_time, stale):
            releasing.schedule(tx, ana, id_, wanted, now=NOON)
            releasing.release(tx, ana, id_, now=NOON)
        releasing.pause(tx, ana, stale, now=NOON)
    with database.begin() as tx:
        assert claimed(tx, database, wanted - timedelta(seconds=1)) == []
        assert claimed(tx, database, wanted) == ["Alina"]
        late = wanted + STALE
        tx.execute(
            text("UPDATE campaign SET state = 'released' WHERE id = :id"), {"id": stale}
        )  # as where no worker ran, and nobody sent it on
        assert claimed(tx, database, late) == []
        assert ledger.expire(tx, now=late) == 1
        assert campaigns.totals(tx, ana, stale) == Totals(suppressed=1)
        (left_out,) = reached.undelivered(tx, ana, stale)
        assert "could not leave in time" in str(left_out.why)


def test_a_time_that_is_over_or_a_released_campaign_is_not_scheduled(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina")
        id_ = draft(tx, ana, school)
        with pytest.raises(MailingError, match="is over already"):
            releasing.schedule(tx, ana, id_, NOON, now=NOON)
        releasing.release(tx, ana, id_, now=NOON)
        with pytest.raises(MailingError, match="is released"):
            releasing.schedule(tx, ana, id_, NOON + timedelta(hours=1), now=NOON)


@pytest.fixture
def boris(school: School) -> Actor:
    return access.Actor("boris", "Boris", "coordinator", frozenset({school.id}))


def asked(tx: Connection, ana: Actor, school: School) -> str:
    for name in ("Alina", "Clara"):
        person(tx, ana, school, name)
    id_ = draft(tx, ana, school)
    assert releasing.release(tx, ana, id_, terms=TWO, now=NOON)
    return id_


def test_a_large_audience_waits_for_a_second_person(
    database: Database, school: School, ana: Actor, boris: Actor
) -> None:
    later = NOON + timedelta(hours=2)
    with database.begin() as tx:
        id_ = asked(tx, ana, school)
        assert campaigns.get(tx, ana, id_).stage(later) == "asked"
        assert claimed(tx, database, later) == []
        with pytest.raises(MailingError, match="you who asked"):
            agree(tx, ana, id_, terms=TWO, now=later)
        assert agree(tx, boris, id_, terms=TWO, now=later)
        assert not agree(tx, boris, id_, terms=TWO, now=later)
        assert claimed(tx, database, later) == []  # there is time to call it back
        assert sorted(claimed(tx, database, later + UNDO)) == ["Alina", "Clara"]


def test_the_second_person_agrees_to_this_text_and_this_audience_only(
    database: Database, school: School, ana: Actor, boris: Actor
) -> None:
    with database.begin() as tx:
        id_ = asked(tx, ana, school)
        with pytest.raises(MailingError, match="released"):
            campaigns.save(
                tx,
                ana,
                id_,
                subject={"en": "Other"},
                body={"en": "words"},
                segment=EVERYONE,
                sender=SENDER,
                now=NOON,
            )
        kept = tx.execute(text("SELECT * FROM delivery WHERE name = 'Clara'")).one()._mapping
        tx.execute(text("DELETE FROM delivery WHERE name = 'Clara'"))
        with pytest.raises(MailingError, match="no longer what was asked about"):
            agree(tx, boris, id_, terms=TWO, now=NOON)
        names = ", ".join(kept.keys())
        binds = ", ".join(f":{each}" for each in kept)
        tx.execute(text(f"INSERT INTO delivery ({names}) VALUES ({binds})"), dict(kept))
        for changed in (
            "UPDATE delivery SET language = 'en' WHERE name = 'Clara'",
            """UPDATE delivery SET fields = '{"room": "9"}' WHERE name = 'Clara'""",
            "UPDATE delivery SET name = 'Klara' WHERE name = 'Clara'",
            "UPDATE campaign SET scheduled_for = 9",
            "UPDATE campaign SET sender = 'x@evil.test'",
            "UPDATE school SET name = 'Another'",
        ):
            back = tx.begin_nested()
            tx.execute(text(changed))
            with pytest.raises(MailingError, match="no longer"):
                agree(tx, boris, id_, terms=TWO, now=NOON)
            back.rollback()
        assert agree(tx, boris, id_, terms=TWO, now=NOON)
        assert releasing.cancel(tx, ana, id_, now=NOON)
        assert campaigns.get(tx, ana, id_).state == "draft"


def test_an_old_screen_agrees_to_nothing_that_was_written_since(
    database: Database, school: School, ana: Actor, boris: Actor
) -> None:
    with database.begin() as tx:
        id_ = asked(tx, ana, school)
        shown = campaigns.get(tx, boris, id_).asked_digest
        assert releasing.cancel(tx, ana, id_, now=NOON)
        other = {"en": "Other", "ru": "Другое"}
        campaigns.save(
            tx, ana, id_, subject=other, body=other, segment=EVERYONE, sender=SENDER, now=NOON
        )
        releasing.release(tx, ana, id_, terms=TWO, now=NOON)
        with pytest.raises(MailingError, match="since it was shown"):
            approving.approve(tx, boris, id_, shown, terms=TWO, now=NOON)
        assert agree(tx, boris, id_, terms=TWO, now=NOON)


def test_a_reader_who_chooses_her_language_meanwhile_voids_nothing_and_gets_it(
    database: Database, school: School, ana: Actor, boris: Actor
) -> None:
    key = b"k" * 32
    with database.begin() as tx:
        id_ = asked(tx, ana, school)
        token = unsubscribe.token(key, school.id, "clara@school.example", "announcements")
        preferences.choose(tx, key, token, wanted={"announcements"}, language="en", now=NOON)
        spoken = text("SELECT language FROM delivery WHERE name = 'Clara'")
        assert tx.execute(spoken).scalar() == "ru"  # as it is shown to Boris
        assert agree(tx, boris, id_, terms=TWO, now=NOON)
        assert tx.execute(spoken).scalar() == "en"


def test_few_recipients_need_nobody_else(database: Database, school: School, ana: Actor) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina")
        person(tx, ana, school, "Nomail", email="")
        id_ = draft(tx, ana, school)
        releasing.release(tx, ana, id_, terms=TWO, now=NOON)
        assert campaigns.get(tx, ana, id_).state == "released"
