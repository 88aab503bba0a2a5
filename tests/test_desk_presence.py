"""Who is in a lesson and who is not, as the room's server says this moment."""

from dataclasses import replace
from datetime import timedelta

import pytest

from console.desk import presence
from console.desk.rooms import RoomError
from mailing import segments
from mailing.segments import Segment
from platforms.base import Adapter
from store import enrolling, roster
from store.access import Actor, Denied
from store.db import Database, text
from store.schools import School
from tests import moderation_platform
from tests.cast import listed
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.test_desk_notices import lesson
from tests.test_platforms_traps import media, signed
from tests.wire import serving

INFO = """<response><returncode>SUCCESS</returncode><running>true</running><attendees>
<attendee><userID>u1</userID><fullName>Somebody</fullName><role>VIEWER</role></attendee>
<attendee><userID>w_9</userID><fullName> OLEG  petrov</fullName></attendee>
<attendee><userID>w_8</userID><fullName>A guest &lt;b&gt;</fullName></attendee>
<attendee><userID>w_7</userID><fullName>Kim</fullName></attendee>
</attendees></response>"""
NOT_OPEN = """<response><returncode>FAILED</returncode><messageKey>notFound</messageKey>
<message>No such meeting</message></response>"""


@pytest.fixture
def place(database: Database, school: School, ada: Actor) -> tuple[str, str]:
    """Lena came in with her account, Oleg by his name; Wei is absent, and two are called Kim."""
    with database.begin() as tx:
        connect(tx, school)
        room, course = lesson(tx, school, "Algebra", ["lena", "oleg", "wei", "kim1", "kim2"])
        enrolling.people(tx, ada, school.id, "lms", [listed("u1")], now=NOON)
        lena = tx.execute(text("SELECT id FROM person WHERE name = 'lena'")).scalar_one()
        tx.execute(text("UPDATE platform_account SET person_id = :id"), {"id": lena})
        tx.execute(text("UPDATE person SET name = 'Oleg Petrov' WHERE name = 'oleg'"))
        tx.execute(text("UPDATE person SET name = 'Kim' WHERE name LIKE 'kim%'"))
    return room, course


def look(
    database: Database, actor: Actor, place: tuple[str, str], adapter: Adapter
) -> presence.Presence:
    return presence.look(database, actor, *place, lambda _: adapter, now=NOON)


def test_those_present_and_those_absent_make_a_group(
    database: Database, school: School, ana: Actor, place: tuple[str, str]
) -> None:
    with serving(signed("sha256", {"getMeetingInfo": INFO})) as wire:
        found = look(database, ana, place, media(wire.url))
    assert sorted(each.name for each in found.present) == ["Oleg Petrov", "lena"]
    assert sorted(each.name for each in found.absent) == ["Kim", "Kim", "wei"]
    assert found.others == 2  # the guest, and a Kim of whom there are two
    segment = Segment(people=tuple(each.id for each in found.absent))
    with database.read() as tx:
        meant = segments.audience(tx, ana, school.id, segment, now=NOON)
    assert len(meant.people) == 3


def test_who_came_in_since_is_taken_out_of_those_absent_and_nobody_is_added(
    database: Database, school: School, ana: Actor, place: tuple[str, str]
) -> None:
    with serving(signed("sha256", {"getMeetingInfo": NOT_OPEN})) as wire:
        before = look(database, ana, place, media(wire.url))
    group = presence.absentees(before, *place)
    without_wei = replace(
        group, people=tuple(each.id for each in before.absent if each.name != "wei")
    )  # as she chose
    later = NOON + timedelta(minutes=5)
    with serving(signed("sha256", {"getMeetingInfo": INFO})) as wire:
        found = presence.still_absent(
            database, ana, without_wei, lambda _: media(wire.url), now=later
        )
    names = {each.id: each.name for each in before.absent}
    assert [names[each] for each in found.people] == ["Kim", "Kim"]
    assert found.absent_from == (*place, later.isoformat())
    assert Segment.from_json(found.to_json()) == found


def test_a_room_that_is_not_open_holds_nobody(
    database: Database, ana: Actor, place: tuple[str, str]
) -> None:
    with serving(signed("sha256", {"getMeetingInfo": NOT_OPEN})) as wire:
        found = look(database, ana, place, media(wire.url))
    assert (found.present, len(found.absent), found.others) == ([], 5, 0)


def test_a_platform_that_does_not_tell_says_so(
    database: Database, ana: Actor, place: tuple[str, str]
) -> None:
    with pytest.raises(RoomError, match="does not tell who"):
        look(database, ana, place, moderation_platform.Adapter(""))


def test_names_are_for_those_who_see_people(
    database: Database, school: School, place: tuple[str, str], eve: Actor, zoe: Actor
) -> None:
    viewer = Actor("vic", "Vic", "viewer", frozenset({school.id}))
    for actor in (viewer, eve, zoe):
        with pytest.raises(Denied):
            look(database, actor, place, moderation_platform.Adapter(""))
    with database.read() as tx:
        assert len(roster.people(tx, Actor("a", "A", "admin", frozenset({school.id})), school.id))


def test_the_lessons_that_run_now_in_rooms_that_tell_who_is_there_can_be_asked(
    database: Database, school: School, ana: Actor, place: tuple[str, str]
) -> None:
    adapter = media("http://127.0.0.1:9")
    found = presence.meetings(database, ana, school.id, lambda _: adapter, now=NOON)
    assert [(each.room_id, each.course_id) for each in found] == [place]
    later = NOON + timedelta(days=1)
    assert presence.meetings(database, ana, school.id, lambda _: adapter, now=later) == []
    silent = moderation_platform.Adapter("")
    assert presence.meetings(database, ana, school.id, lambda _: silent, now=NOON) == []


def test_a_group_of_those_present_knows_where_and_stays_as_it_was_asked(
    database: Database, school: School, ana: Actor, place: tuple[str, str]
) -> None:
    with serving(signed("sha256", {"getMeetingInfo": INFO})) as wire:
        group = presence.attenders(look(database, ana, place, media(wire.url)), *place)
    assert group.present_in == (*place, NOON.isoformat())
    assert Segment.from_json(group.to_json()) == group
    with database.read() as tx:
        meant = segments.audience(tx, ana, school.id, group, now=NOON + timedelta(hours=3))
    assert sorted(each.name for each in meant.people) == ["Oleg Petrov", "lena"]
