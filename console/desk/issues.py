"""Draw an issue of a standing newsletter: the coming lessons, what changed, what was added."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from console.i18n import _, clock, moment, speaking, weekday
from mailing import campaigns, segments, standing
from mailing.segments import Segment
from mailing.standing import Standing
from moderation.model import Adapters
from platforms.base import Material, PlatformError
from platforms.capabilities import MaterialShelf
from store import access, schools, timetable
from store.access import Actor
from store.db import Connection, Database, instant, text
from store.schools import LANGUAGES, School
from store.timetable import Course, Lesson
from store.vault import VaultError

TOPIC = "newsletter"
MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")  # what would make a link, a picture or code of a name
MOST = 60  # lines of one part of an issue
SEEN_AHEAD = timedelta(days=28)  # what is kept to tell changes by
Shelves = Mapping[str, list[Material]]  # by course; a course that could not be read is not there


@dataclass(frozen=True)
class Drawn:
    """What an issue holds: lessons to come, sentences on changes, materials by course."""

    lessons: list[Lesson] = field(default_factory=list)
    changes: list[tuple[str, Mapping[str, object], Mapping[str, object]]] = field(
        default_factory=list
    )
    added: list[tuple[str, Material]] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.lessons or self.changes or self.added)


def draw_due(
    db: Database,
    actor: Actor,
    school_id: str,
    adapters: Adapters,
    link: Callable[[str], str],
    sender: str,
    *,
    now: datetime,
) -> int:
    """Draw what is due within LEAD, each issue once among all workers; return how many drafts."""
    access.require(actor, "write", school_id)
    if not sender:
        return 0
    with db.read() as tx:
        school = schools.get(tx, actor, school_id)
        due = [
            (rule, period)
            for rule in standing.of(tx, actor, school_id)
            if (period := _due(tx, actor, rule, school, now)) is not None
        ]
    drafts = 0
    for rule, period in due:
        with db.read() as tx:
            chosen = _courses(tx, actor, rule, now)
        shelves = _shelves(chosen, adapters) if "materials" in rule.content else {}
        with db.begin() as tx:
            drafts += _draw(tx, actor, school, rule, period, chosen, shelves, link, sender, now=now)
    return drafts


def _due(
    tx: Connection, actor: Actor, rule: Standing, school: School, now: datetime
) -> datetime | None:
    """The period that is to be drawn now. One that went by while nobody drew is left out."""
    school_now = school.time(now)
    period = rule.next(school_now, school.zone)
    if rule.paused or period - school_now > standing.LEAD:
        return None
    newest = standing.last(tx, actor, rule.id)
    return period if newest is None or newest.period < period else None


def _draw(
    tx: Connection,
    actor: Actor,
    school: School,
    rule: Standing,
    period: datetime,
    chosen: Mapping[str, Course],
    shelves: Shelves,
    link: Callable[[str], str],
    sender: str,
    *,
    now: datetime,
) -> int:
    """The issue and its draft in one transaction: after a kill there are both or neither."""
    before = standing.last(tx, actor, rule.id)
    earlier = json.loads(before.seen) if before else {}
    lessons = [
        each
        for each in timetable.lessons(
            tx, actor, school.id, since=school.time(now), until=period + SEEN_AHEAD
        )
        if each.course_id in chosen
    ]
    rooms = {each.id: each.name for each in timetable.rooms(tx, actor, school.id)}
    seen = _seen(lessons, rooms, shelves, earlier)
    issue = standing.enter(tx, actor, rule, period, seen=json.dumps(seen), now=now)
    if issue is None:
        return 0
    drawn = Drawn(
        [each for each in lessons if period <= each.starts_at < period + rule.span]
        if "lessons" in rule.content
        else [],
        _changes(earlier, seen, period) if "changes" in rule.content else [],
        _added(earlier, shelves, chosen),
    )
    people = segments.audience(tx, actor, school.id, rule.segment, topic=TOPIC, now=now).people
    if drawn.empty or not people:
        return 0
    campaign_id = campaigns.draft(
        tx,
        actor,
        school.id,
        subject={each: _subject(rule, period, school, each) for each in LANGUAGES},
        body={each: _body(drawn, school, link, each, now) for each in LANGUAGES},
        segment=rule.segment,
        sender=sender,
        topic=TOPIC,
        now=now,
    )
    standing.hold(tx, actor, issue, campaign_id, leaves=school.real_time(period))
    return 1


def _courses(tx: Connection, actor: Actor, rule: Standing, now: datetime) -> dict[str, Course]:
    """The courses that the newsletter is for, else those of whoever gets it."""
    known = {each.id: each for each in timetable.courses(tx, actor, rule.school_id)}
    wanted: Iterable[str] = rule.segment.courses
    if not wanted and rule.segment == Segment(everyone=True):
        wanted = known
    elif not wanted:
        meant = segments.audience(tx, actor, rule.school_id, rule.segment, now=now)
        people = {person.id for person in meant.people}
        rows = tx.execute(
            text("SELECT person_id, course_id FROM enrolment WHERE school_id = :school"),
            {"school": rule.school_id},
        )
        wanted = {row.course_id for row in rows if row.person_id in people}
    return {id_: known[id_] for id_ in wanted if id_ in known}


def _shelves(chosen: Mapping[str, Course], adapters: Adapters) -> dict[str, list[Material]]:
    """What stands in each course now; a platform that does not answer leaves its courses out."""
    found: dict[str, list[Material]] = {}
    for course in chosen.values():
        if course.connection_id is None:
            continue
        try:
            adapter = adapters(course.connection_id)
            if isinstance(adapter, MaterialShelf) and "materials" in adapter.can:
                found[course.id] = adapter.materials(course.external_id)
        except (PlatformError, VaultError):
            continue
    return found


def _seen(
    lessons: Iterable[Lesson],
    rooms: Mapping[str, str],
    shelves: Shelves,
    earlier: Mapping[str, Mapping[str, object]],
) -> dict[str, dict[str, object]]:
    held: dict[str, object] = {
        course: [each.external_id for each in shelf] for course, shelf in shelves.items()
    }
    return {
        "lessons": {
            each.id: {
                "title": each.title,
                "at": each.starts_at.timestamp(),
                "room": rooms.get(each.room_id or "", ""),
                "course": each.course_id or "",
            }
            for each in lessons
        },
        "shelves": {**earlier.get("shelves", {}), **held},
    }


def _changes(
    earlier: Mapping[str, Mapping[str, object]],
    seen: Mapping[str, Mapping[str, object]],
    period: datetime,
) -> list[tuple[str, Mapping[str, object], Mapping[str, object]]]:
    """What the last issue's readers could know and is no longer so: moved, in another room, off."""
    before, after = earlier.get("lessons", {}), seen["lessons"]
    found: list[tuple[str, Mapping[str, object], Mapping[str, object]]] = []
    for id_, was in before.items():
        if not isinstance(was, dict) or float(was["at"]) < period.timestamp():
            continue
        now = after.get(id_)
        if not isinstance(now, dict):
            found.append(("off", was, was))
        elif now["at"] != was["at"]:
            found.append(("moved", was, now))
        elif now["room"] != was["room"]:
            found.append(("room", was, now))
    return sorted(found, key=lambda each: float(str(each[1]["at"])))


