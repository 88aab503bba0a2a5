"""The audit trail: who did what to whom, by ids; never texts, addresses or secrets."""

import streamlit as st

from console.i18n import _, clock, day
from console.views import audit_words, taking_away
from console.widgets import tables
from console.widgets.strangers import line
from console.wiring import Console
from store import audit
from store.access import Actor
from store.audit import Entry
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
        row
        for row in (_cells(entry, school) for entry in entries)
        if wanted in f"{row['who']} {row['action']} {row['subject']}".casefold()
    ]
    tables.show(
        rows,
        {
            "at": st.column_config.TextColumn(_("When"), width=140),
            "who": st.column_config.TextColumn(_("Who"), width=150),
            "action": st.column_config.TextColumn(_("Did what"), width=250),
            "subject": st.column_config.TextColumn(_("To what (id)"), width=290),
            "outcome": st.column_config.TextColumn(_("Outcome"), width=150),
        },
        alt=_("Who did what, the newest first"),
    )
    st.caption(_("The newest {n} entries, ids only.").format(n=len(rows)))
    taking_away.lists(
        console, actor, school, "audit", _("Audit trail"),
        account=audit_words.who, action=audit_words.action, outcome=audit_words.outcome,
    )  # fmt: skip


def _cells(entry: Entry, school: School) -> dict[str, str]:
    return {
        "at": f"{day(entry.at, school.zone)} {clock(entry.at, school.zone, seconds=True)}",
        "who": line(audit_words.who(entry.account_name)),
        "action": audit_words.action(entry.action),
        "subject": line(entry.subject),
        "outcome": audit_words.outcome(entry.outcome),
    }
