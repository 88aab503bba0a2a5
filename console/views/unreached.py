"""Who an urgent campaign did not reach, what was tried, and one click for the next way."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from console.desk import unreached
from console.desk.next_ways import Way
from console.desk.unreached import Attempt, Standing, Unreached
from console.i18n import N_, _, clock, ngettext, number, say
from console.views import acting
from console.widgets import actionbar, confirm, strangers, tables
from console.widgets.actionbar import Act
from console.wiring import Console
from mailing.model import Campaign
from platforms import PLATFORMS
from store.access import Actor
from store.schools import School

SHOWN = 500
STATES = {
    "sent": N_("told"),
    "failed": N_("not told"),
    "uncertain": N_("in doubt"),
    "due": N_("on the way"),
    "claimed": N_("on the way"),
    "handing": N_("on the way"),
}
NAMES = {"sms": N_("SMS"), "messenger": N_("Messenger")}


def standing(console: Console, actor: Actor, campaign: Campaign) -> Standing:
    late = timedelta(minutes=console.settings.mail.urgent_minutes)
    with console.db.read() as tx:
        return unreached.of(tx, actor, campaign.id, console.adapters, late=late, now=console.now())


def draw(found: Standing, school: School) -> None:
    """The figures, then the people without it, with what was tried and what comes next."""
    with st.grid(4, min_column_width=140):
        st.metric(f"● {_('By mail')}", number(found.by_mail), border=True)
        st.metric(f"● {_('By other ways')}", number(found.otherwise), border=True)
        st.metric(f"○ {_('On the way')}", number(found.under_way), border=True)
        st.metric(f"▲ {_('Not reached')}", number(len(found.unreached)), border=True)
    st.subheader(_("Who was not reached"), anchor=False)
    if not found.unreached:
        st.markdown(f":green[●] {_('Everybody was reached, or is being told.')}")
        return
    reasons = Counter(say(each.why) for each in found.unreached)
    st.caption(
        " · ".join(f"{number(n)} × {why.rstrip('.。')}" for why, n in reasons.most_common(5))
    )
    _table(found.unreached[:SHOWN], school)


def act(console: Console, actor: Actor, campaign: Campaign, found: Standing) -> Act:
    """Each by the next way in their own order; what each way is stands in the table."""
    count = found.count
    label = ngettext("Next way for {n} person", "Next way for {n} people", count)
    off = None
    if not count:
        off = _("No other way is known for anybody.") if found.unreached else _("Nobody is left.")
    return Act(
        "next-way",
        label.format(n=count) if count else _("Try the next way"),
        lambda: _ask(console, actor, campaign, found),
        icon=":material/alt_route:",
        kind="primary" if count else "secondary",
        off=off,
        asks=True,
    )


def way(name: str, place: str) -> str:
    """A way as people say it; plain text."""
    if name in NAMES:
        return _(NAMES[name])
    return strangers.line(place) or (PLATFORMS[name].name if name in PLATFORMS else name)


def _ask(console: Console, actor: Actor, campaign: Campaign, found: Standing) -> None:
    ways = Counter(following(each.next_way) for each in found.unreached if each.next_way)
    without = sum(each.next_way is None for each in found.unreached)
    told = {
        _("Ways"): ", ".join(f"{name}: {number(n)}" for name, n in ways.most_common()),
        _("Without a way"): number(without) if without else _("nobody"),
        _("Twice"): _("nobody is told twice by the same way"),
        _("Undo"): _("none"),
    }
    count = sum(ways.values())
    label = ngettext("Tell {n} person", "Tell {n} people", count).format(n=count)
    confirm.ask(_("Try the next way?"), told, label, lambda: _try(console, actor, campaign))


def _try(console: Console, actor: Actor, campaign: Campaign) -> None:
    late = timedelta(minutes=console.settings.mail.urgent_minutes)
    with acting.guarded():
        with console.db.begin() as tx:
            count = unreached.try_next(
                tx, actor, campaign.id, console.adapters, late=late, now=console.now()
            )
        words = ngettext(
            "{n} person is told by the next way.", "{n} people are told by the next way.", count
        )
        actionbar.say(words.format(n=count))


def _table(rows: Sequence[Unreached], school: School) -> None:
    tables.show(
        [
            {
                "name": strangers.line(each.name),
                "why": say(each.why, markdown=False),
                "tried": " · ".join(tried(one, school) for one in each.attempts),
                "next": following(each.next_way) if each.next_way else "—",
            }
            for each in rows
        ],
        {
            "name": st.column_config.TextColumn(_("Name"), width=190),
            "why": st.column_config.TextColumn(_("Not by mail because"), width=260),
            "tried": st.column_config.TextColumn(_("Tried"), width=330),
            "next": st.column_config.TextColumn(_("Next way"), width=150),
        },
        alt=_("Those not reached, with what was tried and the next way"),
    )


def following(one: Way) -> str:
    return way(one.name, one.place)


def tried(attempt: Attempt, school: School) -> str:
    name = way(attempt.way.partition(" ")[0], attempt.place)
    said = f"{name}: {_(STATES[attempt.state])} {clock(attempt.at, school.zone)}"
    why = f" ({say(attempt.why, markdown=False).rstrip('.。')})" if attempt.why else ""
    return said + strangers.line(why)
