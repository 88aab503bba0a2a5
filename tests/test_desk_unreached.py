"""Those not reached are told by their own next way, each once, with what came of it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import event

from console.desk import next_ways, reach, restoring, telling, unreached
from console.desk.emergencies import Cause
from console.desk.reach import Reach, ReachError
from console.desk.unreached import Standing, Unreached
from mailing.model import MailingError
from platforms.base import Capability, PlatformError
from store import access, enrolling, roster
from store.access import Actor, Denied
from store.db import Database, text
from store.schools import School
from tests import moderation_platform
from tests.cast import listed
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.patience import within
from tests.test_desk_emergencies import Desk, boris, desk  # noqa: F401 -- fixtures

LATE = NOON + timedelta(minutes=6)


@dataclass
class Board(moderation_platform.Adapter):
    """A platform that takes messages, as told, and shows what it has."""

    url: str = ""
    fails: list[PlatformError] = field(default_factory=list)
    got: list[tuple[str, str]] = field(default_factory=list)
    shows: bool = True
    can: frozenset[Capability] = frozenset({"notice board"})

    def notify(self, external_ids: Sequence[str], text: str) -> dict[str, bool]:
        self.got += [(id_, text) for id_ in external_ids]
        if self.fails:
            raise self.fails.pop(0)
        return dict.fromkeys(external_ids, True)

    def noticed(self, external_id: str, text: str) -> bool:
        return self.shows and (external_id, text) in self.got


@dataclass
class Scene:
    desk: Desk
    board: Board
    campaign: str
    gateway: list[tuple[str, dict[str, Any]]]
    lena: str

    def standing(self, now: datetime = LATE) -> Standing:
        with self.desk.console.db.read() as tx:
            return unreached.of(tx, self.desk.ana, self.campaign, self.adapters, now=now)

    def adapters(self, _connection_id: str) -> Board:
        return self.board

    def try_next(self, now: datetime = LATE) -> int:
        with self.desk.console.db.begin() as tx:
            return unreached.try_next(tx, self.desk.ana, self.campaign, self.adapters, now=now)

    def send(self, now: datetime = LATE) -> int:
        on = self.desk.console
        return telling.send_due(
            on.db, on.ways, self.adapters, clock=lambda: now, stop=Event()
        )  # fmt: skip

    def only(self, now: datetime = LATE) -> Unreached:
        (found,) = self.standing(now).unreached
        return found


@contextmanager
def gateway() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """A school's gateway for short messages; what it was asked, and where."""
    asked: list[tuple[str, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append((self.path, json.loads(said)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"json://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def scene(desk: Desk, ada: Actor) -> Iterator[Scene]:  # noqa: F811
    """Lena's address is dead; she has a Moodle account and a telephone. Oleg has his mail."""
    db, school = desk.console.db, desk.school
    with gateway() as (url, asked):
        with db.begin() as tx:
            connect(tx, school)
            enrolling.people(tx, ada, school.id, "lms", [listed("u1")], now=NOON)
            lena = tx.execute(text("SELECT id FROM person WHERE name = 'lena'")).scalar_one()
            tx.execute(text("UPDATE platform_account SET person_id = :id"), {"id": lena})
            tx.execute(text("UPDATE person SET email = '' WHERE id = :id"), {"id": lena})
            vault = desk.console.vault
            reach.save(tx, desk.ana, lena, vault, phone="+7 900 1234567", ways=(), now=NOON)
            reach.set_gateway(tx, ada, school.id, vault, "sms", f"{url}/sms/{{number}}", now=NOON)
        campaign = desk.send(note="Room 12.")
        with db.begin() as tx:
            tx.execute(text("UPDATE delivery SET state = 'sent' WHERE name = 'oleg'"))
        yield Scene(desk, Board(), campaign, asked, lena)


def test_one_click_tells_each_by_the_next_way_and_nobody_twice(scene: Scene) -> None:
    assert (scene.standing().by_mail, scene.only().next_way) == (1, next_ways.Way(
        "moodle", "lms", "u1", "LMS"
    ))  # fmt: skip
    assert str(scene.only().why) == "No address is known."
    assert scene.try_next() == 1
    assert scene.try_next() == 0  # it is under way
    assert scene.standing().under_way == 1
    assert scene.send() == 1
    assert scene.send() == 0
    ((who, said),) = scene.board.got
    assert who == "u1"
    assert said.startswith("Algebra: разбираемся\n\nlena, ")
    assert "Room 12." in said
    standing = scene.standing()
    assert (standing.by_mail, standing.otherwise, standing.unreached) == (1, 1, ())
    assert scene.try_next() == 0


def test_whose_mail_is_held_is_not_reached_at_once(scene: Scene) -> None:
    with scene.desk.console.db.begin() as tx:
        tx.execute(text("UPDATE delivery SET state = 'held' WHERE name = 'oleg'"))
    assert [each.name for each in scene.standing(NOON).unreached] == ["lena", "oleg"]


def test_what_a_platform_refuses_goes_on_by_sms(scene: Scene) -> None:
    scene.board.fails = [PlatformError("Messages are off", permanent=True)]
    scene.try_next()
    assert scene.send() == 0
    (tried,) = scene.only().attempts
    assert (tried.way, tried.place, tried.state, str(tried.why)) == (
        "moodle lms", "LMS", "failed", "Messages are off",
    )  # fmt: skip
    assert scene.only().next_way == next_ways.Way("sms")
    assert scene.try_next() == 1
    assert scene.send() == 1
    ((path, said),) = scene.gateway
    assert path.rstrip("/") == "/sms/79001234567"
    assert "разбираемся" in said["message"]
    assert scene.standing().otherwise == 1


@pytest.mark.parametrize(("shows", "state"), [(True, "sent"), (False, "uncertain")])
def test_a_lost_answer_is_decided_by_reading_back(scene: Scene, shows: bool, state: str) -> None:
    scene.board.fails = [PlatformError("No answer", permanent=False, unsure=True)]
    scene.board.shows = shows
    scene.try_next()
    scene.send()
    with scene.desk.console.db.read() as tx:
        row = tx.execute(text("SELECT state, confirmed FROM telling")).one()
    assert (row.state, bool(row.confirmed)) == (state, shows)
    assert len(scene.standing().unreached) == (0 if shows else 1)
    scene.send(LATE + timedelta(hours=1))
    assert len(scene.board.got) == 1  # never twice by the same way


def test_each_persons_own_order_comes_first(scene: Scene) -> None:
    on = scene.desk
    with on.console.db.begin() as tx:
        reach.save(
            tx, on.ana, scene.lena, on.console.vault, phone="+79001234567", ways=("sms",), now=NOON
        )
    assert scene.only().next_way == next_ways.Way("sms")


def test_a_messengers_own_address_is_sealed_and_used(scene: Scene) -> None:
    on = scene.desk
    with gateway() as (url, asked):
        with on.console.db.begin() as tx:
            reach.save(
                tx, on.ana, scene.lena, on.console.vault, phone="", ways=("messenger",),
                messenger=f"{url}/hush", now=NOON,
            )  # fmt: skip
            reach.save(tx, on.ana, scene.lena, on.console.vault, phone="", ways=("messenger",),
                       now=NOON)  # fmt: skip
            assert reach.of(tx, on.ana, scene.lena) == Reach(
                "", has_messenger=True, ways=("messenger",)
            )
            stored = tx.execute(text("SELECT messenger_sealed FROM reach")).scalar_one()
        assert "hush" not in stored
        assert scene.try_next() == 1
        assert scene.send() == 1
    assert [path.rstrip("/") for path, _ in asked] == ["/hush"]


def test_mail_that_waits_too_long_is_not_confirmed(scene: Scene) -> None:
    on = scene.desk
    with on.console.db.begin() as tx:
        tx.execute(text("UPDATE delivery SET state = 'due' WHERE name = 'oleg'"))
    assert [each.name for each in scene.standing(NOON).unreached] == ["lena"]
    assert scene.standing(NOON).under_way == 1
    late = {each.name: str(each.why) for each in scene.standing().unreached}
    assert late == {"lena": "No address is known.", "oleg": "Not confirmed yet."}
    assert scene.try_next() == 1  # Oleg has no other way


def test_a_gateway_that_hangs_keeps_no_other_way_waiting(scene: Scene, ada: Actor) -> None:
    """What is due by another way only after the round began leaves before the gateway answers."""
    answers, asked = Event(), Event()
    db = scene.desk.console.db

    class Hanging(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.set()
            answers.wait(60)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hanging)
    threads = [Thread(target=server.serve_forever, args=(0.02,)), Thread(target=scene.send)]
    threads[0].start()
    url = f"json://127.0.0.1:{server.server_port}/sms/{{number}}"
    with db.begin() as tx:
        reach.set_gateway(
            tx, ada, scene.desk.school.id, scene.desk.console.vault, "sms", url, now=NOON
        )
        tx.execute(text("DELETE FROM platform_account"))
    assert scene.try_next() == 1
    try:
        threads[1].start()
        assert asked.wait(60)
        with db.begin() as tx:  # another telling of the same mail, by the platform
            tx.execute(
                text("""
                    INSERT INTO telling (id, school_id, campaign_id, delivery_id, person_id, way,
                        connection_id, external_id, confirmed, state, attempt, next_at,
                        created_at, updated_at)
                    SELECT 'other', school_id, campaign_id, delivery_id, person_id, 'lms',
                           'lms', 'u1', FALSE, 'due', 0, next_at, created_at, updated_at
                    FROM telling
                """)
            )
        assert within(9, lambda: len(scene.board.got) == 1), "an answer may take ten seconds"
    finally:
        answers.set()
        for thread in threads[1:]:
            thread.join(60)
        server.shutdown()
        server.server_close()
        threads[0].join()


def test_a_way_that_does_not_answer_gives_way_to_the_next(scene: Scene) -> None:
    scene.board.fails = [PlatformError("Busy", permanent=False)] * 9
    scene.try_next()
    scene.send()
    assert scene.standing().under_way == 1  # it is tried again
    later = LATE + timedelta(minutes=6)
    assert scene.try_next(later) == 1
    assert scene.send(later) == 1
    assert len(scene.board.got) == 1
    assert len(scene.gateway) == 1


def test_what_follows_takes_the_way_that_reached_them(scene: Scene) -> None:
    scene.try_next()
    scene.send()
    following = scene.desk.send(Cause("campaign", scene.campaign), note="It is over.")
    assert scene.send() == 1
    assert "It is over." in scene.board.got[1][1]
    scene.campaign = following
    assert scene.standing(NOON).otherwise == 1


def test_what_waited_when_a_backup_was_restored_is_in_doubt_and_never_sent(scene: Scene) -> None:
    scene.try_next()
    db = scene.desk.console.db
    with db.begin() as tx:
        restoring.hold(tx, now=LATE)
    assert scene.send(LATE + timedelta(days=3)) == 0
    assert scene.board.got == []
    (attempt,) = scene.only().attempts
    assert attempt.state == "uncertain"
    assert "A backup was restored meanwhile" in str(attempt.why)
    assert scene.try_next() == 1, "a person may go on by the next way"


def test_two_names_of_one_mailbox_are_reached_together(scene: Scene) -> None:
    with scene.desk.console.db.begin() as tx:
        tx.execute(
            text("UPDATE delivery SET reply = NULL WHERE name = 'lena'"),
        )
        tx.execute(text("DROP INDEX person_by_email"))
        tx.execute(
            text("UPDATE person SET email = 'oleg@pupils.test' WHERE id = :id"), {"id": scene.lena}
        )
    standing = scene.standing()
    assert (standing.by_mail, standing.unreached) == (2, ())


@pytest.mark.parametrize("url", ["json://127.0.0.1/sms", "not an address {number}"])
def test_a_gateway_without_a_number_or_a_service_is_refused(
    database: Database, school: School, ada: Actor, scene: Scene, url: str
) -> None:
    with database.begin() as tx, pytest.raises((ReachError, MailingError)):
        reach.set_gateway(tx, ada, school.id, scene.desk.console.vault, "sms", url, now=NOON)


def test_a_hundred_are_told_in_as_many_statements_as_one(scene: Scene, ada: Actor) -> None:
    with scene.desk.console.db.begin() as tx:
        for n in range(100):
            person = roster.save_person(
                tx, ada, scene.desk.school.id, name=f"p{n}", email=f"p{n}@many.test",
                source="t", now=NOON,
            )  # fmt: skip
            vault = scene.desk.console.vault
            reach.save(tx, ada, person, vault, phone=f"+7900123{n:04}", ways=(), now=NOON)
            course = tx.execute(text("SELECT id FROM course WHERE name = 'Algebra'")).scalar_one()
            tx.execute(
                text("INSERT INTO enrolment VALUES (:course, :person, :school, 'student')"),
                {"course": course, "person": person, "school": scene.desk.school.id},
            )
    asked: list[str] = []

    def listen(_on: object, cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    engine = scene.desk.console.db.operations
    event.listen(engine, "before_cursor_execute", listen)
    try:
        alone = scene.try_next()
        few = len(asked)
        scene.campaign = scene.desk.send(again={scene.campaign}, note="To all of them.")
        asked.clear()
        assert (alone, scene.try_next(LATE)) == (1, 101)
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    assert len(asked) <= few
    assert scene.try_next(LATE) == 0


def test_only_those_who_send_try_a_way(scene: Scene, ben: Actor, eve: Actor, zoe: Actor) -> None:
    with scene.desk.console.db.begin() as tx:
        for actor in (ben, eve, zoe):
            with pytest.raises(Denied):
                unreached.try_next(tx, actor, scene.campaign, scene.adapters, now=LATE)
        pult = access.system(scene.desk.school.id)
        assert unreached.try_next(tx, pult, scene.campaign, scene.adapters, now=LATE) == 1
