"""Calls of the store: audit, roster, timetable, schools."""

from store import (
    access,
    audit,
    enrolling,
    guardians,
    linking,
    moves,
    planning,
    roster,
    schools,
    suggesting,
    timetable,
)
from store.enrolling import ListedRoom
from store.planning import PlannedRoom
from store.schools import Clock
from tests.calls import Calls
from tests.cast import LATER, lesson, listed
from tests.conftest import NOON

CALLS: Calls = {
    access.may: lambda tx, who, on: access.may(who, "see", on.school),
    access.require: lambda tx, who, on: access.require(who, "see", on.school),
    audit.entries: lambda tx, who, on: audit.entries(tx, who, on.school),
    enrolling.people: lambda tx, who, on: enrolling.people(
        tx, who, on.school, on.roster.connection, [listed("u2")], now=NOON
    ),
    enrolling.courses: lambda tx, who, on: enrolling.courses(
        tx, who, on.school, on.roster.connection, {"c2": "Physics"}, now=NOON
    ),
    enrolling.enrolments: lambda tx, who, on: enrolling.enrolments(
        tx, who, on.school, on.roster.connection, {}
    ),
    enrolling.rooms: lambda tx, who, on: enrolling.rooms(
        tx, who, on.school, on.roster.media, [ListedRoom("r2", "9A", None)], now=NOON
    ),
    guardians.add: lambda tx, who, on: guardians.add(
        tx, who, on.school, on.roster.person, ["a@school.example"]
    ),
    linking.suggested: lambda tx, who, on: linking.suggested(tx, who, on.roster.person),
    linking.link: lambda tx, who, on: linking.link(
        tx, who, on.roster.account, on.roster.person, now=NOON
    ),
    linking.unlink: lambda tx, who, on: linking.unlink(tx, who, on.roster.second, now=NOON),
    linking.refuse: lambda tx, who, on: linking.refuse(
        tx, who, on.roster.account, on.roster.person, now=NOON
    ),
    moves.moves: lambda tx, who, on: moves.moves(
        tx,
        who,
        on.school,
        [lesson("l2", on.roster.course, on.roster.room, on.roster.person)],
        now=NOON,
    ),
    moves.become: lambda tx, who, on: moves.become(
        tx, who, on.roster.lesson, on.roster.lesson, now=NOON
    ),
    planning.rooms: lambda tx, who, on: planning.rooms(
        tx,
        who,
        on.school,
        [PlannedRoom(on.roster.media, "r1", "mine", "classroom", 1, None, "")],
        now=NOON,
    ),
    planning.lessons: lambda tx, who, on: planning.lessons(
        tx,
        who,
        on.school,
        [lesson("l2", on.roster.course, on.roster.room, on.roster.person)],
        now=NOON,
    ),
    planning.move: lambda tx, who, on: planning.move(
        tx, who, on.roster.lesson, on.roster.room, to=on.roster.room, now=NOON
    ),
    roster.people: lambda tx, who, on: roster.people(tx, who, on.school, ids=[on.roster.person]),
    roster.person: lambda tx, who, on: roster.person(tx, who, on.roster.person),
    roster.save_person: lambda tx, who, on: roster.save_person(
        tx, who, on.school, name="Olga", email="olga@school.example", source="csv", now=NOON
    ),
    roster.accounts_of: lambda tx, who, on: roster.accounts_of(tx, who, on.roster.person),
    roster.account: lambda tx, who, on: roster.account(tx, who, on.roster.connection, "u1"),
    roster.note_suspended: lambda tx, who, on: roster.note_suspended(
        tx, who, on.roster.account, True, now=NOON
    ),
    suggesting.doubts: lambda tx, who, on: suggesting.doubts(tx, who, on.school),
    suggesting.sharing: lambda tx, who, on: suggesting.sharing(tx, who, on.roster.person),
    timetable.courses: lambda tx, who, on: timetable.courses(tx, who, on.school),
    timetable.rooms: lambda tx, who, on: timetable.rooms(tx, who, on.school),
    timetable.named: lambda tx, who, on: timetable.named(tx, who, on.school, []),
    timetable.lessons: lambda tx, who, on: timetable.lessons(
        tx, who, on.school, since=NOON, until=LATER
    ),
    roster.enrolled: lambda tx, who, on: roster.enrolled(tx, who, on.roster.course),
    schools.found: lambda tx, who, on: schools.found(
        tx, who, "School 9", time_zone="Europe/Moscow", language="en", now=NOON
    ),
    schools.set_clock: lambda tx, who, on: schools.set_clock(
        tx, who, on.school, Clock(NOON, NOON, 1.0)
    ),
    schools.in_scope: lambda tx, who, on: schools.in_scope(tx, who),
    schools.get: lambda tx, who, on: schools.get(tx, who, on.school),
}
