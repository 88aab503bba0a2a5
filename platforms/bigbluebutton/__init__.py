"""BigBlueButton servers and load balancers: count rooms, open, end and write into them.

https://docs.bigbluebutton.org/development/api/
"""

from collections.abc import Mapping

from platforms.answers import count
from platforms.base import N_, Capability, Health, Participant, PlatformError, Room
from platforms.bigbluebutton import answers
from platforms.bigbluebutton.answers import Answer
from platforms.bigbluebutton.signing import Signer
from platforms.http import Http
from platforms.metering import Ask, Metered, Reading
from platforms.xml import Unreadable

LONGEST = 500  # characters that sendChatMessage takes
OPTIONS = {"hash": ""}
WORDS = {"hash": N_("Hash of the checksum: sha1, sha256, sha384 or sha512; empty: found out")}

ERRORS: dict[str, tuple[str, bool]] = {
    "checksumError": (
        N_(
            "The media server {host} does not accept the secret. Run bbb-conf --secret on it, and "
            "enter that secret here."
        ),
        True,
    ),
    "notFound": (
        N_("The media server {host} has no such room open. It may have ended already."),
        True,
    ),
    "validationError": (
        N_(
            "The media server {host} does not accept the request as it is. Check the room's id and "
            "name, and that the server is BigBlueButton 2.6 or newer."
        ),
        True,
    ),
    "idNotUnique": (
        N_(
            "The media server {host} has a room of this id already, opened in another way. End it "
            "there first."
        ),
        True,
    ),
    "unsupportedRequest": (
        N_("The media server {host} cannot do this. It takes BigBlueButton 3.0 or newer."),
        True,
    ),
}
SAME = {"invalidMeetingIdentifier": "notFound", "invalidMeetingId": "notFound"}


