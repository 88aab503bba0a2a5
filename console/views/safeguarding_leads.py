"""Who sees to welfare alarms: chosen among the school's accounts."""

import streamlit as st

from console.desk import accounts
from console.i18n import _
from console.views import acting
from console.widgets import actionbar
from console.wiring import Console
from moderation import safeguarding
from store import access
from store.access import Actor
from store.schools import School


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        named = safeguarding.leads(tx, actor, school.id)
        known = {
            each.id: each.name
            for each in accounts.of(tx, actor, school.id)
            if not each.disabled and each.role and "see people" in access.GRANTS[each.role]
        }
    with st.container(border=True):
        chosen = st.multiselect(
            _("Safeguarding leads"),
            list(known),
            default=[id_ for id_ in known if id_ in named],
            format_func=lambda id_: known[id_],
            placeholder=_("Nobody is named: coordinators see to welfare alarms"),
            help=_("They alone, and administrators, read and acknowledge welfare alarms."),
            key=f"leads-{school.id}",
        )
        if set(chosen) != set(named) and st.button(_("Save"), key="leads-save", type="primary"):
            with acting.guarded():
                with console.db.begin() as tx:
                    safeguarding.set_leads(tx, actor, school.id, chosen, now=console.now())
                actionbar.say(f":green[●] {_('The safeguarding leads are named.')}")
            st.rerun()
