"""What stands against a person now, with the way back; and what waits for a second person."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from console.desk import measure_words, people
from console.desk.measure_words import STATES
from console.i18n import N_, _, escape, listed, moment, ngettext
from console.views import acting, blocking
from console.widgets import actionbar, status, strangers
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import actions, house, measures
from moderation.model import Action, ActionKind, Measure, Subject
from store import access
from store.access import Actor
from store.schools import School

ASKED: dict[ActionKind, str] = {
    "remove comment": N_("Remove a comment from {place}"),
    "edit comment": N_("Reword a comment on {place}"),
    "restore comment": N_("Restore a comment on {place}"),
    "suspend account": N_("Block an account on {place}"),
    "lift account": N_("Lift a block on {place}"),
    "mute account": N_("Mute an account on {place}"),
    "unmute account": N_("Lift a mute on {place}"),
}


def draw(
    console: Console, actor: Actor, school: School, about: Subject, taken: Sequence[Action]
) -> None:
    """Each measure in force, and those of the actions that wait for somebody else's word."""
    with console.db.read() as tx:
        standing = measures.in_force(tx, actor, school.id, about, now=console.now())
        names = people.connection_names(tx, actor, school.id)
    held = [action for action in taken if action.receipt.state == "held"]
    if not standing and not held:
        return
    with st.container(border=True):
        st.subheader(_("In force"), anchor=False)
        for place, measure in enumerate(standing):
            keys = place == 0 and not held
            _measure(console, actor, school, measure, names, keys=keys)
        for place, action in enumerate(held):
            name = names.get(action.connection_id, "?")
            waiting(console, actor, school, action, name, keys=place == 0)


def unsettled(console: Console, actor: Actor, school: School) -> None:
    """Whatever no platform has confirmed yet, with when it is tried again; and what is held."""
    with console.db.read() as tx:
        found = actions.unsettled(tx, actor, school.id)
        names = people.connection_names(tx, actor, school.id)
    if not found:
        return
    held = [action for action in found if action.receipt.state == "held"]
    asking = [*held, *(action for action in found if action.receipt.state == "refused")]
    title = ngettext("{n} action is not settled", "{n} actions are not settled", len(found))
    fold = st.expander(
        title.format(n=len(found)),
        icon=":material/pending:",
        expanded=bool(asking),
        key="unsettled",
        on_change="rerun",
    )
    with fold:  # folded away its buttons would still hear their keys
        for action in sorted(found, key=lambda each: each not in held):
            place, keys = (
                names.get(action.connection_id, "?"),
                bool(fold.open) and action in asking[:1],
            )
            if action in held:
                waiting(console, actor, school, action, place, keys=keys)
                continue
            st.markdown(acting.sentence(action.receipt, place, school))
            st.caption(_tries(action, school, console.now()))
            if action.receipt.state == "refused":
                _refused(console, actor, school, action, keys=keys)


def waiting(
    console: Console, actor: Actor, school: School, action: Action, place: str, *, keys: bool
) -> None:
    """One action that cannot be undone, with the second person's yes and no.

    `keys`: it is the first of its screen, for which the keys are.
    """
    status.mark(_("Waits for a second person"), "orange", shape="◆")
    st.markdown(_(ASKED[action.kind]).format(place=escape(place)))
    if action.reason:
        with console.db.read() as tx:
            kept = house.of(tx, actor, school.id)
        strangers.text(measure_words.reason(kept, action.reason))
    if access.may(actor, "moderate", school.id):
        with st.container(horizontal=True):
            for act in _answers(console, actor, school, action, keys=keys):
                actionbar.button(act)


def _answers(
    console: Console, actor: Actor, school: School, action: Action, *, keys: bool
) -> list[Act]:
    own = action.requested_by == actor.account_id
    return [
        Act(
            f"allow-{action.id}",
            _("Allow it"),
            lambda: _settle(console, actor, school, action, allow=True),
            "A" if keys else None,
            ":material/check:",
            off=_("Somebody else has to look at it: you asked for it.") if own else None,
        ),
        Act(
            f"decline-{action.id}",
            _("Take it back") if own else _("Do not allow it"),
            lambda: _settle(console, actor, school, action, allow=False),
            "Z" if keys else None,
            ":material/close:",
        ),
    ]


def _refused(console: Console, actor: Actor, school: School, action: Action, *, keys: bool) -> None:
    """The platform's no, until somebody asks again or leaves it at that."""
    if not access.may(actor, "moderate", school.id):
        return
    acts = [
        Act(
            f"again-{action.id}",
            _("Ask again"),
            lambda: _ask_again(console, actor, school, action),
            "A" if keys else None,
            ":material/refresh:",
        ),
        Act(
            f"leave-{action.id}",
            _("Leave it so"),
            lambda: _leave(console, actor, action),
            "Z" if keys else None,
            ":material/close:",
        ),
    ]
    with st.container(horizontal=True):
        for act in acts:
            actionbar.button(act)


def _ask_again(console: Console, actor: Actor, school: School, action: Action) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            asked = actions.ask_again(tx, actor, action.id, now=console.now())
        acting.carry_out(console, actor, school, [asked])
    st.rerun()


def _leave(console: Console, actor: Actor, action: Action) -> None:
    with acting.guarded(), console.db.begin() as tx:
        actions.take_note(tx, actor, action.id, now=console.now())
    st.rerun()


def _tries(action: Action, school: School, now: datetime) -> str:
    asked = moment(action.requested_at, school.zone, now=now)
    said = _("Asked for {time}, tried {n} times").format(time=asked, n=action.tries)
    if action.next_try_at is None:
        return said
    again = moment(action.next_try_at, school.zone, now=now)
    return f"{said} · {_('again at {time}').format(time=again)}"


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


def _settle(console: Console, actor: Actor, school: School, action: Action, *, allow: bool) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            (actions.allow if allow else actions.decline)(tx, actor, action.id, now=console.now())
        acting.carry_out(console, actor, school, [action.id])
    st.rerun()
