"""One person or two? Accounts that share an address with somebody, until somebody says so."""

from collections.abc import Callable, Sequence
from datetime import datetime

import streamlit as st

from console.desk import linked
from console.i18n import _, escape, ngettext, say
from console.views import acting
from console.views.people import role
from console.widgets import actionbar, head, pages, strangers
from console.widgets.actionbar import Act
from console.widgets.pager import pager
from console.wiring import Console
from store import linking, suggesting
from store.access import Actor
from store.db import Connection
from store.schools import School
from store.suggesting import Doubt

AT_ONCE = 20  # of them on a page


def page(console: Console, actor: Actor, school: School) -> None:
    head.title(_("One person or two"), back="people")
    with console.db.read() as tx:
        found = suggesting.doubts(tx, actor, school.id)
    if not found:
        st.info(_("No address waits for anybody's word."), icon=":material/done_all:")
        actionbar.told()
        return
    st.caption(
        _(
            "One address, and perhaps one person. Until somebody says so, a block leaves the "
            "account out, and each keeps their own name, courses and mail."
        )
    )
    shown = pager(len(found), key="confirming-page", of=school.id, size=AT_ONCE)
    chosen = [each for each in found[shown.begin : shown.end] if _row(each)]
    actionbar.bar(_acts(console, actor, chosen))


def _row(doubt: Doubt) -> bool:
    """Ticked beforehand where the names agree too."""
    who = f"**{strangers.name(doubt.person)}** · {role(doubt.role)}"
    account = f"**{escape(doubt.connection)}** · {strangers.name(doubt.called)}"
    with st.container(border=True, gap="xxsmall"):
        ticked = st.checkbox(
            f"{who} :material/join_inner: {account}",
            value=doubt.agrees,
            key=f"doubt-{doubt.account_id}-{doubt.person_id}",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_why(doubt), width="content")
            pages.link("person", _("Open"), icon=":material/person:", id=doubt.person_id)
    return ticked


def _why(doubt: Doubt) -> str:
    why = say(linking.SAME if doubt.agrees else linking.ADDRESS)
    parts = [why, strangers.name(doubt.email)]
    if doubt.username != doubt.called:
        parts.append(strangers.name(doubt.username))
    if doubt.joined:
        parts.append(f":orange[◆] {_('counts as theirs so far')}")
    return " · ".join(parts)


def _acts(console: Console, actor: Actor, chosen: Sequence[Doubt]) -> list[Act]:
    count, off = len(chosen), None if chosen else _("Tick those whom you know.")
    one = ngettext("One person: {n}", "One person: {n}", count).format(n=count)
    two = ngettext("Two people: {n}", "Two people: {n}", count).format(n=count)
    return [
        Act(
            "one-person",
            one,
            lambda: _say(console, actor, chosen, linked.confirm),
            "A",
            ":material/join_inner:",
            "primary",
            off=off,
            hint=_("The account is theirs; to undo it, take it apart on their page."),
        ),
        Act(
            "two-people",
            two,
            lambda: _say(console, actor, chosen, linked.keep_apart),
            "Z",
            ":material/call_split:",
            off=off,
            hint=_("They are not asked about again; to undo it, link the account on their page."),
        ),
    ]


def _say(
    console: Console,
    actor: Actor,
    chosen: Sequence[Doubt],
    act: Callable[[Connection, Actor, Sequence[Doubt], datetime], int],
) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            done = act(tx, actor, chosen, console.now())
        words = ngettext("Said of {n} account.", "Said of {n} accounts.", done)
        actionbar.say(f":green[●] {words.format(n=done)}")
    st.rerun()
