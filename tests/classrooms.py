"""A lesson in a room of the campus's first media server, the second one connected as well."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from console.desk import connections
from console.wiring import Console
from platforms.capabilities import RoomRegister
from platforms.metering import RoomMeter
from probes import recording, targets
from probes.judge import Standing
from probes.model import Result, RoomCount, State, Target
from probes.recording import Record
from store import access, planning
from store.db import Database, text
from store.planning import PlannedLesson, PlannedRoom
from store.schools import School
from tests.stand_in import StandIn


@dataclass(frozen=True)
class Classroom:
    lesson: str
    room: str
    external_id: str
    here: str  # connections
    there: str


def connect(console: Console, school: School, campus: StandIn, place: int, name: str) -> str:
    with console.db.begin() as tx:
        return connections.add(
            tx,
            access.system(school.id),
            school.id,
            console.vault,
            platform="bigbluebutton",
            name=name,
            url=campus.bigbluebutton[place]["url"],
            secret=campus.bigbluebutton[place]["secret"],
            now=console.now(),
        )


def keep(
    console: Console, school: School, connection: str, external_id: str, seats: int | None = None
) -> str:
    """The room as a timetable plans it; its id."""
    room = PlannedRoom(connection, external_id, "Algebra", "classroom", seats, None, "")
    with console.db.begin() as tx:
        known = planning.rooms(tx, access.system(school.id), school.id, [room], now=console.now())
    return known[connection, external_id]


def people(console: Console, connection: str) -> dict[str, int | None]:
    """How many are in each room of a server now, by its own word."""
    meter = console.adapters(connection)
    assert isinstance(meter, RoomMeter)
    return {room.external_id: room.participants for room in meter.rooms() or ()}


def names(console: Console, connection: str, room: str) -> list[str]:
    """Who is in the room now: its number changes with everybody who comes and goes."""
    server = console.adapters(connection)
    assert isinstance(server, RoomRegister)
    return [each.name for each in server.present(room)]


def classroom(console: Console, school: School, campus: StandIn) -> Classroom:
    """The fullest room of server A, with its lesson."""
    here, there = (connect(console, school, campus, place, "AB"[place]) for place in (0, 1))
    counted = people(console, here)
    fullest = max(counted, key=lambda id_: counted[id_] or 0)
    room = keep(console, school, here, fullest, 30)
    now = console.now()
    lesson = PlannedLesson(
        "l1", "Algebra", None, room, None, now - timedelta(minutes=9), now + timedelta(hours=1), 20
    )
    with console.db.begin() as tx:
        planning.lessons(tx, access.system(school.id), school.id, [lesson], now=now)
    return Classroom(room_lesson(console.db), room, fullest, here, there)


def room_lesson(db: Database) -> str:
    with db.read() as tx:
        return str(tx.execute(text("SELECT id FROM lesson")).scalar_one())


def room_of(db: Database, lesson_id: str) -> tuple[str, str]:
    """The connection and the meeting that a lesson is planned in."""
    with db.read() as tx:
        row = tx.execute(
            text("""
                SELECT room.connection_id, room.external_id
                FROM lesson JOIN room ON room.id = lesson.room_id WHERE lesson.id = :id
            """),
            {"id": lesson_id},
        ).one()
    return row.connection_id, row.external_id


def outcomes(db: Database, action: str) -> list[str]:
    with db.read() as tx:
        rows = tx.execute(
            text("SELECT outcome FROM audit WHERE action = :action ORDER BY at, outcome"),
            {"action": action},
        )
        return [row.outcome for row in rows]


def metered(console: Console, school: School, connection: str) -> Target:
    """The meter of the server called B; it has read nothing yet."""
    actor = access.system(school.id)
    with console.db.begin() as tx:
        target_id = targets.add(
            tx, actor, school.id, name="B", prober="classroom", address="",
            connection_id=connection, now=console.now(),
        )  # fmt: skip
        return targets.get(tx, actor, target_id)


def count(console: Console, meter: Target, people: int, at: datetime) -> None:
    """The newest word of the server's meter: so many in one room."""
    counted = (RoomCount("x", people, 1, None, True),)
    said = Result(meter.id, at, State.OK, 0.1, rooms=counted)
    with console.db.begin("metrics") as mtx:
        recording.write(mtx, [Record(meter, said, Standing(State.OK, at, 0, 0))])
