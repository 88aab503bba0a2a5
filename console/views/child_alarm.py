"""Tell the safeguarding lead of a child who may need help: one key, then what it is."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from console.i18n import N_, _
from console.views import acting
from console.widgets import actionbar
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import welfare
from moderation.model import Case, Welfare
from store.access import Actor

KINDS: dict[Welfare, str] = {
    "self-harm": N_("Self-harm"),
    "abuse": N_("Abuse"),
    "threat": N_("Threat against a child"),
}
ASKED = "child-alarm"  # session state: the id of the case whose kind of harm is asked


def act(case: Case) -> Act:
    """For what no list heard: the case stays as it is, and its text is the evidence."""
    return Act(
        f"alarm-{case.id}",
        _("A child may need help"),
        partial(_ask, case.id),
        "F",
        ":material/health_and_safety:",
        hint=_("The safeguarding lead is told, with this comment as evidence. The case stays."),
    )


def is_asked(case: Case) -> bool:
    return bool(st.session_state.get(ASKED) == case.id)


def kinds(console: Console, actor: Actor, case: Case) -> list[Act]:
    """The second key: which harm it is, by number."""
    found = [
        Act(f"harm-{kind}-{case.id}", _(word), _raise(console, actor, case, kind), str(number))
        for number, (kind, word) in enumerate(KINDS.items(), start=1)
    ]
    return [*found, Act(f"no-alarm-{case.id}", _("Cancel"), forget, "Esc", kind="tertiary")]


def lead() -> None:
    st.markdown(f"**{_('Why may a child need help?')}**", width="content")


def forget() -> None:
    st.session_state.pop(ASKED, None)
    st.rerun()


def _ask(case_id: str) -> None:
    st.session_state[ASKED] = case_id
    st.rerun()


def _raise(console: Console, actor: Actor, case: Case, kind: Welfare) -> Callable[[], None]:
    def tell() -> None:
        with acting.guarded():
            with console.db.begin() as tx:
                welfare.by_hand(tx, actor, case.id, kind, now=console.now())
            actionbar.say(f":green[●] {_('The safeguarding lead is told.')}")
        forget()

    return tell
