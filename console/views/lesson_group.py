"""Whoever is in a lesson this moment, or missing from it, as a group of recipients."""

from dataclasses import replace
from datetime import datetime

import streamlit as st

from console.desk import presence
from console.desk.presence import Meeting
from console.desk.rooms import RoomError
from console.i18n import N_, _, clock, moment, ngettext, number, say
from console.widgets import strangers
from console.wiring import Console
from mailing.segments import Segment
from platforms.base import PlatformError
from store.access import Actor
from store.schools import School

WHO = {"absent": N_("Absent"), "present": N_("Present")}


def draw(
    console: Console, actor: Actor, school: School, segment: Segment, *, key: str
) -> Segment | None:
    """Choose a lesson and who of it is meant; the group, once its room was asked."""
    with st.popover(_("In a lesson now"), icon=":material/how_to_reg:", width="content"):
        running = presence.meetings(
            console.db, actor, school.id, console.adapters, now=console.now()
        )
        if not running:
            st.caption(_("No lesson runs now whose platform tells who is in the room."))
            return None
        places = {each.room_id: each for each in running}
        before = segment.asked[0] if segment.asked and segment.asked[0] in places else None
        room = st.selectbox(
            _("Lesson"),
            list(places),
            index=list(places).index(before) if before else 0,
            format_func=lambda id_: strangers.line(places[id_].title),
            key=f"{key}-lesson",
        )
        begun = "present" if segment.present_in else "absent"
        current = st.session_state.get(f"{key}-who") or begun
        who = st.segmented_control(
            _("Who is meant"),
            list(WHO),
            default=None if f"{key}-who" in st.session_state else begun,
            required=True,
            format_func=lambda each: f":blue[{_(WHO[each])}]" if each == current else _(WHO[each]),
            key=f"{key}-who",
        )
        st.caption(_("These people alone, as the room is this moment; ask again for later."))
        if st.button(_("Ask the room"), type="primary", key=f"{key}-ask"):
            return _asked(console, actor, school, places[room], who or "absent", segment)
    return None


def caption(console: Console, school: School, segment: Segment) -> None:
    """As of when the group is; nothing for others."""
    if not segment.asked:
        return
    at = moment(datetime.fromisoformat(segment.asked[2]), school.zone, now=console.now())
    people = len(segment.people)
    words = (
        ngettext("{n} person absent as of {time}", "{n} people absent as of {time}", people)
        if segment.absent_from
        else ngettext("{n} person present as of {time}", "{n} people present as of {time}", people)
    )
    st.caption(words.format(n=number(people), time=at))


def _asked(
    console: Console, actor: Actor, school: School, meeting: Meeting, who: str, segment: Segment
) -> Segment | None:
    place = meeting.room_id, meeting.course_id
    try:
        found = presence.look(console.db, actor, *place, console.adapters, now=console.now())
    except (RoomError, PlatformError) as error:
        st.error(say(error))
        return None
    group = presence.attenders if who == "present" else presence.absentees
    people = group(found, *place)
    if not people.people:
        at = clock(found.at, school.zone, seconds=True)
        st.info(_("Nobody, as of {time}.").format(time=at))
        return None
    return replace(people, guardians=segment.guardians)
