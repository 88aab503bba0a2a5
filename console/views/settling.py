"""Decide the case on the screen: the wording that was read, once; then act on the platforms."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from console.i18n import _
from console.views import acting
from console.views.noting import Note
from console.widgets import actionbar
from console.wiring import Console
from moderation import review, unmaking
from moderation.model import Case, Decision, Penalty, Verdict
from store.access import Actor
from store.schools import School

READ = "review-read"  # session state: digest of the wording that was shown
ASKING = "review-asking"  # session state: the id of the case whose removal asks a reason


def decide(
    console: Console,
    actor: Actor,
    school: School,
    case: Case,
    verdict: Verdict,
    *,
    reason: str = "",
    rule: str = "",
    wording: str | None = None,
    penalties: Sequence[Penalty] = (),
    mute_repeats: bool = False,
    note: Note | None = None,
) -> None:
    """Outside the transaction the platforms are asked, and the bar tells what came of it."""
    if st.session_state.get(READ) != case.comment.sha256:
        actionbar.say(_("The author has changed the text. Read it again."))
        st.rerun()
    with acting.guarded():
        with console.db.begin() as tx:
            made = review.decide(
                tx,
                actor,
                case.id,
                verdict,
                reason=reason,
                rule=rule,
                wording=wording,
                penalties=penalties,
                mute_repeats=mute_repeats,
                version=case.version,
                now=console.now(),
            )
            if note is not None:
                note.write(console, tx, actor, school, case_id=case.id)
        back = None if verdict == "hand on" else partial(_undo, console, actor, school, made)
        if made.action_ids:
            acting.carry_out(console, actor, school, made.action_ids, undo=back)
        else:
            told = _said(made, verdict, mute_repeats=mute_repeats, written=note is not None)
            actionbar.say(told, undo=back)
    st.session_state.pop(ASKING, None)
    st.rerun()


def _undo(console: Console, actor: Actor, school: School, made: Decision) -> None:
    """The comment, its author's measures and the approval: the case waits as before."""
    with acting.guarded():
        with console.db.begin() as tx:
            asked = unmaking.undo(tx, actor, made, now=console.now())
        if asked:
            acting.carry_out(console, actor, school, asked)
        else:
            actionbar.say(f":green[●] {_('Taken back: the case waits again')}")
    st.rerun()


def _said(made: Decision, verdict: Verdict, *, mute_repeats: bool, written: bool) -> str:
    if verdict == "hand on":
        return f":violet[■] {_('Handed on to a coordinator')}"
    if made.measure_ids or written:
        return f":green[●] {_('The comment stays; what was said to the author is noted')}"
    if mute_repeats:
        return f":green[●] {_('Approved; the same words of this author are not asked about again')}"
    return f":green[●] {_('Approved')}"
