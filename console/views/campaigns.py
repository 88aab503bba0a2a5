"""Campaigns: what was written, to how many, and who has not got it."""

from typing import Any

import streamlit as st

from console.desk import restoring
from console.i18n import N_, _, moment, number
from console.views import acting, segment_picker, writing
from console.widgets import actionbar, head, live, pages, status, tables
from console.widgets.status import Colour
from console.wiring import Console
from mailing import campaigns
from mailing.model import Campaign
from mailing.segments import Segment
from store import access
from store.access import Actor
from store.schools import School

STAGES: dict[str, tuple[str, Colour]] = {
    "draft": (N_("○ Draft"), "gray"),
    "expired": (N_("○ Not released"), "gray"),
    "asked": (N_("◆ Needs a second person"), "orange"),
    "scheduled": (N_("○ Scheduled"), "blue"),
    "undo": (N_("◆ Leaves soon"), "orange"),
    "sending": (N_("● Sending"), "blue"),
    "paused": (N_("■ Paused"), "violet"),
    "stopped": (N_("■ Stopped"), "gray"),
    "attention": (N_("▲ Not all got it"), "red"),
    "done": (N_("● Sent"), "green"),
}
COUNTS = {
    "sent": N_("Sent"),
    "waiting": N_("Waiting"),
    "held": N_("Held"),
    "failed": N_("Failed"),
    "suppressed": N_("Left out"),
}


def page(console: Console, actor: Actor, school: School) -> None:
    access.require(actor, "write", school.id)
    head.title(_("Campaigns"))
    _paused(console, actor, school)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(_("New campaign"), type="primary", icon=":material/add:", key="campaign-new"):
            with acting.guarded():
                pages.go("composer", id=writing.to_segment(console, actor, school, Segment()))
        pages.link("standing", _("Standing newsletters"), icon=":material/newsmode:")
        pages.link("urgent", _("Texts for emergencies"), icon=":material/emergency_home:")
    live.part(lambda: _list(console, actor, school))
    actionbar.told()


def _paused(console: Console, actor: Actor, school: School) -> None:
    """After a restore nothing leaves until an administrator of all schools says so."""
    with console.db.read() as tx:
        since = restoring.paused(tx)
    if since is None:
        return
    at = moment(since, school.zone, now=console.now())
    st.warning(
        _(
            "A backup was restored {time}. Nothing is sent until sending is resumed; "
            "what was not finished is held, campaign by campaign."
        ).format(time=at),
        icon=":material/pause_circle:",
    )
    st.caption(
        _(
            "Who has the mail is counted as far as the replaced databases knew. The relay's log "
            "tells of more: python -m console mailed LOG. "
            "Nobody gets anything twice unless you say so."
        )
    )
    if st.button(_("Resume sending"), key="sending-resume"):
        with acting.guarded():
            with console.db.begin() as tx:
                restoring.resume(tx, actor, now=console.now())
            actionbar.say(_("Mail leaves again. Held mails wait for a decision."))
        st.rerun()


def subject_of(campaign: Campaign) -> str:
    return segment_picker.subject(campaign.subject)


def _list(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        known = campaigns.of(tx, actor, school.id)
    if not known:
        st.info(_("Nothing was written yet."), icon=":material/campaign:")
        return
    chosen = tables.choose(
        [_cells(each, console, school) for each in known],
        _columns(),
        ids=[each.id for each in known],
        key="campaign-list",
        alt=_("Campaigns, the newest first"),
    )
    if chosen is not None:
        draft = any(each.id == chosen and each.state == "draft" for each in known)
        pages.go("composer" if draft else "delivery", id=chosen)


def _cells(campaign: Campaign, console: Console, school: School) -> dict[str, Any]:
    now, totals = console.now(), campaign.totals
    counts = {name: number(getattr(totals, name)) if totals.audience else "" for name in COUNTS}
    return counts | {
        "stage": [_(STAGES[campaign.stage(now)][0])],
        "subject": subject_of(campaign),
        "audience": number(totals.audience) if totals.audience else "",
        "at": moment(campaign.released_at or campaign.updated_at, school.zone, now=now),
    }


def _columns() -> dict[str, Any]:
    text = st.column_config.TextColumn
    figures = {name: text(_(word), width=82, alignment="right") for name, word in COUNTS.items()}
    return {
        "stage": status.pills(
            ((_(word), colour) for word, colour in STAGES.values()), _("State"), width=125
        ),
        "subject": text(_("Subject"), width=285),
        "at": text(_("When"), width=100),
        "audience": text(_("Recipients"), width=85, alignment="right"),
        **figures,
    }
