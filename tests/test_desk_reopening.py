"""A lesson goes on on another server of the campus: its people follow, and come back."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from console.desk import connections, elsewhere, reopening
from console.desk.rooms import RoomError
from console.wiring import Console
from platforms.base import Adapter, Capability, Health, PlatformError, Room
from platforms.steering import RoomMaker
from probes import promised, recording
from probes.judge import Standing
from probes.model import Result, RoomCount, State, Target
from probes.recording import Record
from store import access, planning
from store.access import Actor, Denied
from store.db import Database, text
from store.planning import PlannedLesson
from store.schools import School
from tests import real, stage
from tests.classrooms import (
    Classroom,
    classroom,
    count,
    keep,
    metered,
    outcomes,
    people,
    room_of,
)
from tests.stand_in import StandIn, open_campus

MINUTE = timedelta(minutes=1)


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


def reopen(console: Console, actor: Actor, place: Classroom, to: str = "") -> reopening.Moved:
    return reopening.reopen(
        console.db, actor, place.lesson, to or place.there, console.adapters,
        people=20, now=console.now(),
    )  # fmt: skip


def silent(console: Console, connection: str) -> bool:
    try:
        return not people(console, connection)
    except PlatformError:
        return True


def test_a_lesson_is_reopened_on_another_server_and_its_people_follow_and_come_back(
    console: Console, ana: Actor, place: Classroom
) -> None:
    moved = reopen(console, ana, place)
    assert room_of(console.db, place.lesson) == (place.there, place.external_id)
    real.until(lambda: (people(console, place.there).get(place.external_id) or 0) > 1)
    left = reopening.back(console.db, ana, moved, console.adapters, now=console.now())
    assert left > 1  # nobody is thrown out of a room that people are in
    assert room_of(console.db, place.lesson) == (place.here, place.external_id)
    assert outcomes(console.db, "move lesson") == ["asked", "verified"]
    assert outcomes(console.db, "move lesson back") == ["done"]
    with pytest.raises(RoomError, match="moved again meanwhile"):
        reopening.back(console.db, ana, moved, console.adapters, now=console.now())


def test_a_server_that_does_not_answer_leaves_the_lesson_where_it_is(
    console: Console, ana: Actor, place: Classroom, campus: StandIn
) -> None:
    campus.turn("scenes", "server-down", True, server="b")
    real.until(lambda: silent(console, place.there))
    with pytest.raises(PlatformError, match="does not answer"):
        reopen(console, ana, place)
    campus.turn("scenes", "server-down", False)
    assert room_of(console.db, place.lesson) == (place.here, place.external_id)
    assert outcomes(console.db, "move lesson") == ["asked", "refused"]


def test_a_lesson_moves_neither_to_where_it_is_nor_to_what_makes_no_rooms(
    console: Console, school: School, ana: Actor, place: Classroom, campus: StandIn
) -> None:
    moodle = stage.connect(console, school, campus.moodle["url"], campus.moodle["token"])
    with pytest.raises(RoomError, match="on this server already"):
        reopen(console, ana, place, place.here)
    with pytest.raises(RoomError, match="makes no rooms"):
        reopen(console, ana, place, moodle)
    assert outcomes(console.db, "move lesson") == []


def test_only_who_steers_moves_a_lesson_and_only_within_the_school(
    console: Console, ana: Actor, ben: Actor, eve: Actor, zoe: Actor, place: Classroom
) -> None:
    for actor in (ben, eve, zoe):
        with pytest.raises(Denied):
            reopen(console, actor, place)
    with pytest.raises(Denied):
        reopen(console, ana, place, "no such connection")
    assert outcomes(console.db, "move lesson") == []


def test_servers_are_told_with_their_seats_and_whether_they_answer(
    console: Console, school: School, ana: Actor, place: Classroom, campus: StandIn
) -> None:
    stage.connect(console, school, campus.moodle["url"], campus.moodle["token"])

    def servers() -> list[tuple[str, int | None, bool, bool]]:
        found = elsewhere.servers(
            console.db, ana, school.id,
            beside=place.here, people=25, adapters=console.adapters, now=console.now(),
        )  # fmt: skip
        return [(each.name, each.free, each.answers, each.enough) for each in found]

    def bears(**options: str) -> None:
        with console.db.begin() as tx:
            connections.change(
                tx, access.system(school.id), place.there, console.vault,
                options=options, now=console.now(),
            )  # fmt: skip

    assert servers() == [("B", None, True, True)]  # Moodle makes no rooms; no limit is known
    bears(seats="40")
    assert servers() == [("B", None, True, False)]  # nobody counts who is on it
    meter = metered(console, school, place.there)
    assert servers() == [("B", None, False, False)]  # it was never read, so it is not empty
    count(console, meter, 12, console.now())
    assert servers() == [("B", 28, True, True)]
    count(console, meter, 20, console.now() + timedelta(seconds=1))
    assert servers() == [("B", 20, True, False)]
    bears(licence="30")  # the lesson's people are under it already
    assert servers() == [("B", None, True, True)]
    count(console, meter, 20, console.now() - timedelta(minutes=9))
    assert servers() == [("B", None, False, False)]  # its last word is old


def test_a_lesson_does_not_move_to_where_others_have_gone_meanwhile(
    console: Console, school: School, ana: Actor, place: Classroom
) -> None:
    with console.db.begin() as tx:
        connections.change(
            tx, access.system(school.id), place.there, console.vault,
            options={"seats": "40"}, now=console.now(),
        )  # fmt: skip
    meter = metered(console, school, place.there)
    count(console, meter, 35, console.now())
    with pytest.raises(RoomError, match="B has 5 free seats; 20 are needed"):
        reopen(console, ana, place)
    assert room_of(console.db, place.lesson) == (place.here, place.external_id)
    assert outcomes(console.db, "move lesson") == []


def bears(console: Console, school: School, place: Classroom, seats: int) -> Target:
    """Server B bears so many; its meter."""
    with console.db.begin() as tx:
        connections.change(
            tx, access.system(school.id), place.there, console.vault,
            options={"seats": str(seats)}, now=console.now(),
        )  # fmt: skip
    return metered(console, school, place.there)


def another(console: Console, school: School, place: Classroom) -> Classroom:
    """A second lesson on server A."""
    room = keep(console, school, place.here, "second", 30)
    now = console.now()
    lesson = PlannedLesson(
        "l2", "Physics", None, room, None, now - 5 * MINUTE, now + 60 * MINUTE, 20
    )
    with console.db.begin() as tx:
        planning.lessons(tx, access.system(school.id), school.id, [lesson], now=now)
        id_ = tx.execute(text("SELECT id FROM lesson WHERE external_id = 'l2'")).scalar_one()
    return Classroom(id_, room, "second", place.here, place.there)


def test_two_who_reopen_into_the_same_seats_within_seconds_do_not_both_get_them(
    console: Console, school: School, ana: Actor, place: Classroom
) -> None:
    count(console, bears(console, school, place, 40), 10, console.now())
    second = another(console, school, place)
    start = threading.Barrier(2)

    def go(each: Classroom) -> str:
        start.wait(20)
        try:
            reopen(console, ana, each)
        except RoomError as error:
            return str(error)
        return "moved"

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(go, (place, second)))
    assert found == ["B has 10 free seats; 20 are needed.", "moved"]
    moved = [each for each in (place, second) if room_of(console.db, each.lesson)[0] == place.there]
    assert len(moved) == 1


def test_promised_seats_are_told_until_people_sit_in_them_or_the_lesson_goes_back(
    console: Console, school: School, ana: Actor, place: Classroom
) -> None:
    meter = bears(console, school, place, 40)
    count(console, meter, 10, console.now())

    def free(at: datetime) -> int | None:
        (found,) = elsewhere.servers(
            console.db, ana, school.id,
            beside=place.here, people=5, adapters=console.adapters, now=at,
        )  # fmt: skip
        return found.free

    moved = reopen(console, ana, place)
    now = console.now()
    assert free(now) == 10
    arrived = RoomCount(place.external_id, 15, 1, None, True)
    others = RoomCount("x", 10, 1, None, True)
    said = Result(meter.id, now, State.OK, 0.1, rooms=(arrived, others))
    with console.db.begin("metrics") as mtx:
        recording.write(mtx, [Record(meter, said, Standing(State.OK, now, 0, 0))])
    assert free(now) == 10  # fifteen of the twenty are there
    reopening.back(console.db, ana, moved, console.adapters, now=now)
    assert free(now) == 15
    count(console, meter, 10, now + timedelta(seconds=1))
    reopen(console, ana, place)
    later = now + 11 * MINUTE
    count(console, meter, 10, later)
    assert free(later) == 30  # who has not come by then does not


def test_seats_are_free_again_where_the_room_could_not_be_made(
    console: Console, school: School, ana: Actor, place: Classroom, campus: StandIn
) -> None:
    count(console, bears(console, school, place, 40), 10, console.now())
    campus.turn("scenes", "server-down", True, server="b")
    real.until(lambda: silent(console, place.there))
    with pytest.raises(PlatformError):
        reopen(console, ana, place)
    campus.turn("scenes", "server-down", False)
    with console.db.read() as tx:
        assert promised.of(tx, ana, school.id, now=console.now()) == []


class Slow:
    """A server that makes a room as ever, while something else happens."""

    def __init__(self, server: Adapter, meanwhile: Callable[[], None]) -> None:
        assert isinstance(server, RoomMaker)
        self._server: RoomMaker = server
        self._meanwhile = meanwhile
        self.can: frozenset[Capability] = frozenset({"create room"})

    def check(self) -> Health:
        return Health()

    def create(self, external_id: str, name: str, *, seats: int | None) -> Room:
        made = self._server.create(external_id, name, seats=seats)
        self._meanwhile()
        return made

    def exists(self, external_id: str) -> bool:
        return self._server.exists(external_id)


def lose(
    console: Console,
    actor: Actor,
    place: Classroom,
    *,
    before: Callable[[], None] = lambda: None,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Reopen the lesson, and be too late: something happens before the seats, or after them."""
    asked: list[str] = []

    def adapters(connection_id: str) -> Adapter:
        server = console.adapters(connection_id)
        asked.append(connection_id)
        if len(asked) > 1:
            return server
        before()
        return Slow(server, meanwhile)

    with pytest.raises(RoomError, match="moved again meanwhile"):
        reopening.reopen(
            console.db, actor, place.lesson, place.there, adapters, people=20, now=console.now()
        )


