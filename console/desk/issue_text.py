"""The words of an issue, subject and body, in one language; names are letters, never markup.

Each course has a part of its own, which its people and their parents alone get.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from console.desk.issue_contents import Change, Part
from console.i18n import _, clock, moment, ngettext, speaking, weekday
from mailing import conditions, courses
from mailing.standing import Standing
from platforms.base import Material
from store.db import instant
from store.schools import School
from store.timetable import Lesson

MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")  # what would make a link, a picture or code of a name
IF = "{{% if {field} = {value} %}}"


def subject(rule: Standing, period: datetime, school: School, language: str) -> str:
    with speaking(language):
        return f"{_plain(rule.name)}: {weekday(period, school.zone)}"


def body(
    drawn: Sequence[Part],
    school: School,
    link: Callable[[str], str],
    pages: Mapping[str, str],
    language: str,
    now: datetime,
) -> str:
    """`link` leads into a lesson; `pages`: where courses stand on their platforms, by course."""
    with speaking(language):
        concerned = f"{{% if {courses.CONCERNS} %}}"
        opening = (
            f"{concerned}{_('This is new in your courses.')}"
            f"{{% else %}}{_('Each reader finds here what is new in their own courses.')}"
            f"{conditions.END}"
        )
        parts = [_("Hello {name},").format(name="{{ name }}"), opening]
        parts += [_part(each, school, link, pages.get(each.course.id, ""), now) for each in drawn]
        parts.append(_("Times are by the school's clock ({zone}).").format(zone=school.time_zone))
        return "\n\n".join(parts)


def _part(part: Part, school: School, link: Callable[[str], str], page: str, now: datetime) -> str:
    whose = courses.mark(part.course.id)
    lines = [
        IF.format(field=courses.CONCERNS, value=whose),
        f"## {_literal(part.course.name) or '—'}",
        *_listed(_("Coming lessons"), _of_lessons(part, school, link, whose, page)),
        *_listed(_("What changed"), _of_changes(part, school, now)),
        *_listed(_("New materials"), _of_materials(part, page)),
        conditions.END,
    ]
    return "\n".join(lines)


def _listed(heading: str, lines: Iterator[str]) -> list[str]:
    said = [f"- {each}" for each in lines]
    return ["", f"### {heading}", "", *said] if said else []


def _of_lessons(
    part: Part, school: School, link: Callable[[str], str], whose: str, page: str
) -> Iterator[str]:
    """A line a lesson; whoever holds its link comes in, so the class alone has it."""
    door = IF.format(field=courses.TAKES, value=whose)
    for each in part.told.lessons:
        way = f"[{_('Come in')}]({link(each.id)})"
        yield f"{_lesson(each, school)}{door} · {way}{conditions.END}"
    if part.left.lessons:
        yield _more(len(part.left.lessons), page)


def _lesson(lesson: Lesson, school: School) -> str:
    teacher = f", {_literal(lesson.teacher_name)}" if lesson.teacher_name else ""
    return (
        f"**{weekday(lesson.starts_at, school.zone)}, {clock(lesson.starts_at, school.zone)}–"
        f"{clock(lesson.ends_at, school.zone)}** {_literal(lesson.title)}{teacher}"
    )


def _of_changes(part: Part, school: School, now: datetime) -> Iterator[str]:
    for each in part.told.changes:
        yield _change(each, school, now)
    if part.left.changes:
        yield _("and {n} more, in the next letter").format(n=len(part.left.changes))


def _of_materials(part: Part, page: str) -> Iterator[str]:
    for each in part.told.materials:
        yield _material(each)
    if part.left.materials:
        yield _more(len(part.left.materials), page)


def _more(number: int, page: str) -> str:
    said = ngettext("and {n} more", "and {n} more", number).format(n=number)
    return f"{said} · [{_('the page of the course')}]({page})" if _safe(page) else said


def _change(change: Change, school: School, now: datetime) -> str:
    kind, was, new, _id = change
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


def _material(material: Material) -> str:
    name = _literal(material.name)
    return f"[{name}]({material.url})" if _safe(material.url) else name


def _safe(url: str) -> bool:
    return re.fullmatch(r"https?://[^\s<>()\[\]{}\"'\\]+", url) is not None


def _literal(name: str) -> str:
    """A stranger's words as the letters they are: no markup, no field, no condition."""
    return MARKUP.sub(r"\\\1", _plain(name))


def _plain(name: str) -> str:
    return re.sub(r"{(?=[{%])", "{ ", " ".join(name.split()))
