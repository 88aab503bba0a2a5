"""The BigBlueButton API of one media server.

Checksums and calls: docs.bigbluebutton.org/development/api. The hash is told by its length.
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import new as new_hash
from secrets import token_hex

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from platforms.campus.bigbluebutton import answers
from platforms.campus.bigbluebutton.meetings import Attendee, Meeting, Meetings
from platforms.campus.evening import Evening
from platforms.campus.switches import Switch

ALGORITHMS = {40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}
CHAT = 500  # characters


class Refused(Exception):
    """A FAILED answer, with BigBlueButton's messageKey."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def application(api: "Api") -> Starlette:
    paths = ["/bigbluebutton/api", "/bigbluebutton/api/", "/bigbluebutton/api/{call}"]
    routes = [Route(path, api.answer, methods=["GET", "POST"]) for path in paths]
    return Starlette(routes=[*routes, Route("/html5client/join", _client)])


async def _client(_: Request) -> Response:
    return HTMLResponse("<!doctype html><title>BigBlueButton</title><p>You are in the classroom.")


class Api:
    """One server: its secret, its meetings, and what it answers to each call."""

    def __init__(self, evening: Evening, server: str, secret: str) -> None:
        self.evening = evening
        self.server = server
        self.secret = secret
        self.meetings = Meetings(evening, server)
        self.calls: Mapping[str, Callable[[QueryParams], str]] = {
            "getMeetings": self._get_meetings,
            "getMeetingInfo": self._get_meeting_info,
            "isMeetingRunning": self._is_meeting_running,
            "create": self._create,
            "end": self._end,
            "sendChatMessage": self._send_chat_message,
        }

    async def answer(self, request: Request) -> Response:
        if self._trap("bigbluebutton-html"):
            return HTMLResponse("<html><body><h1>Welcome to nginx!</h1></body></html>")
        call = request.path_params.get("call", "")
        try:
            if not call:
                return _xml(answers.success(version="2.0", apiVersion="2.0", bbbVersion="3.0.4"))
            self._check(call, request.url.query)
            if call == "join":
                return self._join(request.query_params, str(request.base_url))
            return _xml(self._call(call)(request.query_params))
        except Refused as refused:
            form = answers.failed
            if self._trap("bigbluebutton-errors"):
                form = answers.failed_in_errors
            return _xml(form(refused.key, str(refused)))

    def _call(self, call: str) -> Callable[[QueryParams], str]:
        old = call == "sendChatMessage" and self._trap("bigbluebutton-no-chat")
        if old or call not in self.calls:
            raise Refused("unsupportedRequest", "This request is not supported.")
        return self.calls[call]

    def _check(self, call: str, query: str) -> None:
        """The checksum covers the query exactly as it came, less the checksum itself."""
        parts = query.split("&") if query else []
        given = next((part[9:] for part in parts if part.startswith("checksum=")), "")
        rest = "&".join(part for part in parts if not part.startswith("checksum="))
        algorithm = ALGORITHMS.get(len(given), "")
        hashes = self._trap("bigbluebutton-hashes")
        if not algorithm or (hashes and algorithm not in hashes.text("accept").split(",")):
            raise Refused("checksumError", "Checksums do not match")
        right = new_hash(algorithm, (call + rest + self.secret).encode()).hexdigest()
        if not hmac.compare_digest(right.encode(), given.lower().encode()):
            raise Refused("checksumError", "Checksums do not match")

    def _get_meetings(self, _: QueryParams) -> str:
        found = self.meetings.all()
        if not found:
            return answers.no_meetings()
        trap = self._trap("bigbluebutton-thousands")
        add = int(trap.number("add")) if trap else 0
        return answers.meetings(found, add=add, thousands=trap is not None)

    def _get_meeting_info(self, query: QueryParams) -> str:
        return answers.success(answers.meeting(self._find(query)))

    def _is_meeting_running(self, query: QueryParams) -> str:
        meeting = self.meetings.find(_meeting_id(query))
        return answers.success(running="true" if meeting and meeting.attendees else "false")

    def _create(self, query: QueryParams) -> str:
        wanted = _new(query)
        there = self.meetings.find(wanted.id)
        if not there:
            return answers.created(self.meetings.create(wanted), duplicate=False)
        passwords = (there.attendee_password, there.moderator_password)
        asked = (query.get("attendeePW", passwords[0]), query.get("moderatorPW", passwords[1]))
        if asked != passwords:
            raise Refused(
                "idNotUnique",
                "A meeting already exists with that meeting ID.  "
                "Please use a different meeting ID.",
            )
        return answers.created(there, duplicate=True)

    def _join(self, query: QueryParams, base_url: str) -> Response:
        name = query.get("fullName", "")
        if not name:
            raise Refused("validationError", "You must provide your name.")
        meeting = self._find(query)
        attendee = Attendee(
            query.get("userID") or f"w_{token_hex(6)}", name, _role(query, meeting), False, False
        )
        if meeting.seats and len(meeting.attendees) >= meeting.seats and not attendee.moderator:
            raise Refused(
                "maxParticipantsReached", "The number of participants allowed has been reached."
            )
        self.meetings.join(meeting.id, attendee)
        session = token_hex(8)
        url = f"{base_url}html5client/join?sessionToken={session}"
        if query.get("redirect", "true") != "false":
            return RedirectResponse(url, status_code=302)
        return _xml(
            answers.success(
                messageKey="successfullyJoined",
                message="You have joined successfully.",
                meeting_id=meeting.internal_id,
                user_id=attendee.user_id,
                auth_token=token_hex(6),
                session_token=session,
                guestStatus="ALLOW",
                url=url,
            )
        )

    def _end(self, query: QueryParams) -> str:
        meeting = self._find(query)
        self.meetings.end(meeting.id)
        return answers.success(
            messageKey="sentEndMeetingRequest",
            message="A request to end the meeting was sent.  Please wait a few seconds, and then "
            "use the getMeetingInfo or isMeetingRunning API calls to verify that it was ended.",
        )

    def _send_chat_message(self, query: QueryParams) -> str:
        meeting, message = self._find(query), query.get("message", "")
        if not 1 <= len(message) <= CHAT:
            raise Refused("validationError", "The message must have 1 to 500 characters.")
        self.meetings.chat.append((meeting.id, query.get("userName", "System"), message))
        return answers.success()

    def _find(self, query: QueryParams) -> Meeting:
        meeting = self.meetings.find(_meeting_id(query))
        if not meeting:
            raise Refused(
                "notFound",
                "A meeting with that ID does not exist or the meeting has already ended.",
            )
        return meeting

    def _trap(self, name: str) -> Switch | None:
        trap = self.evening.traps[name]
        return trap if trap.on and trap.text("server") in ("", self.server) else None


