"""Cases like the one on the screen, decided together: each is shown first, and can be left out."""

import streamlit as st

from console.desk.measure_words import spoken
from console.i18n import N_, _, ngettext, number, say
from console.views import acting, bulk_plan
from console.widgets import actionbar, confirm, screen, strangers
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import bulk, house, previewing
from moderation.bulk import Alike
from moderation.model import Case, Verdict
from moderation.previewing import Calls
from moderation.review import MOST_COUNTED
from store.access import Actor
from store.schools import School

VERDICTS: dict[Verdict, tuple[str, str]] = {
    "remove": (N_("Remove"), "X"),
    "approve": (N_("Approve"), "A"),
}


def offer(console: Console, actor: Actor, school: School, case: Case) -> None:
    """Draw the way there, where other cases have the same words or the same author."""
    with console.db.read() as tx:
        alike = bulk.alike(tx, actor, case, now=console.now())
    if not alike.cases:
        return
    label = ngettext("{n} more like this", "{n} more like this", alike.count)
    count = _counted(MOST_COUNTED + 1) if alike.more else number(alike.count)
    actionbar.button(
        Act(
            f"alike-{case.id}",
            label.format(n=count),
            lambda: ask(console, actor, school, [case, *alike.cases], told(alike)),
            "O",
            ":material/library_add_check:",
            hint=_(
                "The same words, or the same author: look through them and decide them together."
            ),
            asks=True,
        )
    )


def ask(
    console: Console, actor: Actor, school: School, found: list[Case], how_many: str = ""
) -> None:
    with console.db.read() as tx:
        rules = {rule.name: spoken(rule) for rule in house.of(tx, actor, school.id).rules}

    @st.dialog(_("Decide these together"), on_dismiss=confirm.closed, width="large")
    def dialog() -> None:
        verdict = _verdict(f"bulk-verdict-{found[0].id}")
        reason = ""
        if verdict == "remove":
            reason = st.selectbox(
                _("By which rule"),
                list(rules),
                format_func=lambda name: rules[name],
                key="bulk-rule",
            )
        st.caption(how_many)
        chosen = [each for each in found if _row(each)]
        plan = _planned(console, actor, school, chosen, verdict)
        bulk_plan.draw(plan)
        if _pressed(verdict, len(chosen) - len(previewing.left_out(plan))):
            _decide(console, actor, school, chosen, verdict, reason or "")

    confirm.opened()
    dialog()


def told(alike: Alike) -> str:
    """How many there are in all: more than one decision takes come up again after it."""
    words = ngettext("{n} more in the same words", "{n} more in the same words", alike.same_words)
    author = ngettext(
        "{n} more by the same author", "{n} more by the same author", alike.same_author
    )
    counts = ((words, alike.same_words), (author, alike.same_author))
    said = " · ".join(template.format(n=_counted(count)) for template, count in counts if count)
    left = alike.count - len(alike.cases)
    if alike.more:
        return f"{said} · {_('the others come up after this decision')}"
    if left:
        rest = ngettext(
            "{n} of them comes up after this decision",
            "{n} of them come up after this decision",
            left,
        )
        said = f"{said} · {rest.format(n=left)}"
    return said


def _counted(count: int) -> str:
    """As it was counted: no further than to MOST_COUNTED."""
    return number(count) if count <= MOST_COUNTED else f"{number(MOST_COUNTED)}+"


def _verdict(kept: str) -> Verdict:
    """Two buttons and not a control: each has its key. `kept` names it in the session."""
    chosen: Verdict = st.session_state.get(kept, "remove")
    with st.container(horizontal=True):
        for verdict, (label, key) in VERDICTS.items():
            shape = "checked" if verdict == chosen else "unchecked"
            st.button(
                _(label),
                key=f"bulk-{verdict}",
                icon=f":material/radio_button_{shape}:",
                shortcut=screen.key(key),
                on_click=_choose,
                args=(kept, verdict),
            )
    return chosen


def _choose(kept: str, verdict: Verdict) -> None:
    st.session_state[kept] = verdict


def _planned(
    console: Console, actor: Actor, school: School, chosen: list[Case], verdict: Verdict
) -> list[Calls]:
    with console.db.read() as tx:
        return previewing.of(tx, actor, school.id, chosen, verdict)


def _row(case: Case) -> bool:
    with st.container(border=True, gap="xxsmall"):
        name = strangers.name(case.comment.author_name)
        ticked = st.checkbox(f"**{name}**", value=True, key=f"bulk-{case.id}")
        strangers.text(strangers.line(case.comment.text, limit=300))
    return ticked


def _pressed(verdict: Verdict, count: int) -> bool:
    if verdict == "remove":
        label = ngettext("Remove {n} comment", "Remove {n} comments", count)
    else:
        label = ngettext("Approve {n} comment", "Approve {n} comments", count)
    icon = ":material/delete:" if verdict == "remove" else ":material/check:"
    return confirm.pressed(label.format(n=count), icon, key="bulk", possible=bool(count))


def _decide(
    console: Console,
    actor: Actor,
    school: School,
    chosen: list[Case],
    verdict: Verdict,
    reason: str,
) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            made = bulk.decide(
                tx,
                actor,
                school.id,
                bulk.as_read(chosen),
                verdict,
                rule=reason,
                now=console.now(),
            )
        if made.action_ids:
            acting.carry_out(console, actor, school, made.action_ids)
        else:
            done = ngettext("{n} approved", "{n} approved", len(made.decided))
            actionbar.say(f":green[●] {done.format(n=len(made.decided))}")
        if made.missed:
            left = ngettext(
                "{n} was passed over: it has changed, or somebody else holds it.",
                "{n} were passed over: they have changed, or somebody else holds them.",
                len(made.missed),
            )
            st.toast(left.format(n=len(made.missed)))
        for why, count in made.whys:
            st.toast(f"{number(count)} · {say(why)}")
    st.rerun()
