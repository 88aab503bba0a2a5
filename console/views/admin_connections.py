"""The platforms that the school works with: state, last sync, what is wrong and how to mend it."""

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from console.desk import connections
from console.desk.connections import Connection
from console.i18n import _, escape, moment, say
from console.views import acting, connecting, keeping
from console.views.connection_form import add, change
from console.widgets import actionbar, confirm, status
from console.wiring import Console
from platforms import PLATFORMS
from platforms.base import PlatformError
from platforms.capabilities import Moderated
from store.access import Actor
from store.schools import School

STATES: Mapping[str, str] = {"ok": "ok", "failing": "down"}


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        known = connections.of(tx, actor, school.id)
    with st.container(horizontal=True):
        if st.button(_("Add a connection"), icon=":material/add:", key="connection-add"):
            add(console, actor, school)
        if st.button(_("Check everything"), icon=":material/stethoscope:", key="doctor"):
            _examine(console, actor)
    if not known:
        st.info(
            _("Nothing is connected yet. Add Moodle first: it brings people and courses."),
            icon=":material/power:",
        )
    for connection in sorted(known, key=lambda each: each.state != "failing"):
        with st.container(border=True, key=f"connection-{connection.id}"):
            _card(console, actor, school, connection)


def _card(console: Console, actor: Actor, school: School, connection: Connection) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if connection.state in STATES:
            status.badge(STATES[connection.state])
        else:
            status.mark(_("Not tried yet"), "gray", shape="○")
        platform = PLATFORMS[connection.platform].name
        st.markdown(f"**{escape(connection.name)}** · {platform}", width="content")
        st.caption(" · ".join(_facts(console, school, connection)), width="content")
    if connection.detail:
        st.markdown(f":red[{say(connection.detail)}]")
    if connection.advice:
        st.markdown(say(connection.advice))
    if hasattr(PLATFORMS[connection.platform].adapter, "hooked"):
        st.caption(_("It can tell of new posts by itself: enter this as its webhook's address."))
        st.code(console.hook_address(connection.id), language=None)
    _technical(connection)
    with st.container(horizontal=True):
        _buttons(console, actor, connection)


def _technical(connection: Connection) -> None:
    """What moderators are told in words, as those call it who look after the platform."""
    try:
        adapter = PLATFORMS[connection.platform].adapter(connection.url, "", connection.options)
    except PlatformError:
        return
    if isinstance(adapter, Moderated) and adapter.removal:
        with st.expander(_("For technicians"), icon=":material/code:"):
            st.caption(_("A comment is removed by this call of the platform:"))
            st.code(adapter.removal, language=None)


def _facts(console: Console, school: School, connection: Connection) -> list[str]:
    now, said = console.now(), [escape(connection.url)]
    if connection.checked_at:
        checked = moment(connection.checked_at, school.zone, now=now)
        said.append(_("checked {time}").format(time=checked))
    if connection.synced_at:
        synced = moment(connection.synced_at, school.zone, now=now)
        said.append(_("synced {time}").format(time=synced))
    return said


def _buttons(console: Console, actor: Actor, connection: Connection) -> None:
    id_, failing = connection.id, connection.state == "failing"
    if st.button(
        _("Fix") if failing else _("Change"),
        key=f"change-{id_}",
        icon=":material/build:" if failing else ":material/edit:",
        type="primary" if failing else "secondary",
    ):
        change(console, actor, connection)
    if st.button(_("Test"), key=f"test-{id_}", icon=":material/network_check:"):
        _then_tell(partial(connecting.test, console, actor, connection))
    if st.button(_("Sync now"), key=f"sync-{id_}", icon=":material/sync:"):
        _then_tell(partial(connecting.bring, console, actor, connection))
    if st.button(_("Remove"), key=f"remove-{id_}", icon=":material/delete:", type="tertiary"):
        _ask_removal(console, actor, connection)


def _then_tell(act: Callable[[], object]) -> None:
    with acting.guarded():
        act()
    st.rerun()


def _ask_removal(console: Console, actor: Actor, connection: Connection) -> None:
    confirm.ask(
        _("Remove this connection?"),
        {
            _("What"): f"{connection.name}, {connection.url}",
            _("Goes with it"): _("its accounts, courses and rooms; people stay"),
            _("Undo"): _("add it again with its secret, then sync"),
        },
        _("Remove the connection"),
        partial(
            keeping.remove,
            console,
            actor,
            connections.remove,
            connection.id,
            _("{name} is removed.").format(name=escape(connection.name)),
        ),
        icon=":material/delete:",
    )


def _examine(console: Console, actor: Actor) -> None:
    """Ask the doctor, and say all that fails; the connections keep their own sentence."""
    with acting.guarded():
        with st.spinner(_("Checking everything")):
            found = console.examine(actor)
        failing = [finding for finding in found if finding.state == "failing"]
        told = [
            f":red[▲] {escape(each.name)}: {say(each.problem)} {say(each.advice)}".rstrip()
            for each in failing
        ]
        actionbar.say("  \n".join(told) or f":green[●] {_('All is well.')}")
    st.rerun()
