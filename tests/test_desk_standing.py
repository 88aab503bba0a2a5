"""A standing newsletter draws each issue once, as a draft that waits for a person."""

import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from console.desk import blind_newsletters, incidents, issue_contents, issues
from mailing import campaigns, letters, releasing, standing
from mailing.model import Campaign, MailingError
from mailing.segments import Segment
from mailing.standing import Standing
from platforms.base import Capability, Material, PlatformError
from store import access, guardians, roster
from store.access import Actor, Denied
from store.db import Connection, Database, text
from store.schools import School
from tests import moderation_platform, stage
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.test_desk_notices import lesson
from tests.test_mailing_campaigns import SENDER

MOSCOW = ZoneInfo("Europe/Moscow")
LEAVES = datetime(2026, 3, 11, 12, tzinfo=UTC)  # Wednesday, 15:00 by the school's clock
DAY = timedelta(days=1)


@dataclass
class Shelf(moderation_platform.Adapter):
    url: str = ""
    holds: list[Material] = field(default_factory=list)
    fails: bool = False
    can: frozenset[Capability] = frozenset({"materials"})

    def materials(self, _course: str) -> list[Material]:
        if self.fails:
            raise PlatformError("Busy", permanent=False)
        return self.holds


@dataclass
class Desk:
    db: Database
    school: School
    ana: Actor
    shelf: Shelf
    rule: str

    def draw(self, now: datetime) -> int:
        return issues.draw_due(
            self.db, self.ana, self.school.id, lambda _: self.shelf,
            lambda id_: f"https://pult.test/lesson/{id_}", SENDER, now=now,
        )  # fmt: skip

    def newest(self) -> Campaign:
        with self.db.read() as tx:
            found = standing.last(tx, self.ana, self.rule)
            assert found is not None
            assert found.campaign_id is not None
            return campaigns.get(tx, self.ana, found.campaign_id)

    def count(self) -> tuple[int, int]:
        """Issues, and campaigns."""
        with self.db.read() as tx:
            issued = tx.execute(text("SELECT COUNT(*) FROM standing_issue")).scalar_one()
            drafts = tx.execute(text("SELECT COUNT(*) FROM campaign")).scalar_one()
        return issued, drafts


def plan(tx: Connection, title: str, at: datetime) -> None:
    tx.execute(
        text("UPDATE lesson SET starts_at = :at, ends_at = :at + 2700 WHERE title = :title"),
        {"at": at.timestamp(), "title": title},
    )


def rule(school: School, **changed: Any) -> Standing:
    made = Standing(
        "", school.id, "The week", Segment(everyone=True), standing.CONTENT, 2, time(15)
    )
    return replace(made, **changed)


@pytest.fixture
def desk(database: Database, school: School, ana: Actor) -> Desk:
    with database.begin() as tx:
        connect(tx, school)
        lesson(tx, school, "Algebra", ["lena", "oleg"])
        lesson(tx, school, "Physics", ["wei"])
        tx.execute(text("UPDATE course SET connection_id = 'lms'"))
        plan(tx, "Algebra", LEAVES + DAY)
        plan(tx, "Physics", LEAVES + 2 * DAY)
        made = standing.save(tx, ana, rule(school), now=NOON)
    return Desk(database, school, ana, Shelf(), made)


