"""A signed link shows, acts once, and cannot be made by others."""

import pytest

from mailing import segments, suppression, unsubscribe
from mailing.segments import Segment
from store import roster
from store.access import Actor
from store.db import Database
from store.schools import School
from tests.conftest import NOON

KEY = b"k" * 32
EMAIL = "alina@school.example"


@pytest.fixture
def alina(database: Database, school: School, ana: Actor) -> str:
    with database.begin() as tx:
        roster.save_person(
            tx, ana, school.id, name="Alina", email=EMAIL, language="en", source="t", now=NOON
        )
    return unsubscribe.token(KEY, school.id, EMAIL, "digest")


def test_a_look_changes_nothing_and_a_click_acts_once(
    database: Database, school: School, ana: Actor, alina: str
) -> None:
    with database.read() as tx:
        seen = unsubscribe.show(tx, KEY, alina)
    assert seen is not None
    assert (seen.school_name, seen.email, seen.topic) == ("School 14", EMAIL, "digest")
    assert (seen.active, seen.language) == (True, "en")
    for _ in range(2):
        with database.begin() as tx:
            done = unsubscribe.act(tx, KEY, alina, now=NOON)
        assert done is not None
        assert not done.active
    with database.read() as tx:
        assert [s.topic for s in suppression.of(tx, ana, school.id)] == ["digest"]
        for topic, people in (("digest", 0), ("announcements", 1), ("service", 1)):
            found = segments.audience(
                tx, ana, school.id, Segment(everyone=True), topic=topic, now=NOON
            )
            assert len(found.people) == people


def test_out_of_every_topic_is_out_of_all_but_service_mail(
    database: Database, school: School, ana: Actor, alina: str
) -> None:
    with database.begin() as tx:
        unsubscribe.act(tx, KEY, alina, every_topic=True, now=NOON)
        assert suppression.reasons(tx, school.id, "announcements") == {EMAIL: "unsubscribed"}
        assert suppression.reasons(tx, school.id, "service") == {}


def test_a_link_that_is_not_ours_is_nothing(
    database: Database, school: School, ana: Actor, alina: str
) -> None:
    forged = unsubscribe.token(b"other key", school.id, EMAIL, "digest")
    changed = alina[:-4] + ("AAAA" if alina[-4:] != "AAAA" else "BBBB")
    with database.begin() as tx:
        for token in (forged, changed, "", "x", "ж", "a" * 500, alina[:20]):
            assert unsubscribe.show(tx, KEY, token) is None
            assert unsubscribe.act(tx, KEY, token, now=NOON) is None
        assert suppression.of(tx, ana, school.id) == []


def test_a_coordinator_lifts_a_suppression(
    database: Database, school: School, ana: Actor, alina: str
) -> None:
    with database.begin() as tx:
        unsubscribe.act(tx, KEY, alina, now=NOON)
        assert suppression.remove(tx, ana, school.id, EMAIL, now=NOON)
        assert not suppression.remove(tx, ana, school.id, EMAIL, now=NOON)
        seen = unsubscribe.show(tx, KEY, alina)
    assert seen is not None
    assert seen.active
