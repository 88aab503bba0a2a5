"""The audit trail: who did what to whom, by ids; never texts, addresses or secrets."""

import streamlit as st

from console.i18n import _, clock, day
from console.widgets import tables
from console.wiring import Console
from store import audit
from store.access import Actor
from store.schools import School

NEWEST = 500


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        entries = audit.entries(tx, actor, school.id, limit=NEWEST)
    search = st.text_input(
        _("Find"),
        placeholder=_("Name, action or id"),
        icon=":material/search:",
        label_visibility="collapsed",
        key="audit-search",
    )
    wanted = (search or "").casefold()
    rows = [
        {
            "at": f"{day(entry.at, school.zone)} {clock(entry.at, school.zone, seconds=True)}",
            "who": entry.account_name,
            "action": entry.action,
            "subject": entry.subject,
            "outcome": entry.outcome,
        }
        for entry in entries
        if wanted in f"{entry.account_name} {entry.action} {entry.subject}".casefold()
    ]
    tables.show(
        rows,
        {
            "at": st.column_config.TextColumn(_("When"), width=140),
            "who": st.column_config.TextColumn(_("Who"), width=150),
            "action": st.column_config.TextColumn(_("Did what"), width=190),
            "subject": st.column_config.TextColumn(_("To what (id)"), width=290),
            "outcome": st.column_config.TextColumn(_("Outcome"), width=110),
        },
        alt=_("Who did what, the newest first"),
    )
    st.caption(_("The newest {n} entries, ids only.").format(n=len(rows)))
