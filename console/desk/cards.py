"""What needs a hand now: open incidents and rooms in need, the worst first."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from console.desk import alarms, alerting, incidents
from console.desk.evening import Evening
from console.desk.incidents import Incident
from console.desk.lessons import ORDER, LessonRow, seats_taken
from console.desk.room_incidents import NEEDY, OF_TEACHER, OVER, Rows, of_room
from console.desk.toll import Toll
from probes.capacity import Kind
from store.access import Actor
from store.db import Connection
from store.words import N_, Value, Words

Page = Literal["incident", "classrooms"]
ADVICE = 200  # characters of a runbook that a card shows

# What to do about seats, by what binds: while more are coming, and when all are there.
SEATS: dict[Kind, tuple[str, str]] = {
    "room": (
        N_("{taken} of {seats} seats, {coming} still coming. Offer them a second room."),
        N_("All {seats} seats are taken; who comes now stays outside. Offer a second room."),
    ),
    "server": (
        N_(
            "{taken} of {seats} seats that {name} leaves it, {coming} still coming. "
            "Move a lesson to another server."
        ),
        N_(
            "{name} has no seat left; who comes now stays outside. Move a lesson to another server."
        ),
    ),
    "licence": (
        N_(
            "{taken} of {seats} seats that the licence leaves it, {coming} still coming. "
            "End rooms that nobody needs."
        ),
        N_("The licence leaves no seat; who comes now stays outside. End rooms that nobody needs."),
    ),
}
# The same where a larger room is free.
LARGER = (
    N_("{taken} of {seats} seats, {coming} still coming. Larger and free: {room}"),
    N_("All {seats} seats are taken; who comes now stays outside. Larger and free: {room}"),
)
# The same where it is free for one of several lessons, and need not be larger.
FREE = (
    N_("{taken} of {seats} seats, {coming} still coming. Free for {lesson}: {room}"),
    N_("All {seats} seats are taken; who comes now stays outside. Free for {lesson}: {room}"),
)


@dataclass(frozen=True)
class Card:
    """`link` is the page to open and the id there; `source` opens an incident for it."""

    state: str
    title: Words
    what_to_do: Words
    affected: int
    since: datetime
    owner_id: str | None
    owner_name: str | None
    incident_id: str | None
    reports: int
    source: str
    link: tuple[Page, str]
    room_id: str | None = None
    course_id: str | None = None


def cards(evening: Evening, lessons: list[LessonRow], free: dict[str, int]) -> list[Card]:
    """Incidents that are not over, then rooms that nobody opened an incident for."""
    standing = [incident for incident in evening.incidents if incident.recovered_at is None]
    known = {incident.source for incident in standing}
    rows = Rows(lessons)
    toll = Toll(evening, rows)
    found = [_of_incident(evening, incident, rows, free, toll) for incident in standing]
    found += [_of_room(evening, row) for row in _needy(lessons) if not row.sources & known]
    return sorted(found, key=_rank)


def take(tx: Connection, actor: Actor, school_id: str, card: Card, *, now: datetime) -> bool:
    """Take what the card shows, opening its incident first; False if somebody has it."""
    incident_id = card.incident_id or incidents.raise_(
        tx,
        actor,
        school_id,
        incidents.Source(
            card.source,
            card.title,
            card.state,
            card.affected,
            room_id=card.room_id,
            course_id=card.course_id,
        ),
        now=now,
    )
    return incidents.take(tx, actor, incident_id, now=now)


def _rank(card: Card) -> tuple[int, bool, int, datetime]:
    """What people themselves wrote about and nobody took comes first among equals."""
    unanswered = card.reports > 0 and card.owner_id is None
    return ORDER.index(card.state), not unanswered, -card.affected, card.since


def _of_incident(
    evening: Evening,
    incident: Incident,
    rows: Rows,
    free: dict[str, int],
    toll: Toll,
) -> Card:
    now = rows.worst(incident) if of_room(incident) else None
    return Card(
        state=now.state if now else incident.severity,
        title=title(now) if now else incident.title,
        what_to_do=_advice(evening, incident, rows, free),
        affected=toll.of(incident),
        since=incident.opened_at,
        owner_id=incident.owner_id,
        owner_name=incident.owner_name,
        incident_id=incident.id,
        reports=incident.reports,
        source=incident.source,
        link=("incident", incident.id),
        room_id=incident.room_id,
        course_id=incident.course_id,
    )


def _needy(lessons: list[LessonRow]) -> list[LessonRow]:
    """One row for each trouble, which lessons in one room have together."""
    found: dict[str, LessonRow] = {}
    for row in lessons:
        if row.state in NEEDY and not row.source.startswith("target:"):
            worse = found.get(row.source)
            more = replace(worse, affected=worse.affected + row.affected) if worse else row
            found[row.source] = more
    return list(found.values())


def title(row: LessonRow) -> Words:
    """What is wrong with the row's room, or with its lesson."""
    titles = {
        "full": Words(N_("{name} is full"), {"name": row.titles}),
        "filling": Words(N_("{name} is filling up"), {"name": row.titles}),
    }
    if row.state == "filling" and row.fit and row.fit.asks and not row.running:
        wont = row.fit.word == "wont_fit"
        said = N_("{name} won't fit its room") if wont else N_("{name} may not fit its room")
        titles["filling"] = Words(said, {"name": row.titles})
    absent = Words(N_("No teacher: {name}"), {"name": row.title})
    empty = Words(N_("Nobody joined: {name}"), {"name": row.titles})
    return titles.get(row.state, absent if row.source.startswith(OF_TEACHER) else empty)


