"""The board: worst first, counted by people, and no number that nobody read."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from console.desk import alerting, board, cards, incidents, reports
from console.desk.board import Board
from console.desk.lessons import seats_taken
from probes import targets
from probes.judge import Standing
from probes.model import Result, RoomCount, State
from probes.recording import Record, write
from store.access import Actor, Denied
from store.db import Database, new_id, text
from store.schools import School
from store.words import Words
from tests.conftest import NOON

EVERY = timedelta(seconds=5)


@dataclass
class Evening:
    """A school with media servers, rooms on them, and one lesson a room."""

    db: Database
    school: School
    actor: Actor
    servers: dict[str, str] = field(default_factory=dict)
    meters: dict[str, str] = field(default_factory=dict)
    rooms: dict[str, str] = field(default_factory=dict)

    def server(self, name: str, seats: int | None = None) -> None:
        self.servers[name] = new_id()
        with self.db.begin() as tx:
            tx.execute(
                text("""
                    INSERT INTO connection (id, school_id, platform, name, url, secret_sealed,
                                            options, state, detail, created_at)
                    VALUES (:id, :school, 'bigbluebutton', :name, '', '', :options, 'ok', '', :now)
                """),
                {
                    "id": self.servers[name],
                    "school": self.school.id,
                    "name": name,
                    "options": f'{{"seats": "{seats}"}}' if seats else "{}",
                    "now": NOON,
                },
            )
            self.meters[name] = targets.add(
                tx,
                self.actor,
                self.school.id,
                name=name,
                prober="classroom",
                address="",
                connection_id=self.servers[name],
                interval=EVERY,
                now=NOON,
            )

    def lesson(
        self,
        title: str,
        server: str,
        *,
        seats: int | None = 30,
        expected: int = 20,
        starts: timedelta = -timedelta(minutes=10),
        minutes: int = 45,
        form: str = "classroom",
    ) -> None:
        self.rooms[title] = new_id()
        values = {
            "id": self.rooms[title],
            "lesson": new_id(),
            "school": self.school.id,
            "connection": self.servers[server],
            "title": title,
            "seats": seats,
            "expected": expected,
            "starts": NOON + starts,
            "ends": NOON + starts + timedelta(minutes=minutes),
            "form": form,
            "now": NOON,
        }
        with self.db.begin() as tx:
            tx.execute(
                text("""
                    INSERT INTO room (id, school_id, connection_id, external_id, name, form, seats,
                                      stream_url, gone, updated_at)
                    VALUES (:id, :school, :connection, :title, :title, :form, :seats, '', FALSE,
                            :now)
                """),
                values,
            )
            tx.execute(
                text("""
                    INSERT INTO lesson (id, school_id, external_id, title, room_id, starts_at,
                                        ends_at, expected, gone, updated_at)
                    VALUES (:lesson, :school, :title, :title, :id, :starts, :ends, :expected,
                            FALSE, :now)
                """),
                values,
            )

    def also(
        self, title: str, room: str, *, starts: timedelta, minutes: int = 45, expected: int = 20
    ) -> str:
        """Another lesson in the room of that lesson; its id."""
        lesson = new_id()
        with self.db.begin() as tx:
            tx.execute(
                text("""
                    INSERT INTO lesson (id, school_id, external_id, title, room_id, starts_at,
                                        ends_at, expected, gone, updated_at)
                    VALUES (:lesson, :school, :lesson, :title, :room, :starts, :ends, :expected,
                            FALSE, :starts)
                """),
                {
                    "lesson": lesson,
                    "school": self.school.id,
                    "title": title,
                    "room": self.rooms[room],
                    "starts": NOON + starts,
                    "ends": NOON + starts + timedelta(minutes=minutes),
                    "expected": expected,
                },
            )
        return lesson

    def read(
        self,
        server: str,
        state: State = State.OK,
        *,
        at: datetime = NOON,
        **people: tuple[int, int],
    ) -> None:
        """A reading of the server: (participants, teachers) by the room's title."""
        rooms = tuple(
            RoomCount(title, count, teachers, None, True)
            for title, (count, teachers) in people.items()
        )
        with self.db.read() as tx:
            target = targets.get(tx, self.actor, self.meters[server])
        result = Result(
            target.id, at, state, 0.1, why=None, since=at, rooms=rooms if people else None
        )
        with self.db.begin("metrics") as mtx:
            write(mtx, [Record(target, result, Standing(state, at, 0, 0))])

    def alert(self, server: str, state: State = State.DOWN) -> str:
        alert_id = new_id()
        with self.db.begin() as tx:
            tx.execute(
                text("""
                    INSERT INTO alert (id, school_id, target_id, target_name, state, since, why)
                    VALUES (:id, :school, :target, :name, :state, :now, :why)
                """),
                {
                    "id": alert_id,
                    "school": self.school.id,
                    "target": self.meters[server],
                    "name": server,
                    "state": state.value,
                    "now": NOON,
                    "why": Words("refused").to_json(),
                },
            )
        return alert_id

    def recover(self, alert_id: str) -> None:
        with self.db.begin() as tx:
            tx.execute(
                text("UPDATE alert SET closed_at = :now WHERE id = :id"),
                {"id": alert_id, "now": NOON},
            )

    def board(self, at: datetime = NOON) -> Board:
        return board.build(self.db, self.actor, self.school.id, now=at)


