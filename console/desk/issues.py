"""Draw an issue of a standing newsletter: the coming lessons, what changed, what was added."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote

from console.desk import issue_contents, issue_text
from console.desk.issue_contents import Part, Shelves
from mailing import campaigns, retention, segments, standing
from mailing.segments import Segment
from mailing.standing import Standing
from moderation.model import Adapters
from platforms import PLATFORMS
from platforms.base import Material, PlatformError
from platforms.capabilities import MaterialShelf
from store import access, schools, timetable
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import LANGUAGES, School
from store.timetable import Course, Lesson
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
    if retention.let_go_of(tx, school.id, rule.segment) is not None:
        return None  # an empty issue would look as if there were nothing to tell
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
    as_it_is = issue_contents.state(known, rooms)
    changes = issue_contents.changes(earlier, as_it_is, off, period)
    drawn = issue_contents.parts(
        chosen,
        [each for each in lessons if _told(rule, period, each)],
        changes if "changes" in rule.content else [],
        issue_contents.added(earlier, shelves),
    )
    seen = issue_contents.seen(as_it_is, shelves, earlier, drawn)
    issue = standing.enter(tx, actor, rule, period, seen=json.dumps(seen), now=now)
    if issue is None:
        return 0
    concerned = replace(rule.segment, about=tuple(part.course.id for part in drawn))
    if not drawn or not _read_by(tx, actor, concerned, school.id, now):
        return 0
    campaign_id = _write(tx, actor, school, rule, concerned, period, drawn, link, sender, now)
    standing.hold(tx, actor, issue, campaign_id, leaves=school.real_time(period))
    return 1


def _told(rule: Standing, period: datetime, lesson: Lesson) -> bool:
    return "lessons" in rule.content and period <= lesson.starts_at < period + rule.span


def _read_by(tx: Connection, actor: Actor, segment: Segment, school_id: str, now: datetime) -> bool:
    """Whether anybody gets it."""
    found = segments.windows(tx, actor, school_id, segment, topic=TOPIC, now=now)
    return any(each.why is None for window in found for each in window)


def _write(
    tx: Connection,
    actor: Actor,
    school: School,
    rule: Standing,
    segment: Segment,
    period: datetime,
    drawn: Sequence[Part],
    link: Callable[[str], str],
    sender: str,
    now: datetime,
) -> str:
    """The draft's id: a campaign in every language, like one that somebody wrote."""
    pages = _pages(tx, school.id, [part.course for part in drawn])
    return campaigns.draft(
        tx,
        actor,
        school.id,
        subject={each: issue_text.subject(rule, period, school, each) for each in LANGUAGES},
        body={each: issue_text.body(drawn, school, link, pages, each, now) for each in LANGUAGES},
        segment=segment,
        sender=sender,
        topic=TOPIC,
        now=now,
    )


def _pages(tx: Connection, school_id: str, courses: Iterable[Course]) -> dict[str, str]:
    """Where each course stands on its platform, if that has a page for each."""
    rows = tx.execute(
        text("SELECT id, platform, url FROM connection WHERE school_id = :school"),
        {"school": school_id},
    )
    known = {row.id: row for row in rows}
    found = {}
    for course in courses:
        at = known.get(course.connection_id or "")
        page = PLATFORMS[at.platform].course_page if at and at.platform in PLATFORMS else ""
        if at and page:
            found[course.id] = at.url.rstrip("/") + page.format(id=quote(course.external_id, ":+"))
    return found


def _courses(tx: Connection, actor: Actor, rule: Standing, now: datetime) -> dict[str, Course]:
    """The courses that the newsletter is for, else those of whoever gets it, and their children."""
    known = {each.id: each for each in timetable.courses(tx, actor, rule.school_id)}
    wanted: Iterable[str] = rule.segment.courses
    if not wanted and rule.segment == Segment(everyone=True):
        wanted = known
    elif not wanted:
        meant = segments.audience(tx, actor, rule.school_id, rule.segment, now=now)
        people = {person.id for person in meant.people}
        rows = tx.execute(
            text("""
                SELECT person_id, course_id FROM enrolment WHERE school_id = :school
                UNION ALL
                SELECT guardian.guardian_id, enrolment.course_id
                FROM guardian JOIN enrolment ON enrolment.person_id = guardian.person_id
                WHERE enrolment.school_id = :school
            """),
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
