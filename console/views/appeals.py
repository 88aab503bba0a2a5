"""Appeals: who says that we were wrong? The list, those first that wait for us, and its keys."""

import streamlit as st

from console.desk.measure_words import KINDS
from console.i18n import _, moment, span
from console.views import appeal_case
from console.widgets import actionbar, head, pages, status, strangers
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import appeals
from moderation.appeals import Appeal
from moderation.model import Subject
from store import access, roster
from store.access import Actor
from store.schools import School

CHOSEN = "appeal-chosen"  # session state: the id of the appeal on the screen


def page(console: Console, actor: Actor, school: School) -> None:
    access.require(actor, "moderate", school.id)
    head.title(_("Appeals"))
    with console.db.read() as tx:
        waiting = appeals.waiting(tx, actor, school.id)
    if not waiting:
        st.info(_("No appeal is open."), icon=":material/done_all:")
        actionbar.told()
        return
    left, right = st.columns([2, 5], gap="medium")
    with left:
        chosen = _choose(console, actor, school, waiting)
    with right:
        appeal_case.draw(console, actor, school, chosen)
    actionbar.bar(_acts(console, actor, waiting, chosen))


def _acts(console: Console, actor: Actor, waiting: list[Appeal], chosen: Appeal) -> list[Act]:
    """Keys as everywhere; those of the answer stand beside it."""
    place = [appeal.id for appeal in waiting].index(chosen.id)
    acts = []
    if place + 1 < len(waiting):
        after = waiting[place + 1].id
        acts.append(Act("appeal-next", _("Next"), lambda: _show(after), "J", kind="tertiary"))
    if place:
        before = waiting[place - 1].id
        acts.append(Act("appeal-back", _("Back"), lambda: _show(before), "K", kind="tertiary"))
    person_id = _subject(console, actor, chosen).person_id
    if person_id:
        acts.append(
            Act(
                "appeal-person",
                _("Open the person"),
                lambda: pages.go("person", id=person_id),
                "O",
                ":material/person:",
                "tertiary",
            )
        )
    return acts


def _show(appeal_id: str) -> None:
    st.session_state[CHOSEN] = appeal_id
    st.rerun()


def _choose(console: Console, actor: Actor, school: School, waiting: list[Appeal]) -> Appeal:
    """The list, those that wait for us first; what is chosen stays chosen."""
    by_id = {appeal.id: appeal for appeal in waiting}
    chosen = st.session_state.get(CHOSEN)
    if chosen not in by_id:
        chosen = waiting[0].id
    now = console.now()
    for appeal in waiting:
        with st.container(border=True, gap="xxsmall"):
            if appeal.waits_since:
                status.mark(_("Waits for us"), "orange", shape="◆")
                since = _("for {time}").format(time=span(now - appeal.waits_since))
            else:
                status.mark(_("Waits for them"), "gray", shape="○")
                since = _("opened {time}").format(
                    time=moment(appeal.opened_at, school.zone, now=now)
                )
            here = ":material/chevron_right: " if appeal.id == chosen else ""
            name, against = _about(console, actor, appeal)
            st.markdown(f"{here}**{name}**")
            st.caption(f"{against} · {since}")
            if appeal.id != chosen and st.button(_("Open"), key=f"appeal-{appeal.id}"):
                _show(appeal.id)
    return by_id[chosen]


def _about(console: Console, actor: Actor, appeal: Appeal) -> tuple[str, str]:
    """Whose it is, and against what."""
    with console.db.read() as tx:
        measure = appeals.measure_of(tx, actor, appeal.measure_id)
        id_ = measure.subject.person_id
        person = roster.person(tx, actor, id_) if id_ else None
    name = strangers.name(person.name if person else measure.subject.external_id)
    return name, _(KINDS[measure.kind])


def _subject(console: Console, actor: Actor, appeal: Appeal) -> Subject:
    with console.db.read() as tx:
        return appeals.measure_of(tx, actor, appeal.measure_id).subject