def _of_room(evening: Evening, row: LessonRow) -> Card:
    return Card(
        state=row.state,
        title=title(row),
        what_to_do=_advice_for_room(row),
        affected=row.affected,
        since=row.starts_at if row.starts_at and row.starts_at < evening.now else evening.now,
        owner_id=None,
        owner_name=None,
        incident_id=None,
        reports=0,
        source=row.source,
        link=("classrooms", row.id),
        room_id=row.room_id,
        # Whoever has the room is hit, not one lesson's course alone.
        course_id=None if row.lesson_id and row.source.startswith("room:") else row.course_id,
    )


def _advice_for_room(row: LessonRow) -> Words:
    if row.state == "filling" and row.fit and row.fit.asks:
        return row.fit.why
    if row.state in ("full", "filling") and row.limit:
        coming = max(row.crowd - (row.participants or 0), 0)
        params: dict[str, Value] = {
            "taken": row.participants or 0,
            "seats": row.limit.free,
            "coming": coming,
            "name": row.limit.name,
        }
        said = SEATS[row.limit.kind]
        if row.limit.kind == "room" and row.fit and row.fit.larger:
            said, params["room"] = LARGER, row.fit.larger
            if row.fit.shared:
                said, params["lesson"] = FREE, row.title
        return Words(said[0 if coming else 1], params)
    if row.source.startswith(OF_TEACHER):
        return _call(row)
    return Words(
        N_("{expected} people are expected. Check the link they were given."),
        {"expected": row.crowd},
    )


def _call(row: LessonRow) -> Words:
    return Words(
        N_("{teacher} should have joined. Call the teacher or find a substitute."),
        {"teacher": row.teacher or "—"},
    )


def _advice_for_taken(rows: Rows, incident: Incident) -> Words:
    """As for the room that nobody has taken; else what hides it, or that it is calm."""
    if now := rows.worst(incident):
        return _advice_for_room(now)
    own = sorted(rows.about(incident), key=lambda row: ORDER.index(row.state))
    if not own:
        return OVER
    if own[0].state == "ok":
        return seats_taken(own[0]) or OVER
    return _call(own[0]) if incident.source.startswith(OF_TEACHER) else own[0].why or OVER


def _advice(evening: Evening, incident: Incident, rows: Rows, free: dict[str, int]) -> Words:
    if incident.reports and not incident.target_id:
        return Words(N_("Reports: {reports}. Read them and answer."), {"reports": incident.reports})
    hit = [row for row in rows.hit(incident) if row.running]
    target = next((t for t in evening.targets if t.id == incident.target_id), None)
    if target is None:
        return _advice_of_ours(rows, incident)
    if target.prober == "classroom" and hit:
        return _move(hit, free)
    if hit and target.runbook:
        advice = " ".join(target.runbook.split())[:ADVICE]
        return Words(
            N_("Lessons hit ({count}): {lessons}. {advice}"), _lessons(hit) | {"advice": advice}
        )
    if hit:
        return Words(N_("Lessons hit ({count}): {lessons}."), _lessons(hit))
    result = evening.latest.get(target.id)
    return (result.why if result else None) or Words(
        N_("Look at the service and call technicians.")
    )


def _advice_of_ours(rows: Rows, incident: Incident) -> Words:
    if of_room(incident):
        return _advice_for_taken(rows, incident)
    if alarms.is_welfare(incident):
        return Words(alarms.ADVICE)
    return Words(alerting.advice(incident) or N_("Look at it and take it."))


def _move(hit: list[LessonRow], free: dict[str, int]) -> Words:
    rest = {name: seats for name, seats in free.items() if seats and name != hit[0].server}
    if not rest:
        return Words(N_("Lessons hit ({count}): {lessons}. Call the technicians."), _lessons(hit))
    server = max(rest, key=lambda name: rest[name])
    return Words(
        N_("Lessons hit ({count}): {lessons}. Move them to {server}, {seats} seats free."),
        _lessons(hit) | {"server": server, "seats": rest[server]},
    )


def _lessons(hit: list[LessonRow]) -> dict[str, Value]:
    """How many there are, and the names of the first three."""
    return {"count": len(hit), "lessons": ", ".join(row.title for row in hit[:3])}
