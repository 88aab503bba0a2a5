"""mod_bigbluebuttonbn_meeting_info: a classroom as Moodle sees it."""

from collections.abc import Callable, Mapping

from platforms.campus.bigbluebutton.meetings import Meeting
from platforms.campus.moodle.errors import MoodleError
from platforms.campus.moodle.parameters import ID, Param, Spec, Value, Values
from platforms.campus.moodle.site import Site
from platforms.campus.people import Person

INFO: Mapping[str, Spec] = {
    "bigbluebuttonbnid": ID,
    "groupid": Param("int", 0),
    "updatecache": Param("bool", False),
}
Finder = Callable[[str, str], Meeting | None]  # server, meeting id


def meeting_info(find: Finder) -> Callable[[Site, Person, Values], Value]:
    """participantcount leaves the moderators out, unlike BigBlueButton's own."""

    def info(site: Site, _: Person, values: Values) -> Value:
        number = int(str(values["bigbluebuttonbnid"]))
        room = next((item for item in site.evening.rooms if item.number == number), None)
        if not room:
            raise MoodleError("invalidrecord", "bigbluebuttonbn")
        meeting = find(room.server, room.id)
        running = meeting is not None and bool(meeting.attendees)
        moderators = meeting.moderators if meeting else 0
        participants = len(meeting.attendees) - moderators if meeting else 0
        return {
            "cmid": 500 + number,
            "userlimit": room.seats,
            "bigbluebuttonbnid": str(number),
            "groupid": 0,
            "meetingid": room.id,
            "openingtime": None,
            "closingtime": None,
            "statusrunning": running,
            "statusclosed": False,
            "statusopen": not running,
            "statusmessage": "This room is ready. You can join the session now.",
            "startedat": int(meeting.created.timestamp()) if meeting and running else None,
            "moderatorcount": moderators,
            "participantcount": participants,
            "moderatorplural": moderators != 1,
            "participantplural": participants != 1,
            "canjoin": True,
            "ismoderator": True,
            "joinurl": f"{site.url}/mod/bigbluebuttonbn/bbb_view.php?action=join&id={500 + number}",
            "guestaccessenabled": False,
            "guestjoinurl": "",
            "guestpassword": "",
            "features": [{"name": "showroom", "isenabled": True}],
            "presentations": [],
        }

    return info
