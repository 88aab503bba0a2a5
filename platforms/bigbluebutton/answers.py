"""Read BigBlueButton's XML: counts and ids by a list; names only where somebody asks who is in."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from platforms.answers import whole
from platforms.metering import ROOMS, too_many
from platforms.xml import Unreadable, feed

DEPTH = 64  # elements within each other; a real answer has eight
NAMED = 3  # elements within each other of what is known by its whole path
TEXT = 4096  # characters of one value; a real one has tens
CODE = re.compile(r"[\w.-]{1,64}", re.ASCII)  # what a messageKey looks like
LAST = 253_402_300_800_000  # milliseconds: the year 10000 cannot be written
WHO = ["response", "attendees", "attendee"]
ANSWER = {
    "returncode",
    "messageKey",
    "running",
    "version",
    "bbbVersion",
    "apiVersion",
    "meetings",
}
MEETING = {
    "meetingID",
    "meetingName",
    "participantCount",
    "moderatorCount",
    "voiceParticipantCount",
    "videoCount",
    "maxUsers",
    "running",
    "createTime",
    "isBreakout",
}


@dataclass
class Answer:
    """The parts of an answer that Pult keeps; `code` is the server's word for a refusal."""

    values: dict[str, str] = field(default_factory=dict)
    meetings: list[dict[str, str]] = field(default_factory=list)
    code: str = ""

    @property
    def succeeded(self) -> bool:
        return self.values.get("returncode") == "SUCCESS"


def read(body: bytes) -> Answer:
    """Raises Unreadable for HTML, for a broken or cut answer and for a document type.

    Raises PlatformError for more meetings than there can be.
    """
    reader = _Reader()
    feed(reader, body)
    if "returncode" not in reader.answer.values:
        raise Unreadable
    return reader.answer


def attendees(body: bytes) -> list[tuple[str, str]]:
    """Id and name of everybody in the meeting of an answer to getMeetingInfo.

    Raises Unreadable.
    """
    reader = _Attendees()
    feed(reader, body)
    return [(each.get("userID", ""), each.get("fullName", "")) for each in reader.found]


def number(written: str | None) -> int | None:
    """A count as printed, "1,234" by some versions; None if it is not one."""
    return whole(written or "")


def moment(written: str | None) -> datetime | None:
    """A time in milliseconds as printed; None if it is not one of ours."""
    at = number(written)
    return datetime.fromtimestamp(at / 1000, UTC) if at and at < LAST else None


class _Reader:
    def __init__(self) -> None:
        self.answer = Answer()
        self._path: list[str] = []
        self._text = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text = ""
        if len(self._path) > DEPTH or (len(self._path) == 1 and name != "response"):
            raise Unreadable
        if len(self._path) > NAMED:
            return
        if self._path == ["response", "meetings"]:
            self.answer.values["meetings"] = "listed"
        if self._path == ["response", "meetings", "meeting"]:
            if len(self.answer.meetings) == ROOMS:
                raise too_many()
            self.answer.meetings.append({})
        if self._path == ["response", "errors", "error"]:
            self._refused(attributes.get("key", ""))

    def text(self, piece: str) -> None:
        self._text = (self._text + piece)[:TEXT]

    def end(self, name: str) -> None:
        if len(self._path) > NAMED + 1:  # of a person in a meeting: most of a long answer
            self._path.pop()
            self._text = ""
            return
        value = self._text.strip()
        if self._path[:-1] == ["response"] and name in ANSWER - {"meetings"}:
            self.answer.values[name] = value
            if name == "messageKey":
                self._refused(value)
        elif self._path[:-1] == ["response", "meetings", "meeting"] and name in MEETING:
            self.answer.meetings[-1][name] = value
        elif self._path == ["response", "errors", "error"] and value:
            self._refused(value)
        self._path.pop()
        self._text = ""

    def _refused(self, code: str) -> None:
        """Only a word is a code: a sentence of the server's would be shown to people."""
        if CODE.fullmatch(code):
            self.answer.code = code
        else:
            self.answer.code = self.answer.code or "error"


class _Attendees:
    def __init__(self) -> None:
        self.found: list[dict[str, str]] = []
        self._path: list[str] = []
        self._text = ""

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text = ""
        if len(self._path) > DEPTH:
            raise Unreadable
        if self._path == WHO:
            self.found.append({})

    def text(self, piece: str) -> None:
        self._text = (self._text + piece)[:TEXT]

    def end(self, name: str) -> None:
        if self._path[:-1] == WHO and name in ("userID", "fullName"):
            self.found[-1][name] = self._text.strip()
        self._path.pop()
        self._text = ""
