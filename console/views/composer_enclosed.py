"""What goes along with a letter: the lesson that it invites to, and files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import streamlit as st

from console.i18n import _, escape, moment, ngettext, number
from console.views import acting
from console.widgets import strangers
from console.wiring import Console
from mailing import attachments, file_kinds, inviting
from mailing.attachments import MB, Attachment
from mailing.invitation import Invitation
from mailing.model import Campaign
from store import access, timetable
from store.access import Actor
from store.schools import School

AHEAD = timedelta(days=21)  # lessons to choose from
TENTH = MB // 10


@dataclass(frozen=True)
class Enclosed:
    """What a draft carries, without the files' contents."""

    invitation: Invitation | None
    files: Sequence[Attachment]

    @property
    def size(self) -> int:
        return sum(each.size for each in self.files)


def known(console: Console, actor: Actor, campaign: Campaign) -> Enclosed:
    with console.db.read() as tx:
        return Enclosed(inviting.of(tx, actor, campaign.id), attachments.of(tx, actor, campaign.id))


def draw(console: Console, actor: Actor, school: School, campaign: Campaign) -> None:
    """Two popovers that say what is there, and change it."""
    access.require(actor, "write", school.id)
    enclosed = known(console, actor, campaign)
    with st.container(horizontal=True):
        _lesson(console, actor, school, campaign, enclosed.invitation)
        _files(console, actor, campaign, enclosed)


def sized(size: int) -> str:
    """In megabytes, never less than what anybody would see."""
    return _("{n} MB").format(n=number(max(size, TENTH) / MB, digits=1))


def _lesson(
    console: Console,
    actor: Actor,
    school: School,
    campaign: Campaign,
    invitation: Invitation | None,
) -> None:
    now = school.time(console.now())
    label = _("Invite to a lesson")
    if invitation:
        at = moment(invitation.starts_at, school.zone, now=now)
        label = f"{escape(invitation.title)} · {at}"
    with st.popover(label, icon=":material/event:", width="content"):
        with console.db.read() as tx:
            lessons = timetable.lessons(tx, actor, school.id, since=now, until=now + AHEAD)
        if not lessons:
            st.caption(_("No lesson is planned in the next {n} days.").format(n=AHEAD.days))
        by_id = {each.id: each for each in lessons}
        chosen = st.selectbox(
            _("Lesson"),
            list(by_id),
            format_func=lambda id_: strangers.line(
                f"{moment(by_id[id_].starts_at, school.zone, now=now)} · {by_id[id_].title}"
            ),
            key=f"lesson-{campaign.id}",
            disabled=not lessons,
        )
        st.caption(_("It goes along for their calendars, and the text can say when it is."))
        with st.container(horizontal=True):
            if st.button(_("Invite"), type="primary", key="lesson-set", disabled=not lessons):
                with acting.guarded(), console.db.begin() as tx:
                    link = console.lesson_link(chosen or "")
                    inviting.invite(
                        tx, actor, campaign.id, chosen or "", link=link, now=console.now()
                    )
                st.rerun()
            if invitation and st.button(_("No invitation"), key="lesson-none"):
                with acting.guarded(), console.db.begin() as tx:
                    inviting.uninvite(tx, actor, campaign.id, now=console.now())
                st.rerun()


def _files(console: Console, actor: Actor, campaign: Campaign, enclosed: Enclosed) -> None:
    label = _("Files")
    if enclosed.files:
        words = ngettext("{n} file", "{n} files", len(enclosed.files))
        label = f"{words.format(n=len(enclosed.files))} · {sized(enclosed.size)}"
    with st.popover(label, icon=":material/attach_file:", width="content"):
        for each in enclosed.files:
            with st.container(horizontal=True, vertical_alignment="center"):
                strangers.text(f"{each.name} · {sized(each.size)}")
                if st.button(
                    _("Remove"), key=f"file-{each.id}", icon=":material/close:", type="tertiary"
                ):
                    with acting.guarded(), console.db.begin() as tx:
                        attachments.remove(tx, actor, campaign.id, each.id, now=console.now())
                    st.rerun()
        _attach(console, actor, campaign)


def _attach(console: Console, actor: Actor, campaign: Campaign) -> None:
    room = console.attachment_room
    if not room.each:
        st.caption(_("Files are switched off in the settings. Put a link into the text."))
        return
    turn = st.session_state.setdefault("files-turn", 0)
    given = st.file_uploader(
        _("Up to {each}, together {all}").format(each=sized(room.each), all=sized(room.together)),
        type=list(file_kinds.KINDS),
        max_upload_size=max(1, room.each // MB),  # else the field promises the server's limit
        key=f"files-{campaign.id}-{turn}",
    )
    if st.button(_("Attach"), type="primary", key="files-attach", disabled=given is None) and given:
        with acting.guarded():
            with console.db.begin() as tx:
                attachments.add(
                    tx,
                    actor,
                    campaign.id,
                    given.name,
                    given.getvalue(),
                    room=room,
                    now=console.now(),
                )
            st.session_state["files-turn"] = turn + 1
        st.rerun()
