"""The form of a module: a prober with its conditions, under a name."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from console.i18n import _
from console.views import condition_fields, forms
from console.widgets import names
from console.wiring import Console
from probes import modules
from probes.model import NamedModule
from probes.probers import PROBERS
from store.access import Actor
from store.schools import School


def edit(console: Console, actor: Actor, school: School, module: NamedModule | None) -> None:
    """Open the form of a new module, or of a known one, whose probe stays as it is."""
    start = module or NamedModule("", school.id, "", "http")

    def fields() -> Callable[[], None]:
        made = _fields(console, start)

        def keep() -> None:
            with console.db.begin() as tx:
                if module:
                    modules.change(tx, actor, made, now=console.now())
                else:
                    modules.add(tx, actor, made, now=console.now())

        return keep

    title = _("Change the module") if module else _("Add a module")
    forms.edit(title, _("Save the module"), fields, icon=":material/tune:")


def _fields(console: Console, start: NamedModule) -> NamedModule:
    name = st.text_input(_("Name"), start.name, key="module-name")
    probers = list(PROBERS)
    prober = st.selectbox(
        _("Probe"),
        probers,
        index=probers.index(start.prober),
        format_func=names.probe,
        disabled=bool(start.id),
        key="module-prober",
    )
    given = condition_fields.draw(prober, start.conditions, start.sealed, {}, console.vault)
    return replace(
        start, name=name or "", prober=prober, conditions=given.open, sealed=given.sealed
    )
