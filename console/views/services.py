"""The services: what fails, and whom does it hurt? A failed parent folds its children."""

from datetime import timedelta
from typing import Any

import streamlit as st

from console.desk.services import ServiceRow
from console.i18n import _, percent, say
from console.views import readings
from console.widgets import actionbar, charts, head, live, names, pages, status, tables
from console.widgets.strangers import line
from console.wiring import Console
from probes import results
from store.access import Actor
from store.schools import School

MONTH = timedelta(days=30)
STATES = ("down", "suspect", "unknown", "maintenance", "ok")


def page(console: Console, actor: Actor, school: School) -> None:
    head.live_title(_("Services"), school, lambda: console.board(actor, school.id).at)
    live.part(lambda: _draw(console, actor, school))
    actionbar.told()


def _draw(console: Console, actor: Actor, school: School) -> None:
    services = console.board(actor, school.id).services
    if not services:
        st.caption(_("Nothing is probed yet. Add a target under Admin."))
        return
    _counts(services)
    rows = [row for row in services if not row.folded]
    month = _month(console, actor, school, rows)
    chosen = tables.choose(
        [_cells(row, month.get(row.target_id)) for row in rows],
        _columns(),
        ids=[row.target_id for row in rows],
        key="services-table",
        alt=_("Services, the worst first"),
        row_height=charts.ICON_HEIGHT + 6,
        shown=16,
    )
    if chosen is not None:
        pages.go("target", id=chosen)


def _counts(services: list[ServiceRow]) -> None:
    with st.container(horizontal=True):
        for state in STATES:
            if count := sum(1 for row in services if row.state == state):
                status.badge(state, count)


def _month(
    console: Console, actor: Actor, school: School, rows: list[ServiceRow]
) -> dict[str, float]:
    """The share of time up of the rows that are shown."""
    now = console.now()
    ids = [row.target_id for row in rows]
    with console.db.read("metrics") as mtx:
        return results.availability(mtx, actor, school.id, ids, since=now - MONTH, now=now)


def _cells(row: ServiceRow, month: float | None) -> dict[str, Any]:
    behind = " " + _("(+{n} behind it)").format(n=row.behind) if row.behind else ""
    return {
        "state": status.cell(row.state),
        "service": line(row.name) + behind,
        "checks": charts.checks(row.recent, dark=status.is_dark()),
        "why": say(row.why, markdown=False),
        "affected": row.affected or None,
        "seconds": "—" if row.seconds is None else readings.seconds(row.seconds),
        "month": "" if month is None else percent(month, digits=1),
        "probe": names.probe(row.prober),
    }


def _columns() -> dict[str, Any]:
    config = st.column_config
    return {
        "state": status.column(width=118),
        "service": config.TextColumn(_("Service"), width=188),
        "checks": config.ImageColumn(_("Last 30 checks"), width=200),
        "why": config.TextColumn(_("Why"), width=187),
        "affected": config.NumberColumn(_("Affected"), width=80),
        "seconds": config.TextColumn(_("Answers, s"), width=85, alignment="right"),
        "month": config.TextColumn(_("30 days"), width=70, alignment="right"),
        "probe": config.TextColumn(_("Probe"), width=80),
    }
