"""Admin: is it all connected? Connections, targets, rules, accounts, schools, what was done."""

from collections.abc import Callable

import streamlit as st

from console.i18n import _
from console.views import (
    admin_accounts,
    admin_audit,
    admin_channels,
    admin_connections,
    admin_house,
    admin_mail,
    admin_rules,
    admin_schools,
    admin_targets,
    admin_timetable,
)
from console.widgets import actionbar, head
from console.wiring import Console
from store import access
from store.access import Actor
from store.schools import School

Draw = Callable[[Console, Actor, School], None]


def page(console: Console, actor: Actor, school: School) -> None:
    access.require(actor, "administer", school.id)
    head.title(_("Admin"))
    parts = _parts()
    tabs = st.tabs(list(parts), key="admin-tab", on_change="rerun")
    for tab, draw in zip(tabs, parts.values(), strict=True):
        if tab.open:
            with tab:
                draw(console, actor, school)
    actionbar.told()


def _parts() -> dict[str, Draw]:
    return {
        _("Connections"): admin_connections.draw,
        _("Targets"): admin_targets.draw,
        _("Timetable"): admin_timetable.draw,
        _("Mail"): admin_mail.draw,
        _("Who is told"): admin_channels.draw,
        _("House rules"): admin_house.draw,
        _("Watched words"): admin_rules.draw,
        _("Accounts"): admin_accounts.draw,
        _("Schools"): admin_schools.draw,
        _("Audit trail"): admin_audit.draw,
    }
