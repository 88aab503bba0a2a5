"""Groups with a name: begin with one, keep one, let one go."""

import streamlit as st

from console.i18n import _
from console.views import acting
from console.widgets import actionbar, strangers
from console.wiring import Console
from mailing import saved
from mailing.saved import Saved
from mailing.segments import Segment
from store.access import Actor
from store.schools import School


def chosen(console: Console, actor: Actor, school: School, *, key: str) -> Saved | None:
    """The saved group to begin with; None when there are none, or none is chosen."""
    with console.db.read() as tx:
        known = {each.id: each for each in saved.of(tx, actor, school.id)}
    if not known:
        return None
    picked = st.selectbox(
        _("Saved group"),
        ["", *known],
        format_func=lambda id_: strangers.line(known[id_].name) if id_ else _("A new one"),
        key=key,
    )
    return known.get(picked or "")


def keep(
    console: Console, actor: Actor, school: School, segment: Segment, begun: Saved | None
) -> None:
    """Save what is picked under a name; delete the group it began with."""
    with st.popover(_("Save as a group"), icon=":material/bookmark_add:", width="content"):
        name = st.text_input(
            _("Name of the group"),
            begun.name if begun else "",
            max_chars=saved.LONGEST,
            key=f"group-name-{begun.id if begun else ''}",
        )
        if st.button(_("Save group"), type="primary", disabled=not name, key="group-save"):
            with acting.guarded():
                with console.db.begin() as tx:
                    saved.save(tx, actor, school.id, name or "", segment, now=console.now())
                actionbar.say(f":green[●] {_('The group is saved.')}")
            st.rerun()
        if begun and st.button(_("Delete this group"), type="tertiary", key="group-delete"):
            with acting.guarded():
                with console.db.begin() as tx:
                    saved.delete(tx, actor, begun.id, now=console.now())
                actionbar.say(_("The group is deleted."))
            st.rerun()
