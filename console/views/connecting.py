"""Try a connection and bring what it lists, over the wire, and say in the bar how it went."""

import streamlit as st

from console.desk import connections, sync
from console.desk.connections import Connection
from console.i18n import _, escape, ngettext, say
from console.widgets import actionbar
from console.wiring import Console
from store.access import Actor


def test(console: Console, actor: Actor, connection: Connection) -> bool:
    """Try it over the wire and say in the bar how it went; True when it works."""
    with st.spinner(_("Trying the connection")):
        health = connections.test(console.db, actor, console.vault, connection.id, console.now())
    problem, advice = connections.words_of(health)
    name = escape(connection.name)
    if problem is None:
        actionbar.say(f":green[●] {_('{name} answers.').format(name=name)}")
        return True
    actionbar.say(f":red[▲] {name}: {say(problem)} {say(advice)}".rstrip())
    return False


def bring(console: Console, actor: Actor, connection: Connection) -> None:
    """Sync people, courses and rooms, and say in the bar what came."""
    with st.spinner(_("Reading people, courses and rooms")):
        synced = sync.sync(console.db, actor, connection.id, console.adapters, now=console.now())
    parts = [
        ngettext("{n} person", "{n} people", synced.people).format(n=synced.people),
        ngettext("{n} course", "{n} courses", synced.courses).format(n=synced.courses),
        ngettext("{n} room", "{n} rooms", synced.rooms).format(n=synced.rooms),
    ]
    if synced.gone:
        parts.append(_("no longer there: {n}").format(n=synced.gone))
    told = [f":green[●] {escape(connection.name)}: {', '.join(parts)}"]
    told += [f":orange[◆] {say(problem)}" for problem in synced.problems]
    actionbar.say("  \n".join(told))
