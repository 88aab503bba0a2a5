"""Edit out: what stands there instead, with the words that matched left out beforehand."""

import streamlit as st

from console.desk.measure_words import spoken
from console.i18n import _
from console.views import settling
from console.views.abilities import Ability
from console.widgets import confirm
from console.wiring import Console
from moderation import house
from moderation.model import Case
from store.access import Actor
from store.schools import School

LONGEST = 20_000  # characters
LEFT_OUT = "[…]"


def ask(console: Console, actor: Actor, school: School, case: Case, ability: Ability) -> None:
    with console.db.read() as tx:
        rules = {rule.name: spoken(rule) for rule in house.of(tx, actor, school.id).rules}

    @st.dialog(_("Reword this comment"), on_dismiss=confirm.closed, width="large")
    def dialog() -> None:
        wording = st.text_area(
            _("What stands there instead"),
            without(case),
            height=180,
            max_chars=LONGEST,
            key=f"reword-{case.id}",
        )
        rule = st.selectbox(
            _("By which rule"), list(rules), format_func=lambda name: rules[name], key="reword-rule"
        )
        if ability.hint:
            st.caption(ability.hint)
        changed = bool((wording or "").strip()) and wording != case.comment.text
        if confirm.pressed(
            _("Put this in its place"), ":material/edit:", key="reword", possible=changed
        ):
            settling.decide(console, actor, school, case, "edit", rule=rule or "", wording=wording)

    confirm.opened()
    dialog()


def without(case: Case) -> str:
    """The text with a mark for each word that a rule found."""
    said, done = case.comment.text, len(case.comment.text)
    spans = {(flag.start, flag.end) for flag in case.flags if flag.part == "text"}
    for start, end in sorted(spans, reverse=True):
        if start < end <= done:
            said, done = said[:start] + LEFT_OUT + said[end:], start
    return said
