"""A notice goes into the room over the wire, for those who steer, and is on record."""

from collections.abc import Iterator

import pytest

from console.desk import connections, rooms
from console.wiring import Console
from platforms.base import PlatformError
from platforms.metering import RoomMeter
from store import access
from store.access import Actor, Denied
from store.db import Database, new_id, text
from store.schools import School
from tests import stage
from tests.stand_in import StandIn, open_campus


@pytest.fixture(scope="module")
def campus() -> Iterator[StandIn]:
    with open_campus() as opened:
        yield opened


@pytest.fixture
def console(database: Database) -> Console:
    return stage.console(database)


def connect(console: Console, school: School, campus: StandIn) -> str:
    with console.db.begin() as tx:
        return connections.add(
            tx,
            access.system(school.id),
            school.id,
            console.vault,
            platform="bigbluebutton",
            name="A",
            url=campus.bigbluebutton[0]["url"],
            secret=campus.bigbluebutton[0]["secret"],
            now=console.now(),
        )


def keep(console: Console, school: School, connection: str, external_id: str) -> str:
    room = new_id()
    with console.db.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO room (id, school_id, connection_id, external_id, name, form, stream_url,
                                  gone, updated_at)
                VALUES (:id, :school, :connection, :external, 'Algebra', 'classroom', '', FALSE, 0)
            """),
            {
                "id": room,
                "school": school.id,
                "connection": connection,
                "external": external_id,
            },
        )
    return room


@pytest.fixture
def room(console: Console, school: School, campus: StandIn) -> str:
    """A room of the campus in which a lesson runs."""
    connection = connect(console, school, campus)
    meter = console.adapters(connection)
    assert isinstance(meter, RoomMeter)
    running = next(each for each in meter.rooms() or [] if each.running)
    return keep(console, school, connection, running.external_id)


def outcomes(console: Console) -> list[str]:
    with console.db.read() as tx:
        rows = tx.execute(
            text("SELECT outcome FROM audit WHERE action = 'notice room' ORDER BY outcome")
        )
        return [row.outcome for row in rows]


def test_a_notice_is_taken_by_the_server_and_put_on_record(
    console: Console, ana: Actor, room: str
) -> None:
    now = console.now()
    rooms.notice(console.db, ana, room, "We go on in five minutes.", console.adapters, now=now)
    assert outcomes(console) == ["asked", "done"]


def test_a_room_that_is_not_open_refuses_and_that_is_on_record(
    console: Console, school: School, ana: Actor, campus: StandIn
) -> None:
    room = keep(console, school, connect(console, school, campus), "no-such-room")
    with pytest.raises(PlatformError) as refused:
        rooms.notice(console.db, ana, room, "Hello", console.adapters, now=console.now())
    assert "no such room open" in str(refused.value)
    assert outcomes(console) == ["asked", "refused"]


@pytest.mark.parametrize("words", ["", "   ", "x" * (rooms.LONGEST + 1)])
def test_an_empty_or_endless_notice_never_leaves(
    console: Console, ana: Actor, room: str, words: str
) -> None:
    with pytest.raises(rooms.RoomError):
        rooms.notice(console.db, ana, room, words, console.adapters, now=console.now())
    assert outcomes(console) == []


def test_only_who_steers_this_school_speaks_into_its_rooms(
    console: Console, eve: Actor, zoe: Actor, ben: Actor, room: str
) -> None:
    for actor in (eve, zoe, ben):
        with pytest.raises(Denied):
            rooms.notice(console.db, actor, room, "Hello", console.adapters, now=console.now())
    with pytest.raises(Denied):
        rooms.notice(console.db, zoe, "no room", "Hello", console.adapters, now=console.now())
    assert outcomes(console) == []
