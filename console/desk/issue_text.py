"""The words of an issue, subject and body, in one language; names are letters, never markup."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from console.desk.issue_contents import Drawn
from console.i18n import _, clock, moment, speaking, weekday
from mailing import conditions, courses
from mailing.standing import Standing
from platforms.base import Material
from store.db import instant
from store.schools import School
from store.timetable import Lesson

MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")  # what would make a link, a picture or code of a name
MOST = 60  # lines of one part of an issue


def subject(rule: Standing, period: datetime, school: School, language: str) -> str:
    with speaking(language):
        return f"{_plain(rule.name)}: {weekday(period, school.zone)}"


def body(
    drawn: Drawn,
    school: School,
    link: Callable[[str], str],
    names: Mapping[str, str],
    language: str,
    now: datetime,
) -> str:
    """`names`: by course, of those whose readers can be told by it; the others get no door."""
    with speaking(language):
        parts = [_("Hello {name},").format(name="{{ name }}")]
        parts += _of_lessons(drawn.lessons, school, link, names)
        if drawn.changes:
            said = [_change(each, school, now) for each in drawn.changes[:MOST]]
            parts += [f"## {_('What changed')}", "\n".join(f"- {each}" for each in said)]
        if drawn.added:
            said = [_material(*each) for each in drawn.added[:MOST]]
            parts += [f"## {_('New materials')}", "\n".join(f"- {each}" for each in said)]
        parts.append(_("Times are by the school's clock ({zone}).").format(zone=school.time_zone))
        return "\n\n".join(parts)


def _of_lessons(
    lessons: list[Lesson], school: School, link: Callable[[str], str], names: Mapping[str, str]
) -> list[str]:
    """A heading a day, a line a lesson; whoever holds its link comes in, so the class has it."""
    if not lessons:
        return []
    days: dict[str, list[str]] = {}
    for each in lessons[:MOST]:
        teacher = f", {_literal(each.teacher_name)}" if each.teacher_name else ""
        line = (
            f"- **{clock(each.starts_at, school.zone)}–{clock(each.ends_at, school.zone)}** "
            f"{_literal(each.title)}{teacher}"
        )
        if name := names.get(each.course_id or ""):
            door = f" · [{_('Come in')}]({link(each.id)})"
            line += conditions.alone(courses.FIELD, name, door)
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