@pytest.fixture
def evening(database: Database, school: School, ana: Actor) -> Evening:
    return Evening(database, school, ana)


def test_a_failed_server_comes_first_and_names_where_to_move(evening: Evening) -> None:
    evening.server("A", seats=100)
    evening.server("B", seats=100)
    evening.lesson("Algebra", "B", expected=58)
    evening.lesson("Physics", "A")
    evening.read("A", Physics=(18, 1))
    evening.read("B", Algebra=(50, 1), at=NOON - EVERY)
    evening.read("B", State.DOWN)
    evening.alert("B")
    alerting.follow(evening.db, evening.actor, evening.school.id, now=NOON)
    seen = evening.board()
    assert [(row.title, row.state, row.participants, row.affected) for row in seen.lessons] == [
        ("Algebra", "down", None, 58),
        ("Physics", "ok", 18, 0),
    ]
    (card,) = seen.cards
    assert (card.state, card.affected) == ("down", 58)
    assert str(card.title) == "B does not answer"
    assert str(card.what_to_do) == ("Lessons hit (1): Algebra. Move them to A, 82 seats free.")
    assert [(row.name, row.state, row.affected) for row in seen.services] == [
        ("B", "down", 58),
        ("A", "ok", 0),
    ]
    assert seen.free_by_server == {"A": 82}
    assert (seen.people_now, seen.expected_now) == (18, 78)


def test_what_nobody_read_lately_has_no_number(evening: Evening) -> None:
    evening.server("A")
    evening.lesson("Physics", "A")
    evening.read("A", Physics=(18, 1))
    later = evening.board(NOON + 4 * EVERY)
    (row,) = later.lessons
    assert (row.state, row.participants) == ("unknown", None)
    assert later.people_now is None
    assert later.services[0].state == "unknown"
    assert later.services[0].seconds is None


@pytest.mark.parametrize(
    ("people", "expected", "state"),
    [
        (30, 45, "full"),
        (30, 20, "full"),
        (30, 30, "ok"),
        (27, 45, "filling"),
        (27, 30, "ok"),
        (20, 45, "ok"),
    ],
)
def test_a_room_that_fills_asks_for_a_hand(
    evening: Evening, people: int, expected: int, state: str
) -> None:
    evening.server("A")
    evening.lesson("Maths", "A", seats=30, expected=expected)
    evening.read("A", Maths=(people, 1))
    seen = evening.board()
    assert seen.lessons[0].state == state
    assert [card.state for card in seen.cards] == ([state] if state != "ok" else [])


@pytest.mark.parametrize(("minutes", "state"), [(2, "ok"), (4, "suspect")])
def test_a_teacher_who_is_late_is_noticed(evening: Evening, minutes: int, state: str) -> None:
    evening.server("A")
    evening.lesson("Maths", "A", starts=-timedelta(minutes=minutes))
    evening.read("A", Maths=(12, 0))
    seen = evening.board()
    assert seen.lessons[0].state == state
    assert [str(card.title) for card in seen.cards] == (
        ["No teacher: Maths"] if state == "suspect" else []
    )


def test_a_full_room_s_card_names_a_larger_one_that_is_free(evening: Evening) -> None:
    evening.server("A")
    evening.lesson("Maths", "A", expected=45)
    evening.lesson("Hall", "A", seats=60, starts=timedelta(hours=2))
    evening.read("A", Maths=(30, 1))
    (card,) = evening.board().cards
    assert str(card.what_to_do) == "30 of 30 seats, 15 still coming. Larger and free: Hall"


def test_a_lesson_that_will_not_fit_shows_before_it_starts(evening: Evening) -> None:
    evening.server("A")
    evening.lesson("Maths", "A", seats=10, expected=20, starts=timedelta(minutes=5))
    evening.lesson("Later", "A", starts=timedelta(minutes=50))
    evening.read("A", Other=(1, 1))
    (soon,) = evening.board().starting
    assert (soon.title, str(soon.why)) == ("Maths", "won't fit")
    assert str(soon.more).startswith("20 expected, 10 seats; not enough history (0 of 4 lessons)")