def test_where_the_lesson_was_moved_meanwhile_nothing_is_left_of_reopening_it(
    console: Console, school: School, ana: Actor, place: Classroom
) -> None:
    other = keep(console, school, place.here, "other", 30)
    quiet = keep(console, school, place.here, "quiet", 30)  # nobody on the campus looks for it

    def move(room: str, to: str) -> None:
        with console.db.begin() as tx:
            assert planning.move(tx, ana, place.lesson, room, to=to, now=console.now())

    move(place.room, quiet)
    lose(console, ana, place, meanwhile=lambda: move(quiet, other))
    assert room_of(console.db, place.lesson) == (place.here, "other")
    with console.db.read() as tx:
        assert promised.of(tx, ana, school.id, now=console.now()) == []
    assert outcomes(console.db, "move lesson") == ["asked", "refused"]
    assert outcomes(console.db, "end room") == ["asked"]
    real.until(lambda: "quiet" not in people(console, place.there))


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_who_comes_second_takes_neither_room_nor_seats_from_who_was_first(
    console: Console, school: School, ana: Actor, place: Classroom, when: str
) -> None:
    def first() -> None:
        reopen(console, ana, place)

    if when == "before":
        lose(console, ana, place, before=first)
    else:
        lose(console, ana, place, meanwhile=first)
    assert room_of(console.db, place.lesson) == (place.there, place.external_id)
    assert place.external_id in people(console, place.there)
    with console.db.read() as tx:
        (kept,) = promised.of(tx, ana, school.id, now=console.now())
    assert (kept.lesson_id, kept.connection_id) == (place.lesson, place.there)
    assert sorted(outcomes(console.db, "move lesson")) == ["asked", "asked", "refused", "verified"]
    assert outcomes(console.db, "end room") == []
