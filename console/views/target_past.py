"""What a service did over time: a day of checks, how long answers took, and what that went into."""

from datetime import datetime, timedelta

import streamlit as st

from console.i18n import N_, _, say
from console.views import readings
from console.widgets import answers, choice, daystrip, phases, status
from console.wiring import Console
from probes import phases as spent
from probes import results
from probes.model import Target
from probes.shares import shares
from store.access import Actor
from store.schools import School

DAY = timedelta(days=1)
BLOCK = timedelta(minutes=15)  # of a day's strip
BLOCKS = DAY // BLOCK
PERIODS = {
    "3h": (timedelta(hours=3), N_("3 hours")),
    "24h": (DAY, N_("24 hours")),
    "7d": (timedelta(days=7), N_("7 days")),
    "30d": (timedelta(days=30), N_("30 days")),
    "1y": (timedelta(days=365), N_("1 year")),
}
UP = ("24h", "30d", "1y")  # for which the share of time up is told
BARS = 150  # of the chart of phases


def day(console: Console, actor: Actor, school: School, target: Target) -> None:
    """The last 24 hours, in blocks that begin with each quarter of an hour."""
    now = console.now()
    st.subheader(_("Last 24 hours"), anchor=False)
    _time_up(console, actor, school, target, now)
    quarter = int(BLOCK.total_seconds())
    until = datetime.fromtimestamp((now.timestamp() // quarter + 1) * quarter, now.tzinfo)
    since = until - DAY
    with console.db.read("metrics") as mtx:
        found = shares(mtx, actor, school.id, target.id, since=since, until=until, parts=BLOCKS)
    begins = [since + BLOCK * nth for nth in range(BLOCKS)]
    daystrip.draw(begins, found, zone=school.zone, dark=status.is_dark())


def _time_up(console: Console, actor: Actor, school: School, target: Target, now: datetime) -> None:
    told = []
    with console.db.read("metrics") as mtx:
        for length, word in (PERIODS[period] for period in UP):
            found = results.availability(
                mtx, actor, school.id, [target.id], since=now - length, now=now
            )
            told.append(f"{_(word)} **{readings.up(found.get(target.id)) or '—'}**")
    st.markdown(f"{_('Time up:')} {' · '.join(told)}")


def chart(console: Console, actor: Actor, school: School, target: Target) -> None:
    """How long it took to answer in the chosen time, and what that went into."""
    names = {period: _(word) for period, (_length, word) in PERIODS.items()}
    chosen = choice.segments(
        _("How long it took to answer, in seconds"), names, default="3h", key="target-period"
    )
    length = PERIODS[chosen][0]
    now = console.now()
    past = console.histories.of(actor, school.id, target.id, since=now - length, until=now)
    if past.problem:
        st.caption(f"○ {say(past.problem)} {_('This is what Pult itself has kept.')}")
    if not past.points:
        st.caption(_("Nothing was read in that time."))
    else:
        answers.line(
            past.points,
            since=now - length,
            until=now,
            zone=school.zone,
            dark=status.is_dark(),
            title=_("How long it took to answer, in seconds"),
        )
    _phases(console, actor, school, target, since=now - length, now=now)


def _phases(
    console: Console,
    actor: Actor,
    school: School,
    target: Target,
    *,
    since: datetime,
    now: datetime,
) -> None:
    """What the time went into; of a probe that knows no phases nothing is drawn."""
    with console.db.read("metrics") as mtx:
        past = spent.history(mtx, actor, school.id, target.id, since=since, until=now, points=BARS)
    if not past:
        return
    title = _("What the time went into, on average, in seconds")
    st.caption(title)
    phases.bars(
        past,
        spent.stretch(since, now, BARS),
        since=since,
        until=now,
        zone=school.zone,
        dark=status.is_dark(),
        title=title,
    )