@pytest.mark.parametrize(
    ("after", "due"),
    [
        (LEAVES - DAY, LEAVES),
        (LEAVES, LEAVES + 7 * DAY),
        # the clocks go forward in Berlin on 29 March: 15:00 there is an hour earlier in UTC
        (datetime(2026, 3, 26, tzinfo=UTC), datetime(2026, 4, 1, 12, tzinfo=UTC)),
    ],
)
def test_the_next_issue_leaves_by_the_schools_clock(
    school: School, after: datetime, due: datetime
) -> None:
    assert rule(school).next(after, MOSCOW) == due
    berlin = rule(school).next(datetime(2026, 3, 26, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert berlin == datetime(2026, 4, 1, 13, tzinfo=UTC)
    daily = rule(school, weekday=None)
    assert daily.next(LEAVES, MOSCOW) == LEAVES + DAY


def test_a_newsletter_by_a_campaign_that_only_sums_are_left_of_is_told_and_draws_nothing(
    desk: Desk, school: School
) -> None:
    pult = access.system(school.id)

    def told() -> list[str]:
        blind_newsletters.follow(desk.db, pult, school.id, now=LEAVES)
        with desk.db.read() as tx:
            found = incidents.open_(tx, pult, school.id)
            return [str(each.title.params["name"]) for each in found if not each.recovered_at]

    with desk.db.begin() as tx:
        old = campaigns.draft(
            tx, desk.ana, school.id, subject={"en": "Old"}, body={"en": "x"},
            segment=Segment(everyone=True), sender=SENDER, now=NOON,
        )  # fmt: skip
        standing.save(
            tx, desk.ana, rule(school, id=desk.rule, segment=Segment(got=(old,))), now=NOON
        )
    assert told() == []
    with desk.db.begin() as tx:
        tx.execute(
            text("UPDATE campaign SET reduced_at = :now WHERE id = :id"), {"now": NOON, "id": old}
        )
    assert desk.draw(LEAVES - DAY) == 0
    assert desk.count() == (0, 1), "no empty issue that says that there was nothing to tell"
    assert told() == told() == ["The week"]
    with desk.db.begin() as tx:
        standing.save(tx, desk.ana, rule(school, id=desk.rule), now=NOON)
    assert told() == []
    assert desk.draw(LEAVES - DAY) == 1


def test_an_issue_is_drawn_a_day_before_and_waits_for_a_person(desk: Desk) -> None:
    assert desk.draw(LEAVES - DAY - timedelta(minutes=1)) == 0
    assert desk.draw(LEAVES - DAY) == 1
    assert desk.draw(LEAVES - DAY) == 0
    drawn = desk.newest()
    assert (drawn.state, drawn.scheduled_for) == ("draft", LEAVES)
    assert drawn.subject["en"] == "The week: Wednesday, 11 March"
    assert drawn.subject["ru"] == "The week: среда, 11 марта"
    body = drawn.body["en"]
    assert body.index("Thursday, 12 March") < body.index("Friday, 13 March")
    assert "- **Thursday, 12 March, 15:00–15:45** Algebra{% if takes = " in body
    with desk.db.begin() as tx:
        assert standing.waiting(tx, desk.ana, desk.school.id, now=LEAVES) == 1
        assert releasing.release(tx, desk.ana, drawn.id, now=LEAVES - timedelta(hours=3))
        assert campaigns.get(tx, desk.ana, drawn.id).leaves_at == LEAVES
        assert standing.waiting(tx, desk.ana, desk.school.id, now=LEAVES) == 0


@pytest.mark.parametrize("twice", [False, True])
def test_each_reads_of_their_own_courses_and_the_class_alone_comes_in(
    desk: Desk, twice: bool
) -> None:
    with desk.db.begin() as tx:
        if twice:  # two classes of one name are told apart all the same
            tx.execute(text("UPDATE course SET name = 'algebra' WHERE name = 'Physics'"))
        ids = {row.title: row.id for row in tx.execute(text("SELECT id, title FROM lesson"))}
        for name, child in (("mother", "wei"), ("father", "wei"), ("father", "oleg")):
            id_ = roster.save_person(
                tx, desk.ana, desk.school.id, name=name, email=f"{name}@home.test",
                role="guardian", source="t", now=NOON,
            )  # fmt: skip
            guardians.add(tx, desk.ana, desk.school.id, id_, [f"{child}@pupils.test"])
        roster.save_person(
            tx, desk.ana, desk.school.id, name="nobody's", email="n@pupils.test", source="t",
            now=NOON,
        )  # fmt: skip
    desk.draw(LEAVES - DAY)
    release(desk, now=LEAVES - DAY)
    with desk.db.read() as tx:
        rows = tx.execute(text("SELECT id, name FROM delivery")).all()
        read = {row.name: letters.rendered(tx, desk.ana, row.id) for row in rows}
    found = {
        name: [title for title in ids if f"15:00–15:45 {title}" in rendered.text]
        for name, rendered in read.items()
    }
    assert found == {
        "oleg": ["Algebra"], "lena": ["Algebra"], "wei": ["Physics"], "mother": ["Physics"],
        "father": ["Algebra", "Physics"],
    }  # fmt: skip
    for name, rendered in read.items():
        doors = [title for title, id_ in ids.items() if f"pult.test/lesson/{id_}" in rendered.html]
        assert doors == ([] if name in ("mother", "father") else found[name])
        assert "Что нового на ваших курсах." in rendered.text


@pytest.mark.parametrize(
    "name", ["A; B", "A, B", "«A»", "A %} B", "{% if x %}", "{{ email }}", "A\nB", "", "# A\n## B"]
)
def test_a_course_of_any_name_is_told_by_that_name(desk: Desk, name: str) -> None:
    with desk.db.begin() as tx:
        tx.execute(text("UPDATE course SET name = :name"), {"name": name})
        tx.execute(text("UPDATE lesson SET title = :name"), {"name": name})
    assert desk.draw(LEAVES - DAY) == 1
    release(desk, now=LEAVES - DAY)
    with desk.db.read() as tx:
        id_ = tx.execute(text("SELECT id FROM delivery WHERE name = 'wei'")).scalar_one()
        said = letters.rendered(tx, desk.ana, id_).text
    shown = re.sub(r"{(?=[{%])", "{ ", " ".join(name.split()))
    assert f"\n\n{shown or '—'}\n\nБлижайшие занятия\n\n- " in said
    assert said.count("15:00–15:45") == 1


def test_what_is_too_much_is_said_and_told_in_the_next(desk: Desk) -> None:
    more = issue_contents.MOST + 30
    with desk.db.begin() as tx:
        tx.execute(text("UPDATE course SET external_id = '7' WHERE name = 'Algebra'"))
        tx.execute(text("UPDATE course SET connection_id = NULL WHERE name = 'Physics'"))
    desk.draw(LEAVES - DAY)
    release(desk, now=LEAVES - DAY)
    new = [Material(str(n), f"Sheet {n:03}", f"https://lms.test/{n}") for n in range(more)]
    desk.shelf.holds += new
    with desk.db.begin() as tx:
        plan(tx, "Algebra", LEAVES + 8 * DAY)
    assert desk.draw(LEAVES + 6 * DAY) == 1
    body = desk.newest().body["en"]
    assert body.count("](https://lms.test/") == issue_contents.MOST
    page = "http://127.0.0.1:9/course/view.php?id=7"
    assert f"- and 30 more · [the page of the course]({page})" in body
    release(desk, now=LEAVES + 6 * DAY)
    found = {n for n in range(more) if f"Sheet {n:03}" in body}
    assert desk.draw(LEAVES + 13 * DAY) == 1
    body = desk.newest().body["en"]
    assert not found & {n for n in range(more) if f"Sheet {n:03}" in body}
    assert "- and 10 more" in body


def test_changes_that_are_too_many_stand_in_the_next(desk: Desk) -> None:
    more = issue_contents.MOST + 5
    with desk.db.begin() as tx:
        course = tx.execute(text("SELECT id FROM course WHERE name = 'Algebra'")).scalar_one()
        for n in range(more):
            tx.execute(
                text("""
                    INSERT INTO lesson (id, school_id, external_id, title, course_id, starts_at,
                                        ends_at, gone, updated_at)
                    VALUES (:id, :school, :id, :id, :course, :at, :at + 2700, FALSE, 0)
                """),
                {
                    "id": f"lesson {n:02}", "school": desk.school.id, "course": course,
                    "at": LEAVES + 20 * DAY + timedelta(minutes=n),
                },
            )  # fmt: skip
    apart(desk)
    with desk.db.begin() as tx:
        tx.execute(text("UPDATE lesson SET gone = TRUE WHERE title LIKE 'lesson %'"))
    said = told(desk, LEAVES + 6 * DAY)
    assert said.count("does not take place") == issue_contents.MOST
    assert "- and 5 more, in the next letter" in said
    release(desk, now=LEAVES + 6 * DAY)
    said = told(desk, LEAVES + 13 * DAY)
    assert [n for n in range(more) if f"lesson {n:02}" in said] == [*range(more - 5, more)]


def test_what_nobody_released_is_over(desk: Desk) -> None:
    desk.draw(LEAVES - DAY)
    drawn, late = desk.newest(), LEAVES + standing.RELEASE_BY
    assert drawn.stage(late - timedelta(minutes=1)) == "draft"
    assert drawn.stage(late) == "expired"
    with desk.db.begin() as tx:
        with pytest.raises(MailingError, match="Nobody released this issue in time"):
            releasing.release(tx, desk.ana, drawn.id, now=late)
        assert standing.waiting(tx, desk.ana, desk.school.id, now=late) == 0


def test_one_without_content_is_never_sent(desk: Desk) -> None:
    with desk.db.begin() as tx:
        tx.execute(text("UPDATE lesson SET gone = TRUE"))
    assert desk.draw(LEAVES - DAY) == 0
    assert desk.count() == (1, 0)
    with desk.db.begin() as tx:
        tx.execute(text("UPDATE lesson SET gone = FALSE"))
    assert desk.draw(LEAVES - timedelta(hours=1)) == 0  # the period is over and done with


def test_a_period_that_went_by_is_not_made_up_for(desk: Desk) -> None:
    assert desk.draw(LEAVES + timedelta(hours=1)) == 0
    assert desk.count() == (0, 0)


def test_changes_since_the_last_issue_are_told(desk: Desk) -> None:
    later = LEAVES + 8 * DAY
    with desk.db.begin() as tx:
        standing.save(tx, desk.ana, rule(desk.school, id=desk.rule, content=("changes",)), now=NOON)
        plan(tx, "Algebra", later)
        plan(tx, "Physics", later)
    assert desk.draw(LEAVES - DAY) == 0  # the first issue has nothing to compare
    with desk.db.begin() as tx:
        plan(tx, "Algebra", later + timedelta(hours=2))
        tx.execute(text("UPDATE lesson SET gone = TRUE WHERE title = 'Physics'"))
    assert desk.draw(LEAVES + 6 * DAY) == 1
    body = desk.newest().body["en"]
    assert "Algebra: 19 Mar 17:00 instead of 19 Mar 15:00." in body
    assert "Physics (19 Mar 15:00) does not take place." in body


def release(desk: Desk, *, now: datetime) -> None:
    with desk.db.begin() as tx:
        assert releasing.release(tx, desk.ana, desk.newest().id, now=now)


def told(desk: Desk, now: datetime) -> str:
    """What the newest issue says of changes; '' where nothing was to tell."""
    if not desk.draw(now):
        return ""
    return desk.newest().body["en"].partition("What changed")[2]


def apart(desk: Desk, **changed: Any) -> None:
    """An issue that all know of both lessons, twenty days ahead; then what the rule becomes."""
    with desk.db.begin() as tx:
        for title in ("Algebra", "Physics"):
            plan(tx, title, LEAVES + 20 * DAY)
        made = rule(desk.school, id=desk.rule, content=("changes",))
        standing.save(tx, desk.ana, made, now=NOON)
    assert desk.draw(LEAVES - DAY) == 0
    with desk.db.begin() as tx:
        standing.save(tx, desk.ana, replace(made, **changed), now=NOON)


def test_a_course_that_is_not_meant_any_more_is_not_called_off(desk: Desk) -> None:
    with desk.db.begin() as tx:
        algebra = tx.execute(text("SELECT id FROM course WHERE name = 'Algebra'")).scalar_one()
    apart(desk, segment=Segment(courses=(algebra,)))
    assert told(desk, LEAVES + 6 * DAY) == ""


def test_the_last_readers_leaving_calls_nothing_off(desk: Desk) -> None:
    apart(desk, segment=Segment(roles=("student",)))
    with desk.db.begin() as tx:
        tx.execute(
            text("""
            DELETE FROM enrolment
            WHERE course_id = (SELECT id FROM course WHERE name = 'Physics')
        """)
        )
    assert told(desk, LEAVES + 6 * DAY) == ""


def test_a_lesson_that_moved_far_away_is_told_as_moved(desk: Desk) -> None:
    apart(desk)
    with desk.db.begin() as tx:
        plan(tx, "Physics", LEAVES + 60 * DAY)
    said = told(desk, LEAVES + 6 * DAY)
    assert "does not take place" not in said
    assert "Physics: 10 May 15:00 instead of 31 Mar 15:00." in said


@pytest.mark.parametrize("released", [True, False])
def test_what_an_issue_that_nobody_released_says_stands_in_the_next(
    desk: Desk, released: bool
) -> None:
    apart(desk)
    with desk.db.begin() as tx:
        plan(tx, "Algebra", LEAVES + 21 * DAY)
    assert "Algebra" in told(desk, LEAVES + 6 * DAY)
    if released:
        release(desk, now=LEAVES + 6 * DAY)
    with desk.db.begin() as tx:
        plan(tx, "Physics", LEAVES + 22 * DAY)
    said = told(desk, LEAVES + 13 * DAY)
    assert ("Algebra" in said) is not released


def test_materials_added_since_the_last_issue_are_told(desk: Desk) -> None:
    desk.shelf.holds = [Material("1", "Old", "https://lms.test/1")]
    desk.draw(LEAVES - DAY)
    assert "New materials" not in desk.newest().body["en"]
    release(desk, now=LEAVES - DAY)
    desk.shelf.holds.append(
        Material("2", "[x](http://evil.test) {{ email }}", "https://lms.test/2")
    )
    desk.shelf.holds.append(Material("3", "Sheet", "javascript:alert(1)"))
    assert desk.draw(LEAVES + 6 * DAY) == 1
    body = desk.newest().body["en"]
    assert "- [\\[x\\](http://evil.test) { { email }}](https://lms.test/2)\n" in body
    assert "- Sheet\n" in body
    assert "javascript" not in body
    assert "lms.test/1" not in body


def test_a_platform_that_does_not_answer_makes_nothing_new_later(desk: Desk) -> None:
    desk.shelf.holds = [Material("1", "Old", "https://lms.test/1")]
    desk.draw(LEAVES - DAY)
    release(desk, now=LEAVES - DAY)
    desk.shelf.fails = True
    desk.draw(LEAVES + 6 * DAY)
    desk.shelf.fails = False
    desk.shelf.holds.append(Material("2", "New", "https://lms.test/2"))
    with desk.db.begin() as tx:
        plan(tx, "Algebra", LEAVES + 15 * DAY)
    assert desk.draw(LEAVES + 13 * DAY) == 1
    assert "lms.test/2" in desk.newest().body["en"]
    assert "lms.test/1" not in desk.newest().body["en"]


def test_only_the_courses_that_are_meant_are_told(desk: Desk) -> None:
    with desk.db.begin() as tx:
        wei = tx.execute(text("SELECT id FROM person WHERE name = 'wei'")).scalar_one()
        standing.save(
            tx, desk.ana, rule(desk.school, id=desk.rule, segment=Segment(people=(wei,))), now=NOON
        )
    desk.draw(LEAVES - DAY)
    assert "Physics" in desk.newest().body["en"]
    assert "Algebra" not in desk.newest().body["en"]


def test_many_workers_draw_one_issue(desk: Desk) -> None:
    start = threading.Barrier(6)
    drawn: list[int] = []

    def work() -> None:
        start.wait()
        drawn.append(desk.draw(LEAVES - DAY))

    workers = [threading.Thread(target=work) for _ in range(6)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sum(drawn) == 1
    assert desk.count() == (1, 1)


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from console.desk import issues
from store import access, db
from tests.moderation_platform import Adapter
where, school, sender, now = sys.argv[1:]
opened = db.connect(url=where) if "://" in where else db.connect(Path(where))
def dies(_lesson):  # the issue's row is written by then, its draft is not
    os.kill(os.getpid(), signal.SIGKILL)
issues.draw_due(opened, access.system(school), school, lambda _: Adapter(""), dies, sender,
                now=datetime.fromisoformat(now))
"""


def test_a_kill_before_the_commit_loses_nothing_and_doubles_nothing(desk: Desk) -> None:
    url = desk.db.operations.url
    where = url.render_as_string(hide_password=False).replace("+psycopg", "")
    if desk.db.dialect == "sqlite":
        where = str(Path(url.database or "").parent)
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, where, desk.school.id, SENDER, (LEAVES - DAY).isoformat()],
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    assert desk.count() == (0, 0)
    assert desk.draw(LEAVES - DAY) == 1
    assert desk.count() == (1, 1)


def test_a_paused_one_draws_nothing(desk: Desk) -> None:
    with desk.db.begin() as tx:
        standing.pause(tx, desk.ana, desk.rule, paused=True, now=NOON)
    assert desk.draw(LEAVES - DAY) == 0
    with desk.db.begin() as tx:
        standing.pause(tx, desk.ana, desk.rule, paused=False, now=NOON)
    assert desk.draw(LEAVES - DAY) == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"name": " "}, "a name of at most"),
        ({"content": ()}, "what an issue is about"),
        ({"segment": Segment()}, "Nobody is meant"),
        ({}, "of this name already"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(
    desk: Desk, changed: dict[str, object], told: str
) -> None:
    with desk.db.begin() as tx, pytest.raises(MailingError, match=told):
        standing.save(tx, desk.ana, rule(desk.school, **changed), now=NOON)


def test_only_those_who_write_may(desk: Desk, ben: Actor, eve: Actor, zoe: Actor) -> None:
    with desk.db.begin() as tx:
        for actor in (ben, eve, zoe):
            with pytest.raises(Denied):
                standing.pause(tx, actor, desk.rule, paused=True, now=NOON)


def test_the_screen_shows_the_next_and_the_last_issue(desk: Desk) -> None:
    on = stage.console(desk.db, sender=SENDER)
    at = stage.screen("standing", on, desk.ana, desk.school)
    assert "The week" in stage.said(at)
    assert "Next issue: drawn" in stage.said(at)
    now = on.now()
    coming = rule(desk.school).next(now, MOSCOW)
    with desk.db.begin() as tx:
        plan(tx, "Algebra", coming + DAY)
    desk.draw(max(now, coming - DAY))
    assert "Waits for release" in stage.said(stage.screen("standing", on, desk.ana, desk.school))
    at = stage.press(stage.screen("standing", on, desk.ana, desk.school), "Pause")
    assert "Paused" in stage.said(at)
