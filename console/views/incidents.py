"""The incidents: what is open and on whom it is, then what was closed lately."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from console.desk import incidents
from console.desk.incidents import Incident
from console.i18n import N_, _, moment, number, say, span
from console.views import handouts
from console.widgets import actionbar, head, live, pages, status, tables
from console.widgets.status import Colour
from console.widgets.strangers import line
from console.wiring import Console
from store.access import Actor
from store.schools import School

LATELY = timedelta(days=7)
STATES: dict[str, tuple[str, str, Colour]] = {  # shape, word, colour; the worst first
    "open": ("▲", N_("Nobody has it"), "red"),
    "taken": ("◆", N_("In hand"), "orange"),
    "recovered": ("●", N_("Works again"), "green"),
    "closed": ("■", N_("Closed"), "gray"),
}


def page(console: Console, actor: Actor, school: School) -> None:
    head.live_title(_("Incidents"), school, console.now)
    _for_participants(console, school)
    live.part(lambda: _draw(console, actor, school))
    actionbar.told()


def state_words(incident: Incident) -> str:
    shape, word, _colour = STATES[incident.state]
    return f"{shape} {_(word)}"


def _for_participants(console: Console, school: School) -> None:
    """The link to hand out: behind it participants report trouble, which opens an incident."""
    with st.popover(_("Link to report trouble"), icon=":material/link:", key="report-link"):
        st.caption(_("Give it to participants. They report trouble there without an account."))
        handouts.link(console.report_link(school.id))
        st.caption(_("And this one for comments that somebody should look at."))
        handouts.link(console.complaint_link(school.id))


def _draw(console: Console, actor: Actor, school: School) -> None:
    now = console.now()
    with console.db.read() as tx:
        standing = incidents.open_(tx, actor, school.id)
        over = incidents.closed(tx, actor, school.id, since=now - LATELY)
    st.subheader(_("Open"), anchor=False)
    if standing:
        _choose(sorted(standing, key=_rank), school, now, key="incidents-open")
    else:
        st.markdown(f":green[●] {_('No incident is open.')} {_last(over, school, now)}")
    if over:
        st.subheader(_("Closed in the last 7 days"), anchor=False)
        _choose(over, school, now, key="incidents-closed")


def _rank(incident: Incident) -> tuple[int, int, datetime]:
    worst = status.WORST_FIRST[incident.severity]
    return worst if incident.state != "recovered" else 99, -incident.affected, incident.opened_at


def _last(over: Sequence[Incident], school: School, now: datetime) -> str:
    ends = [incident.closed_at for incident in over if incident.closed_at]
    if not ends:
        return ""
    return _("The last one was closed {time}.").format(time=moment(max(ends), school.zone, now=now))


def _choose(found: Sequence[Incident], school: School, now: datetime, *, key: str) -> None:
    chosen = tables.choose(
        [_cells(incident, school, now) for incident in found],
        _columns(),
        ids=[incident.id for incident in found],
        key=key,
        alt=_("Incidents; tick one to open it"),
    )
    if chosen is not None:
        pages.go("incident", id=chosen)


def _cells(incident: Incident, school: School, now: datetime) -> dict[str, Any]:
    return {
        "severity": status.cell(incident.severity),
        "title": say(incident.title, markdown=False),
        "state": [state_words(incident)],
        "affected": incident.affected,
        "owner": line(incident.owner_name or ""),
        "since": moment(incident.opened_at, school.zone, now=now),
        "lasts": span((incident.closed_at or now) - incident.opened_at),
        "reports": number(incident.reports) if incident.reports else "",
    }


def _columns() -> dict[str, Any]:
    config = st.column_config
    return {
        "severity": status.column(_("Severity"), width=118),
        "title": config.TextColumn(_("What"), width=310),
        "state": status.pills(
            [(f"{shape} {_(word)}", colour) for shape, word, colour in STATES.values()],
            _("State"),
            width=135,
        ),
        "affected": config.NumberColumn(_("Affected"), width=80),
        "owner": config.TextColumn(_("Who has it"), width=110),
        "since": config.TextColumn(_("Since"), width=95),
        "lasts": config.TextColumn(_("Lasts"), width=80),
        "reports": config.TextColumn(_("Reports"), width=70, alignment="right"),
    }
