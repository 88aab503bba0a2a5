"""Who of a lesson is in its room this moment, and a letter to those who are or are not."""

from collections.abc import Collection, Sequence
from datetime import datetime

import streamlit as st

from console.desk import presence
from console.desk.lessons import LessonRow
from console.desk.presence import Presence
from console.desk.rooms import RoomError
from console.i18n import _, clock, escape, moment, ngettext, number, say
from console.views import acting, writing
from console.widgets import confirm, pages, strangers
from console.wiring import Console
from mailing import campaigns
from mailing.model import Campaign
from mailing.segments import Segment
from platforms.base import PlatformError
from store import access
from store.access import Actor
from store.roster import Person
from store.schools import School

SHOWN = 100  # names of each list


def label(row: LessonRow) -> str:
    """How many are absent, by the room's count, while the lesson runs and the count is known."""
    if not row.running or row.participants is None or not row.expected or row.others:
        return _("Who is in")
    absent = max(0, row.expected - row.participants)
    return ngettext("Absent {n}", "Absent {n}", absent).format(n=number(absent))


def cannot(actor: Actor, school: School, row: LessonRow, can: Collection[str]) -> str | None:
    """Why nobody can be asked for; None where they can."""
    if not access.may(actor, "see people", school.id):
        return _("Your role does not allow this.")
    if "who is in" not in can:
        return _(presence.NOT_TOLD)
    return None if row.course_id else _("No course is known for this room.")


def ask(console: Console, actor: Actor, school: School, row: LessonRow) -> None:
    """Ask the platform now; the names are shown and not kept."""

    @st.dialog(_("Who is in {name}").format(name=escape(row.title)), on_dismiss=confirm.closed)
    def dialog() -> None:
        try:
            found = presence.look(
                console.db, actor, row.room_id, row.course_id or "", console.adapters,
                now=console.now(),
            )  # fmt: skip
        except (RoomError, PlatformError) as error:
            st.error(say(error))
            return
        _draw(console, actor, school, row, found)

    confirm.opened()
    dialog()


def again(
    console: Console, actor: Actor, school: School, campaign: Campaign
) -> tuple[Campaign, str]:
    """A letter to absentees loses whom the room has by now; what that came to, '' for others."""
    segment = Segment.from_json(campaign.segment)
    if not segment.absent_from:
        return campaign, ""
    now = console.now()
    try:
        still = presence.still_absent(console.db, actor, segment, console.adapters, now=now)
    except (RoomError, PlatformError, access.Denied) as error:
        asked = datetime.fromisoformat(segment.absent_from[2])
        told = _("as of {time}").format(time=moment(asked, school.zone, now=now))
        return campaign, f"{told}. {say(error, markdown=False)}"
    came = len(segment.people) - len(still.people)
    words = ngettext("{n} has come in and is left out", "{n} have come in and are left out", came)
    told = _("as of {time}").format(time=clock(now, school.zone))
    with console.db.begin() as tx:
        campaigns.keep_segment(tx, actor, campaign.id, still, now=now)
        campaign = campaigns.get(tx, actor, campaign.id)
    return campaign, f"{told} · {words.format(n=number(came))}" if came else told


def _draw(console: Console, actor: Actor, school: School, row: LessonRow, found: Presence) -> None:
    st.caption(_("Asked at {time}").format(time=clock(found.at, school.zone, seconds=True)))
    left, right = st.columns(2)
    with left:
        _listed(_("Absent"), found.absent)
        words = ngettext("Write to {n} absentee", "Write to {n} absentees", len(found.absent))
        missing = presence.absentees(found, row.room_id, row.course_id or "")
        _write(console, actor, school, words, missing, "absent")
    with right:
        _listed(_("Present"), found.present)
        words = ngettext("Write to {n} present", "Write to {n} present", len(found.present))
        there = presence.attenders(found, row.room_id, row.course_id or "")
        _write(console, actor, school, words, there, "present")
    if found.others:
        words = ngettext(
            "{n} more person is in the room, whom the roster does not know.",
            "{n} more people are in the room, whom the roster does not know.",
            found.others,
        )
        st.caption(words.format(n=number(found.others)))


def _listed(title: str, people: Sequence[Person]) -> None:
    st.markdown(f"**{title}** :gray-badge[{number(len(people))}]")
    with st.container(height=220):
        for person in people[:SHOWN]:
            strangers.text(person.name)


def _write(
    console: Console,
    actor: Actor,
    school: School,
    words: str,
    segment: Segment,
    key: str,
) -> None:
    people = len(segment.people)
    if st.button(
        words.format(n=people),
        icon=":material/mail:",
        disabled=not people or not access.may(actor, "write", school.id),
        key=f"presence-{key}",
    ):
        letter = ""
        with acting.guarded():
            letter = writing.to_segment(console, actor, school, segment)
        confirm.closed()
        if letter:
            pages.go("composer", id=letter)
        st.rerun()