def test_a_card_taken_by_one_shows_its_owner_to_all(
    evening: Evening, school: School, ana: Actor, ben: Actor
) -> None:
    evening.server("A")
    evening.lesson("Maths", "A", expected=45)
    evening.read("A", Maths=(30, 1))
    (card,) = evening.board().cards
    with evening.db.begin() as tx:
        assert cards.take(tx, ana, school.id, card, now=NOON)
        assert not cards.take(tx, ben, school.id, card, now=NOON)
    (card,) = evening.board().cards
    assert (card.owner_id, card.state) == ("ana", "full")


def test_what_participants_report_comes_before_its_equals(
    evening: Evening, school: School, ana: Actor
) -> None:
    evening.server("A")
    evening.server("B")
    evening.lesson("Algebra", "B", expected=58)
    evening.lesson("Maths", "A")
    evening.read("A", Maths=(12, 1))
    evening.read("B", State.DOWN)
    evening.alert("B")
    alerting.follow(evening.db, ana, school.id, now=NOON)
    with evening.db.begin() as tx:
        reports.report(
            tx,
            ana,
            school.id,
            name="Lena",
            said="cannot get in",
            room_id=evening.rooms["Maths"],
            now=NOON,
        )
    first, second = evening.board().cards
    assert str(first.title) == "Participants report trouble: Maths"
    assert str(second.title) == "B does not answer"


def test_an_alert_that_ends_leaves_the_desk(evening: Evening, school: School, ana: Actor) -> None:
    evening.server("B")
    evening.read("B", State.DOWN)
    alert_id = evening.alert("B")
    assert alerting.follow(evening.db, ana, school.id, now=NOON) == 1
    assert alerting.follow(evening.db, ana, school.id, now=NOON) == 0
    evening.recover(alert_id)
    assert alerting.follow(evening.db, ana, school.id, now=NOON) == 1
    assert evening.board().cards == []
    with evening.db.read() as tx:
        assert incidents.open_(tx, ana, school.id) == []


def test_strangers_see_no_board(evening: Evening, school: School, eve: Actor, zoe: Actor) -> None:
    for actor in (eve, zoe):
        with pytest.raises(Denied):
            board.build(evening.db, actor, school.id, now=NOON)
        with pytest.raises(Denied):
            alerting.follow(evening.db, actor, school.id, now=NOON)


def test_a_viewer_sees_the_same_picture(evening: Evening, school: School) -> None:
    evening.server("A")
    viewer = Actor("vic", "Vic", "viewer", frozenset({school.id}))
    assert board.build(evening.db, viewer, school.id, now=NOON).services == evening.board().services


def test_the_seats_taken_are_those_of_what_binds(evening: Evening) -> None:
    evening.server("A", seats=100)
    for title in ("Physics", "Maths"):
        evening.lesson(title, "A", seats=90)
    evening.read("A", Physics=(80, 1), Maths=(5, 1))
    seen = {row.title: row for row in evening.board().lessons}
    assert (seen["Physics"].taken, seen["Maths"].taken) == (80 / 90, 5 / 20)
    assert str(seats_taken(seen["Physics"])) == "80 of 90 seats taken"
    assert str(seats_taken(seen["Maths"])) == ("5 of 20 seats that A leaves it, 15 still coming")
    evening.read("A", Physics=(100, 1), Maths=(0, 0), at=NOON + timedelta(seconds=1))
    seen = {row.title: row for row in evening.board(NOON + timedelta(seconds=1)).lessons}
    assert seen["Maths"].taken == 1  # of none


def test_a_picture_that_stands_still_hits_everybody_who_is_expected(evening: Evening) -> None:
    evening.server("A")
    evening.lesson("Physics", "A", expected=300)
    evening.read("A", Physics=(2, 1))  # who watches the stream is not in the room
    with evening.db.begin() as tx:
        picture = targets.add(
            tx, evening.actor, evening.school.id, name="Live", prober="hls",
            address="http://127.0.0.1:9/live.m3u8", room_id=evening.rooms["Physics"], now=NOON,
        )  # fmt: skip
        target = targets.get(tx, evening.actor, picture)
    frozen = Result(picture, NOON, State.DOWN, 0.1, since=NOON)
    with evening.db.begin("metrics") as mtx:
        write(mtx, [Record(target, frozen, Standing(State.DOWN, NOON, 2, 0))])
    (row,) = evening.board().lessons
    assert (row.state, row.affected) == ("down", 300)


def test_a_licence_leaves_fewer_seats_than_the_machines(evening: Evening) -> None:
    evening.server("A", seats=100)
    evening.lesson("Physics", "A")
    evening.read("A", Physics=(18, 1))
    assert evening.board().free_seats == 82
    with evening.db.begin() as tx:
        tx.execute(text("""UPDATE connection SET options = '{"seats": "100", "licence": "50"}'"""))
    assert evening.board().free_seats == 32
