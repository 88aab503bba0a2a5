"""Answer a welfare alarm: say what is done, or let moderators judge the comment besides."""

import streamlit as st

from console.i18n import _
from console.views import acting
from console.widgets import actionbar, confirm, strangers
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import welfare
from moderation.welfare import Alarm
from store.access import Actor


def draw(console: Console, actor: Actor, alarm: Alarm, *, keys: bool) -> None:
    """Two buttons; `keys`: this is the alarm that the keys are for."""
    with st.container(horizontal=True):
        actionbar.button(
            Act(
                f"acknowledge-{alarm.id}",
                _("Acknowledge"),
                lambda: ask(console, actor, alarm),
                "T" if keys else None,
                ":material/volunteer_activism:",
                "primary" if keys else "secondary",
                asks=True,
            )
        )
        if alarm.origin != "comment":
            return
        actionbar.button(
            Act(
                f"to-queue-{alarm.id}",
                _("Also put it in the review queue"),
                lambda: _to_queue(console, actor, alarm),
                "E" if keys else None,
                ":material/gavel:",
                hint=_("So that a moderator decides whether the comment stays."),
            )
        )


def ask(console: Console, actor: Actor, alarm: Alarm) -> None:
    """Open the dialog: the words again, and what is done."""

    @st.dialog(_("Acknowledge the alarm"), on_dismiss=confirm.closed)
    def dialog() -> None:
        strangers.text(alarm.who)
        strangers.text(strangers.line(alarm.said, limit=300))
        said = st.text_area(
            _("What is done"),
            placeholder=_("Who was called, who talks to the child"),
            max_chars=welfare.LONGEST,
            key=f"outcome-{alarm.id}",
            height=110,
        )
        if confirm.pressed(_("Acknowledge"), ":material/volunteer_activism:", key="alarm"):
            _acknowledge(console, actor, alarm, said or "")

    confirm.opened()
    dialog()


def _acknowledge(console: Console, actor: Actor, alarm: Alarm, said: str) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            ours = welfare.acknowledge(tx, actor, alarm.id, said, now=console.now())
        shape, words = (":green[●]", _("Acknowledged. The comment stays as evidence."))
        if alarm.origin != "comment":
            words = _("Acknowledged. What was written stays as evidence.")
        if not ours:
            shape, words = (":gray[○]", _("Somebody else has acknowledged it."))
        actionbar.say(f"{shape} {words}")
    st.rerun()


def _to_queue(console: Console, actor: Actor, alarm: Alarm) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            case_id = welfare.to_queue(tx, actor, alarm.id, now=console.now())
        if case_id:
            actionbar.say(f":green[●] {_('It waits in the review queue too.')}")
        else:
            actionbar.say(f":gray[○] {_('It is removed already; nothing is left to judge.')}")
    st.rerun()
