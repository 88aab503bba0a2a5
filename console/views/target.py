"""One service: since when does it stand so, what was read, and what is to be done?"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from console.desk import incidents
from console.desk.incidents import Incident
from console.desk.services import ServiceRow
from console.i18n import _, clock, escape, moment, ngettext, number, say, span
from console.views import readings, target_past, targetbar
from console.widgets import head, live, pages, status, strangers
from console.wiring import Console
from probes import alerts, results, targets, windows
from probes.model import Result, Target
from store import access
from store.access import Actor
from store.schools import School

INCIDENTS = 5  # the latest that are shown
RELATIVES = 12  # of those that it depends on, and of those behind it


def page(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        known = targets.of(tx, actor, school.id)
    target = next((each for each in known if each.id == pages.asked()), None)
    if target is None:
        head.title(_("Service"), back="services")
        st.info(_("This service is not in this school. Choose one from the list."))
        return
    head.live_title(
        escape(target.name), school, lambda: console.board(actor, school.id).at, back="services"
    )
    live.part(lambda: _draw(console, actor, school, target))
    _push_link(console, actor, school, target)
    _runbook(target)
    live.part(lambda: _figures(console, actor, school, target))
    _past(console, actor, school, target, known)
    targetbar.draw(console, actor, school, target)


def _draw(console: Console, actor: Actor, school: School, target: Target) -> None:
    board = console.board(actor, school.id)
    now = console.now()
    row = next((each for each in board.services if each.target_id == target.id), None)
    _state(_latest(console, actor, school, target, now), row, school, now)
    _acknowledged(console, actor, school, target, now)
    _windows(console, actor, school, target, now)


def _latest(
    console: Console, actor: Actor, school: School, target: Target, now: datetime
) -> Result:
    with console.db.read("metrics") as mtx:
        found = results.latest(mtx, actor, school.id, [target], now=now, zone=school.zone)
    return found[target.id]


def _runbook(target: Target) -> None:
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f":material/menu_book: **{_('What to do')}**")
        if target.runbook:
            strangers.text(target.runbook)
        else:
            st.caption(_("No runbook is kept for this service. Add one under Admin, Targets."))


def _push_link(console: Console, actor: Actor, school: School, target: Target) -> None:
    """Who has the link can say that all is well: it is shown to those who may steer."""
    if target.prober == "push" and access.may(actor, "steer", school.id):
        st.caption(_("It says that it is alive by a POST to this address:"))
        st.code(console.push_link(target.id), language=None, wrap_lines=True)


def _figures(console: Console, actor: Actor, school: School, target: Target) -> None:
    _readings(_latest(console, actor, school, target, console.now()))
    target_past.day(console, actor, school, target)


def _state(result: Result, row: ServiceRow | None, school: School, now: datetime) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        status.badge(result.state)
        if result.since:
            time = moment(result.since, school.zone, now=now)
            since = _("since {time} ({span})").format(time=time, span=span(now - result.since))
            st.markdown(since, width="content")
        if row and row.affected:
            st.markdown(
                _("People affected: {n}").format(n=number(row.affected)),
                width="content",
            )
    if result.why:
        st.markdown(say(result.why))


def _acknowledged(
    console: Console, actor: Actor, school: School, target: Target, now: datetime
) -> None:
    with console.db.read() as tx:
        standing = alerts.open_(tx, actor, school.id)
    alert = next((each for each in standing if each.target_id == target.id), None)
    if alert and alert.acknowledged_at:
        time = moment(alert.acknowledged_at, school.zone, now=now)
        status.mark(_("Acknowledged at {time}").format(time=time), "blue", shape="■")
        strangers.text(alert.acknowledged_reason or "")


def _windows(console: Console, actor: Actor, school: School, target: Target, now: datetime) -> None:
    with console.db.read() as tx:
        found = windows.of(tx, actor, school.id, now=now)
    words = {"silence": _("Silent until {time}"), "maintenance": _("Maintenance until {time}")}
    for window in found:
        if window.target_id == target.id:
            until = moment(window.until, school.zone, now=now)
            status.mark(words[window.kind].format(time=until), "blue", shape="■")
            strangers.text(window.reason)


def _readings(result: Result) -> None:
    if result.seconds is None and not result.readings:
        return
    with st.grid(5, min_column_width=150):
        if result.seconds is not None:
            st.metric(_("Answers, s"), readings.seconds(result.seconds), border=True)
        readings.draw(result.readings)


def _past(
    console: Console, actor: Actor, school: School, target: Target, known: list[Target]
) -> None:
    """How it answered, over the whole width where nothing is told beside it."""
    above = [each for each in known if each.id in target.parent_ids]
    behind = [each for each in known if target.id in each.parent_ids]
    with console.db.read() as tx:
        had = incidents.of_target(tx, actor, school.id, target.id)
    left = st.container()
    if above or behind or had:
        left, right = st.columns([3, 2], gap="medium")
        states = {row.target_id: row.state for row in console.board(actor, school.id).services}
        with right:
            _relatives(_("Depends on"), above, states)
            _relatives(_("Behind it"), behind, states)
            _incidents(had, school, console.now())
    with left:
        target_past.chart(console, actor, school, target)


def _relatives(title: str, found: list[Target], states: Mapping[str, str]) -> None:
    """The worst first, each with its state's shape; a thousand children are not drawn."""
    if not found:
        return
    st.subheader(title, anchor=False)
    ranked = sorted(found, key=lambda each: status.WORST_FIRST[states.get(each.id, "unknown")])
    for each in ranked[:RELATIVES]:
        shape = status.look(states.get(each.id, "unknown")).shape
        pages.link("target", f"{shape} {escape(each.name)}", id=each.id)
    if (rest := len(ranked) - RELATIVES) > 0:
        st.caption(ngettext("and {n} more", "and {n} more", rest).format(n=number(rest)))


def _incidents(found: Sequence[Incident], school: School, now: datetime) -> None:
    if not found:
        return
    st.subheader(_("Incidents"), anchor=False)
    for incident in reversed(found[-INCIDENTS:]):
        time = moment(incident.opened_at, school.zone, now=now)
        ended = f"-{clock(incident.closed_at, school.zone)}" if incident.closed_at else ""
        pages.link("incident", f"{time}{ended} · {say(incident.title)}", id=incident.id)