def _meeting_id(query: QueryParams) -> str:
    meeting_id = query.get("meetingID", "")
    if not meeting_id:
        raise Refused("validationError", "You must provide a meeting ID.")
    return meeting_id


def _new(query: QueryParams) -> Meeting:
    limit = query.get("maxParticipants", "0")
    if not limit.isdigit():
        raise Refused("validationError", "maxParticipants must be a number.")
    return Meeting(
        _meeting_id(query),
        query.get("name", ""),
        datetime.now(UTC),
        int(limit),
        query.get("attendeePW") or token_hex(4),
        query.get("moderatorPW") or token_hex(4),
        (),
        tuple((key[5:], value) for key, value in query.items() if key.startswith("meta_")),
    )


def _role(query: QueryParams, meeting: Meeting) -> bool:
    """Whether the one who joins is a moderator: by `role`, or by the password given."""
    role, password = query.get("role", "").upper(), query.get("password", "")
    if role in ("MODERATOR", "VIEWER"):
        return role == "MODERATOR"
    if password not in (meeting.attendee_password, meeting.moderator_password):
        raise Refused("invalidPassword", "You either did not supply a password or it is wrong.")
    return password == meeting.moderator_password


def _xml(body: str) -> Response:
    return Response(body, media_type="text/xml")
