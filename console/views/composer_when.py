"""When a campaign leaves: at once, or at a time that she chooses by the school's clock."""

from datetime import datetime, timedelta

import streamlit as st

from console.i18n import _, moment, number
from console.views import acting
from console.wiring import Console
from mailing import agreeing, releasing, timing, zones
from mailing.model import UNDO, Campaign
from store import access
from store.access import Actor
from store.schools import School


def draw(console: Console, actor: Actor, school: School, campaign: Campaign) -> None:
    """A popover that says when, and changes it."""
    access.require(actor, "write", school.id)
    now = console.now()
    label = _("At once")
    if campaign.scheduled_for:
        label = moment(campaign.scheduled_for, school.zone, now=now)
    with st.popover(label, icon=":material/schedule:", width="content"):
        begin = (campaign.scheduled_for or now + timedelta(hours=1)).astimezone(school.zone)
        day = st.date_input(_("Day"), begin.date(), key=f"when-day-{campaign.id}")
        clock = st.time_input(
            _("Time by the school's clock"),
            begin.time().replace(second=0, microsecond=0),
            step=900,
            key=f"when-time-{campaign.id}",
        )
        by_zone = st.checkbox(
            _("So late by each reader's own clock"),
            campaign.by_zone,
            key=f"when-zone-{campaign.id}",
            help=_(
                "A reader's clock is her field {field}; who has none reads by the school's."
            ).format(field=f"`{zones.FIELD}`"),
        )
        with st.container(horizontal=True):
            if st.button(_("Send then"), type="primary", key="when-set"):
                at = datetime.combine(day, clock, school.zone)
                _choose(console, actor, campaign, at, by_zone=by_zone)
            if campaign.scheduled_for and st.button(_("At once instead"), key="when-now"):
                _choose(console, actor, campaign, None)


def said(console: Console, actor: Actor, school: School, campaign: Campaign, people: int) -> str:
    """When the first mail leaves, as the dialog says it before the release."""
    now, terms = console.now(), console.terms
    leaves = timing.leaves_at(campaign, terms, school.zone, now=now)
    words = _("the first leaves {n} s after this").format(n=round(UNDO.total_seconds()))
    if leaves > now + UNDO:
        words = moment(leaves, school.zone, now=now)
        if campaign.by_zone:
            words += f" · {_('by each reader’s own clock')}"
        elif leaves != campaign.scheduled_for:
            words += f" · {_('after the quiet hours')}"
    with console.db.read() as tx:
        above = agreeing.above(tx, actor, school.id, terms)
    if above and people > above:
        agrees = _("once a second person agrees (more than {n} recipients)")
        words += f" · {agrees.format(n=number(above))}"
    return words


def _choose(
    console: Console,
    actor: Actor,
    campaign: Campaign,
    at: datetime | None,
    *,
    by_zone: bool = False,
) -> None:
    with acting.guarded(), console.db.begin() as tx:
        releasing.schedule(tx, actor, campaign.id, at, by_zone=by_zone, now=console.now())
    st.rerun()
