"""The delivery of one campaign: who has not got it, why, and what can still be done."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from console.i18n import _, clock, day, moment, number, say, span
from console.views import (
    delivery_acts,
    delivery_held,
    delivery_lesson,
    letter,
    missed_away,
    unreached,
)
from console.views.campaigns import COUNTS, STAGES, subject_of
from console.widgets import actionbar, confirm, head, live, pages, status, strangers, tables
from console.widgets.status import Colour, paint
from console.wiring import Console
from mailing import campaigns, reached, readiness, urgent
from mailing.model import Campaign, Totals, Undelivered
from mailing.readiness import Overruling
from store import access
from store.access import Actor
from store.schools import School

SHAPES: dict[str, tuple[str, Colour]] = {
    "sent": ("●", "green"),
    "waiting": ("○", "blue"),
    "held": ("◆", "orange"),
    "failed": ("▲", "red"),
    "suppressed": ("■", "gray"),
}
SHOWN = 500


def page(console: Console, actor: Actor, school: School) -> None:
    access.require(actor, "see people", school.id)
    campaign_id = pages.asked()
    if campaign_id is None:
        head.title(_("Delivery"), back="campaigns")
        st.info(_("Choose a campaign from the list."))
        return
    with console.db.read() as tx:
        campaign = campaigns.get(tx, actor, campaign_id)
    head.title(strangers.name(subject_of(campaign)), back="campaigns")
    if campaign.state == "draft":
        st.info(_("This is a draft again; nobody got it."))
        pages.link("composer", _("Go on writing"), icon=":material/edit:", id=campaign.id)
        actionbar.told()
        return
    delivery_lesson.draw(console, actor, school, campaign)
    delivery_acts.tell_changed(campaign)
    live.part(lambda: _stage(console, actor, school, campaign.id))
    letter.draw(console, actor, school, campaign)
    drawn = delivery_acts.situation(campaign, console)
    acts = delivery_acts.acts(console, actor, school, campaign)
    if campaign.lane == urgent.LANE:
        found = unreached.standing(console, actor, campaign)
        live.part(lambda: _urgent(console, actor, school, campaign.id, found.count))
        if access.may(actor, "send", school.id):
            acts.insert(0, unreached.act(console, actor, campaign, found))
    live.part(lambda: _draw(console, actor, school, campaign.id, drawn))
    _assumed(console, actor, campaign)
    if not campaign.reduced_at:
        missed_away.draw(console, actor, school, campaign, state=_said, why=_plain)
    actionbar.bar(acts)


def _draw(
    console: Console,
    actor: Actor,
    school: School,
    campaign_id: str,
    drawn: delivery_acts.Situation,
) -> None:
    with console.db.read() as tx:
        campaign = campaigns.get(tx, actor, campaign_id)
        missing = reached.undelivered(tx, actor, campaign_id, limit=SHOWN)
    _figures(campaign.totals)
    _stacked(campaign.totals)
    if campaign.reduced_at:
        words = _("Names were let go on {day}; the sums stay.")
        st.info(words.format(day=day(campaign.reduced_at, school.zone)), icon=":material/history:")
    elif campaign.lane != urgent.LANE:
        _missing(console, missing)
    if delivery_acts.situation(campaign, console) != drawn and not confirm.is_open():
        st.rerun(scope="app")


def _urgent(console: Console, actor: Actor, school: School, campaign_id: str, drawn: int) -> None:
    """Who was not reached, by whatever way; the bar is drawn anew with their number."""
    with console.db.read() as tx:
        campaign = campaigns.get(tx, actor, campaign_id)
    found = unreached.standing(console, actor, campaign)
    unreached.draw(found, school)
    if found.count != drawn and not confirm.is_open():
        st.rerun(scope="app")


def _stage(console: Console, actor: Actor, school: School, campaign_id: str) -> None:
    """Before all else: a letter that is being read may have left meanwhile."""
    with console.db.read() as tx:
        campaign = campaigns.get(tx, actor, campaign_id)
        overruled = readiness.overruled(tx, actor, campaign_id)
    now = console.now()
    stage = campaign.stage(now)
    word, colour = STAGES[stage]
    with st.container(horizontal=True, vertical_alignment="center"):
        status.mark(_(word), colour)
        if stage == "undo" and campaign.leaves_at:
            left = span(campaign.leaves_at - now)
            st.markdown(_("The first mail leaves in {time}.").format(time=left), width="content")
        elif stage == "scheduled" and campaign.leaves_at:
            at = moment(campaign.leaves_at, school.zone, now=now)
            st.markdown(_("The first mail leaves {time}.").format(time=at), width="content")
        elif stage == "asked":
            st.markdown(_("Nothing leaves until somebody else agrees."), width="content")
        elif stage == "paused" and campaign.expires_at and campaign.expires_at <= now:
            st.markdown(
                _("Its hour is over; nothing leaves until you send it on."), width="content"
            )
        elif campaign.released_at:
            at = clock(campaign.released_at, school.zone)
            st.caption(_("Released at {time}").format(time=at), width="content")
        head.updated(now, school)
    _overruled(overruled)


def _overruled(found: Overruling | None) -> None:
    """Who let it out all the same, and why: whoever agrees to it reads it before."""
    if found is None:
        return
    who, reason = strangers.name(found.account_name), strangers.name(found.reason)
    words = _("{who} sends it all the same, because: {reason}")
    st.markdown(f":orange[◆] {words.format(who=who, reason=reason)}")
    st.caption(" ".join(say(each) for each in found.points))


def _figures(totals: Totals) -> None:
    with st.grid(6, min_column_width=140):
        st.metric(_("Recipients"), number(totals.audience), border=True)
        for name, word in COUNTS.items():
            shape, _colour = SHAPES[name]
            st.metric(f"{shape} {_(word)}", number(getattr(totals, name)), border=True)


def _stacked(totals: Totals) -> None:
    """One bar as long as the audience, a piece for each outcome."""
    dark = status.is_dark()
    series = [
        {
            "name": f"{SHAPES[name][0]} {_(word)}",
            "type": "bar",
            "stack": "all",
            "barWidth": 22,
            "data": [getattr(totals, name)],
            "itemStyle": {"color": paint(SHAPES[name][1], dark=dark)},
        }
        for name, word in COUNTS.items()
    ]
    st.echarts_chart(
        {
            "animation": False,
            "grid": {"left": 0, "right": 0, "top": 0, "bottom": 34},
            "legend": {"bottom": 0, "left": 0, "itemHeight": 8},
            "tooltip": {"trigger": "item", "confine": True},
            "xAxis": {"type": "value", "show": False, "min": 0, "max": totals.audience},
            "yAxis": {"type": "category", "data": [""], "show": False},
            "series": series,
        },
        height=84,
        alt=_("Sent, waiting, held, failed and left out, of all recipients"),
    )


def _missing(console: Console, missing: Sequence[Undelivered]) -> None:
    st.subheader(_("Who has not got it"), anchor=False)
    if not missing:
        st.markdown(f":green[●] {_('Everybody got it.')}")
        return
    reasons = Counter(_why(each, markdown=True) for each in missing)
    often = [(why.rstrip("."), n) for why, n in reasons.most_common(5) if why]
    st.caption(" · ".join(f"{number(n)} × {why}" for why, n in often))
    now = console.now()
    tables.show(
        [
            {
                "state": [_state(each.state)],
                "name": strangers.line(each.name),
                "email": strangers.line(each.email),
                "why": strangers.line(_why(each, markdown=False)),
                "next": span(each.next_at - now) if each.next_at and each.next_at > now else "",
            }
            for each in missing
        ],
        {
            "state": status.pills(
                ((_state(name), colour) for name, (_shape, colour) in SHAPES.items()), width=130
            ),
            "name": st.column_config.TextColumn(_("Name"), width=190),
            "email": st.column_config.TextColumn(_("Address"), width=240),
            "why": st.column_config.TextColumn(_("Why"), width=320),
            "next": st.column_config.TextColumn(_("Next try in"), width=150),
        },
        alt=_("Those without the mail, with the reason"),
    )


def _assumed(console: Console, actor: Actor, campaign: Campaign) -> None:
    """Whose mail was counted as sent though nobody knows: they may be without it."""
    with console.db.read() as tx:
        if not reached.was_assumed(tx, actor, campaign.id):
            return
    more = st.expander(
        _("Counted as sent, and nobody knows"),
        icon=":material/help:",
        key=f"assumed-{campaign.id}",
        on_change="rerun",
    )
    if not more.open:
        return
    with console.db.read() as tx:
        found = reached.assumed(tx, actor, campaign.id, limit=SHOWN)
    with more:
        tables.show(
            [
                {"name": strangers.line(name), "email": strangers.line(email)}
                for name, email in found
            ],
            {
                "name": st.column_config.TextColumn(_("Name"), width=190),
                "email": st.column_config.TextColumn(_("Address"), width=240),
            },
            alt=_("Those who may be without the mail"),
        )


def _state(name: str) -> str:
    return f"{SHAPES[name][0]} {_(COUNTS[name])}"


def _said(each: Undelivered) -> str:
    return _(COUNTS[each.state])


def _plain(each: Undelivered) -> str:
    return _why(each, markdown=False)


def _why(each: Undelivered, *, markdown: bool) -> str:
    if each.why:
        return say(each.why, markdown=markdown)
    return _(delivery_held.WHY) if each.state == "held" else ""
