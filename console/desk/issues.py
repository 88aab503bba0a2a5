"""Draw an issue of a standing newsletter: the coming lessons, what changed, what was added."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from console.desk import issue_contents, issue_text
from console.desk.issue_contents import Drawn, Shelves
from mailing import campaigns, segments, standing
from mailing.segments import Segment
from mailing.standing import Standing
from moderation.model import Adapters
from platforms.base import Material, PlatformError
from platforms.capabilities import MaterialShelf
from store import access, schools, timetable
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import LANGUAGES, School
from store.timetable import Course
from store.vault import VaultError

TOPIC = "newsletter"
SEEN_AHEAD = timedelta(days=28)  # what is kept to tell changes by


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
    before = standing.told(tx, actor, rule.id)
    earlier = json.loads(before.seen) if before else {}
    until = period + SEEN_AHEAD
    coming = timetable.lessons(tx, actor, school.id, since=school.time(now), until=until)
    lessons = [each for each in coming if each.course_id in chosen]
    missing = issue_contents.missing(earlier, lessons, chosen, period)
    moved = timetable.named(tx, actor, school.id, missing)
    off = set(missing) - {each.id for each in moved}
    rooms = {each.id: each.name for each in timetable.rooms(tx, actor, school.id)}
    known = [*lessons, *(each for each in moved if each.course_id in chosen)]
    seen = issue_contents.seen(known, rooms, shelves, earlier)
    issue = standing.enter(tx, actor, rule, period, seen=json.dumps(seen), now=now)
    if issue is None:
        return 0
    span = [each for each in lessons if period <= each.starts_at < period + rule.span]
    drawn = Drawn(
        span if "lessons" in rule.content else [],
        issue_contents.changes(earlier, seen, off, period) if "changes" in rule.content else [],
        issue_contents.added(earlier, shelves, chosen),
    )
    people = segments.audience(tx, actor, school.id, rule.segment, topic=TOPIC, now=now).people
    if drawn.empty or not people:
        return 0
    campaign_id = _write(tx, actor, school, rule, period, drawn, link, sender, now)
    standing.hold(tx, actor, issue, campaign_id, leaves=school.real_time(period))
    return 1


def _write(
    tx: Connection,
    actor: Actor,
    school: School,
    rule: Standing,
    period: datetime,
    drawn: Drawn,
    link: Callable[[str], str],
    sender: str,
    now: datetime,
) -> str:
    """The draft's id: a campaign in every language, like one that somebody wrote."""
    names = _names(timetable.courses(tx, actor, school.id))
    return campaigns.draft(
        tx,
        actor,
        school.id,
        subject={each: issue_text.subject(rule, period, school, each) for each in LANGUAGES},
        body={each: issue_text.body(drawn, school, link, names, each, now) for each in LANGUAGES},
        segment=rule.segment,
        sender=sender,
        topic=TOPIC,
        now=now,
    )


def _names(courses: Iterable[Course]) -> dict[str, str]:
    """The courses that no other is called like."""
    named = {each.id: " ".join(each.name.split()) for each in courses}
    often = Counter(name.casefold() for name in named.values())
    return {id_: name for id_, name in named.items() if often[name.casefold()] == 1}


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
