"""Overview, classrooms, services and incidents on a stage: real rows, real acts, and who may."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from console.desk import attending, incidents, reports
from console.desk.board import Board
from console.desk.fit import Fit
from console.i18n import clock, speaking
from console.views import incidentbar, targetbar
from console.widgets import status
from console.wiring import Console
from probes import foreseen, targets, windows
from probes.capacity import Limit
from probes.judge import Standing
from probes.model import Reading, Result, RoomCount, State
from probes.recording import Record, write
from store import heartbeats
from store.access import Actor
from store.db import Connection, Database, new_id, text
from store.schools import School
from store.words import Words
from tests import stage
from tests.stage import letters, press, said, screen

MARKUP = "**bold** ![](http://evil.test/x.png) <b>x</b>"


@dataclass(frozen=True)
class Place:
    """A school this very minute: server B is down, B's lesson has a strange name."""

    console: Console
    school: School
    actor: Actor
    room_id: str
    target_id: str
    incident_id: str


@pytest.fixture
def place(database: Database, school: School, ana: Actor) -> Place:
    now = datetime.now(UTC)
    room, server = new_id(), new_id()
    with database.begin() as tx:
        _rows(tx, school, room, server, now)
        target = targets.add(
            tx,
            ana,
            school.id,
            name="Server B",
            prober="classroom",
            address="",
            connection_id=server,
            runbook=f"1. Look. {MARKUP}",
            now=now,
        )
        incident = incidents.raise_(
            tx,
            ana,
            school.id,
            incidents.Source(
                f"target:{target}",
                Words("{name} does not answer", {"name": "Server B"}),
                "down",
                7,
                target_id=target,
            ),
            now=now - timedelta(minutes=4),
        )
        known = targets.get(tx, ana, target)
    rooms = (RoomCount("r1", 5, 1, 30, True),)
    with database.begin("metrics") as mtx:
        before = Result(target, now - known.interval, State.OK, 0.1, rooms=rooms)
        down = Result(
            target,
            now,
            State.DOWN,
            None,
            (Reading("rooms", 1, ""),),
            Words("{host} refuses the connection.", {"host": MARKUP}),
        )
        for each in (before, down):
            write(mtx, [Record(known, each, Standing(each.state, each.at, 0, 0))])
    return Place(stage.console(database), school, ana, room, target, incident)


def _rows(tx: Connection, school: School, room: str, server: str, now: datetime) -> None:
    values = {
        "room": room,
        "server": server,
        "school": school.id,
        "title": MARKUP,
        "start": now - timedelta(minutes=10),
        "end": now + timedelta(minutes=30),
        "now": now,
    }
    for sql in (
        """INSERT INTO connection (id, school_id, platform, name, url, secret_sealed, options,
                                   state, detail, created_at)
           VALUES (:server, :school, 'bigbluebutton', 'B', '', '', '{}', 'ok', '', :now)""",
        """INSERT INTO room (id, school_id, connection_id, external_id, name, form, seats,
                             stream_url, gone, updated_at)
           VALUES (:room, :school, :server, 'r1', :title, 'classroom', 30, '', FALSE, :now)""",
        """INSERT INTO lesson (id, school_id, external_id, title, room_id, starts_at, ends_at,
                               expected, gone, updated_at)
           VALUES (:room, :school, 'l1', :title, :room, :start, :end, 20, FALSE, :now)""",
    ):
        tx.execute(text(sql), values)


def shown(place: Place, module: str, **params: str) -> AppTest:
    at = screen(module, place.console, place.actor, place.school, **params)
    assert not at.exception
    return at


def frame(at: AppTest, column: str) -> list[object]:
    return list(at.dataframe[0].value[column])


def test_the_overview_puts_the_failed_server_first_and_escapes_names(place: Place) -> None:
    at = shown(place, "overview")
    words = said(at)
    assert "**Server B does not answer**" in words
    assert "▲ Down" in words
    assert "![](" not in words
    assert [metric.label for metric in at.metric] == [
        "In lessons now",
        "Lessons running",
        "Free seats",
        "Waiting for review",
    ]
    assert at.metric[0].value == "—"  # nobody can say; it is not 0


def test_taking_a_card_takes_its_incident_once(place: Place) -> None:
    press(shown(place, "overview"), "Take it")
    with place.console.db.read() as tx:
        incident = incidents.get(tx, place.actor, place.incident_id)
    assert incident is not None
    assert incident.owner_id == place.actor.account_id
    assert "Take it" not in [button.label for button in shown(place, "overview").button]


