"""Import people from a table: first what it would bring, with every bad line named."""

import streamlit as st

from console.desk import importing
from console.desk.importing import PersonRow, Plan
from console.i18n import _, ngettext, say
from console.views import acting, plans
from console.views.people import role
from console.widgets import actionbar, strangers, tables
from console.wiring import Console
from store import access
from store.access import Actor
from store.schools import School

SAMPLE = (
    "email,name,role,language,group,born,guardian of\n"
    "alina@pupils.example,Alina Vetrova,student,ru,7B,2012-05-30,\n"
    "vetrov@home.example,Oleg Vetrov,guardian,ru,,,alina@pupils.example\n"
)
SHOWN = 200  # rows and bad lines drawn; all good rows come in


def draw(console: Console, actor: Actor, school: School) -> None:
    access.require(actor, "write", school.id)
    st.caption(_("A CSV table or an Excel workbook; its first line names the columns."))
    st.caption(_("Only email is needed. “guardian of” holds the children's addresses."))
    st.caption(
        _("“born”, or “minor” with yes or no, tells whose parents are meant: those of minors.")
    )
    st.code(SAMPLE, language=None)
    taken = st.session_state.get("import-count", 0)  # a new key empties the field
    given = st.file_uploader(_("Table of people"), type=["csv", "xlsx"], key=f"import-file-{taken}")
    if given is None:
        return
    content = given.getvalue()
    encoding = plans.encoding(content, school, key=f"import-{taken}")
    plan = importing.people_table(content, encoding=encoding, language=school.language)
    plans.problems(plan.problems)
    if not plan.rows:
        return
    _rows(plan)
    if count := importing.sharing(plan):
        words = ngettext(
            "{n} of them shares an address with another: each is a person of their own, and gets "
            "what is meant for them.",
            "{n} of them share an address with another: each is a person of their own, and gets "
            "what is meant for them.",
            count,
        )
        st.caption(words.format(n=count))
    label = ngettext("Import {n} person", "Import {n} people", len(plan.rows))
    if st.button(
        label.format(n=len(plan.rows)), type="primary", icon=":material/upload:", key="import-yes"
    ):
        _import(console, actor, school, plan)


def _rows(plan: Plan[PersonRow]) -> None:
    tables.show(
        [
            {
                "name": strangers.line(row.name),
                "email": strangers.line(row.email),
                "role": role(row.role),
                "language": row.language,
                "group": strangers.line(row.group),
            }
            for row in plan.rows[:SHOWN]
        ],
        {
            "name": _("Name"),
            "email": _("Address"),
            "role": _("Role"),
            "language": _("Language"),
            "group": _("Group"),
        },
        alt=_("The people that would come in"),
        shown=8,
    )


def _import(console: Console, actor: Actor, school: School, plan: Plan[PersonRow]) -> None:
    with acting.guarded():
        brought = importing.apply(console.db, actor, school.id, plan, now=console.now())
        st.session_state["import-count"] = st.session_state.get("import-count", 0) + 1
        words = ngettext("{n} person is in.", "{n} people are in.", brought.people)
        said = f":green[●] {words.format(n=brought.people)}"
        for problem in brought.problems[:3]:
            said += f" :orange[◆] {say(problem.what)}"
        actionbar.say(said)
    st.rerun()
