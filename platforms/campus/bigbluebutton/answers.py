"""BigBlueButton's XML answers, in the order and with the fields of the real server's templates."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from platforms.campus.bigbluebutton.meetings import Attendee, Meeting


def success(body: str = "", **fields: str | int) -> str:
    return f"<response><returncode>SUCCESS</returncode>{body}{_fields(fields)}</response>"


def failed(key: str, message: str) -> str:
    return (
        "<response><returncode>FAILED</returncode>"
        f"<messageKey>{key}</messageKey><message>{escape(message)}</message></response>"
    )


def failed_in_errors(key: str, message: str) -> str:
    """The form some versions use: no messageKey element."""
    return (
        "<response><returncode>FAILED</returncode><errors>"
        f'<error key="{key}" message="{escape(message)}"/></errors></response>'
    )


def no_meetings() -> str:
    return success(
        "<meetings/>",
        messageKey="noMeetings",
        message="no meetings were found on this server",
    )


def meetings(found: Iterable[Meeting], *, add: int = 0, thousands: bool = False) -> str:
    """`add` is added to every count of people, `thousands` prints "1,234"."""
    body = "".join(f"<meeting>{meeting(item, add, thousands)}</meeting>" for item in found)
    return success(f"<meetings>{body}</meetings>")


def meeting(item: Meeting, add: int = 0, thousands: bool = False) -> str:
    """What stands inside <meeting> in getMeetings, and inside <response> in getMeetingInfo."""
    people = item.attendees
    counts = {
        "participantCount": len(people),
        "listenerCount": sum(not person.voice for person in people),
        "voiceParticipantCount": sum(person.voice for person in people),
        "videoCount": sum(person.video for person in people),
    }
    return (
        _fields(_head(item))
        + _fields({name: _count(number + add, thousands) for name, number in counts.items()})
        + _fields({"maxUsers": item.seats, "moderatorCount": item.moderators})
        + f"<attendees>{''.join(_attendee(person) for person in people)}</attendees>"
        + f"<metadata>{_fields(dict(item.metadata))}</metadata><isBreakout>false</isBreakout>"
    )


def created(item: Meeting, *, duplicate: bool) -> str:
    note = {
        "messageKey": "duplicateWarning" if duplicate else "",
        "message": "This conference was already in existence and may currently be in progress."
        if duplicate
        else "",
    }
    return success(
        meetingID=item.id,
        internalMeetingID=item.internal_id,
        parentMeetingID="bbb-none",
        attendeePW=item.attendee_password,
        moderatorPW=item.moderator_password,
        createTime=item.created_ms,
        voiceBridge=70000 + item.created_ms % 10000,
        dialNumber="613-555-1234",
        createDate=_date(item),
        hasUserJoined=_word(bool(item.attendees)),
        duration=0,
        hasBeenForciblyEnded="false",
        **note,
    )


def _head(item: Meeting) -> dict[str, str | int]:
    running = bool(item.attendees)
    return {
        "meetingName": item.name,
        "meetingID": item.id,
        "internalMeetingID": item.internal_id,
        "createTime": item.created_ms,
        "createDate": _date(item),
        "voiceBridge": 70000 + item.created_ms % 10000,
        "dialNumber": "613-555-1234",
        "attendeePW": item.attendee_password,
        "moderatorPW": item.moderator_password,
        "running": _word(running),
        "duration": 0,
        "hasUserJoined": _word(running),
        "recording": "false",
        "hasBeenForciblyEnded": "false",
        "startTime": item.created_ms,
        "endTime": 0,
    }


def _attendee(person: Attendee) -> str:
    fields = {
        "userID": person.user_id,
        "fullName": person.name,
        "role": "MODERATOR" if person.moderator else "VIEWER",
        "isPresenter": _word(person.moderator),
        "isListeningOnly": _word(not person.voice),
        "hasJoinedVoice": _word(person.voice),
        "hasVideo": _word(person.video),
        "clientType": "HTML5",
    }
    return f"<attendee>{_fields(fields)}</attendee>"


def _fields(fields: Mapping[str, str | int]) -> str:
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items())


def _count(number: int, thousands: bool) -> str:
    return f"{number:,}" if thousands else str(number)


def _word(value: bool) -> str:
    return "true" if value else "false"


def _date(item: Meeting) -> str:
    moment: datetime = item.created.astimezone(UTC)
    return moment.strftime("%a %b %d %H:%M:%S UTC %Y")
