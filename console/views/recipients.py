"""Recipients: who are they? Groups with a live count, those who get no mail, and the import."""

from collections.abc import Callable

import streamlit as st

from console.i18n import _
from console.views import (
    acting,
    lesson_group,
    recipients_import,
    saved_groups,
    segment_picker,
    segment_words,
    suppressions,
    writing,
)
from console.widgets import actionbar, head, pages
from console.wiring import Console
from mailing.segments import Segment
from store import access
from store.access import Actor
from store.schools import School

Draw = Callable[[Console, Actor, School], None]


def page(console: Console, actor: Actor, school: School) -> None:
    access.require(actor, "see people", school.id)
    head.title(_("Recipients"))
    parts: dict[str, Draw] = {
        _("Groups"): _groups,
        _("Left out"): suppressions.draw,
        _("Import"): recipients_import.draw,
    }
    tabs = st.tabs(list(parts), key="recipients-tab", on_change="rerun")
    for tab, draw in zip(tabs, parts.values(), strict=True):
        if tab.open:
            with tab:
                draw(console, actor, school)
    actionbar.told()


def _groups(console: Console, actor: Actor, school: School) -> None:
    begun = saved_groups.chosen(console, actor, school, key="recipients-group")
    asked = f"recipients-asked-{begun.id if begun else ''}"
    known = st.session_state.get(asked) or (begun.segment if begun else Segment())
    offered = segment_picker.choices(console, actor, school, known)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        found = lesson_group.draw(console, actor, school, known, key="recipients-lesson")
        if found is not None:
            st.session_state[asked] = found
            st.rerun()
        lesson_group.caption(console, school, known)
        key = f"recipients-{begun.id}" if begun else "recipients"
        segment = segment_picker.pick(known, offered, key=key + "".join(known.asked[2:]))
        saved_groups.keep(console, actor, school, segment, begun)
    with right:
        st.markdown(f"**{segment_words.sentence(segment, offered)}**")
        meant = segment_picker.audience(console, actor, school, segment)
        segment_picker.count(meant)
        if not meant.people and not meant.left_out:
            st.info(_("Choose courses, roles or groups, and see who that is."))
            return
        if st.button(
            _("Write to them"),
            type="primary",
            icon=":material/edit_square:",
            disabled=not meant.people,
            key="recipients-write",
        ):
            with acting.guarded():
                pages.go("composer", id=writing.to_segment(console, actor, school, segment))
        segment_picker.listed(meant)
