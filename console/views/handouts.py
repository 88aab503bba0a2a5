"""The links that participants report behind: a comment, of one course or of any, and trouble."""

import streamlit as st

from console.i18n import _
from console.widgets import strangers
from console.wiring import Console
from store import timetable
from store.access import Actor
from store.schools import School


def comments(console: Console, actor: Actor, school: School) -> None:
    """A popover with the link of the course that is chosen, to be copied with one click."""
    with console.db.read() as tx:
        found = timetable.courses(tx, actor, school.id)
    names = {"": _("All courses")} | {course.id: strangers.line(course.name) for course in found}
    with st.popover(_("Link to report comments"), icon=":material/link:", key="complaint-link"):
        st.caption(_("Give it to participants. They report comments there without an account."))
        chosen = st.selectbox(
            _("Course"), list(names), format_func=names.__getitem__, key="complaint-course"
        )
        st.caption(_("What is reported there is looked for in that course alone."))
        link(console.complaint_link(school.id, chosen or ""))


def of_course(console: Console, school: School, course_id: str | None) -> None:
    """Both links for the people of one lesson, to be put into a notice."""
    with st.expander(_("Links for participants"), icon=":material/link:"):
        st.caption(_("To report trouble:"))
        link(console.report_link(school.id))
        st.caption(_("To report a comment of this course:"))
        link(console.complaint_link(school.id, course_id or ""))


def link(address: str) -> None:
    st.code(address, language=None, wrap_lines=True)
