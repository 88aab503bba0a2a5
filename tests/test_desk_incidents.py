"""Incidents: one a cause, one owner, a timeline, and an end with a reason."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from console.desk import incidents, reports
from store.access import Actor, Denied
from store.db import Connection, Database, new_id, text
from store.schools import School
from store.words import Words
from tests.conftest import NOON

LATER = NOON + timedelta(minutes=4)
SOURCE = incidents.Source("target:t1", Words("{name} does not answer", {"name": "B"}), "down", 58)


def opened(database: Database, actor: Actor, school: School, **changes: object) -> str:
    source = incidents.Source(**{**SOURCE.__dict__, **changes})
    with database.begin() as tx:
        return incidents.raise_(tx, actor, school.id, source, now=NOON)


def room(database: Database, school: School, name: str = "Algebra 7B") -> str:
    """A room of the school on a media server of its own."""
    connection, room_id = new_id(), new_id()
    with database.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO connection (id, school_id, platform, name, url, secret_sealed, options,
                                        state, detail, created_at)
                VALUES (:id, :school, 'bigbluebutton', :id, '', '', '{}', 'new', '', :now)
            """),
            {"id": connection, "school": school.id, "now": NOON},
        )
        tx.execute(
            text("""
                INSERT INTO room (id, school_id, connection_id, external_id, name, form, stream_url,
                                  gone, updated_at)
                VALUES (:id, :school, :connection, 'm1', :name, 'classroom', '', FALSE, :now)
            """),
            {
                "id": room_id,
                "school": school.id,
                "connection": connection,
                "name": name,
                "now": NOON,
            },
        )
    return room_id


def test_one_cause_is_one_incident(database: Database, school: School, ana: Actor) -> None:
    first = opened(database, ana, school)
    again = opened(database, ana, school, affected=70)
    with database.read() as tx:
        (only,) = incidents.open_(tx, ana, school.id)
    assert first == again == only.id
    assert only.affected == 70
    assert str(only.title) == "B does not answer"


def test_a_cause_that_grows_worse_says_so(database: Database, school: School, ana: Actor) -> None:
    opened(database, ana, school, severity="suspect")
    incident_id = opened(database, ana, school, severity="down")
    with database.read() as tx:
        kinds = [entry.kind for entry in incidents.timeline(tx, ana, incident_id)]
        found = incidents.get(tx, ana, incident_id)
    assert kinds == ["opened", "worse"]
    assert found is not None
    assert found.severity == "down"


def test_only_one_of_two_takes_it(database: Database, school: School, ana: Actor) -> None:
    incident_id = opened(database, ana, school)
    cast = [ana, Actor("ben", "Ben", "moderator", frozenset({school.id}))]
    won: list[str] = []

    def take(actor: Actor) -> None:
        with database.begin() as tx:
            if incidents.take(tx, actor, incident_id, now=LATER):
                won.append(actor.account_id)

    racers = [threading.Thread(target=take, args=(actor,)) for actor in cast * 4]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    with database.read() as tx:
        found = incidents.get(tx, ana, incident_id)
    assert found is not None
    assert won == [found.owner_id]
    assert found.state == "taken"


def test_a_standing_failure_cannot_be_closed(
    database: Database, school: School, ana: Actor
) -> None:
    incident_id = opened(database, ana, school, target_id="t1")
    with pytest.raises(incidents.IncidentError, match="still fails"), database.begin() as tx:
        incidents.close(tx, ana, incident_id, "restarted", now=LATER)
    with database.begin() as tx:
        incidents.take(tx, ana, incident_id, now=NOON)
        incidents.recovered(tx, ana, incident_id, now=LATER)
        assert incidents.close(tx, ana, incident_id, "restarted", now=LATER)
        assert not incidents.close(tx, ana, incident_id, "restarted", now=LATER)
        last = incidents.timeline(tx, ana, incident_id)[-1]
        assert (last.kind, last.note) == ("closed", "restarted")
        assert incidents.open_(tx, ana, school.id) == []
        assert [one.id for one in incidents.closed(tx, ana, school.id, since=NOON)] == [incident_id]


def test_what_nobody_took_closes_when_it_is_over(
    database: Database, school: School, ana: Actor
) -> None:
    incident_id = opened(database, ana, school, target_id="t1")
    with database.begin() as tx:
        incidents.recovered(tx, ana, incident_id, now=LATER)
        found = incidents.get(tx, ana, incident_id)
    assert found is not None
    assert found.state == "closed"


def test_the_same_cause_later_is_a_new_incident(
    database: Database, school: School, ana: Actor
) -> None:
    first = opened(database, ana, school)
    with database.begin() as tx:
        incidents.close(tx, ana, first, "a cable", now=LATER)
    assert opened(database, ana, school) != first


