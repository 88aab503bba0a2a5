"""Pick who is meant, and say it back as a sentence with a live count and who is left out, why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from console.i18n import N_, NAMES, _, escape, ngettext, say
from console.views.people import ROLES
from console.widgets import status, strangers, tables
from console.wiring import Console
from mailing import segments
from mailing.segments import Audience, Segment
from store import roster, timetable
from store.access import Actor
from store.roster import Person
from store.schools import LANGUAGES, School
from store.words import Words

LEVELS = {"city": N_("City"), "district": N_("District"), "school": N_("School")}


@dataclass(frozen=True)
class Choices:
    """What a segment can be made of in this school; courses by id."""

    courses: dict[str, str]
    groups: list[str]
    people: dict[str, str]


def choices(console: Console, actor: Actor, school: School, segment: Segment) -> Choices:
    with console.db.read() as tx:
        courses = timetable.courses(tx, actor, school.id)
        everybody = roster.people(tx, actor, school.id, limit=20_000)
    names = {person.id: person.name for person in everybody}
    return Choices(
        {course.id: course.name for course in courses},
        sorted({person.group for person in everybody if person.group}),
        {id_: names.get(id_, id_) for id_ in segment.people},
    )


def pick(segment: Segment, offered: Choices, *, key: str) -> Segment:
    """The pickers, as they stand; what a segment holds and is offered no longer is dropped."""
    everyone = st.toggle(_("Everybody in the school"), segment.everyone, key=f"{key}-everyone")
    if everyone:
        return Segment(everyone=True)
    courses = st.multiselect(
        _("Courses"),
        list(offered.courses),
        default=[each for each in segment.courses if each in offered.courses],
        format_func=offered.courses.__getitem__,
        placeholder=_("Choose"),
        key=f"{key}-courses",
    )
    narrowed = bool(segment.roles + segment.languages + segment.levels + segment.groups)
    more = st.expander(_("Roles, languages, levels, groups"), expanded=narrowed, key=f"{key}-more")
    with more, st.grid(2, min_column_width=180):
        roles = _several(_("Roles"), segment.roles, ROLES, key)
        languages = _several(
            _("Languages"), segment.languages, {each: NAMES[each] for each in LANGUAGES}, key
        )
        levels = _several(_("Levels"), segment.levels, LEVELS, key)
        groups = _several(_("Groups"), segment.groups, {each: each for each in offered.groups}, key)
    people = segment.people
    if people:
        kept = st.multiselect(
            _("People by name"),
            list(offered.people),
            default=list(people),
            format_func=offered.people.__getitem__,
            placeholder=_("Choose"),
            key=f"{key}-people",
        )
        people = tuple(kept)
    return replace(
        segment,
        courses=tuple(courses),
        roles=roles,
        languages=languages,
        levels=levels,
        groups=groups,
        people=people,
        everyone=False,
    )


def _several(label: str, chosen: Sequence[str], names: dict[str, str], key: str) -> tuple[str, ...]:
    found = st.multiselect(
        label,
        list(names),
        default=[each for each in chosen if each in names],
        format_func=lambda each: _(names[each]),
        placeholder=_("Any"),
        key=f"{key}-{label}",
    )
    return tuple(found)


def audience(
    console: Console, actor: Actor, school: School, segment: Segment, *, topic: str = ""
) -> Audience:
    with console.db.read() as tx:
        return segments.audience(tx, actor, school.id, segment, topic=topic)


def count(meant: Audience) -> None:
    """How many get it, how many do not, and why not."""
    getting, out = len(meant.people), len(meant.left_out)
    with st.container(horizontal=True, vertical_alignment="center"):
        words = ngettext("{n} person gets it", "{n} people get it", getting).format(n=getting)
        status.mark(words, "blue" if getting else "gray", icon=":material/groups:")
        if out:
            status.mark(_("Left out: {n}").format(n=out), "gray")
            st.caption(why(meant.left_out), width="content")


def why(left_out: Sequence[tuple[Person, Words]], *, markdown: bool = True) -> str:
    """The reasons with how many each, the commonest first."""
    counted = Counter(say(words, markdown=markdown) for _person, words in left_out)
    return ", ".join(f"{reason.rstrip('.')}: {n}" for reason, n in counted.most_common(4))


def sentence(segment: Segment, offered: Choices) -> str:
    """The segment as people say it, in Markdown."""
    return escape(plain_sentence(segment, offered))


def plain_sentence(segment: Segment, offered: Choices) -> str:
    """The segment as people say it: "Student of Algebra 7B reading Russian"; plain text."""
    if segment.everyone:
        return _("Everybody in the school")
    roles = ", ".join(_(ROLES[each]) for each in segment.roles if each in ROLES)
    parts = [roles or _("People")]
    if segment.courses:
        names = ", ".join(offered.courses.get(each, "?") for each in segment.courses)
        parts.append(_("of {courses}").format(courses=strangers.line(names, limit=400)))
    if segment.groups:
        parts.append(
            _("in group {groups}").format(
                groups=strangers.line(", ".join(segment.groups), limit=400)
            )
        )
    if segment.levels:
        levels = ", ".join(_(LEVELS[each]) for each in segment.levels if each in LEVELS)
        parts.append(_("at level {levels}").format(levels=levels))
    if segment.languages:
        said = ", ".join(NAMES.get(each, each) for each in segment.languages)
        parts.append(_("reading {languages}").format(languages=said))
    if parts == [_("People")]:
        parts = []
    by_name = len(segment.people)
    if by_name:
        parts += ["+"] if parts else []
        parts.append(
            ngettext("{n} person by name", "{n} people by name", by_name).format(n=by_name)
        )
    return " ".join(parts) or _("Nobody yet")


def listed(meant: Audience) -> None:
    """Everybody who is meant, those left out with the reason."""
    rows = [(person, "") for person in meant.people]
    rows += [(person, say(words, markdown=False)) for person, words in meant.left_out]
    tables.show(
        [
            {
                "name": strangers.line(person.name),
                "email": strangers.line(person.email),
                "language": NAMES.get(person.language, person.language),
                "group": strangers.line(person.group),
                "why": reason,
            }
            for person, reason in rows
        ],
        {
            "name": st.column_config.TextColumn(_("Name"), width=190),
            "email": st.column_config.TextColumn(_("Address"), width=240),
            "language": st.column_config.TextColumn(_("Language"), width=100),
            "group": st.column_config.TextColumn(_("Group"), width=80),
            "why": st.column_config.TextColumn(_("Left out because"), width=230),
        },
        alt=_("The people who are meant"),
    )
