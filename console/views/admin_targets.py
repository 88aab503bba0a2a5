"""What is probed: add a target, change how it is probed, switch it off, remove it."""

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st

from console.desk import connections
from console.i18n import N_, _, escape, say, span
from console.views import admin_modules, keeping
from console.views.target_form import Known, edit
from console.widgets import confirm, names, status, strangers, tables
from console.wiring import Console
from probes import modules, targets
from probes.model import Target
from store import timetable
from store.access import Actor
from store.schools import School

ON, OFF = N_("● On"), N_("○ Off")


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        known = targets.of(tx, actor, school.id)
        linked = connections.of(tx, actor, school.id)
        made = modules.of(tx, actor, school.id)
        rooms = timetable.rooms(tx, actor, school.id)
    open_form = partial(edit, console, actor, school, known=Known(known, linked, made, rooms))
    with st.container(horizontal=True):
        if st.button(_("Add a target"), icon=":material/add:", key="target-add"):
            open_form(None)
        admin_modules.as_file(console, actor, school)
    for words in modules.awaited([*made, *known]):
        st.warning(say(words), icon=":material/key:")
    _targets(console, actor, known, {module.id: module.name for module in made}, open_form)
    admin_modules.draw(console, actor, school, made, known)


def _targets(
    console: Console,
    actor: Actor,
    known: list[Target],
    made: Mapping[str, str],
    open_form: Callable[[Target], None],
) -> None:
    if not known:
        st.info(_("Nothing is probed yet. Add what must work: Moodle, a media server, a stream."))
        return
    chosen = {target.id: target for target in known}.get(_list(known, made) or "")
    if chosen is None:
        st.caption(_("Tick a target to change or remove it."))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape(chosen.name)}**", width="content")
        if st.button(_("Change"), key=f"target-change-{chosen.id}", icon=":material/edit:"):
            open_form(chosen)
        if st.button(
            _("Remove"),
            key=f"target-remove-{chosen.id}",
            icon=":material/delete:",
            type="tertiary",
        ):
            _ask_removal(console, actor, chosen)


def _list(known: list[Target], made: Mapping[str, str]) -> str | None:
    titles = {target.id: target.name for target in known}
    return tables.choose(
        [
            {
                "on": [_(ON if target.enabled else OFF)],
                "name": strangers.line(target.name),
                "prober": names.probe(target.prober),
                "module": strangers.line(made.get(target.module_id or "", "")),
                "address": strangers.line(target.address),
                "every": span(target.interval),
                "parent": strangers.line(
                    ", ".join(titles.get(parent_id, "") for parent_id in target.parent_ids)
                ),
            }
            for target in known
        ],
        {
            "on": status.pills([(_(ON), "green"), (_(OFF), "gray")], _("Probed"), width=90),
            "name": st.column_config.TextColumn(_("Target"), width=190),
            "prober": st.column_config.TextColumn(_("Probe"), width=100),
            "module": st.column_config.TextColumn(_("Module"), width=120),
            "address": st.column_config.TextColumn(_("Address"), width=230),
            "every": st.column_config.TextColumn(_("Every"), width=80),
            "parent": st.column_config.TextColumn(_("Depends on"), width=150),
        },
        ids=[target.id for target in known],
        key="target-list",
        alt=_("The targets that are probed"),
    )


def _ask_removal(console: Console, actor: Actor, target: Target) -> None:
    confirm.ask(
        _("Remove this target?"),
        {
            _("What"): f"{target.name}, {target.address}".rstrip(", "),
            _("Goes with it"): _("its open alert and its history"),
            _("Undo"): _("none; to stop for a while, switch it off instead"),
        },
        _("Remove the target"),
        partial(
            keeping.remove,
            console,
            actor,
            targets.remove,
            target.id,
            _("{name} is removed.").format(name=escape(target.name)),
        ),
        icon=":material/delete:",
    )