class BigBlueButton:
    """One media server. What `request` signs and `parse` reads, settles the hash as well."""

    can: frozenset[Capability] = frozenset(
        {"meter rooms", "join link", "end room", "create room", "message room", "who is in"}
    )

    def __init__(self, url: str, secret: str, options: Mapping[str, str]) -> None:
        self._http = Http(url, loopback_only=options.get("loopback_only") == "1")
        base = self._http.url.removesuffix("/api")
        self._base = base
        self._signer = Signer(base, secret, options.get("hash", ""))

    def check(self) -> Health:
        try:
            self.rooms()
            return Health(version=self._version())
        except PlatformError as error:
            return Health(problem=error.template, params=error.params)

    def reading(self) -> Reading:
        while True:
            reply = yield Ask(self._signer.url("getMeetings"))
            if reply.status >= 400:
                raise self._refused_status(reply.status, unsure=False)
            try:
                return Metered(tuple(self.parse(reply.body)))
            except _NextHash:
                continue

    def parse(self, body: bytes) -> list[Room]:
        """The rooms of an answer to getMeetings. Raises PlatformError."""
        answer = self._answer(body)
        if answer.code != "noMeetings" and "meetings" not in answer.values:
            raise self._unreadable()
        return _rooms(answer)

    def rooms(self) -> list[Room]:
        return _rooms(self._meetings())

    def join_link(self, external_id: str, name: str, *, as_moderator: bool) -> str:
        """A link that lets one person in; whoever holds it is let in under that name.

        A room that is not open has none: its link would lead to a page of errors.
        """
        self._settle()
        self._call("getMeetingInfo", {"meetingID": external_id})
        role = "MODERATOR" if as_moderator else "VIEWER"
        params = {"meetingID": external_id, "fullName": name, "role": role}
        return self._signer.url("join", params)

    def end(self, external_id: str) -> None:
        """Ask the server to end the room; it does so a moment later: see `exists`."""
        self._settle()
        self._call("end", {"meetingID": external_id}, safe=False)

    def exists(self, external_id: str) -> bool:
        """Whether the server has the room open, with people in it or not."""
        try:
            answer = self._call("getMeetingInfo", {"meetingID": external_id})
        except PlatformError as error:
            if error.code == "notFound":
                return False
            raise
        if answer.values.get("running") not in ("true", "false"):
            raise self._unreadable()
        return True

    def present(self, external_id: str) -> list[Participant]:
        """Who is in the room this moment; nobody where it is not open."""
        while True:
            url = self._signer.url("getMeetingInfo", {"meetingID": external_id})
            reply = self._http.get(url, name="getMeetingInfo")
            if reply.status >= 400:
                raise self._refused_status(reply.status, unsure=False)
            try:
                self._answer(reply.body)
            except _NextHash:
                continue
            except PlatformError as error:
                if error.code == "notFound":
                    return []
                raise
            return [Participant(*each) for each in answers.attendees(reply.body)]

    def create(self, external_id: str, name: str, *, seats: int | None) -> Room:
        """Open a room; it runs once somebody has joined."""
        self._settle()
        params = {"meetingID": external_id, "name": name}
        if seats is not None:
            params["maxParticipants"] = str(seats)
        self._call("create", params, safe=False)
        return Room(external_id, name, 0, 0, seats=seats, running=False)

    def message(self, external_id: str, text: str) -> str:
        """Write into the room's public chat, 1 to 500 characters (BigBlueButton 3.0).

        No call of its API reads the chat, so the message has no id.
        """
        if not 1 <= len(text) <= LONGEST:
            raise PlatformError(
                N_("A message into a room has 1 to {longest} characters; this one has {length}."),
                {"longest": LONGEST, "length": len(text)},
                permanent=True,
                code="length",
            )
        self._settle()
        self._call("sendChatMessage", {"meetingID": external_id, "message": text}, safe=False)
        return ""

    def _meetings(self) -> Answer:
        answer = self._call("getMeetings", {})
        if answer.code != "noMeetings" and "meetings" not in answer.values:
            raise self._unreadable()
        return answer

    def _settle(self) -> None:
        # A call that changes something is sent once, so the hash must be known before it.
        if not self._signer.settled:
            self._meetings()

    def _version(self) -> str:
        try:
            answer = answers.read(self._http.get(f"{self._base}/api", name="version").body)
        except (PlatformError, Unreadable):
            return ""  # some load balancers do not say
        return answer.values.get("bbbVersion") or answer.values.get("version", "")

    def _call(self, call: str, params: dict[str, str], *, safe: bool = True) -> Answer:
        while True:
            reply = self._http.get(self._signer.url(call, params), name=call, safe=safe)
            if reply.status >= 400:
                raise self._refused_status(reply.status, unsure=not safe and reply.status >= 500)
            try:
                return self._answer(reply.body, unsure=not safe)
            except _NextHash:
                continue

    def _answer(self, body: bytes, *, unsure: bool = False) -> Answer:
        try:
            answer = answers.read(body)
        except Unreadable:
            raise self._unreadable(unsure=unsure) from None
        if not answer.succeeded and answer.code == "checksumError":
            retry = self._signer.next_hash()
            raise self._error("checksumError", _NextHash if retry else PlatformError)
        self._signer.accepted()
        if not answer.succeeded:
            raise self._error(answer.code)
        return answer

    def _error(self, code: str, kind: type[PlatformError] = PlatformError) -> PlatformError:
        template, permanent = ERRORS.get(SAME.get(code, code), ("", True))
        if not template:
            template = N_("The media server {host} refused: {code}. Tell its technicians.")
        params = {"host": self._http.host, "code": code or "FAILED"}
        return kind(template, params, permanent=permanent, code=SAME.get(code, code))

    def _refused_status(self, status: int, *, unsure: bool) -> PlatformError:
        if status == 404 and self._signer.settled:  # it is a BigBlueButton, but an older one
            return self._error("unsupportedRequest")
        if status == 404:
            template = N_(
                "There is no BigBlueButton at {host} under this address. It usually ends in "
                "/bigbluebutton."
            )
        else:
            template = N_(
                "The media server {host} answered with HTTP status {status}. If this stays, tell "
                "its technicians."
            )
        return PlatformError(
            template,
            {"host": self._http.host, "status": status},
            permanent=status < 500 and status != 429,
            code=str(status),
            unsure=unsure,
        )

    def _unreadable(self, *, unsure: bool = False) -> PlatformError:
        return PlatformError(
            N_(
                "{host} answered with something that is not BigBlueButton's. Check the address: it "
                "usually ends in /bigbluebutton."
            ),
            {"host": self._http.host},
            permanent=True,
            code="unreadable",
            unsure=unsure,
        )


class _NextHash(PlatformError):
    """The checksum was refused, and there is another hash to try."""


def _rooms(answer: Answer) -> list[Room]:
    """Without breakout rooms: whoever works in one is counted in the room that it was made from."""
    return [_room(each) for each in answer.meetings if each.get("isBreakout") != "true"]


def _room(meeting: dict[str, str]) -> Room:
    return Room(
        external_id=meeting.get("meetingID", ""),
        name=meeting.get("meetingName", ""),
        participants=count(meeting.get("participantCount")),
        moderators=count(meeting.get("moderatorCount")),
        voices=count(meeting.get("voiceParticipantCount")),
        videos=count(meeting.get("videoCount")),
        seats=count(meeting.get("maxUsers")) or None,  # 0: no limit
        running=meeting.get("running", "true") == "true",
        created_at=answers.moment(meeting.get("createTime")),
    )