@pytest.mark.parametrize("words", ["", "   "])
def test_an_empty_note_and_an_empty_reason_are_refused(
    database: Database, school: School, ana: Actor, words: str
) -> None:
    incident_id = opened(database, ana, school)
    with database.begin() as tx:
        with pytest.raises(incidents.IncidentError):
            incidents.note(tx, ana, incident_id, words, now=LATER)
        with pytest.raises(incidents.IncidentError):
            incidents.close(tx, ana, incident_id, words, now=LATER)


def test_a_note_and_a_reason_have_two_thousand_characters_at_most(
    database: Database, school: School, ana: Actor
) -> None:
    incident_id = opened(database, ana, school)
    with database.begin() as tx:
        with pytest.raises(incidents.IncidentError, match="2000"):
            incidents.note(tx, ana, incident_id, "x" * 2001, now=LATER)
        with pytest.raises(incidents.IncidentError, match="2000"):
            incidents.close(tx, ana, incident_id, "x" * 2001, now=LATER)
        incidents.note(tx, ana, incident_id, "x" * 2000 + "\n", now=LATER)
        assert incidents.timeline(tx, ana, incident_id)[-1].note == "x" * 2000


def test_thirty_reports_are_one_incident(database: Database, school: School, ana: Actor) -> None:
    room_id = room(database, school)
    with database.begin() as tx:
        ids = {
            reports.report(
                tx, ana, school.id, name=f"P{n}", said="cannot get in", room_id=room_id, now=NOON
            )
            for n in range(30)
        }
        (only,) = incidents.open_(tx, ana, school.id)
        assert ids == {only.id}
        assert (only.reports, only.affected) == (30, 30)
        assert len(reports.of_incident(tx, ana, only.id)) == 30


def test_a_report_joins_the_incident_of_its_room(
    database: Database, school: School, ana: Actor
) -> None:
    room_id = room(database, school)
    incident_id = opened(database, ana, school, room_id=room_id)
    with database.begin() as tx:
        joined = reports.report(
            tx, ana, school.id, name="Lena", said="the picture stands", room_id=room_id, now=LATER
        )
        assert joined == incident_id
        found = incidents.get(tx, ana, incident_id)
    assert found is not None
    assert (found.reports, found.affected) == (1, 58)


def test_a_report_of_another_schools_room_is_kept_without_it(
    database: Database, school: School, elsewhere: School, ana: Actor
) -> None:
    foreign = room(database, elsewhere)
    with database.begin() as tx:
        reports.report(tx, ana, school.id, name="", said="help", room_id=foreign, now=NOON)
        (only,) = incidents.open_(tx, ana, school.id)
    assert only.room_id is None


def test_a_report_that_says_nothing_is_refused(
    database: Database, school: School, ana: Actor
) -> None:
    with pytest.raises(incidents.IncidentError, match="few words"), database.begin() as tx:
        reports.report(tx, ana, school.id, name="Lena", said="  ", now=NOON)


def test_strangers_reach_nothing(
    database: Database, school: School, ana: Actor, eve: Actor, zoe: Actor
) -> None:
    incident_id = opened(database, ana, school)
    acts: list[Callable[[Connection, Actor], object]] = [
        lambda tx, who: incidents.open_(tx, who, school.id),
        lambda tx, who: incidents.closed(tx, who, school.id, since=NOON),
        lambda tx, who: incidents.of_target(tx, who, school.id, "t1"),
        lambda tx, who: incidents.get(tx, who, incident_id),
        lambda tx, who: incidents.timeline(tx, who, incident_id),
        lambda tx, who: incidents.raise_(tx, who, school.id, SOURCE, now=NOON),
        lambda tx, who: incidents.take(tx, who, incident_id, now=NOON),
        lambda tx, who: incidents.note(tx, who, incident_id, "x", now=NOON),
        lambda tx, who: incidents.told(tx, who, incident_id, 1, now=NOON),
        lambda tx, who: incidents.recovered(tx, who, incident_id, now=NOON),
        lambda tx, who: incidents.close(tx, who, incident_id, "x", now=NOON),
        lambda tx, who: reports.report(tx, who, school.id, name="", said="x", now=NOON),
        lambda tx, who: reports.of_incident(tx, who, incident_id),
    ]
    for actor in (eve, zoe):
        for act in acts:
            with pytest.raises(Denied), database.begin() as tx:
                act(tx, actor)


def test_a_viewer_sees_incidents_but_no_reporters(
    database: Database, school: School, ana: Actor
) -> None:
    viewer = Actor("vic", "Vic", "viewer", frozenset({school.id}))
    incident_id = opened(database, ana, school)
    with database.begin() as tx:
        assert incidents.open_(tx, viewer, school.id)
        with pytest.raises(Denied):
            reports.of_incident(tx, viewer, incident_id)
        with pytest.raises(Denied):
            incidents.take(tx, viewer, incident_id, now=NOON)
