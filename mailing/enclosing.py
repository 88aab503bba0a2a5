"""What goes along with a letter, as bytes: its invitation and files (RFC 2183, 2231, 6047)."""

from base64 import encodebytes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from mailing import attachments, inviting, quoted, zones
from mailing.attachments import Encoded
from mailing.invitation import Invitation, attendee, calendar
from store.db import Connection
from store.schools import School

UTC = ZoneInfo("UTC")
LONGEST = 60  # characters of a piece of a parameter (RFC 2231, section 3)


@dataclass(frozen=True)
class Enclosed:
    """`zone`: by whose clock a reader reads who has told none of her own."""

    zone: ZoneInfo = UTC
    invitation: Invitation | None = None
    files: tuple[Encoded, ...] = ()


NOTHING = Enclosed()


def of(tx: Connection, school: School, campaign_id: str) -> Enclosed:
    """For Pult's own use."""
    files = attachments.encoded(tx, campaign_id)
    return Enclosed(school.zone, inviting.stored(tx, campaign_id), files)


def known(enclosed: Enclosed, own: Mapping[str, str], language: str) -> Mapping[str, str]:
    """The reader's own fields, and those of the lesson by her clock."""
    if enclosed.invitation is None:
        return own
    zone = zones.of(own, enclosed.zone)
    return {**own, **enclosed.invitation.fields(language, zone)}


class Envelop:
    """The frame around the letter's two parts; what all readers share is made once."""

    def __init__(
        self, enclosed: Enclosed, boundary: str, organizer: tuple[str, str], at: datetime
    ) -> None:
        self._inner, self._outer = boundary, f"{boundary}_m"
        self._files = b"".join(self._file(each) for each in enclosed.files)
        self.mixed = bool(enclosed.files or enclosed.invitation)
        self._event = Event(enclosed.invitation, organizer, at) if enclosed.invitation else None

    @property
    def content_type(self) -> str:
        alternative = f'multipart/alternative; boundary="{self._inner}"'
        return f'multipart/mixed; boundary="{self._outer}"' if self.mixed else alternative

    @property
    def opening(self) -> bytes:
        """Before the first of the two parts."""
        if not self.mixed:
            return b""
        kind = f'multipart/alternative; boundary="{self._inner}"'
        return f"--{self._outer}\r\nContent-Type: {kind}\r\n\r\n".encode()

    def closing(self, name: str, email: str) -> bytes:
        """After the second; `name` and `email` are the reader's."""
        inner = f"--{self._inner}--\r\n".encode()
        if not self.mixed:
            return inner
        end = f"--{self._outer}--\r\n".encode()
        if self._event is None:
            return inner + self._files + end
        asked = attendee(name, email)
        event = f"--{self._inner}\r\n".encode() + self._event.part(asked)
        return b"".join((event, inner, self._files, self._file(self._event.file(asked)), end))

    def _file(self, file: Encoded) -> bytes:
        head = [
            f"--{self._outer}",
            f"Content-Type: {file.kind}",
            ";\r\n ".join(("Content-Disposition: attachment", *_filename(file.name))),
            "Content-Transfer-Encoding: base64",
            "",
            "",
        ]
        return ("\r\n".join(head) + file.content).encode() + b"\r\n"


class Event:
    """The invitation as a part of the letter, and as a file for those who read it elsewhere."""

    def __init__(self, invitation: Invitation, organizer: tuple[str, str], at: datetime) -> None:
        self._calendar = calendar(invitation, organizer, at)
        self._before, self._after = (quoted.encode(each) for each in self._calendar)
        self._head = (
            f"Content-Type: text/calendar; charset=utf-8; method={invitation.method}\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        ).encode()

    def part(self, asked: str) -> bytes:
        """`asked`: the reader's own line."""
        return b"".join((self._head, self._before, quoted.encode(asked), self._after, b"\r\n"))

    def file(self, asked: str) -> Encoded:
        before, after = self._calendar
        whole = f"{before}{asked}{after}".replace("\n", "\r\n").encode()
        content = encodebytes(whole).decode("ascii").replace("\n", "\r\n")
        return Encoded("invite.ics", "application/ics", content)


def _filename(name: str) -> Iterator[str]:
    """The parameter, in pieces where it is long or not ASCII."""
    if name.isascii() and len(name) <= LONGEST:
        yield f'filename="{name}"'
        return
    pieces, said = [], ""
    for character in name:
        letter = quote(character, safe="")
        if len(said) + len(letter) > LONGEST:
            pieces.append(said)
            said = ""
        said += letter
    yield f"filename*0*=utf-8''{[*pieces, said][0]}"
    for n, piece in enumerate([*pieces, said][1:], 1):
        yield f"filename*{n}*={piece}"