def _added(
    earlier: Mapping[str, Mapping[str, object]], shelves: Shelves, chosen: Mapping[str, Course]
) -> list[tuple[str, Material]]:
    """What stands on a shelf since the last issue; of a shelf first seen now nothing is new."""
    before = earlier.get("shelves", {})
    found = []
    for course, shelf in shelves.items():
        known = before.get(course)
        if isinstance(known, list):
            name = chosen[course].name
            found += [(name, each) for each in shelf if each.external_id not in known]
    return found


def _subject(rule: Standing, period: datetime, school: School, language: str) -> str:
    with speaking(language):
        return f"{_plain(rule.name)}: {weekday(period, school.zone)}"


def _body(
    drawn: Drawn,
    school: School,
    link: Callable[[str], str],
    language: str,
    now: datetime,
) -> str:
    with speaking(language):
        parts = [_("Hello {name},").format(name="{{ name }}")]
        parts += _of_lessons(drawn.lessons, school, link)
        if drawn.changes:
            said = [_change(each, school, now) for each in drawn.changes[:MOST]]
            parts += [f"## {_('What changed')}", "\n".join(f"- {each}" for each in said)]
        if drawn.added:
            said = [_material(*each) for each in drawn.added[:MOST]]
            parts += [f"## {_('New materials')}", "\n".join(f"- {each}" for each in said)]
        parts.append(_("Times are by the school's clock ({zone}).").format(zone=school.time_zone))
        return "\n\n".join(parts)


def _of_lessons(lessons: list[Lesson], school: School, link: Callable[[str], str]) -> list[str]:
    """A heading a day, a line a lesson."""
    if not lessons:
        return []
    days: dict[str, list[str]] = {}
    for each in lessons[:MOST]:
        teacher = f", {_literal(each.teacher_name)}" if each.teacher_name else ""
        line = (
            f"- **{clock(each.starts_at, school.zone)}–{clock(each.ends_at, school.zone)}** "
            f"{_literal(each.title)}{teacher} · [{_('Come in')}]({link(each.id)})"
        )
        days.setdefault(weekday(each.starts_at, school.zone), []).append(line)
    parts = [f"## {_('Coming lessons')}"]
    for day, lines in days.items():
        parts += [f"### {day}", "\n".join(lines)]
    return parts


def _change(
    change: tuple[str, Mapping[str, object], Mapping[str, object]], school: School, now: datetime
) -> str:
    kind, was, new = change
    before = moment(instant(float(str(was["at"]))), school.zone, now=now)
    values = {
        "lesson": _literal(str(was["title"])),
        "before": before,
        "after": moment(instant(float(str(new["at"]))), school.zone, now=now),
        "room": _literal(str(new["room"])) or "—",
    }
    if kind == "off":
        return _("{lesson} ({before}) does not take place.").format(**values)
    if kind == "moved":
        return _("{lesson}: {after} instead of {before}.").format(**values)
    return _("{lesson} ({before}) is in another room: {room}.").format(**values)


def _material(course: str, material: Material) -> str:
    name = _literal(material.name)
    said = f"[{name}]({material.url})" if _safe(material.url) else name
    return f"{said} · {_literal(course)}"


def _safe(url: str) -> bool:
    return re.fullmatch(r"https?://[^\s<>()\[\]{}\"'\\]+", url) is not None


def _literal(name: str) -> str:
    """A stranger's words as the letters they are: no markup, no field."""
    return MARKUP.sub(r"\\\1", _plain(name))


def _plain(name: str) -> str:
    return re.sub(r"{(?={)", "{ ", " ".join(name.split()))
