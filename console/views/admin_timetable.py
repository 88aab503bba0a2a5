"""Bring a timetable in, from a table or iCalendar: first what it would bring, then lessons."""

from collections.abc import Sequence

import streamlit as st

from console.desk import importing
from console.desk.importing import LessonRow, Plan
from console.i18n import _, clock, day, labelled, ngettext, number, say
from console.views import acting, plans
from console.widgets import actionbar, strangers, tables
from console.wiring import Console
from store import access
from store.access import Actor
from store.moves import Move
from store.schools import School

SHOWN = 200  # lessons drawn; all good ones come in
COUNT = "timetable-count"  # session state: a new number makes a new, empty field


def draw(console: Console, actor: Actor, school: School) -> None:
    access.require(actor, "steer", school.id)
    st.caption(_("A CSV table (title, start, end, room, server, course, teacher) or an .ics file."))
    key = f"timetable-{st.session_state.get(COUNT, 0)}"
    given = st.file_uploader(_("Timetable"), type=["csv", "ics"], key=key)
    if given is None:
        return
    content = given.getvalue()
    encoding = plans.encoding(content, school, key=key)
    plan = importing.timetable(content, zone=school.zone, encoding=encoding, now=console.now())
    plans.problems(plan.problems)
    if not plan.rows:
        return
    _rows(plan, school)
    _moves(importing.moves(console.db, actor, school.id, plan, now=console.now()), school)
    label = ngettext("Import {n} lesson", "Import {n} lessons", len(plan.rows))
    if st.button(
        label.format(n=len(plan.rows)), type="primary", icon=":material/upload:", key="lessons-yes"
    ):
        _import(console, actor, school, plan)


def _rows(plan: Plan[LessonRow], school: School) -> None:
    tables.show(
        [
            {
                "start": f"{day(row.starts_at, school.zone)} {clock(row.starts_at, school.zone)}",
                "end": clock(row.ends_at, school.zone),
                "title": strangers.line(row.title),
                "room": strangers.line(row.room_name or row.room),
                "server": strangers.line(row.server),
            }
            for row in plan.rows[:SHOWN]
        ],
        {
            "start": _("Begins"),
            "end": _("Ends"),
            "title": _("Lesson"),
            "room": _("Room"),
            "server": _("Server"),
        },
        alt=_("The lessons that would come in"),
        shown=8,
    )


def _moves(moves: Sequence[Move], school: School) -> None:
    """Lessons that are known at another hour: what was written of them stays theirs."""
    if not moves:
        return
    words = ngettext("{n} lesson has another hour", "{n} lessons have another hour", len(moves))
    st.markdown(f":orange[◆] {words.format(n=number(len(moves)))}")
    tables.show(
        [
            {
                "title": strangers.line(each.title),
                "before": f"{day(each.before, school.zone)} {clock(each.before, school.zone)}",
                "after": f"{day(each.after, school.zone)} {clock(each.after, school.zone)}",
            }
            for each in moves[:SHOWN]
        ],
        {"title": _("Lesson"), "before": _("Moves from"), "after": _("Moves to")},
        alt=_("The lessons that would move"),
        shown=8,
    )


def _import(console: Console, actor: Actor, school: School, plan: Plan[LessonRow]) -> None:
    with acting.guarded():
        done = importing.apply_timetable(console.db, actor, school.id, plan, now=console.now())
        st.session_state[COUNT] = st.session_state.get(COUNT, 0) + 1
        words = ngettext("{n} lesson is in.", "{n} lessons are in.", done.lessons)
        told = [f":green[●] {words.format(n=done.lessons)}"]
        told += [
            f":orange[◆] {labelled(_('Line {n}').format(n=problem.line), say(problem.what))}"
            for problem in done.problems[:5]
        ]
        actionbar.say("  \n".join(told))
    st.rerun()
