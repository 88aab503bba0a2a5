"""Pick who is meant, and say it back as a sentence with a live count and who is left out, why."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from console.i18n import N_, NAMES, _, language, ngettext, say
from console.views.people import ROLES
from console.widgets import status, strangers, tables
from console.wiring import Console
from mailing import alike, campaigns, conditions, segments
from mailing.model import Campaign
from mailing.segments import Audience, Guardians, Segment
from store import roster, timetable
from store.access import Actor
from store.roster import Person
from store.schools import LANGUAGES, School
from store.words import Words

FIELD = re.compile(r"\{\{[^{}]*\}\}")  # differs from reader to reader
GUARDIANS: dict[Guardians, str] = {
    "": N_("Not asked"),
    "too": N_("Parents of minors too"),
    "instead": N_("Parents of minors instead"),
}
LEVELS = {"city": N_("City"), "district": N_("District"), "school": N_("School")}


@dataclass(frozen=True)
class Choices:
    """What a segment can be made of in this school; courses by id."""

    courses: dict[str, str]
    groups: list[str]
    people: dict[str, str]
    campaigns: dict[str, str]  # released ones, by subject


def choices(console: Console, actor: Actor, school: School, segment: Segment) -> Choices:
    with console.db.read() as tx:
        courses = timetable.courses(tx, actor, school.id)
        everybody = roster.people(tx, actor, school.id, limit=20_000)
        written = campaigns.of(tx, actor, school.id)
    names = {person.id: person.name for person in everybody}
    return Choices(
        {course.id: course.name for course in courses},
        sorted({person.group for person in everybody if person.group}),
        {id_: names.get(id_, id_) for id_ in segment.people},
        {each.id: _offered(each) for each in written if each.state != "draft"},
    )


def subject(written: Mapping[str, str]) -> str:
    """The subject in the reader's language, else in the first one written; plain text.

    What differs from reader to reader is left open.
    """
    said = {each: text for each, text in written.items() if text.strip()}
    found = said.get(language()) or next(iter(said.values()), "")
    open_ = FIELD.sub("…", conditions.shared(found, "…"))
    return strangers.line(open_) or _("Without a subject")


def _offered(campaign: Campaign) -> str:
    """A campaign of which only sums are left is told apart: by it nobody can be meant."""
    said = subject(campaign.subject)
    return _("{mail} (names let go)").format(mail=said) if campaign.reduced_at else said


def pick(segment: Segment, offered: Choices, *, key: str) -> Segment:
    """The pickers, as they stand; what a segment holds and is offered no longer is dropped."""
    everyone = st.toggle(_("Everybody in the school"), segment.everyone, key=f"{key}-everyone")
    about = segment.about
    if about and not st.toggle(_("Only whom its courses concern"), value=True, key=f"{key}-about"):
        about = ()
    if everyone:
        return Segment(everyone=True, about=about)
    courses = st.multiselect(
        _("Courses"),
        list(offered.courses),
        default=[each for each in segment.courses if each in offered.courses],
        format_func=lambda id_: strangers.line(offered.courses[id_]),
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
        groups = _several(
            _("Groups"),
            segment.groups,
            {each: strangers.line(each) for each in offered.groups},
            key,
        )
    people = _people(segment.people, offered, key)
    return replace(
        _by_deeds(segment, offered, key),
        courses=tuple(courses),
        roles=roles,
        languages=languages,
        levels=levels,
        groups=groups,
        people=people,
        everyone=False,
        about=about,
    )


def _people(chosen: tuple[str, ...], offered: Choices, key: str) -> tuple[str, ...]:
    """Those of the chosen people who stay; nothing to draw where nobody is chosen by name."""
    if not chosen:
        return chosen
    kept = st.multiselect(
        _("People by name"),
        list(offered.people),
        default=list(chosen),
        format_func=lambda id_: strangers.line(offered.people[id_]),
        placeholder=_("Choose"),
        key=f"{key}-people",
    )
    return tuple(kept)


def _by_deeds(segment: Segment, offered: Choices, key: str) -> Segment:
    """What they did and got, and whether their guardians are meant."""
    chosen = bool(segment.got + segment.missed + (segment.guardians,) * bool(segment.guardians))
    more = st.expander(
        _("What they got, when they came, parents"),
        expanded=chosen or bool(segment.unseen_days),
        key=f"{key}-deeds",
    )
    with more, st.grid(2, min_column_width=180):
        got = _several(_("Got"), segment.got, offered.campaigns, key)
        missed = _several(_("Did not get"), segment.missed, offered.campaigns, key)
        days = st.number_input(
            _("Not seen for days"),
            min_value=0,
            max_value=3650,
            value=segment.unseen_days,
            help=_("On none of the platforms; 0 asks nothing."),
            key=f"{key}-unseen",
        )
        guardians = st.selectbox(
            _("Parents"),
            list(GUARDIANS),
            index=list(GUARDIANS).index(segment.guardians),
            format_func=lambda each: _(GUARDIANS[each]),
            key=f"{key}-guardians",
        )
    return replace(segment, got=got, missed=missed, unseen_days=days, guardians=guardians)


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
    console: Console,
    actor: Actor,
    school: School,
    segment: Segment,
    *,
    letter: Campaign | None = None,
) -> Audience:
    """`letter`: which one they are to get; before there is one, an address gets one of any."""
    with console.db.read() as tx:
        return segments.audience(
            tx,
            actor,
            school.id,
            segment,
            topic=letter.topic if letter else "",
            letters=alike.letters(tx, actor, letter) if letter else segments.same,
            now=console.now(),
        )


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
    return ", ".join(f"{reason.rstrip('.。')}: {n}" for reason, n in counted.most_common(4))


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
