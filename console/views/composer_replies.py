"""Where readers' answers go: to the school's mailbox for them, or to one of the author's choice."""

import streamlit as st

from console.i18n import _, say
from console.widgets import strangers
from console.wiring import Console
from mailing import replies
from mailing.model import Campaign, MailingError
from store import access
from store.access import Actor


def draw(console: Console, actor: Actor, campaign: Campaign) -> None:
    """A popover that says where, and changes it."""
    access.require(actor, "write", campaign.school_id)
    with st.popover(_("Replies"), icon=":material/reply:", width="content"):
        typed = st.text_input(
            _("Answers go to"),
            campaign.replies,
            placeholder=campaign.sender,
            key=f"replies-{campaign.id}",
        )
        st.caption(
            _("Empty: to the sender, {sender}").format(sender=strangers.name(campaign.sender))
        )
        if st.button(_("Keep it"), type="primary", key="replies-keep"):
            _keep(console, actor, campaign, (typed or "").strip())


def _keep(console: Console, actor: Actor, campaign: Campaign, address: str) -> None:
    try:
        with console.db.begin() as tx:
            replies.choose(tx, actor, campaign.id, address, now=console.now())
    except MailingError as error:
        st.error(say(error), icon=":material/error:")
    else:
        st.rerun()
