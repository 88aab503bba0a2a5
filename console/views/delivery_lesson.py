"""An invitation whose lesson moved or fell out: one button tells all its readers."""

from functools import partial

import streamlit as st

from console.i18n import _, escape, moment, ngettext, number
from console.views import acting
from console.widgets import actionbar, confirm, pages
from console.wiring import Console
from mailing import following, inviting
from mailing.following import Change, Readers
from mailing.model import Campaign
from store import access, moves
from store.access import Actor
from store.schools import School


def draw(console: Console, actor: Actor, school: School, campaign: Campaign) -> None:
    """Nothing for a letter that invites to no lesson, or to one that is as it was."""
    if not access.may(actor, "write", school.id):
        return
    with console.db.read() as tx:
        invitation = inviting.of(tx, actor, campaign.id)
        change = following.change(tx, actor, campaign.id) if invitation else None
        readers = following.readers(tx, actor, campaign.id) if change else Readers(0, 0)
    if invitation is None or change is None:
        return
    if change.perhaps:
        words = _(
            "{lesson} is not in the timetable any more, but one of its name begins {time}. Did it "
            "move there, or is it called off?"
        )
    elif change.off:
        words = _("{lesson} is not in the timetable any more; its readers do not know yet.")
    else:
        words = _("{lesson} begins {time} now; its readers do not know yet.")
    starts = change.perhaps.starts_at if change.perhaps else change.starts_at
    at = moment(starts, school.zone, now=school.time(console.now()))
    with st.container(border=True):
        st.markdown(f":orange[◆] {words.format(lesson=escape(invitation.title), time=at)}")
        if readers.waiting:
            st.caption(_waiting(readers))
        with st.container(horizontal=True):
            if change.perhaps and access.may(actor, "steer", school.id):
                _same(console, actor, invitation.lesson_id, change.perhaps.lesson_id)
            if access.may(actor, "send", school.id):
                _offer(console, actor, campaign, change, readers)
            label = _("Write the cancellation") if change.off else _("Write the new time")
            if st.button(label, icon=":material/edit:", key="lesson-follow"):
                with acting.guarded():
                    with console.db.begin() as tx:
                        drafted = following.follow(tx, actor, campaign.id, now=console.now())
                    pages.go("composer", id=drafted)


def _same(console: Console, actor: Actor, lesson_id: str, other_id: str) -> None:
    """Nothing is sent by it: the new hour is told by the button that comes then."""
    if st.button(_("It moved there"), icon=":material/event_repeat:", key="lesson-moved"):
        with acting.guarded():
            with console.db.begin() as tx:
                moves.become(tx, actor, lesson_id, other_id, now=console.now())
            st.rerun()


def _waiting(readers: Readers) -> str:
    words = ngettext(
        "{n} person waits for the invitation, and does not get it with the old hour.",
        "{n} people wait for the invitation, and do not get it with the old hour.",
        readers.waiting,
    )
    return words.format(n=number(readers.waiting))


def _offer(
    console: Console, actor: Actor, campaign: Campaign, change: Change, readers: Readers
) -> None:
    label = _("Send the cancellation") if change.off else _("Send the new time")
    if st.button(
        label,
        icon=":material/send:",
        type="primary",
        on_click=confirm.opening,
        key="lesson-tell",
    ):
        _ask(console, actor, campaign, change, readers)


def _ask(
    console: Console, actor: Actor, campaign: Campaign, change: Change, readers: Readers
) -> None:
    """Say back to how many it goes."""
    count = readers.got + readers.waiting
    what = _("a ready text, and what takes it out of calendars")
    if not change.off:
        what = _("a ready text, and the new time for calendars")
    confirm.ask(
        _("Tell its readers that it is called off?")
        if change.off
        else _("Tell its readers the new time?"),
        {
            _("Have it, or may have it"): number(readers.got),
            _("Wait for it"): number(readers.waiting),
            _("What"): what,
            _("Undo"): _("call it back on its page before the first mail leaves"),
        },
        ngettext("Send to {n} person", "Send to {n} people", count).format(n=count),
        partial(_tell, console, actor, campaign),
    )


def _tell(console: Console, actor: Actor, campaign: Campaign) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            told = following.tell(tx, actor, campaign.id, terms=console.terms, now=console.now())
        actionbar.say(_("Released; what waited of the old invitation is called off."))
        pages.go("delivery", id=told)
