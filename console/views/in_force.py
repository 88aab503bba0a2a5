"""What stands against a person now, with the way back; and what waits for a second person."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from console.desk import measure_words, pending, people
from console.desk.measure_words import STATES
from console.i18n import _, escape, listed, moment
from console.views import blocking, unsettled
from console.widgets import actionbar, status, strangers
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import house, measures
from moderation.model import Action, Measure, Subject
from store import access
from store.access import Actor
from store.schools import School


def draw(
    console: Console, actor: Actor, school: School, about: Subject, taken: Sequence[Action]
) -> None:
    """Each measure in force, and those of the actions that wait for somebody else's word."""
    with console.db.read() as tx:
        standing = measures.in_force(tx, actor, school.id, about, now=console.now())
        names = people.connection_names(tx, actor, school.id)
        held = [action for action in taken if action.receipt.state == "held"]
        known = pending.about(tx, actor, school.id, held)
    if not standing and not held:
        return
    with st.container(border=True):
        st.subheader(_("In force"), anchor=False)
        for place, measure in enumerate(standing):
            keys = place == 0 and not held
            _measure(console, actor, school, measure, names, keys=keys)
        for place, action in enumerate(held):
            name = names.get(action.connection_id, "?")
            unsettled.waiting(
                console, actor, school, action, name, known[action.id], keys=place == 0
            )


def _measure(
    console: Console,
    actor: Actor,
    school: School,
    measure: Measure,
    names: Mapping[str, str],
    *,
    keys: bool,
) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        status.mark(_(STATES[measure.kind]), "red", shape="▲")
        st.markdown(_until(measure.until, school, console.now()), width="content")
        if access.may(actor, "moderate", school.id):
            actionbar.button(
                Act(
                    f"lift-{measure.id}",
                    _("Lift it everywhere"),
                    lambda: _lift(console, actor, school, measure),
                    "Z" if keys else None,
                    ":material/lock_open:",
                    "tertiary",
                )
            )
    if measure.refused:
        places = listed(escape(names.get(each, "?")) for each in measure.refused)
        st.caption(f":red[▲] {_('Refused, so not in force, on {places}').format(places=places)}")
    with console.db.read() as tx:
        kept = house.of(tx, actor, school.id)
    given = (measure_words.reason(kept, part) for part in (measure.rule, measure.reason) if part)
    said = " · ".join(dict.fromkeys(given))
    if said:
        strangers.text(said)


def _until(until: datetime | None, school: School, now: datetime) -> str:
    if until is None:
        return _("until lifted")
    return _("until {time}").format(time=moment(until, school.zone, now=now))


def _lift(console: Console, actor: Actor, school: School, measure: Measure) -> None:
    blocking.lift(console, actor, school, measure)
    st.rerun()
