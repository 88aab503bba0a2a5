"""Welfare alarms: may a child need help? The evidence, and who saw to it."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from console.desk import people
from console.i18n import _, moment, ngettext, number, span
from console.views import alarm_answer, alarm_evidence
from console.views.child_alarm import KINDS
from console.widgets import actionbar, head, status, strangers
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import safeguarding, welfare
from moderation.welfare import Alarm
from store.access import Actor
from store.schools import School

FIRST = "welfare-first"  # session state: the id of the alarm that stands first
SHOWN = 20  # alarms, the oldest


def page(console: Console, actor: Actor, school: School) -> None:
    head.title(_("Welfare alarms"))
    with console.db.read() as tx:
        if not safeguarding.is_lead(tx, actor, school.id):
            st.info(_(safeguarding.NOT_YOURS), icon=":material/lock:")
            actionbar.told()
            return
        alarms = welfare.open_(tx, actor, school.id, limit=SHOWN)
        more = len(welfare.unanswered(tx, actor, school.id)) - len(alarms)
        late = welfare.lately(tx, actor, school.id)
        names = people.connection_names(tx, actor, school.id)
    if not alarms:
        st.info(_("No alarm is open."), icon=":material/done_all:")
    first = _first(alarms)
    for alarm in sorted(alarms, key=lambda each: each is not first):
        _alarm(console, actor, school, alarm, names, keys=alarm is first)
    if more > 0:
        waits = ngettext(
            "{n} more alarm waits; it follows as these are acknowledged.",
            "{n} more alarms wait; they follow as these are acknowledged.",
            more,
        )
        st.info(waits.format(n=number(more)), icon=":material/hourglass_empty:")
    _late(console, school, late)
    actionbar.told()


def _first(alarms: Sequence[Alarm]) -> Alarm | None:
    """The one that stands first and has the keys: the oldest, until J asks for the next."""
    if not alarms:
        return None
    ids = [alarm.id for alarm in alarms]
    at = ids.index(st.session_state[FIRST]) if st.session_state.get(FIRST) in ids else 0
    if len(alarms) > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            place = _("Alarm {n} of {all}").format(n=number(at + 1), all=number(len(ids)))
            st.caption(place, width="content")
            for label, key, turn in ((_("Next"), "J", 1), (_("Back"), "K", -1)):
                to = ids[(at + turn) % len(ids)]
                actionbar.button(
                    Act(f"alarm-{key}", label, partial(_turn, to), key, kind="tertiary")
                )
    return alarms[at]


def _turn(alarm_id: str) -> None:
    st.session_state[FIRST] = alarm_id
    st.rerun()


def _alarm(
    console: Console,
    actor: Actor,
    school: School,
    alarm: Alarm,
    names: dict[str, str],
    *,
    keys: bool,
) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            status.mark(_(KINDS[alarm.kind]), "red", shape="▲")
            waits = _("open for {span}").format(span=span(console.now() - alarm.raised_at))
            st.caption(waits, width="content")
        alarm_evidence.draw(console, actor, school, alarm, names)
        alarm_answer.draw(console, actor, alarm, keys=keys)


def _late(console: Console, school: School, late: list[Alarm]) -> None:
    if not late:
        return
    st.subheader(_("Acknowledged lately"), anchor=False)
    for alarm in late:
        at = moment(alarm.acknowledged_at or alarm.raised_at, school.zone, now=console.now())
        with st.container(border=True, gap="xxsmall"):
            st.caption(
                " · ".join(filter(None, (_(KINDS[alarm.kind]), strangers.name(alarm.who), at)))
            )
            strangers.text(strangers.line(alarm.said, limit=200))
            strangers.text(f"→ {alarm.outcome}")
