"""A school with one of everything, made by the functions that make it, and its way out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from console import campus_school
from console.desk import accounts, channels, connections, emergencies, incidents, relays, reports
from console.desk.adapters import Adapters
from console.desk.emergencies import Cause, Choice
from console.wiring import Console
from mailing import campaigns, releasing, saved, standing, suppression, urgent_texts
from mailing.model import Campaign
from mailing.segments import Segment
from moderation import actions, appeals, cases, comments, measures, welfare, wordings
from moderation.model import Action, Flag, Stored, Subject
from platforms.base import Adapter, Comment
from probes import alerting, alerts, modules, recording, recurring, targets, windows
from probes.alerting import Scene
from probes.judge import Standing
from probes.model import NamedModule, Result, RoomCount, State, Target
from probes.recording import Record
from probes.recurrence import Daily
from store import access, enrolling, planning, roster, timetable
from store.access import Actor
from store.db import Connection, Database, text
from store.enrolling import Listed, ListedRoom
from store.planning import PlannedLesson
from store.words import Words
from tests import moderation_platform, smtp, stage
from tests.conftest import NOON

LATER = NOON + timedelta(hours=1)
SENDER = "School <news@school.example>"
MARK = "kolibri"  # stands in every name and text of the school
ROOM = b"<response><returncode>SUCCESS</returncode><version>2.0</version><meetings/></response>"


def never(connection_id: str) -> Adapter:
    raise AssertionError(f"{connection_id} was reached before anybody looked who asks")


@dataclass(frozen=True)
class Roster:
    connection: str
    media: str
    person: str
    account: str
    second: str  # the same person's, on the media server
    course: str
    room: str
    lesson: str


@dataclass(frozen=True)
class Cast:
    """One row of each kind; ids, but for what functions take whole."""

    console: Console
    adapters: Callable[[str], Adapter]
    url: str  # a platform
    relay: str
    school: str
    roster: Roster
    target: Target
    module: NamedModule
    window: str
    rule: str
    channel: str
    alert: str
    comment: Stored
    case: str
    alarm: str
    action: Action
    measure: str
    appeal: str
    held: str  # an action that waits for a second person
    draft: str
    released: Campaign
    incident: str
    colleague: str
    group: str
    urgent_text: str
    emergency: str  # an urgent campaign that is released
    standing: str
    issue: str

    @property
    def ids(self) -> set[str]:
        own = (self.school, self.target.id, self.window, self.rule, self.channel, self.alert)
        sent = (
            self.comment.id,
            self.case,
            self.alarm,
            self.action.id,
            self.measure,
            self.appeal,
            self.held,
            self.draft,
            self.released.id,
            self.incident,
            self.colleague,
            self.group,
            self.urgent_text,
            self.emergency,
            self.standing,
            self.issue,
        )
        return {*vars(self.roster).values(), *own, *sent}


@contextmanager
def settled(db: Database, school: str) -> Iterator[tuple[Cast, list[str]]]:
    """The school with all that it has, and a list of who was reached over the wire since."""
    reached: list[str] = []
    site = moderation_platform.Site()
    site.write("p1", f"what an idiot, {MARK}", NOON)
    with (
        moderation_platform.serving(site) as lms,
        _web(reached) as url,
        smtp.relay(_heard(reached)) as relay,
    ):
        console, actor = stage.console(db), access.system(school)
        real = Adapters(db, console.vault)

        def adapters(connection_id: str) -> Adapter:
            reached.append(connection_id)
            listed = connection_id == cast.roster.connection
            return moderation_platform.Adapter(lms) if listed else real(connection_id)

        with db.begin() as tx:
            listed = _roster(tx, console, actor, school, url)
            target = _target(tx, actor, school, listed)
            made = NamedModule("", school, f"Page {MARK}", "http", {"contains": MARK})
            module = modules.get(tx, actor, modules.add(tx, actor, made, now=NOON))
            window = windows.silence(
                tx, actor, target.id, since=NOON, until=LATER, reason=MARK, now=NOON
            )
            rule = recurring.add(
                tx, actor, target.id, days=Daily(), starts=time(), length=timedelta(days=1),
                reason=MARK, now=NOON,
            )  # fmt: skip
        alert = _alert(db, actor, target)
        with db.begin() as tx:
            comment, case = _case(tx, actor, listed)
            concern = welfare.by_hand(tx, actor, case, "abuse", now=NOON)
            action = _action(tx, actor, school, listed, case)
            measure, held = _measure(tx, actor, school, listed, case)
            appeal = appeals.write(tx, actor, measure, f"It was a joke, {MARK}", now=NOON)
            draft, released = _campaigns(tx, actor, school)
            incident = _incident(tx, actor, school, target, listed)
            relays.save(tx, actor, school, console.vault, url=relay.url, sender=SENDER, now=NOON)
            colleague = accounts.add(
                tx, actor, f"Ivan {MARK}", "a long password", role="viewer",
                school_ids=frozenset({school}), now=NOON,
            )  # fmt: skip
            channel = channels.add(
                tx, actor, school, console.vault, name=MARK, transport="apprise",
                address=url.replace("http", "json"), language="en", now=NOON,
            )  # fmt: skip
            campus_school.keep(tx, "campus", {"control": url}, now=NOON)
            group = saved.save(tx, actor, school, MARK, Segment(everyone=True), now=NOON)
            urgent_text, emergency = _emergency(tx, console, actor, school, incident)
            rule_id, issue = _standing(tx, actor, school)
        cast = Cast(
            console, adapters, url, relay.url, school, listed, target, module, window, rule,
            channel, alert, comment, case, concern, action, measure, appeal, held, draft, released,
            incident, colleague, group, urgent_text, emergency, rule_id, issue,
        )  # fmt: skip
        yield cast, reached


def _roster(tx: Connection, console: Console, actor: Actor, school: str, url: str) -> Roster:
    connection, media = (
        connections.add(
            tx, actor, school, console.vault, platform=platform, name=f"{platform} {MARK}",
            url=url, secret="s", now=NOON,
        )
        for platform in ("moodle", "bigbluebutton")
    )  # fmt: skip
    enrolling.people(tx, actor, school, connection, [listed()], now=NOON)
    enrolling.courses(tx, actor, school, connection, {"c1": f"Algebra {MARK}"}, now=NOON)
    enrolling.enrolments(tx, actor, school, connection, {("c1", "u1"): "student"})
    enrolling.rooms(tx, actor, school, media, [ListedRoom("r1", f"7B {MARK}", 30)], now=NOON)
    (person,), (course,) = roster.people(tx, actor, school), timetable.courses(tx, actor, school)
    (room,), (account,) = (
        timetable.rooms(tx, actor, school),
        roster.accounts_of(tx, actor, person.id),
    )
    planning.lessons(tx, actor, school, [lesson("l1", course.id, room.id, person.id)], now=NOON)
    (planned,) = timetable.lessons(tx, actor, school, since=NOON, until=LATER)
    enrolling.people(tx, actor, school, media, [listed()], now=NOON)
    (second,) = (
        one for one in roster.accounts_of(tx, actor, person.id) if one.connection_id == media
    )
    return Roster(
        connection, media, person.id, account.id, second.id, course.id, room.id, planned.id
    )


def listed(external_id: str = "u1") -> Listed:
    return Listed(
        external_id, f"olga-{MARK}", f"Olga {MARK}", f"olga@{MARK}.example", "student", "en", "",
        "7B", suspended=False, last_seen=None,
    )  # fmt: skip


def lesson(external_id: str, course: str, room: str, teacher: str) -> PlannedLesson:
    return PlannedLesson(external_id, f"Algebra {MARK}", course, room, teacher, NOON, LATER, None)


def _target(tx: Connection, actor: Actor, school: str, known: Roster) -> Target:
    id_ = targets.add(
        tx, actor, school, name=f"Media {MARK}", prober="classroom", address="",
        connection_id=known.media, now=NOON,
    )  # fmt: skip
    return targets.get(tx, actor, id_)


def _alert(db: Database, actor: Actor, target: Target) -> str:
    """The target was probed, and is down."""
    rooms = (RoomCount("r1", 12, 1, 30, running=True),)
    result = Result(target.id, NOON, State.DOWN, 0.1, why=Words(MARK), since=NOON, rooms=rooms)
    standing = Standing(State.DOWN, NOON, failures=2)
    with db.begin("metrics") as mtx:
        recording.write(mtx, [Record(target, result, standing)])
    known = {target.id: target}
    scene = Scene(known, {target.id: result}, {target.id: standing}, (), NOON, [target.id])
    alerting.follow(db, scene)
    with db.read() as tx:
        (alert,) = alerts.open_(tx, actor, target.school_id)
    return alert.id


def post(external_id: str = "p1") -> Comment:
    said = f"what an idiot, {MARK}"
    return Comment(external_id, "t1", "c1", "u1", f"Olga {MARK}", "Forum", "Re", said, said, NOON)


def _case(tx: Connection, actor: Actor, known: Roster) -> tuple[Stored, str]:
    (school,) = actor.schools
    merged = wordings.merge(tx, actor, school, known.connection, post(), now=NOON)
    flags = [Flag("Insults", "idiot", 8, 13)]
    case = cases.flagged(tx, actor, merged.id, flags, now=NOON)
    kept = comments.get(tx, actor, merged.id)
    assert kept is not None
    assert case is not None
    return kept, case


def _action(tx: Connection, actor: Actor, school: str, known: Roster, case: str) -> Action:
    id_ = actions.request(
        tx, actor, "suspend account", school_id=school, connection_id=known.connection,
        external_id="u1", case_id=case, reason=MARK, now=NOON,
    )  # fmt: skip
    found = actions.get(tx, actor, id_)
    assert found is not None
    return found


def _measure(
    tx: Connection, actor: Actor, school: str, known: Roster, case: str
) -> tuple[str, str]:
    """Somebody was warned, and a removal waits for a second person."""
    person = Subject(known.person)
    measure = measures.impose(
        tx, actor, school, person, "warning", reason=MARK, until=LATER, case_id=case, now=NOON
    )
    held = actions.request(
        tx, actor, "remove comment", school_id=school, connection_id=known.connection,
        external_id="p7", reason=MARK, now=NOON,
    )  # fmt: skip
    tx.execute(
        text("""
            UPDATE moderation_action SET state = 'held', requested_by = 'olga', next_try_at = NULL
            WHERE id = :id
        """),
        {"id": held},
    )
    return measure.id, held


def _campaigns(tx: Connection, actor: Actor, school: str) -> tuple[str, Campaign]:
    suppression.add(tx, actor, school, f"gone@{MARK}.example", now=NOON)
    draft, released = (
        campaigns.draft(
            tx, actor, school, subject={"en": MARK}, body={"en": "Dear {{ name }},"},
            segment=Segment(everyone=True), sender=SENDER, source=source, now=NOON,
        )
        for source in (None, "file")
    )  # fmt: skip
    releasing.release(tx, actor, released, now=NOON)
    return draft, campaigns.get(tx, actor, released)


def _incident(tx: Connection, actor: Actor, school: str, target: Target, known: Roster) -> str:
    source = incidents.Source(f"room:{known.room}", Words(MARK), "down", 1, room_id=known.room)
    id_ = incidents.raise_(tx, actor, school, source, now=NOON)
    reports.report(tx, actor, school, name=f"Lena {MARK}", said=MARK, room_id=known.room, now=NOON)
    return id_


def _emergency(
    tx: Connection, console: Console, actor: Actor, school: str, incident: str
) -> tuple[str, str]:
    """A text that Olga agreed to, and what was sent with it."""
    written = urgent_texts.save(
        tx,
        actor,
        school,
        name=MARK,
        subject={"en": MARK},
        body={"en": "Dear {{ name }},"},
        now=NOON,
    )
    digest = urgent_texts.get(tx, actor, written).digest
    olga = Actor("olga", "Olga", "admin", frozenset({school}))
    urgent_texts.approve(tx, olga, written, digest, now=NOON)
    planned = emergencies.plan(
        tx, actor, Cause("incident", incident), Choice(), console.lesson_link, now=NOON
    )
    return written, emergencies.send(tx, actor, planned, written, digest, sender=SENDER, now=NOON)


def newsletter(school: str, name: str = MARK) -> standing.Standing:
    return standing.Standing("", school, name, Segment(everyone=True), ("lessons",), None, time(12))


def _standing(tx: Connection, actor: Actor, school: str) -> tuple[str, str]:
    made = replace(newsletter(school), id=standing.save(tx, actor, newsletter(school), now=NOON))
    issue = standing.enter(tx, actor, made, NOON, seen="{}", now=NOON)
    assert issue is not None
    return made.id, issue


def _heard(reached: list[str]) -> smtp.Script:
    def heard(verb: str, _said: str) -> bool:
        reached.append(verb)
        return True

    return heard


@contextmanager
def _web(reached: list[str]) -> Iterator[str]:
    """A server that has no rooms and says yes to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reached.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Length", str(len(ROOM)))
            self.end_headers()
            self.wfile.write(ROOM)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
