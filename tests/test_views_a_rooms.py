"""The bar of a classroom: what its platform can, dialogs that say what, and what came of it."""

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from console.desk import connections
from console.desk.elsewhere import Server
from console.desk.lessons import LessonRow
from console.desk.rooms import Receipt
from console.views import moving, presence, roombar, steering
from console.wiring import Console
from store import access
from store.access import Actor
from store.db import Database
from store.schools import School
from store.timetable import Lesson
from tests import stage
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
from tests.conftest import NOON
from tests.stage import letters, press, said
from tests.stand_in import StandIn, open_campus

MARKUP = "**Algebra** ![](http://evil.test/x.png)"


@pytest.fixture(scope="module")
def campus() -> Iterator[StandIn]:
    with open_campus() as opened:
        yield opened


@dataclass(frozen=True)
class Desk:
    console: Console
    school: School
    actor: Actor
    room: Classroom
    row: LessonRow


@pytest.fixture
def desk(database: Database, school: School, ana: Actor, campus: StandIn) -> Desk:
    console = stage.console(database)
    room = classroom(console, school, campus)
    return Desk(console, school, ana, room, row(room.room, room.here, room.lesson))


def row(room: str, connection: str, lesson: str | None) -> LessonRow:
    return LessonRow(
        lesson_id=lesson, room_id=room, title=MARKUP, teacher="", form="classroom", state="ok",
        participants=7, expected=20, seats=30, history=(), why=None, server="A",
        connection_id=connection, course_id=None, starts_at=None, ends_at=None, running=True,
        affected=0, source="",
    )  # fmt: skip


def bears(desk: Desk, seats: int) -> None:
    """Server B takes so many people at once; nobody is on it."""
    with desk.console.db.begin() as tx:
        connections.change(
            tx, access.system(desk.school.id), desk.room.there, desk.console.vault,
            options={"seats": str(seats)}, now=desk.console.now(),
        )  # fmt: skip
    meter = metered(desk.console, desk.school, desk.room.there)
    count(desk.console, meter, 0, desk.console.now())


def bar(desk: Desk, row: LessonRow, actor: Actor) -> AppTest:
    return stage.dialog(lambda: roombar.draw(desk.console, actor, desk.school, row))


def test_the_bar_offers_what_the_platform_can(desk: Desk) -> None:
    at = bar(desk, desk.row, desk.actor)
    labels = [button.label for button in at.button]
    assert labels == ["Notice", "Write", "Absent 13", "Tell now", "Step in", "Move", "End", "Page"]
    assert "does not" not in said(at)
    assert "![](" not in said(at)


def test_what_the_platform_cannot_is_said_before_the_buttons_or_on_its_own(desk: Desk) -> None:
    console, school = desk.console, desk.school
    with console.db.begin() as tx:
        stream = connections.add(
            tx, access.system(school.id), school.id, console.vault,
            platform="nginx-rtmp", name="Streams", url="http://127.0.0.1:9", secret="",
            now=console.now(),
        )  # fmt: skip
    at = bar(desk, row(keep(console, school, stream, "live/x"), stream, None), desk.actor)
    assert [button.label for button in at.button] == ["Write", "Absent 13", "Page"]
    assert "does not tell who is in a room" in at.button[1].help
    assert "nginx-rtmp does not: take notices, let you in by a link, end rooms." in said(at)


def test_in_a_room_that_is_another_lessons_until_then_only_the_lesson_can_be_moved(
    desk: Desk,
) -> None:
    next_ = replace(desk.row, running=False, participants=None, after=MARKUP, course_id="c")
    at = bar(desk, next_, desk.actor)
    off = {button.label: button.help for button in at.button if button.disabled}
    assert set(off) == {"Notice", "Who is in", "Step in", "End"}
    assert all("Before this lesson the room is for" in words for words in off.values())
    assert "![](" not in " ".join(off.values())


def test_who_may_not_steer_is_told_why(desk: Desk, ben: Actor) -> None:
    at = bar(desk, desk.row, ben)
    off = {button.label: button.help for button in at.button if button.disabled}
    assert set(off) == {"Notice", "Write", "Absent 13", "Step in", "Move", "End"}
    assert "Your role does not allow this." in off["End"]


def test_a_notice_that_cannot_be_read_back_is_told_as_sent(desk: Desk) -> None:
    at = stage.dialog(lambda: roombar.ask_notice(desk.console, desk.actor, desk.school, desk.row))
    at.text_area[0].set_value("Five minutes.")
    at = press(at, "Send to 7 in the room")
    assert "is sent; this platform does not let it be read back" in said(at)
    assert "![](" not in said(at)
    assert outcomes(desk.console.db, "notice room") == ["asked", "sent"]


def test_the_end_is_asked_for_and_told_when_the_server_shows_it(desk: Desk) -> None:
    at = stage.dialog(lambda: steering.ask_end(desk.console, desk.actor, desk.school, desk.row))
    assert MARKUP in letters(at)
    assert "7 people in it" in letters(at)
    assert outcomes(desk.console.db, "end room") == []
    at = press(at, "End the room for everybody")
    assert "is ended, checked at" in said(at)
    assert outcomes(desk.console.db, "end room") == ["asked", "verified"]


