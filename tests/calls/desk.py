"""Calls of the desk: accounts, connections, incidents, boards, imports, whatever spans packages."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

from console import campus
from console.desk import (
    accounts,
    alarms,
    alerting,
    attending,
    blind_newsletters,
    board,
    boards,
    cards,
    channels,
    connections,
    doctor,
    elsewhere,
    emergencies,
    entering,
    erasure,
    evening,
    exporting,
    histories,
    importing,
    incident_rows,
    incidents,
    issues,
    letter_sending,
    letter_ways,
    limits,
    linked,
    measure_letter_words,
    measure_letters,
    measure_words,
    moved_lessons,
    notes,
    notices,
    outcomes,
    owed,
    pending,
    people,
    posting,
    presence,
    reach,
    relays,
    relieved,
    reopening,
    reports,
    restoring,
    rooms,
    sync,
    timetables,
    toll,
    unheard,
    unreached,
    unread,
    watchdog,
)
from console.desk.calendars import LessonRow
from console.desk.cards import Card
from console.desk.channels import Channel
from console.desk.emergencies import Cause, Choice
from console.desk.importing import PersonRow
from console.desk.incidents import Source
from console.desk.letter_ways import Way
from console.desk.measure_letter_words import Reader
from console.desk.reopening import Moved
from console.desk.tables import Plan
from mailing import urgent_texts
from mailing.segments import Segment
from moderation import appeals
from moderation.model import Subject
from platforms.base import Adapter, Capability, Health, Participant, Room
from store import access, schools
from store.access import Actor
from store.db import Connection
from store.matching import Parted
from store.schools import School
from store.suggesting import Doubt
from store.words import Words
from tests.calls import Calls
from tests.cast import LATER, SENDER, Cast
from tests.conftest import NOON

PERSON = PersonRow(2, "Nina", "nina@school.example", "student", "en", "", "7B", {})
LESSON = LessonRow(
    2, "x1", "Physics", NOON, LATER, "r1", "7B", "", "", None, "", "c1", "", None
)  # fmt: skip


def ours(tx: Connection, on: Cast) -> School:
    return schools.get(tx, access.system(on.school), on.school)


def card(on: Cast) -> Card:
    return Card(
        state="full",
        title=Words("It is full"),
        what_to_do=Words("Offer a second room"),
        affected=1,
        since=NOON,
        owner_id=None,
        owner_name=None,
        incident_id=None,
        reports=0,
        source="teacher:1",
        link=("classrooms", on.roster.room),
        room_id=on.roster.room,
    )


class Maker:
    """A server that has every room it is asked for."""

    can: frozenset[Capability] = frozenset({"create room"})

    def check(self) -> Health:
        return Health()

    def create(self, external_id: str, name: str, *, seats: int | None) -> Room:
        return Room(external_id, name, seats=seats)

    def exists(self, _external_id: str) -> bool:
        return True


def makers(on: Cast) -> Callable[[str], Adapter]:
    def reached(connection_id: str) -> Adapter:
        on.adapters(connection_id)
        return Maker()

    return reached


class Register:
    """A server where nobody is in any room."""

    can: frozenset[Capability] = frozenset({"who is in"})

    def check(self) -> Health:
        return Health()

    def present(self, _external_id: str) -> list[Participant]:
        return []


def registers(on: Cast) -> Callable[[str], Adapter]:
    def reached(connection_id: str) -> Adapter:
        on.adapters(connection_id)
        return Register()

    return reached


def absent(on: Cast) -> Segment:
    return Segment(absent_from=(on.roster.room, on.roster.course, ""))


def stayed(on: Cast) -> Moved:
    return Moved(on.roster.lesson, on.roster.room, on.roster.room, NOON)


def planned(tx: Connection, who: Actor, on: Cast) -> emergencies.Plan:
    cause = Cause("incident", on.incident)
    return emergencies.plan(tx, who, cause, Choice(), on.console.lesson_link, now=NOON)


def doubt(on: Cast) -> Doubt:
    known = on.roster
    return Doubt(
        known.second, "Chat", "Olga", "olga", known.person, "Olga", "student", "o@school.example",
        joined=True, agrees=True,
    )  # fmt: skip


CALLS: Calls = {
    linked.link: lambda tx, who, on: linked.link(
        tx, who, on.roster.account, on.roster.person, now=NOON
    ),
    linked.unlink: lambda tx, who, on: linked.unlink(tx, who, on.roster.second, now=NOON),
    linked.confirm: lambda tx, who, on: linked.confirm(tx, who, [doubt(on)], NOON),
    linked.keep_apart: lambda tx, who, on: linked.keep_apart(tx, who, [doubt(on)], NOON),
    linked.part: lambda tx, who, on: linked.part(
        tx,
        who,
        on.roster.connection,
        Parted(on.roster.second, "u1", on.roster.person, on.roster.person),
    ),
    presence.look: lambda db, who, on: presence.look(
        db, who, on.roster.room, on.roster.course, registers(on), now=NOON
    ),
    presence.meetings: lambda db, who, on: presence.meetings(
        db, who, on.school, registers(on), now=NOON
    ),
    presence.still_absent: lambda db, who, on: presence.still_absent(
        db,
        who,
        Segment(absent_from=(on.roster.room, on.roster.course, "")),
        registers(on),
        now=NOON,
    ),
    issues.draw_due: lambda db, who, on: issues.draw_due(
        db, who, on.school, on.adapters, on.console.lesson_link, SENDER, now=NOON
    ),
    reach.of: lambda tx, who, on: reach.of(tx, who, on.roster.person),
    reach.save: lambda tx, who, on: reach.save(
        tx, who, on.roster.person, on.console.vault, phone="", ways=(), now=NOON
    ),
    reach.bring: lambda tx, who, on: reach.bring(
        tx, who, on.roster.person, phone="89001234567", ways=("sms",), now=NOON
    ),
    reach.set_gateway: lambda tx, who, on: reach.set_gateway(
        tx, who, on.school, on.console.vault, "sms", "", now=NOON
    ),
    reach.gateways: lambda tx, who, on: reach.gateways(tx, who, on.school),
    unreached.of: lambda tx, who, on: unreached.of(
        tx, who, on.emergency, on.console.adapters, now=LATER
    ),
    unreached.try_next: lambda tx, who, on: unreached.try_next(
        tx, who, on.emergency, on.console.adapters, now=LATER
    ),
    unreached.carry_on: lambda tx, who, on: unreached.carry_on(tx, who, on.emergency, now=LATER),
    emergencies.plan: planned,
    emergencies.of_incident: lambda tx, who, on: emergencies.of_incident(tx, who, on.incident),
    emergencies.send: lambda tx, who, on: emergencies.send(
        tx,
        who,
        planned(tx, access.system(on.school), on),
        on.urgent_text,
        urgent_texts.get(tx, access.system(on.school), on.urgent_text).digest,
        sender=SENDER,
        again={on.emergency},
        now=NOON,
    ),
    emergencies.already_told: lambda tx, who, on: emergencies.already_told(
        tx,
        who,
        planned(tx, access.system(on.school), on),
        urgent_texts.get(tx, access.system(on.school), on.urgent_text),
        now=NOON,
    ),
    accounts.add: lambda tx, who, on: accounts.add(
        tx,
        who,
        "Nina",
        "a long password",
        role="viewer",
        school_ids=frozenset({on.school}),
        now=NOON,
    ),
    accounts.change: lambda tx, who, on: accounts.change(
        tx,
        who,
        on.colleague,
        role="admin",
        school_ids=frozenset({on.school}),
        disabled=False,
        now=NOON,
    ),
    accounts.set_password: lambda tx, who, on: accounts.set_password(
        tx, who, on.colleague, "another password", now=NOON
    ),
    accounts.set_language: lambda tx, who, on: accounts.set_language(tx, who, "ru"),
    accounts.language_of: lambda tx, who, on: accounts.language_of(tx, who),
    accounts.of: lambda tx, who, on: accounts.of(tx, who, on.school),
    alarms.follow: lambda db, who, on: alarms.follow(db, who, on.school, now=NOON),
    alerting.follow: lambda db, who, on: alerting.follow(db, who, on.school, now=NOON),
    attending.follow: lambda db, who, on: attending.follow(
        db, who, on.school, attending.Learnt(), now=NOON
    ),
    limits.servers: lambda tx, who, on: limits.servers(tx, who, on.school),
    board.build: lambda db, who, on: board.build(db, who, on.school, now=NOON),
    boards.Boards.of: lambda tx, who, on: boards.Boards(on.console.db, lambda: NOON).of(
        who, on.school
    ),
    campus.switch: lambda console, who, on: campus.switch(console, who, "rush", True),
    cards.take: lambda tx, who, on: cards.take(tx, who, on.school, card(on), now=NOON),
    connections.add: lambda tx, who, on: connections.add(
        tx,
        who,
        on.school,
        on.console.vault,
        platform="moodle",
        name="LMS",
        url=on.url,
        secret="s",
        now=NOON,
    ),
    connections.change: lambda tx, who, on: connections.change(
        tx, who, on.roster.connection, on.console.vault, name="LMS", now=NOON
    ),
    connections.remove: lambda tx, who, on: connections.remove(
        tx, who, on.roster.connection, now=NOON
    ),
    connections.of: lambda tx, who, on: connections.of(tx, who, on.school),
    connections.get: lambda tx, who, on: connections.get(tx, who, on.roster.connection),
    connections.test: lambda db, who, on: connections.test(
        db, who, on.console.vault, on.roster.media, now=NOON
    ),
    doctor.look: lambda db, who, on: doctor.look(db, who, on.console.vault, now=NOON),
    evening.read: lambda db, who, on: evening.read(db, who, on.school, now=NOON),
    evening.read_past: lambda db, who, on: evening.read_past(db, who, on.school, now=NOON),
    importing.apply: lambda db, who, on: importing.apply(
        db, who, on.school, Plan([PERSON]), now=NOON
    ),
    incident_rows.open_: lambda tx, who, on: incident_rows.open_(tx, who, on.school),
    incident_rows.closed: lambda tx, who, on: incident_rows.closed(tx, who, on.school, since=NOON),
    incident_rows.of_target: lambda tx, who, on: incident_rows.of_target(
        tx, who, on.school, on.target.id
    ),
    incident_rows.get: lambda tx, who, on: incident_rows.get(tx, who, on.incident),
    incident_rows.timeline: lambda tx, who, on: incident_rows.timeline(tx, who, on.incident),
    incident_rows.enter: lambda tx, who, on: incident_rows.enter(
        tx, who, on.incident, "note", now=NOON, note="seen"
    ),
    incidents.raise_: lambda tx, who, on: incidents.raise_(
        tx, who, on.school, Source("x", Words("A cable"), "down", 1), now=NOON
    ),
    incidents.take: lambda tx, who, on: incidents.take(tx, who, on.incident, now=NOON),
    incidents.note: lambda tx, who, on: incidents.note(tx, who, on.incident, "seen", now=NOON),
    incidents.told: lambda tx, who, on: incidents.told(tx, who, on.incident, 1, now=NOON),
    incidents.close: lambda tx, who, on: incidents.close(tx, who, on.incident, "over", now=NOON),
    incidents.affects: lambda tx, who, on: incidents.affects(tx, who, on.incident, 2),
    relieved.follow: lambda db, who, on: relieved.follow(db, who, on.school, now=NOON),
    toll.count: lambda db, who, on: toll.count(db, who, on.school, now=NOON),
    unread.Reading.failed: lambda tx, who, on: unread.Reading().failed(
        on.console.db, who, on.school, on.roster.connection, now=NOON
    ),
    unread.Reading.worked: lambda tx, who, on: unread.Reading().worked(
        on.console.db, who, on.school, on.roster.connection, now=NOON
    ),
    unheard.of: lambda tx, who, on: unheard.of(tx, who, on.incident),
    unheard.mended: lambda tx, who, on: unheard.mended(tx, who, on.channel, arrived=True, now=NOON),
    unheard.follow: lambda db, who, on: unheard.follow(db, who, on.school, now=NOON),
    watchdog.follow: lambda db, who, on: watchdog.follow(
        db, who, on.school, watchdog.Hearing(), now=NOON
    ),
    incidents.recovered: lambda tx, who, on: incidents.recovered(tx, who, on.incident, now=NOON),
    incidents.enter_report: lambda tx, who, on: incidents.enter_report(
        tx, who, on.incident, now=NOON
    ),
    exporting.people: lambda tx, who, on: list(exporting.people(tx, who, ours(tx, on))),
    exporting.incident_list: lambda tx, who, on: list(
        exporting.incident_list(tx, who, ours(tx, on))
    ),
    exporting.waiting_cases: lambda tx, who, on: list(
        exporting.waiting_cases(tx, who, ours(tx, on))
    ),
    exporting.decisions: lambda tx, who, on: list(exporting.decisions(tx, who, ours(tx, on))),
    exporting.measures: lambda tx, who, on: list(exporting.measures(tx, who, ours(tx, on))),
    exporting.table: lambda tx, who, on: exporting.table(
        "decisions", tx, who, ours(tx, on), spoken={}
    ),
    exporting.audit_trail: lambda tx, who, on: list(exporting.audit_trail(tx, who, ours(tx, on))),
    exporting.write: lambda tx, who, on: exporting.write(
        "people", tx, who, ours(tx, on), StringIO()
    ),
    histories.Histories.of: lambda db, who, on: histories.Histories(on.console.db, None).of(
        who, on.school, on.target.id, since=NOON, until=LATER
    ),
    outcomes.remember: lambda tx, who, on: outcomes.remember(
        tx,
        who,
        on.school,
        on.comment.id,
        "lena",
        address="lena@a.test",
        language="en",
        link="",
        now=NOON,
    ),
    outcomes.follow: lambda db, who, on: outcomes.follow(db, who, on.school, now=NOON),
    measure_letters.follow: lambda db, who, on: measure_letters.follow(
        db, who, on.school, on.adapters, lambda id_: id_, now=NOON
    ),
    measure_letters.reader_of: lambda tx, who, on: measure_letters.reader_of(
        tx, who, ours(tx, on), Subject(on.roster.person)
    ),
    letter_ways.of: lambda db, who, on: letter_ways.of(
        db, who, on.school, Subject(on.roster.person), on.adapters
    ),
    notes.way: lambda db, who, on: notes.way(
        db, who, on.school, Subject(on.roster.person), on.adapters, mails=True
    ),
    notes.write: lambda tx, who, on: notes.write(
        tx, who, ours(tx, on), Subject(on.roster.person), "Hi", Way("mail"), now=NOON
    ),
    letter_sending.of_measures: lambda tx, who, on: letter_sending.of_measures(
        tx, who, on.school, [on.measure]
    ),
    letter_sending.forget: lambda tx, who, on: letter_sending.forget(
        tx, who, on.school, before=NOON
    ),
    erasure.accounts: lambda tx, who, on: erasure.accounts(tx, who, on.school, on.roster.person),
    erasure.erase: lambda tx, who, on: erasure.erase(
        tx, who, on.school, [(on.roster.connection, "silent")], now=NOON
    ),
    erasure.mail: lambda tx, who, on: erasure.mail(tx, who, on.school, on.roster.person, now=NOON),
    erasure.address: lambda tx, who, on: erasure.address(
        tx, who, on.school, "gone@kolibri.example", now=NOON
    ),
    letter_sending.erase: lambda tx, who, on: letter_sending.erase(
        tx, who, on.school, [(on.roster.connection, "u1")]
    ),
    measure_letter_words.imposed: lambda tx, who, on: measure_letter_words.imposed(
        tx,
        who,
        ours(tx, on),
        appeals.measure_of(tx, access.system(on.school), on.measure),
        Reader("Olga", "en"),
        link="",
    ),
    measure_words.facts: lambda tx, who, on: measure_words.facts(
        tx,
        who,
        ours(tx, on),
        appeals.measure_of(tx, access.system(on.school), on.measure),
        now=NOON,
    ),
    notices.tell: lambda tx, who, on: notices.tell(tx, who, on.incident, sender=SENDER, now=NOON),
    people.find: lambda tx, who, on: people.find(tx, who, on.school, search="olga"),
    pending.about: lambda tx, who, on: pending.about(tx, who, on.school, []),
    people.get: lambda tx, who, on: people.get(tx, who, on.roster.person),
    people.connection_names: lambda tx, who, on: people.connection_names(tx, who, on.school),
    channels.add: lambda tx, who, on: channels.add(
        tx,
        who,
        on.school,
        on.console.vault,
        name="Night",
        transport="smtp",
        address="night@school.example",
        language="en",
        now=NOON,
    ),
    channels.change: lambda tx, who, on: channels.change(
        tx,
        who,
        Channel(on.channel, on.school, "Duty", "smtp", "en", False, timedelta(0)),
        on.console.vault,
        address="duty@school.example",
        now=NOON,
    ),
    channels.remove: lambda tx, who, on: channels.remove(tx, who, on.channel, now=NOON),
    channels.of: lambda tx, who, on: channels.of(tx, who, on.school),
    blind_newsletters.follow: lambda db, who, on: blind_newsletters.follow(
        db, who, on.school, now=NOON
    ),
    moved_lessons.follow: lambda db, who, on: moved_lessons.follow(db, who, on.school, now=NOON),
    owed.follow: lambda db, who, on: owed.follow(db, who, on.school, now=NOON),
    posting.try_out: lambda db, who, on: posting.try_out(
        db, who, on.channel, on.console.ways, now=NOON
    ),
    relays.save: lambda tx, who, on: relays.save(
        tx, who, on.school, on.console.vault, url="smtp://localhost", sender=SENDER, now=NOON
    ),
    relays.of: lambda tx, who, on: relays.of(tx, who, on.school, on.console.vault),
    relays.try_out: lambda db, who, on: relays.try_out(
        db, who, on.school, on.console.vault, loopback_only=True
    ),
    reports.report: lambda tx, who, on: reports.report(
        tx, who, on.school, name="Lena", said="help", room_id=on.roster.room, now=NOON
    ),
    reports.of_incident: lambda tx, who, on: reports.of_incident(tx, who, on.incident),
    restoring.resume: lambda tx, who, on: restoring.resume(tx, who, now=NOON),
    entering.door: lambda tx, who, on: entering.door(tx, who, on.roster.lesson, now=NOON),
    entering.enter: lambda db, who, on: entering.enter(
        db, who, on.roster.lesson, "Olga", on.adapters, now=NOON
    ),
    elsewhere.look: lambda db, who, on: elsewhere.look(db, who, on.school, now=NOON),
    elsewhere.servers: lambda db, who, on: elsewhere.servers(
        db, who, on.school, beside="", people=1, adapters=on.adapters, now=NOON
    ),
    reopening.back: lambda db, who, on: reopening.back(
        db,
        who,
        Moved(on.roster.lesson, on.roster.room, on.roster.room, NOON),
        on.adapters,
        now=NOON,
    ),
    reopening.reopen: lambda db, who, on: reopening.reopen(
        db, who, on.roster.lesson, on.roster.connection, makers(on), people=1, now=NOON
    ),
    rooms.find: lambda tx, who, on: rooms.find(tx, who, on.roster.room),
    rooms.step_in: lambda db, who, on: rooms.step_in(
        db, who, on.roster.room, on.adapters, now=NOON
    ),
    rooms.end: lambda db, who, on: rooms.end(
        db, who, on.roster.room, on.adapters, clock=lambda: NOON, within=0
    ),
    rooms.notice: lambda db, who, on: rooms.notice(
        db, who, on.roster.room, "Back in a minute", on.adapters, clock=lambda: NOON
    ),
    sync.sync: lambda db, who, on: sync.sync(db, who, on.roster.media, on.adapters, now=NOON),
    timetables.moves: lambda db, who, on: timetables.moves(
        db, who, on.school, Plan([LESSON]), now=NOON
    ),
    timetables.apply_timetable: lambda db, who, on: timetables.apply_timetable(
        db, who, on.school, Plan([LESSON]), now=NOON
    ),
}
