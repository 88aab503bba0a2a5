"""A chosen time, and the quiet hours, are each reader's own where she has told her clock."""

import json
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailing import campaigns, claiming, ledger, releasing
from mailing.model import SERVICE, UNDO
from mailing.segments import Segment
from mailing.timing import STALE, Quiet, Terms
from store import access, roster
from store.access import Actor
from store.db import Database, instant, text
from store.schools import School
from tests.cast import SENDER
from tests.conftest import NOON
from tests.test_mailing_campaigns import agree

ZONES = {
    "Mia": "", "Nora": "Asia/Novosibirsk", "Lisa": "Europe/Lisbon", "Odd": "Mars/Olympus"
}  # fmt: skip
NIGHT = Terms(quiet=Quiet(time(22), time(7)))


@pytest.fixture
def readers(database: Database, school: School) -> None:
    pult = access.system(school.id)
    with database.begin() as tx:
        for name, zone in ZONES.items():
            roster.save_person(
                tx, pult, school.id, name=name, email=f"{name.lower()}@school.test",
                fields={"time_zone": zone} if zone else {}, source="test", now=NOON,
            )  # fmt: skip


def drafted(
    database: Database,
    actor: Actor,
    school: School,
    at: datetime | None,
    *,
    by_zone: bool = True,
    topic: str = "announcements",
) -> str:
    with database.begin() as tx:
        id_ = campaigns.draft(
            tx, actor, school.id, subject={"en": "S"}, body={"en": "B"},
            segment=Segment(everyone=True), sender=SENDER, topic=topic, now=NOON,
        )  # fmt: skip
        releasing.schedule(tx, actor, id_, at, by_zone=by_zone, now=NOON)
    return id_


def leaving(database: Database, id_: str) -> dict[str, datetime]:
    with database.read() as tx:
        rows = tx.execute(
            text("SELECT name, next_at FROM delivery WHERE campaign_id = :id"), {"id": id_}
        )
        return {row.name: instant(row.next_at) for row in rows}


def release(database: Database, actor: Actor, id_: str, terms: Terms, now: datetime = NOON) -> None:
    with database.begin() as tx:
        releasing.release(tx, actor, id_, terms=terms, now=now)


def evening(school: School, zone: str = "") -> datetime:
    """Half past six of the next day, by a clock."""
    day = NOON.astimezone(school.zone).date() + timedelta(days=1)
    clock = datetime.fromisoformat(f"{day} 18:30")
    return clock.replace(tzinfo=ZoneInfo(zone) if zone else school.zone).astimezone(UTC)


def test_each_reader_gets_it_at_the_chosen_time_by_her_own_clock(
    database: Database, ana: Actor, school: School, readers: None
) -> None:
    id_ = drafted(database, ana, school, evening(school))
    release(database, ana, id_, NIGHT)
    assert leaving(database, id_) == {
        "Mia": evening(school), "Odd": evening(school),
        "Nora": evening(school, "Asia/Novosibirsk"), "Lisa": evening(school, "Europe/Lisbon"),
    }  # fmt: skip
    with database.read() as tx:
        campaign = campaigns.get(tx, ana, id_)
    assert campaign.by_zone
    assert campaign.leaves_at == evening(school, "Asia/Novosibirsk")
    assert campaign.expires_at == evening(school, "Europe/Lisbon") + STALE


def test_only_those_whose_hour_has_come_are_claimed_and_it_can_be_called_back_before_the_first(
    database: Database, ana: Actor, school: School, readers: None
) -> None:
    id_ = drafted(database, ana, school, evening(school))
    release(database, ana, id_, NIGHT)
    first = evening(school, "Asia/Novosibirsk")
    assert claimed(database, id_, first - timedelta(seconds=1)) == []
    with database.begin() as tx:
        assert releasing.cancel(tx, ana, id_, now=first - timedelta(seconds=1))
    release(database, ana, id_, NIGHT)
    assert claimed(database, id_, first) == ["Nora"]
    assert claimed(database, id_, evening(school)) == ["Mia", "Odd"]
    with database.begin() as tx:
        assert not releasing.cancel(tx, ana, id_, now=first)


def claimed(database: Database, id_: str, now: datetime) -> list[str]:
    with database.begin() as tx:
        rows = claiming.claim(tx, "test", campaign_id=id_, now=now, limit=10, lease=ledger.LEASE)
        return sorted(json.loads(row.fields)["name"] for row in rows)


def test_quiet_hours_are_the_readers_own_also_without_a_chosen_time(
    database: Database, ana: Actor, school: School, readers: None
) -> None:
    id_ = drafted(database, ana, school, None, by_zone=False)
    late = datetime(2026, 3, 10, 16, 30, tzinfo=UTC)  # 19:30 in Moscow, 23:30 in Novosibirsk
    release(database, ana, id_, NIGHT, now=late)
    leaves = leaving(database, id_)
    assert leaves["Lisa"] == leaves["Odd"] == late + UNDO
    assert leaves["Nora"] == datetime(2026, 3, 11, 0, 0, tzinfo=UTC)  # 07:00 there
    service = drafted(database, ana, school, None, by_zone=False, topic=SERVICE)
    release(database, ana, service, NIGHT, now=late)
    assert set(leaving(database, service).values()) == {late + UNDO}


def test_where_the_time_is_over_it_comes_at_once(
    database: Database, ana: Actor, school: School, readers: None
) -> None:
    soon = NOON + timedelta(hours=1)
    id_ = drafted(database, ana, school, soon)
    release(database, ana, id_, Terms())
    assert leaving(database, id_)["Nora"] == NOON + UNDO
    assert leaving(database, id_)["Mia"] == soon


def test_a_second_person_who_agrees_late_moves_nobody_to_another_clock(
    database: Database, ana: Actor, ada: Actor, school: School, readers: None
) -> None:
    id_ = drafted(database, ana, school, evening(school))
    terms = Terms(second_person_above=1)
    release(database, ana, id_, terms)
    with database.begin() as tx:
        agreed = evening(school, "Asia/Novosibirsk") + timedelta(minutes=5)
        assert agree(tx, ada, id_, terms=terms, now=agreed)
    assert leaving(database, id_)["Nora"] == agreed + UNDO
    assert leaving(database, id_)["Mia"] == evening(school)
    assert leaving(database, id_)["Lisa"] == evening(school, "Europe/Lisbon")
