"""One incident: who is on it, who knows? Its timeline, its evidence, and what to do."""

from datetime import datetime

import streamlit as st

from console.desk import alarms, alerting, emergencies, incidents, reports, unheard
from console.desk.incidents import Entry, Incident
from console.desk.unheard import Unheard
from console.i18n import N_, _, escape, listed, moment, number, say, span
from console.views import incidentbar
from console.views.campaigns import subject_of
from console.views.incidents import STATES
from console.widgets import head, live, pages, status, strangers
from console.wiring import Console
from probes import targets
from probes.model import Target
from store import access
from store.access import Actor
from store.schools import School

STEPS = {  # kind of entry: icon, words
    "opened": (":material/crisis_alert:", N_("Opened")),
    "worse": (":material/trending_down:", N_("Changed")),
    "report": (":material/person_alert:", N_("Report of trouble")),
    "taken": (":material/back_hand:", N_("Taken")),
    "note": (":material/edit_note:", N_("Note")),
    "told": (":material/campaign:", N_("People told")),
    "recovered": (":material/check_circle:", N_("Works again")),
    "closed": (":material/task_alt:", N_("Closed")),
}


def page(console: Console, actor: Actor, school: School) -> None:
    incident_id = pages.asked() or ""
    with console.db.read() as tx:
        incident = incidents.get(tx, actor, incident_id)
    if incident is None or incident.school_id != school.id:
        head.title(_("Incident"), back="incidents")
        st.info(_("This incident is not in this school. Choose one from the list."))
        return
    head.live_title(say(incident.title), school, console.now, back="incidents")
    live.part(lambda: _draw(console, actor, school, incident_id))
    incidentbar.draw(console, actor, incident)


def _draw(console: Console, actor: Actor, school: School, incident_id: str) -> None:
    with console.db.read() as tx:
        incident = incidents.get(tx, actor, incident_id)
        entries = incidents.timeline(tx, actor, incident_id)
        missed = unheard.of(tx, actor, incident_id) if incident else None
    if incident is None:
        return
    now = console.now()
    _facts(incident, school, now)
    _unheard(missed)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.subheader(_("Timeline"), anchor=False)
        for entry in entries:
            _step(entry, school, now)
    with right:
        _evidence(console, actor, incident, school, now)


def _facts(incident: Incident, school: School, now: datetime) -> None:
    shape, word, colour = STATES[incident.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        status.badge(incident.severity)
        status.mark(_(word), colour, shape=shape)
    with st.grid(4, min_column_width=160):
        st.metric(_("Affected"), number(incident.affected), border=True)
        st.metric(_("Who has it"), escape(incident.owner_name or "—"), border=True)
        st.metric(_("Since"), moment(incident.opened_at, school.zone, now=now), border=True)
        st.metric(
            _("Lasts"),
            span((incident.closed_at or incident.recovered_at or now) - incident.opened_at),
            border=True,
        )


def _unheard(missed: Unheard | None) -> None:
    """Whom of the staff the notices did not reach, and why."""
    if missed is None:
        return
    who = listed(map(strangers.name, missed.names))
    if missed.nobody:
        said = f":red[▲] {_('Nobody could be told: the notices to {names} did not arrive.')}"
    else:
        said = f":orange[◆] {_('Could not be told: {names}.')}"
    again = _("It is tried again.") if missed.again else _("It is not tried again.")
    st.markdown(" ".join([said.format(names=who), say(missed.why), again]))


def _step(entry: Entry, school: School, now: datetime) -> None:
    icon, word = STEPS[entry.kind]
    time = moment(entry.at, school.zone, now=now)
    name = "Pult" if entry.account_id == "system" else escape(entry.account_name)
    label = f"{time} · {_(word)} · {name}"
    with st.expander(label, icon=icon, type="step", expanded=True):
        if entry.said:
            st.markdown(say(entry.said))
        if entry.note:
            strangers.text(entry.note)


def _evidence(
    console: Console, actor: Actor, incident: Incident, school: School, now: datetime
) -> None:
    target = _target(console, actor, incident)
    if not incident.closed_at:
        st.subheader(_("What to do"), anchor=False)
        _what_to_do(incident, target)
    if target is not None:
        readings = _("Readings of {name}").format(name=escape(target.name))
        pages.link("target", readings, icon=":material/dns:", id=target.id)
    if access.may(actor, "write", school.id):
        _sent(console, actor, incident, school, now)
    if not incident.reports:
        return
    st.subheader(f"{_('Reports of trouble')} :gray-badge[{incident.reports}]", anchor=False)
    if not access.may(actor, "see people", school.id):
        st.caption(_("Your role does not show who wrote and what."))
        return
    with console.db.read() as tx:
        written = reports.of_incident(tx, actor, incident.id)
    for report in written:
        with st.container(border=True):
            st.caption(moment(report.at, school.zone, now=now))
            strangers.text(f"{report.name} · {report.contact}" if report.contact else report.name)
            strangers.text(report.said)


def _sent(
    console: Console, actor: Actor, incident: Incident, school: School, now: datetime
) -> None:
    """What the affected were told, with the way to those not reached."""
    with console.db.read() as tx:
        sent = emergencies.of_incident(tx, actor, incident.id)
    if sent:
        st.subheader(_("What people were told"), anchor=False)
    for each in sent:
        at = moment(each.released_at or each.created_at, school.zone, now=now)
        figures = f"{number(each.totals.sent)} / {number(each.totals.audience)}"
        label = f"{at} · {strangers.name(subject_of(each))} · {figures}"
        pages.link("delivery", label, icon=":material/campaign:", id=each.id)


def _target(console: Console, actor: Actor, incident: Incident) -> Target | None:
    with console.db.read() as tx:
        known = targets.of(tx, actor, incident.school_id) if incident.target_id else []
    return next((each for each in known if each.id == incident.target_id), None)


def _what_to_do(incident: Incident, target: Target | None) -> None:
    if alarms.is_welfare(incident):
        st.markdown(_(alarms.ADVICE))
        pages.link("welfare", _("Welfare alarms"), icon=":material/health_and_safety:")
        return
    if ours := alerting.advice(incident):
        st.markdown(_(ours))
        return
    if incident.target_id is None and incident.reports:
        st.caption(_("Read what they wrote, answer them, and note what helped."))
        return
    if incident.target_id is None:
        st.caption(_("Look at it, and note what was done and what helped."))
        return
    if target is None:
        st.caption(_("The service is probed no longer."))
        return
    if target.runbook:
        strangers.text(target.runbook)
    else:
        st.caption(_("No runbook is kept for this service. Add one under Admin, Targets."))
