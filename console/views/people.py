"""People: find somebody by name, address or user name."""

import streamlit as st

from console.desk import people
from console.desk.people import Found
from console.i18n import N_, _, listed, ngettext
from console.views import taking_away, unsettled
from console.widgets import actionbar, head, pages, status, strangers, tables
from console.wiring import Console
from store import access, suggesting
from store.access import Actor
from store.schools import School

SHOWN = 100
ROLES = {
    "student": N_("Student"),
    "teacher": N_("Teacher"),
    "guardian": N_("Parent"),
    "staff": N_("Staff"),
}


def page(console: Console, actor: Actor, school: School) -> None:
    head.title(_("People"))
    search = st.text_input(
        _("Find a person"),
        placeholder=_("Name, address or user name"),
        icon=":material/search:",
        label_visibility="collapsed",
        key="people-search",
        max_chars=100,
    )
    with console.db.read() as tx:
        found = people.find(tx, actor, school.id, search=search or "", limit=SHOWN)
    unsettled.draw(console, actor, school)
    if access.may(actor, "moderate", school.id):
        _doubts(console, actor, school)
    if found:
        _list(found)
        taking_away.lists(console, actor, school, "people", _("People"), role=role)
    else:
        _nobody(search or "")
    actionbar.told()


def _doubts(console: Console, actor: Actor, school: School) -> None:
    """The way to where it is said which accounts are one person's."""
    with console.db.read() as tx:
        count = len(suggesting.doubts(tx, actor, school.id))
    if count:
        words = ngettext(
            "{n} account may be somebody's: one person or two?",
            "{n} accounts may be somebody's: one person or two?",
            count,
        )
        pages.link("confirming", words.format(n=count), icon=":material/join_inner:")


def role(name: str) -> str:
    return _(ROLES[name]) if name in ROLES else name


def _list(found: list[Found]) -> None:
    states = [[_account(each.connection, each.suspended) for each in one.accounts] for one in found]
    options = {
        _account(each.connection, each.suspended): each.suspended
        for one in found
        for each in one.accounts
    }
    chosen = tables.choose(
        [
            {
                "name": strangers.line(one.person.name),
                "role": role(one.person.role),
                "group": strangers.line(one.person.group),
                "accounts": shown,
                "courses": strangers.line(listed(one.courses)),
                "email": strangers.line(one.person.email),
            }
            for one, shown in zip(found, states, strict=True)
        ],
        {
            "name": st.column_config.TextColumn(_("Name"), width=190),
            "role": st.column_config.TextColumn(_("Role"), width=100),
            "group": st.column_config.TextColumn(_("Group"), width=80),
            "accounts": status.pills(
                ((name, "red" if off else "green") for name, off in options.items()),
                _("Accounts"),
                width=150,
            ),
            "courses": st.column_config.TextColumn(_("Courses"), width=230),
            "email": st.column_config.TextColumn(_("Address"), width=220),
        },
        ids=[one.person.id for one in found],
        key="people-list",
        alt=_("The people found, with their accounts"),
    )
    st.caption(_many(len(found)))
    if chosen is not None:
        pages.go("person", id=chosen)


def _many(count: int) -> str:
    if count >= SHOWN:
        return _("The first {n}. Write more of the name to find the others.").format(n=count)
    return ngettext("{n} person", "{n} people", count).format(n=count)


def _account(connection: str, suspended: bool) -> str:
    return f"{'▲' if suspended else '●'} {strangers.line(connection)}"


def _nobody(search: str) -> None:
    if search:
        st.info(_("Nobody of that name, address or user name."), icon=":material/search_off:")
        return
    st.info(
        _("No people yet. Sync a connection under Admin, or import a list under Recipients."),
        icon=":material/group:",
    )
