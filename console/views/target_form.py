"""The form of a target: what is looked at, how, and what it depends on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import streamlit as st

from console.desk.connections import Connection as Linked
from console.i18n import _
from console.views import condition_fields, forms
from console.widgets import names
from console.wiring import Console
from probes import targets
from probes.model import NamedModule, Target
from probes.probers import PROBERS
from store.access import Actor
from store.db import Connection
from store.schools import School
from store.timetable import Room


@dataclass(frozen=True)
class Known:
    """What a target of the school may name: others that it depends on, and where it is."""

    targets: Sequence[Target]
    connections: Sequence[Linked]
    modules: Sequence[NamedModule]
    rooms: Sequence[Room]


def edit(
    console: Console, actor: Actor, school: School, target: Target | None, known: Known
) -> None:
    """Open the form of a new target, or of a known one."""
    start = target or Target("", school.id, "", "http", "", interval=timedelta(0))

    def fields() -> Callable[[], None]:
        made = _fields(console, start, known)

        def keep() -> None:
            with console.db.begin() as tx:
                if target:
                    targets.change(tx, actor, made, now=console.now())
                else:
                    _add(console, actor, tx, made)

        return keep

    title = _("Change the target") if target else _("Add a target")
    forms.edit(title, _("Save the target"), fields, icon=":material/dns:")


def _fields(console: Console, start: Target, known: Known) -> Target:
    name = st.text_input(_("Name"), start.name, key="target-name") or ""
    module, prober = _way(start, {each.id: each for each in known.modules})
    placed = _placed(replace(start, name=name), known)
    seconds = _interval(start, prober)
    runbook = st.text_area(
        _("Runbook: what to do when it fails"), start.runbook, height=90, key="target-runbook"
    )
    same = prober == start.prober
    given = condition_fields.draw(
        prober,
        start.module if same else {},
        start.sealed if same else {},
        module.conditions if module else {},
        console.vault,
    )
    return replace(
        placed,
        prober=prober,
        interval=timedelta(seconds=seconds),
        runbook=runbook or "",
        enabled=st.toggle(_("Probe it"), start.enabled, key="target-on"),
        module_id=module.id if module else None,
        module=given.open,
        sealed=given.sealed,
    )


def _placed(start: Target, known: Known) -> Target:
    """Where it is, and what it depends on."""
    address = st.text_input(
        _("Address"), start.address, help=_("A URL, or host:port"), key="target-address"
    )
    linked = {each.id: each.name for each in known.connections}
    connection_id = _pick(_("Connection"), linked, start.connection_id)
    rooms = {each.id: each.name for each in known.rooms}
    room_id = _pick(_("Classroom"), rooms, start.room_id)
    parents = {each.id: each.name for each in known.targets if each.id != start.id}
    parent_ids = st.multiselect(
        _("Depends on"),
        list(parents),
        [each for each in start.parent_ids if each in parents],
        format_func=parents.__getitem__,
        placeholder=_("None"),
        help=_("When one of these fails, it explains this target's failure: one alert, not two."),
        key="target-parents",
    )
    return replace(
        start,
        address=address or "",
        connection_id=connection_id,
        room_id=room_id,
        parent_ids=tuple(parent_ids),
    )


def _interval(start: Target, prober: str) -> float:
    return st.number_input(
        _("Seconds between two checks"),
        min_value=1.0,
        max_value=86_400.0,
        step=1.0,
        format="%g",
        value=start.interval.total_seconds() or PROBERS[prober].interval.total_seconds(),
        key=f"target-every-{prober}",
    )


def _way(start: Target, modules: Mapping[str, NamedModule]) -> tuple[NamedModule | None, str]:
    """How it is looked at: by a module's probe, else by the one that is chosen."""
    module_id = _pick(
        _("Module"), {id_: each.name for id_, each in modules.items()}, start.module_id
    )
    if module_id is not None:
        return modules[module_id], modules[module_id].prober
    probers = list(PROBERS)
    prober = st.selectbox(
        _("Probe"),
        probers,
        index=probers.index(start.prober),
        format_func=names.probe,
        key="target-prober",
    )
    return None, prober


def _pick(label: str, named: dict[str, str], chosen: str | None) -> str | None:
    ids = list(named)
    return st.selectbox(
        label,
        ids,
        index=ids.index(chosen) if chosen in ids else None,
        format_func=named.__getitem__,
        placeholder=_("None"),
        key=f"target-{label}",
    )


def _add(console: Console, actor: Actor, tx: Connection, made: Target) -> None:
    targets.add(
        tx,
        actor,
        made.school_id,
        name=made.name,
        prober=made.prober,
        address=made.address,
        module=made.module,
        interval=made.interval,
        parent_ids=made.parent_ids,
        connection_id=made.connection_id,
        room_id=made.room_id,
        runbook=made.runbook,
        enabled=made.enabled,
        module_id=made.module_id,
        sealed=made.sealed,
        now=console.now(),
    )
