"""The fields of a prober's conditions: empty ones leave what holds without them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import streamlit as st

from console.i18n import N_, _
from probes import fitting
from probes.model import Module
from probes.probers.settable import Condition
from store.vault import Vault

Given = str | float | bool
YES, NO = N_("yes"), N_("no")


@dataclass(frozen=True)
class Conditions:
    """What was entered: open conditions, and sealed ones by name."""

    open: Module
    sealed: Mapping[str, str]


def draw(
    prober: str, own: Module, sealed: Mapping[str, str], base: Module, vault: Vault
) -> Conditions:
    """Draw a field for each condition; `base` are a module's, which hold where none is entered."""
    found: dict[str, Given] = {}
    kept: dict[str, str] = {}
    known = fitting.conditions_of(prober).values()
    with st.expander(_("Conditions"), expanded=bool(own or sealed), key=f"conditions-{prober}"):
        for condition in known:
            key = f"condition-{prober}-{condition.name}"
            if condition.secret:
                entered = _secret(condition, key, sealed.get(condition.name), vault)
                kept |= {} if entered is None else {condition.name: entered}
                continue
            holds = base.get(condition.name, condition.default)
            value = _field(condition, key, own.get(condition.name), holds)
            found |= {} if value is None else {condition.name: value}
    return Conditions(found, kept)


def _field(condition: Condition, key: str, own: Given | None, holds: Given) -> Given | None:
    label, name = _(condition.words), f"`{condition.name}`"
    if isinstance(condition.default, bool):
        return _choice(label, name, key, own, bool(holds))
    if isinstance(condition.default, int | float):
        return _number(condition, label, key, own, holds)
    start = str(own) if own is not None else ""
    if condition.lines or "\n" in start:  # a line of input would lose the others
        return (
            st.text_area(label, start, placeholder=str(holds), help=name, height=90, key=key)
            or None
        )
    return st.text_input(label, start, placeholder=str(holds), help=name, key=key) or None


def _choice(label: str, name: str, key: str, own: Given | None, holds: bool) -> bool | None:
    options = [None, True, False]
    usual = _("as is usual ({word})").format(word=_(YES if holds else NO))
    return st.selectbox(
        label,
        options,
        index=options.index(None if own is None else bool(own)),
        format_func=lambda value: usual if value is None else _(YES if value else NO),
        help=name,
        key=key,
    )


def _number(
    condition: Condition, label: str, key: str, own: Given | None, holds: Given
) -> float | None:
    whole = isinstance(condition.default, int)
    kind = int if whole else float
    edges: dict[str, Any] = {
        name: kind(edge)
        for name, edge in (("min_value", condition.least), ("max_value", condition.most))
        if isfinite(edge)
    }
    start = None if own is None or isinstance(own, str) else kind(_within(condition, own))
    given = st.number_input(
        label,
        value=start,
        step=1 if whole else None,
        format="%d" if whole else "%g",
        placeholder=f"{holds:g}" if isinstance(holds, int | float) else str(holds),
        help=f"`{condition.name}`",
        key=key,
        **edges,
    )
    return own if given == start and isinstance(own, int | float) else given


def _within(condition: Condition, value: float) -> float:
    """The value, or the nearest that is allowed: it may have been kept before it was bounded."""
    return min(max(value, condition.least), condition.most)


def _secret(condition: Condition, key: str, sealed: str | None, vault: Vault) -> str | None:
    """What is sealed now, or was; '' while it has yet to be entered, None where there is none."""
    hints = {None: "", "": _("not entered yet")}
    given = st.text_input(
        _(condition.words),
        type="password",
        placeholder=hints.get(sealed, _("kept sealed; leave empty to keep it")),
        autocomplete="new-password",
        help=f"`{condition.name}`",
        key=key,
    )
    forget = sealed is not None and st.checkbox(_("Forget this secret"), key=f"{key}-forget")
    if given:
        return vault.seal(given)
    return None if forget else sealed