def test_a_viewer_sees_the_cards_and_takes_none(place: Place) -> None:
    viewer = Actor("vic", "Vic", "viewer", frozenset({place.school.id}))
    at = screen("overview", place.console, viewer, place.school)
    labels = [button.label for button in at.button]
    assert "Open" in labels
    assert "Take it" not in labels


def test_classrooms_say_why_and_leave_unread_numbers_blank(place: Place) -> None:
    at = shown(place, "classrooms")
    assert frame(at, "state") == [["▲ Down"]]
    assert frame(at, "people") == ["— / 20"]
    assert frame(at, "why") == ["B does not answer"]
    assert frame(at, "lesson") == [MARKUP]  # a text column: letters


def test_the_next_lesson_of_a_room_stands_beside_the_present_one(place: Place) -> None:
    begins = datetime.now(UTC) + timedelta(minutes=20)
    with place.console.db.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO lesson (id, school_id, external_id, title, room_id, starts_at, ends_at,
                                    expected, gone, updated_at)
                VALUES ('next', :school, 'l2', 'Music', :room, :start, :end, 12, FALSE, :start)
            """),
            {
                "school": place.school.id,
                "room": place.room_id,
                "start": begins,
                "end": begins + timedelta(hours=1),
            },
        )
    at = shown(place, "classrooms")
    assert frame(at, "lesson") == [MARKUP, f"{clock(begins, place.school.zone)} Music"]
    assert frame(at, "people") == ["— / 20", "/ 12"]


def test_a_search_that_fits_nothing_says_what_to_clear(place: Place) -> None:
    at = shown(place, "classrooms")
    at.text_input[0].set_value("nowhere").run()
    assert not at.dataframe
    assert "Clear the search" in said(at)


def test_services_tell_the_affected_and_the_last_checks(place: Place) -> None:
    at = shown(place, "services")
    assert frame(at, "service") == ["Server B"]
    assert frame(at, "affected") == [20]
    assert frame(at, "seconds") == ["—"]
    assert str(frame(at, "checks")[0]).startswith("data:image/svg+xml,")
    assert frame(at, "why") == [f"{MARKUP} refuses the connection."]


def add_services(place: Place, count: int, *, behind: tuple[str, ...] = ()) -> None:
    now = datetime.now(UTC)
    records = []
    with place.console.db.begin() as tx:
        for n in range(count):
            target_id = targets.add(
                tx,
                place.actor,
                place.school.id,
                name=f"Site {n:03}",
                prober="tcp",
                address="127.0.0.1:1",
                parent_ids=behind,
                now=now,
            )
            result = Result(target_id, now, State.DOWN if behind else State.OK, 0.1)
            standing = Standing(result.state, now, 0, 0)
            records.append(Record(targets.get(tx, place.actor, target_id), result, standing))
    with place.console.db.begin("metrics") as mtx:
        write(mtx, records)


def test_many_services_come_by_pages_with_the_worst_on_the_first(place: Place) -> None:
    add_services(place, 60)
    at = shown(place, "services")
    assert frame(at, "service")[:2] == ["Server B", "Site 000"]
    assert len(frame(at, "service")) == 50
    assert frame(at, "month")[:2] == ["50.0%", "100.0%"]
    assert "1 to 50 of 61" in said(at)
    at = press(at, "Next")
    assert frame(at, "service") == [f"Site {n:03}" for n in range(49, 60)]
    at.text_input[0].set_value("site 05").run()
    assert len(frame(at, "service")) == 10


def test_a_thousand_children_of_a_service_are_not_all_drawn(place: Place) -> None:
    add_services(place, 20, behind=(place.target_id,))
    assert "and 8 more" in said(shown(place, "target", id=place.target_id))


def test_a_time_without_checks_breaks_the_line_and_the_slowest_answer_shows(place: Place) -> None:
    now = place.console.now()
    with place.console.db.begin("metrics") as mtx:
        mtx.execute(
            text("INSERT INTO sample (series, at, state, seconds) VALUES (1, :at, 4, :seconds)"),
            [
                {"at": now - timedelta(minutes=minute), "seconds": 2.5 if minute == 45 else 0.1}
                for minute in (40, 41, 42, 43, 44, 45, 20, 21, 22, 23)
            ],
        )
    at = shown(place, "target", id=place.target_id)
    (chart,) = at.get("plotly_chart")
    slowest, mean = json.loads(chart.proto.spec)["data"]
    assert max(value for value in slowest["y"] if value is not None) == 2.5
    assert None in mean["y"]


def test_a_prober_that_cannot_keep_up_says_so_above_its_services(place: Place) -> None:
    now = place.console.now()
    for late, told in ((False, False), (True, True)):
        detail = json.dumps({"saturated": late, "lag_seconds": 3.26})
        with place.console.db.begin() as tx:
            heartbeats.beat(tx, "prober", 1, now=now, detail=detail)
        words = " ".join(warning.value for warning in shown(place, "services").warning)
        assert ("cannot keep up" in words) is told
    with place.console.db.begin() as tx:
        heartbeats.beat(tx, "prober", 1, now=now - 2 * heartbeats.SILENT)
    assert "No sign of life" in shown(place, "services").warning[0].value


def test_what_fails_with_its_parent_is_folded_and_yet_found_by_name(place: Place) -> None:
    add_services(place, 3, behind=(place.target_id,))
    at = shown(place, "services")
    assert frame(at, "service") == ["Server B (+3 behind it)"]
    at.text_input[0].set_value("Site 001").run()
    assert frame(at, "service") == ["Site 001"]


def test_a_service_shows_since_when_and_what_to_do_as_letters(place: Place) -> None:
    at = shown(place, "target", id=place.target_id)
    assert f"1. Look. {MARKUP}" in letters(at)
    assert "![](" not in said(at)
    assert "▲ Down" in said(at)


def silences(place: Place) -> list[timedelta]:
    """How long the silences that run now have to go."""
    now = place.console.now()
    with place.console.db.read() as tx:
        found = windows.of(tx, place.actor, place.school.id, now=now)
    return [window.until - now for window in found if window.kind == "silence"]


def test_a_silence_is_asked_for_and_can_be_undone(place: Place) -> None:
    with place.console.db.read() as tx:
        target = targets.get(tx, place.actor, place.target_id)
    at = stage.dialog(lambda: targetbar.silence(place.console, place.actor, place.school, target))
    at = press(at, "Silence")
    (left,) = silences(place)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    press(at, "Undo")
    assert silences(place) == []


def test_an_incident_is_closed_with_a_reason(place: Place) -> None:
    now = place.console.now()
    with place.console.db.begin() as tx:
        incidents.take(tx, place.actor, place.incident_id, now=now)
        incidents.recovered(tx, place.actor, place.incident_id, now=now)
        incident = incidents.get(tx, place.actor, place.incident_id)
    assert incident is not None
    at = stage.dialog(lambda: incidentbar.close(place.console, place.actor, incident))
    at = press(at, "Close the incident")
    assert "Say in a word what it was" in said(at)
    at.text_area[0].set_value("A cable")
    press(at, "Close the incident")
    with place.console.db.read() as tx:
        closed = incidents.get(tx, place.actor, place.incident_id)
    assert closed is not None
    assert closed.state == "closed"


def test_a_note_is_kept_and_an_empty_one_is_refused(place: Place) -> None:
    with place.console.db.read() as tx:
        incident = incidents.get(tx, place.actor, place.incident_id)
    assert incident is not None
    at = stage.dialog(lambda: incidentbar.note(place.console, place.actor, incident))
    assert "The note is empty" in said(press(at, "Keep the note"))
    at.text_area[0].set_value(MARKUP)
    press(at, "Keep the note")
    assert MARKUP in letters(shown(place, "incident", id=place.incident_id))


def test_the_incidents_list_the_open_ones_with_who_has_them(place: Place) -> None:
    at = shown(place, "incidents")
    assert frame(at, "state") == [["▲ Nobody has it"]]
    assert frame(at, "title") == ["Server B does not answer"]


def test_an_incident_shows_reports_as_letters(place: Place) -> None:
    with place.console.db.begin() as tx:
        incident = reports.report(
            tx,
            place.actor,
            place.school.id,
            name="<i>Oleg</i>",
            contact="",
            said=MARKUP,
            now=place.console.now(),
        )
    at = shown(place, "incident", id=incident)
    assert MARKUP in letters(at)
    assert "<i>Oleg</i>" in letters(at)
    assert "![](" not in said(at)


def test_an_incident_whose_service_still_fails_says_why_it_cannot_be_closed(place: Place) -> None:
    at = shown(place, "incident", id=place.incident_id)
    close = next(button for button in at.button if button.label == "Close")
    assert close.disabled
    assert "still fails" in close.help


def test_taking_an_incident_is_told_in_the_bar(place: Place) -> None:
    at = press(shown(place, "incident", id=place.incident_id), "Take it")
    assert "You have it." in said(at)


@pytest.mark.parametrize(
    ("module", "params"),
    [
        ("overview", ()),
        ("classrooms", ()),
        ("services", ()),
        ("incidents", ()),
        ("target", ("target_id",)),
        ("incident", ("incident_id",)),
    ],
)
def test_nobody_without_a_role_or_of_another_school_sees_anything(
    place: Place, eve: Actor, zoe: Actor, module: str, params: tuple[str, ...]
) -> None:
    address = dict(zip(("id",), (getattr(place, name) for name in params), strict=False))
    for stranger in (eve, zoe):
        at = screen(module, place.console, stranger, place.school, **address)
        assert "Server B" not in said(at) + letters(at)
        assert not at.dataframe
        assert not at.metric
        assert "Your role does not allow this" in said(at)


@pytest.mark.parametrize("module", ["target", "incident"])
def test_an_id_of_another_school_opens_nothing(
    place: Place, elsewhere: School, module: str
) -> None:
    both = replace(place.actor, schools=frozenset({place.school.id, elsewhere.id}))
    wanted = place.target_id if module == "target" else place.incident_id
    at = screen(module, place.console, both, elsewhere, id=wanted)
    assert "Server B" not in said(at)
    assert "not in this school" in said(at)


def test_states_are_told_in_the_readers_language() -> None:
    with speaking("ru"):
        assert status.label("down") == "▲ Не работает"
        assert status.label("ok") == "● Работает"


def test_telling_without_a_sender_says_where_to_enter_it(place: Place) -> None:
    at = press(shown(place, "incident", id=place.incident_id), "Write a letter")
    assert "No sender is set yet" in said(at)


def test_a_ticked_room_tells_what_is_foreseen_and_when_it_cannot(place: Place) -> None:
    actor, school_id = place.actor, place.school.id
    attending.follow(place.console.db, actor, school_id, attending.Learnt(), now=datetime.now(UTC))
    board = place.console.board(actor, school_id)
    (row,) = board.lessons
    at = AppTest.from_function(_room, args=(board, row.id)).run()
    assert not at.exception
    assert [caption.value for caption in at.caption] == [
        "B does not answer",
        "Not enough history to foresee: 0 of 4 lessons of this course.",
    ]
    (told,) = board.foreseen.values()
    known = replace(told, forecast=replace(told.forecast, sessions=6), counts=(None, 3, 9))
    record = foreseen.Record(12, 0.09, 0.81, 0.1)
    bound = replace(row, participants=9, expected=5, limit=Limit("server", "Hall", 100, 88))
    later = replace(
        board, lessons=[bound], foreseen={(told.lesson_id, told.starts_at): known}, record=record
    )
    at = AppTest.from_function(_room, args=(later, row.id)).run()
    assert not at.exception
    assert at.caption[0].value == "B does not answer  \n9 of 12 seats that Hall leaves it"
    assert at.caption[1].value.startswith("Within the hour: ")
    assert "12 lessons foreseen" in at.caption[-1].value
    fit = Fit("tight", Words("because"), 100, "server", chance=0.42)
    shared = replace(later, lessons=[replace(bound, why=None, fit=fit)])
    at = AppTest.from_function(_room, args=(shared, row.id)).run()
    assert at.caption[0].value == "because  \n9 of 12 seats that Hall leaves it"
    assert at.caption[1].value.endswith("Chance that every seat of the server is taken: 42%.")
    assert "a Brier score of 0.10: 0 is always right" in at.caption[-1].value


def _room(board: "Board", row_id: str) -> None:
    from console.views import roomchart

    roomchart.draw(board, row_id)


def test_who_may_steer_sees_where_a_service_sends_its_signs_of_life(
    place: Place, ana: Actor, ben: Actor
) -> None:
    with place.console.db.begin() as tx:
        backup = targets.add(
            tx,
            ana,
            place.school.id,
            name="Backup",
            prober="push",
            address="",
            now=datetime.now(UTC),
        )
    link = place.console.push_link(backup)
    at = shown(place, "target", id=backup)
    assert [code.value for code in at.code] == [link]
    looking = shown(replace(place, actor=ben), "target", id=backup)
    assert [code.value for code in looking.code] == []
