"""The services: what fails, and whom does it hurt? A failed parent folds its children."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import streamlit as st

from console.desk import probing
from console.desk.board import Board
from console.desk.services import ServiceRow
from console.i18n import _, number, say
from console.views import readings
from console.widgets import actionbar, charts, choice, head, live, names, pages, status, tables
from console.widgets.pager import Page, pager
from console.widgets.screen import is_phone
from console.widgets.strangers import line
from console.wiring import Console
from probes import results
from probes.model import State
from store.access import Actor
from store.schools import School

STATES = ("down", "suspect", "unknown", "maintenance", "ok")
FINE = ("maintenance", "ok")
MONTH = timedelta(days=30)
ROWS = 50  # of one page
SHOWN = 14  # of them before the table scrolls: the turning stays in sight at 900 pixels
ROW, TALL = charts.ICON_HEIGHT + 6, 62  # pixels: on a phone a reason takes three lines


def page(console: Console, actor: Actor, school: School) -> None:
    board = console.board(actor, school.id)
    head.live_title(_("Services"), school, lambda: console.board(actor, school.id).at)
    wanted = _filters(board) if board.services else (False, "")
    live.part(lambda: _draw(console, actor, school, wanted))
    actionbar.told()


def _filters(board: Board) -> tuple[bool, str]:
    """Only what needs a hand, and the words to look for."""
    needy = sum(1 for row in board.services if row.state not in FINE and not row.folded)
    words = {
        "needy": f"{_('Needs a hand')} {number(needy)}",
        "all": f"{_('All')} {number(len(board.services))}",
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        which = choice.segments(
            _("Which services"), words, default="all", key="services-which", visible=False
        )
        search = st.text_input(
            _("Find a service"),
            placeholder=_("Find a service"),
            label_visibility="collapsed",
            icon=":material/search:",
            width=300,
            key="services-search",
        )
    return which == "needy", (search or "").casefold().strip()


def _draw(console: Console, actor: Actor, school: School, wanted: tuple[bool, str]) -> None:
    services = console.board(actor, school.id).services
    if not services:
        st.caption(_("Nothing is probed yet. Add a target under Admin."))
        return
    _doubt(console, school)
    _counts(services)
    rows = [row for row in services if _fits(row, *wanted)]
    if not rows:
        st.caption(_("No service fits. Clear the search, or choose all."))
        return
    seen = pager(len(rows), key="services-page", of=wanted, size=ROWS)
    chosen = _table(console, actor, school, rows[seen.begin : seen.end], seen)
    if chosen is not None:
        pages.go("target", id=chosen)


def _doubt(console: Console, school: School) -> None:
    with console.db.read() as tx:
        words = probing.doubt(tx, now=console.now(), zone=school.zone)
        standby = probing.standby(tx, now=console.now())
    if words is not None:
        st.warning(say(words), icon=":material/hourglass_bottom:")
    if standby is not None:
        st.caption(say(standby))


def _fits(row: ServiceRow, needy: bool, search: str) -> bool:
    """What is folded under a failed parent is found by its name alone."""
    if search:
        return search in row.name.casefold() and not (needy and row.state in FINE)
    return not row.folded and not (needy and row.state in FINE)


def _counts(services: list[ServiceRow]) -> None:
    with st.container(horizontal=True):
        for state in STATES:
            if count := sum(1 for row in services if row.state == state):
                status.badge(state, count)


def _table(
    console: Console, actor: Actor, school: School, rows: Sequence[ServiceRow], seen: Page
) -> str | None:
    ids = [row.target_id for row in rows]
    month = _month(school.id, tuple(ids), _console=console, _actor=actor)
    with console.db.read("metrics") as mtx:
        checks = results.recent(mtx, actor, school.id, ids, now=console.now())
    return tables.choose(
        [_cells(row, checks, month) for row in rows],
        _columns(),
        ids=ids,
        key=f"services-table-{seen.begin}",
        alt=_("Services, the worst first"),
        row_height=TALL if is_phone() else ROW,
        shown=SHOWN,
    )


@st.cache_data(show_spinner=False, max_entries=64, ttl=30)
def _month(
    school_id: str, ids: tuple[str, ...], *, _console: Console, _actor: Actor
) -> dict[str, float]:
    """The share of time up of the rows that are shown; the page's reader was let in already."""
    now = _console.now()
    with _console.db.read("metrics") as mtx:
        return results.availability(mtx, _actor, school_id, ids, since=now - MONTH, now=now)


def _cells(
    row: ServiceRow, checks: Mapping[str, list[State]], month: Mapping[str, float]
) -> dict[str, Any]:
    behind = " " + _("(+{n} behind it)").format(n=number(row.behind)) if row.behind else ""
    why, affected = say(row.why, markdown=False), number(row.affected) if row.affected else ""
    return {
        "state": status.cell(row.state),
        "service": line(row.name) + behind,
        "checks": charts.checks(checks.get(row.target_id, ()), dark=status.is_dark()),
        "why": " · ".join(filter(None, (affected, why))) if is_phone() else why,
        "affected": row.affected or None,
        "seconds": "—" if row.seconds is None else readings.seconds(row.seconds),
        "month": readings.up(month.get(row.target_id)),
        "probe": names.probe(row.prober),
    }


def _columns() -> dict[str, Any]:
    """On a phone the first three are all that is seen at once: what, how, and why."""
    columns = _all_columns()
    if not is_phone():
        return columns
    title = f"{_('Affected')} · {_('Why')}"
    why = st.column_config.TextColumn(title, width=126)
    first = {"state": columns["state"], "service": columns["service"], "why": why}
    return first | {
        name: each for name, each in columns.items() if name not in (*first, "affected")
    }


def _all_columns() -> dict[str, Any]:
    config, narrow = st.column_config, is_phone()
    return {
        "state": status.column(width=108 if narrow else 118),
        "service": config.TextColumn(_("Service"), width=92 if narrow else 188),
        "checks": config.ImageColumn(_("Last 30 checks"), width=200),
        "why": config.TextColumn(_("Why"), width=187),
        "affected": config.NumberColumn(_("Affected"), width=80),
        "seconds": config.TextColumn(_("Answers, s"), width=85, alignment="right"),
        "month": config.TextColumn(_("30 days"), width=70, alignment="right"),
        "probe": config.TextColumn(_("Probe"), width=80),
    }
