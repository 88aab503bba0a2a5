"""Acts on a room go over the wire, for those who steer, are read back and are on record."""

import logging
from collections.abc import Iterator
from urllib.request import urlopen

import pytest

from console.desk import rooms
from console.wiring import Console
from platforms.base import Adapter, PlatformError
from platforms.jitsi import Jitsi
from platforms.matrix import Matrix
from store.access import Actor, Denied
from store.db import Database
from store.schools import School
from tests import stage
from tests.classrooms import Classroom, classroom, connect, keep, names, outcomes, people
from tests.stand_in import StandIn, open_campus
from tests.wire import Asked, as_json, reply, serving


@pytest.fixture(scope="module")
def campus() -> Iterator[StandIn]:
    with open_campus() as opened:
        yield opened


@pytest.fixture
def console(database: Database) -> Console:
    return stage.console(database)


@pytest.fixture
def place(console: Console, school: School, campus: StandIn) -> Classroom:
    return classroom(console, school, campus)


def test_a_notice_that_nobody_can_read_back_is_sent_and_never_done(
    console: Console, ana: Actor, place: Classroom
) -> None:
    receipt = rooms.notice(
        console.db, ana, place.room, "Five minutes.", console.adapters, clock=console.now
    )
    assert receipt.state == "sent"
    assert outcomes(console.db, "notice room") == ["asked", "sent"]


@pytest.mark.parametrize(
    ("chat", "state"),
    [
        ({"sender": "@pult:x", "content": {"body": "Five minutes."}}, "verified"),
        ({"sender": "@pult:x", "content": {}}, "unconfirmed"),  # somebody removed it
        ({"sender": "@joe:x", "content": {"body": "Five minutes."}}, "unconfirmed"),
        (None, "unconfirmed"),
    ],
)
def test_a_notice_is_done_once_it_is_seen_in_the_chat(
    console: Console, ana: Actor, place: Classroom, chat: dict[str, object] | None, state: str
) -> None:
    def homeserver(asked: Asked) -> bytes:
        if asked.method == "PUT":
            return as_json({"event_id": "$1"})
        if asked.call == "whoami":
            return as_json({"user_id": "@pult:x"})
        assert "/event/%241" in asked.target
        if chat is None:
            return reply('{"errcode":"M_NOT_FOUND"}', status="404 Not Found")
        return as_json(chat)

    with serving(homeserver) as wire:
        receipt = rooms.notice(
            console.db, ana, place.room, "Five minutes.",
            lambda _connection: Matrix(wire.url, "s3cret", {}), clock=console.now, within=0,
        )  # fmt: skip
    assert receipt.state == state
    assert outcomes(console.db, "notice room") == ["asked", state]


def test_a_room_that_is_not_open_refuses_and_that_is_on_record(
    console: Console, school: School, ana: Actor, campus: StandIn
) -> None:
    room = keep(console, school, connect(console, school, campus, 0, "A"), "no-such-room")
    with pytest.raises(PlatformError) as refused:
        rooms.notice(console.db, ana, room, "Hello", console.adapters, clock=console.now)
    assert "no such room open" in str(refused.value)
    assert sorted(outcomes(console.db, "notice room")) == ["asked", "refused"]


@pytest.mark.parametrize("words", ["", "   ", "x" * (rooms.LONGEST + 1)])
def test_an_empty_or_endless_notice_never_leaves(
    console: Console, ana: Actor, place: Classroom, words: str
) -> None:
    with pytest.raises(rooms.RoomError):
        rooms.notice(console.db, ana, place.room, words, console.adapters, clock=console.now)
    assert outcomes(console.db, "notice room") == []


def test_only_who_steers_this_school_acts_on_its_rooms(
    console: Console, eve: Actor, zoe: Actor, ben: Actor, place: Classroom
) -> None:
    now, adapters, db = console.now(), console.adapters, console.db
    for actor in (eve, zoe, ben):
        for room in (place.room, "no room"):
            with pytest.raises(Denied):
                rooms.notice(db, actor, room, "Hello", adapters, clock=console.now)
            with pytest.raises(Denied):
                rooms.step_in(db, actor, room, adapters, now=now)
            with pytest.raises(Denied):
                rooms.end(db, actor, room, adapters, clock=console.now)
    for act in ("notice room", "step into room", "end room"):
        assert outcomes(db, act) == []


def test_she_steps_in_by_a_link_of_her_own_that_no_log_holds(
    console: Console, ana: Actor, place: Classroom, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    before = names(console, place.here, place.external_id).count(ana.name)
    link = rooms.step_in(console.db, ana, place.room, console.adapters, now=console.now())
    with urlopen(link, timeout=60) as answer:  # noqa: S310 - the campus
        assert "You are in the classroom" in answer.read().decode()
    assert names(console, place.here, place.external_id).count(ana.name) == before + 1
    assert "role=MODERATOR" in link
    assert f"fullName={ana.name}" in link
    assert "checksum" not in caplog.text
    assert outcomes(console.db, "step into room") == ["asked", "done"]


def test_an_ended_room_is_ended_when_the_server_lists_it_no_more(
    console: Console, ana: Actor, place: Classroom
) -> None:
    receipt = rooms.end(console.db, ana, place.room, console.adapters, clock=console.now)
    assert receipt.state == "verified"
    assert place.external_id not in people(console, place.here)
    assert outcomes(console.db, "end room") == ["asked", "verified"]
    again = rooms.end(console.db, ana, place.room, console.adapters, clock=console.now)
    assert again.state == "verified"  # it was gone, which is what was asked for


def test_an_end_that_is_not_read_back_in_time_is_not_confirmed(
    console: Console, ana: Actor, place: Classroom
) -> None:
    receipt = rooms.end(console.db, ana, place.room, console.adapters, clock=console.now, within=0)
    assert receipt.state == "unconfirmed"
    assert outcomes(console.db, "end room") == ["asked", "unconfirmed"]


def test_what_a_platform_cannot_do_is_said_and_never_tried(
    console: Console, ana: Actor, place: Classroom
) -> None:
    def jitsi(_connection: str) -> Adapter:
        return Jitsi("http://127.0.0.1:9", "", {})

    now = console.now()
    with pytest.raises(rooms.RoomError, match="takes no messages"):
        rooms.notice(console.db, ana, place.room, "Hello", jitsi, clock=console.now)
    with pytest.raises(rooms.RoomError, match="no links to join by"):
        rooms.step_in(console.db, ana, place.room, jitsi, now=now)
    with pytest.raises(rooms.RoomError, match="does not end rooms"):
        rooms.end(console.db, ana, place.room, jitsi, clock=console.now)
    assert outcomes(console.db, "end room") == []
