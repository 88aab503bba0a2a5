"""The schools that this house looks after: their time zone and language."""

from collections.abc import Callable
from zoneinfo import available_timezones

import streamlit as st

from console.i18n import N_, NAMES, _, escape
from console.views import forms
from console.widgets import actionbar, strangers, tables
from console.wiring import Console
from store import schools
from store.access import Actor
from store.schools import School
from store.words import Refusal


class NoName(Refusal):
    """A school needs a name."""

    def __init__(self) -> None:
        super().__init__(N_("The school needs a name."))


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        known = schools.in_scope(tx, actor)
    if not console.simulation and st.button(
        _("Add a school"), icon=":material/add:", key="school-add"
    ):
        _add(console, actor, school)
    tables.show(
        [
            {
                "name": strangers.line(each.name),
                "zone": each.time_zone,
                "language": NAMES.get(each.language, each.language),
            }
            for each in known
        ],
        {"name": _("School"), "zone": _("Time zone"), "language": _("Language")},
        alt=_("The schools that you may see"),
    )


def _add(console: Console, actor: Actor, like: School) -> None:
    """A new school is seen by the accounts of every school, and by those added to it."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone)

    def fields() -> Callable[[], None]:
        name = st.text_input(_("Name"), key="school-name")
        zone = st.selectbox(
            _("Time zone"),
            zones,
            index=zones.index(like.time_zone) if like.time_zone in zones else 0,
            key="school-zone",
        )
        language = st.selectbox(
            _("Language"),
            schools.LANGUAGES,
            index=schools.LANGUAGES.index(like.language),
            format_func=NAMES.__getitem__,
            key="school-language",
        )

        def keep() -> None:
            if not (name or "").strip():
                raise NoName
            with console.db.begin() as tx:
                schools.found(
                    tx, actor, name or "", time_zone=zone, language=language, now=console.now()
                )
            actionbar.say(_("{name} is here.").format(name=escape(name or "")))

        return keep

    forms.edit(_("Add a school"), _("Found the school"), fields, icon=":material/add:")
