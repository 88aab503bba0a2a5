"""The form of a target. Its conditions are written as TOML: `status = "200-299"`."""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import streamlit as st

from console.desk.connections import Connection as Linked
from console.i18n import N_, _
from console.views import forms
from console.wiring import Console
from probes import targets
from probes.model import Module, Target
from probes.probers import PROBERS
from probes.targets import TargetError
from store.access import Actor
from store.db import Connection
from store.schools import School

BAD_MODULE = N_("The conditions are not TOML: {problem}. Write one on each line: name = value.")


def edit(
    console: Console,
    actor: Actor,
    school: School,
    target: Target | None,
    known: Sequence[Target],
    linked: Sequence[Linked],
) -> None:
    """Open the form of a new target, or of a known one."""
    start = target or Target("", school.id, "", "http", "", interval=timedelta(0))

    def fields() -> Callable[[], None]:
        made, conditions = _fields(start, known, linked)

        def keep() -> None:
            whole = replace(made, module=_module(conditions))
            with console.db.begin() as tx:
                if target:
                    targets.change(tx, actor, whole, now=console.now())
                else:
                    _add(console, actor, tx, whole)

        return keep

    title = _("Change the target") if target else _("Add a target")
    forms.edit(title, _("Save the target"), fields, icon=":material/dns:")


def _fields(start: Target, known: Sequence[Target], linked: Sequence[Linked]) -> tuple[Target, str]:
    name = st.text_input(_("Name"), start.name, key="target-name")
    probers = list(PROBERS)
    prober = st.selectbox(
        _("Probe"), probers, index=probers.index(start.prober), key="target-prober"
    )
    address = st.text_input(
        _("Address"), start.address, help=_("A URL, or host:port"), key="target-address"
    )
    connection_id = _pick(
        _("Connection"), {each.id: each.name for each in linked}, start.connection_id
    )
    parents = {each.id: each.name for each in known if each.id != start.id}
    parent_ids = st.multiselect(
        _("Depends on"),
        list(parents),
        [each for each in start.parent_ids if each in parents],
        format_func=parents.__getitem__,
        placeholder=_("None"),
        help=_("When one of these fails, it explains this target's failure: one alert, not two."),
        key="target-parents",
    )
    seconds = st.number_input(
        _("Seconds between two checks"),
        min_value=1,
        max_value=3600,
        value=int(start.interval.total_seconds()) or int(PROBERS[prober].interval.total_seconds()),
        key=f"target-every-{prober}",
    )
    runbook = st.text_area(
        _("Runbook: what to do when it fails"), start.runbook, height=90, key="target-runbook"
    )
    conditions = st.text_area(
        _("Conditions (TOML)"), _written(start.module), height=80, key="target-module"
    )
    enabled = st.toggle(_("Probe it"), start.enabled, key="target-on")
    made = replace(
        start,
        name=name or "",
        prober=prober,
        address=address or "",
        connection_id=connection_id,
        parent_ids=tuple(parent_ids),
        interval=timedelta(seconds=seconds),
        runbook=runbook or "",
        enabled=enabled,
    )
    return made, conditions or ""


def _pick(label: str, names: dict[str, str], chosen: str | None) -> str | None:
    ids = list(names)
    return st.selectbox(
        label,
        ids,
        index=ids.index(chosen) if chosen in ids else None,
        format_func=names.__getitem__,
        placeholder=_("None"),
        key=f"target-{label}",
    )


def _add(console: Console, actor: Actor, tx: Connection, made: Target) -> None:
    id_ = targets.add(
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
        runbook=made.runbook,
        now=console.now(),
    )
    if not made.enabled:
        targets.change(tx, actor, replace(made, id=id_), now=console.now())


def _module(conditions: str) -> Module:
    try:
        found = tomllib.loads(conditions)
    except tomllib.TOMLDecodeError as error:
        raise TargetError(BAD_MODULE, {"problem": str(error)}) from error
    for name, value in found.items():
        if not isinstance(value, str | int | float | bool):
            raise TargetError(BAD_MODULE, {"problem": name})
    return found


def _written(module: Module) -> str:
    return "\n".join(f"{name} = {_value(value)}" for name, value in module.items())


def _value(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)