def test_a_lesson_moves_by_the_dialog_and_back_by_undo(desk: Desk) -> None:
    db, room = desk.console.db, desk.room
    bears(desk, 400)
    at = stage.dialog(
        lambda: moving.ask(desk.console, desk.actor, desk.school, desk.row, can_tell=True)
    )
    assert at.selectbox[0].options == ["B: 400 free seats"]
    link = at.code[0].value
    assert link == desk.console.lesson_link(room.lesson)
    at = press(at, "Reopen the lesson there")
    assert room_of(db, room.lesson) == (room.there, room.external_id)
    assert room.external_id in people(desk.console, room.there)
    words = said(at)
    assert "is reopened on B, checked at" in words
    assert "does not let it be read back" in words  # BigBlueButton's chat
    assert "![](" not in words
    press(at, "Undo")
    assert room_of(db, room.lesson) == (room.here, room.external_id)


def test_a_letter_that_cannot_be_drafted_is_told_and_the_lesson_moves_all_the_same(
    desk: Desk,
) -> None:
    bears(desk, 400)
    row = replace(desk.row, course_id="any")
    at = stage.dialog(
        lambda: moving.ask(desk.console, desk.actor, desk.school, row, can_tell=False)
    )
    at.toggle[0].set_value(True)
    at = press(at, "Reopen the lesson there")
    assert "No sender is set yet" in said(at)
    assert room_of(desk.console.db, desk.room.lesson)[0] == desk.room.there


def test_a_server_that_is_too_small_is_named_and_not_offered(desk: Desk) -> None:
    bears(desk, 3)
    at = stage.dialog(
        lambda: moving.ask(desk.console, desk.actor, desk.school, desk.row, can_tell=False)
    )
    assert at.selectbox[0].options == []
    assert "B has 3 free seats; 20 are needed." in letters(at)
    at = press(at, "Reopen the lesson there")
    assert "Choose a server that has room enough." in said(at)
    assert outcomes(desk.console.db, "move lesson") == []


def test_stepping_in_shows_the_link_once_and_says_whose_it_is(desk: Desk) -> None:
    at = stage.dialog(lambda: steering.step_in(desk.console, desk.actor, desk.row))
    assert not at.exception
    assert "as Ana" in letters(at)
    assert "yours alone" in said(at)
    assert outcomes(desk.console.db, "step into room") == ["asked", "done"]


def test_an_end_that_was_not_confirmed_is_told_once_it_is(desk: Desk) -> None:
    read_back: Future[Receipt] = Future()

    def drawn() -> None:
        if "asked" not in st.session_state:
            st.session_state["asked"] = True
            st.session_state[steering.PENDING] = (read_back, desk.row.title)
        steering.follow(desk.console, desk.school)

    at = stage.dialog(drawn)
    assert "is ended" not in said(at)
    read_back.set_result(Receipt("verified", desk.console.now()))
    at = at.run()
    assert "is ended, checked at" in said(at)
    assert steering.PENDING not in at.session_state


def test_absentees_are_counted_while_the_lesson_runs_and_the_count_is_known(desk: Desk) -> None:
    assert presence.label(desk.row) == "Absent 13"
    assert presence.label(replace(desk.row, participants=23)) == "Absent 0"
    for unknown in (replace(desk.row, participants=None), replace(desk.row, running=False)):
        assert presence.label(unknown) == "Who is in"


def test_who_is_in_is_not_asked_for_without_a_course(desk: Desk) -> None:
    at = bar(desk, desk.row, desk.actor)
    [absent] = [button for button in at.button if button.label == "Absent 13"]
    assert (absent.disabled, absent.help) == (True, "No course is known for this room.")
    assert (
        presence.cannot(desk.actor, desk.school, replace(desk.row, course_id="c"), {"who is in"})
        is None
    )


def test_a_lesson_that_leaves_a_shared_room_takes_its_own_people_and_names_itself(
    desk: Desk,
) -> None:
    bears(desk, 20)
    other = Lesson("x", "Physics", None, None, None, "", NOON, NOON, 25)
    shared = replace(desk.row, expected=12, participants=30, others=(other,))
    at = stage.dialog(
        lambda: moving.ask(desk.console, desk.actor, desk.school, shared, can_tell=True)
    )
    assert "12 people come with it" in letters(at)
    assert at.selectbox[0].options == ["B: 20 free seats"]
    assert not at.toggle(key="move-tell").value
    assert "Everybody in the room reads it; these lessons are to stay: Physics" in letters(at)
    server = Server("b", "B", 20, answers=True, enough=True)
    assert moving.spoken(shared, server, "https://pult/l").startswith(f"Only {MARKUP} goes on in a")
    assert moving.spoken(desk.row, server, "https://pult/l").startswith("This lesson goes on in a")
