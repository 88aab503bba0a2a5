"""An invitation whose lesson moved or fell out: tell those who have it, in two steps."""

import streamlit as st

from console.i18n import _, escape, moment
from console.views import acting
from console.widgets import pages
from console.wiring import Console
from mailing import following, inviting
from mailing.model import Campaign
from store import access
from store.access import Actor
from store.schools import School


def draw(console: Console, actor: Actor, school: School, campaign: Campaign) -> None:
    """Nothing for a letter that invites to no lesson, or to one that is as it was."""
    if not access.may(actor, "write", school.id):
        return
    with console.db.read() as tx:
        invitation = inviting.of(tx, actor, campaign.id)
        change = following.change(tx, actor, campaign.id) if invitation else None
    if invitation is None or change is None:
        return
    if change.off:
        words = _("{lesson} is not in the timetable any more; its readers do not know yet.")
    else:
        words = _("{lesson} begins {time} now; its readers do not know yet.")
    at = moment(change.starts_at, school.zone, now=school.time(console.now()))
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":orange[◆] {words.format(lesson=escape(invitation.title), time=at)}")
        label = _("Write the cancellation") if change.off else _("Write the new time")
        if st.button(label, icon=":material/event_repeat:", key="lesson-follow"):
            with acting.guarded():
                with console.db.begin() as tx:
                    drafted = following.follow(tx, actor, campaign.id, now=console.now())
                pages.go("composer", id=drafted)
