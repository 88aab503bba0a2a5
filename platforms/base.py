"""What platforms give and take: records at the wire's edge, and what every adapter has.

An adapter is a class built as `Adapter(url, secret, options)`; it implements the
Protocols of `capabilities` it can and says so by `can`. Texts in records are strangers' words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Capability = Literal[
    "roster",
    "comments",
    "remove comment",
    "restore comment",
    "edit comment",
    "suspend account",
    "mute account",
    "meter rooms",
    "count people",
    "join link",
    "end room",
    "create room",
    "message room",
    "read message",
    "notice board",
    "materials",
    "who is in",
]


def N_(template: str) -> str:
    return template


class PlatformError(Exception):
    """A platform refused or did not answer; the message says what to do about it.

    `template` is marked with N_ and has `{named}` places filled from `params`,
    so that screens can translate it; `str()` is the English sentence.
    `permanent`: asking again will not help until somebody changes something.
    `code`: the platform's own word for it ("invalidtoken"), for doctor and logs.
    `unsure`: the call may have taken effect (it was sent, the answer was lost).
    """

    def __init__(
        self,
        template: str,
        params: Mapping[str, str | int | float] | None = None,
        *,
        permanent: bool,
        code: str = "",
        unsure: bool = False,
    ) -> None:
        self.template = template
        self.params = dict(params or {})
        super().__init__(template.format(**self.params))
        self.permanent = permanent
        self.code = code
        self.unsure = unsure


class Forged(PlatformError):
    """A delivery that does not carry the connection's own signature: nothing of it is believed."""

    def __init__(self) -> None:
        super().__init__(N_("The signature of this delivery is wrong."), permanent=True)


@dataclass(frozen=True)
class Account:
    """A user of the platform. `email` may be empty: not every platform shows it."""

    external_id: str
    username: str
    name: str
    email: str = ""
    language: str = ""
    suspended: bool = False
    last_seen: datetime | None = None
    role: str = ""  # student, teacher, guardian or staff where the platform knows
    level: str = ""  # city, district or school where the platform knows
    group: str = ""  # the form or group where the platform knows
    time_zone: str = ""  # what is no IANA name counts as none
    administers: bool = False  # the platform, or is its own: never to be blocked from Pult


@dataclass(frozen=True)
class Course:
    external_id: str
    name: str


@dataclass(frozen=True)
class Enrolment:
    course_external_id: str
    account_external_id: str
    role: str  # student or teacher


@dataclass(frozen=True)
class Comment:
    """One post in a discussion. `text` is plain, `html` as the platform gave it."""

    external_id: str
    thread_id: str
    course_external_id: str
    author_external_id: str
    author_name: str
    place: str  # the forum's and the discussion's names
    subject: str
    text: str
    html: str
    written_at: datetime
    parent_id: str = ""
    has_replies: bool = False
    attachments: tuple[str, ...] = ()
    changed_at: datetime | None = None  # the cursor moves by it; None: as written
    revised_at: datetime | None = None  # of this wording; an older one never takes its place


@dataclass(frozen=True)
class Arrived:
    """What a platform took in after a cursor of its own; `more`: it has more to read at once."""

    comments: list[Comment]
    cursor: str
    more: bool


@dataclass(frozen=True)
class Participant:
    """Somebody in a room, by the id that let them in, and by name. Never kept."""

    external_id: str
    name: str


@dataclass(frozen=True)
class Material:
    """A file, a page or a link that stands in a course. `url` may be empty."""

    external_id: str
    name: str
    url: str = ""


@dataclass(frozen=True)
class Room:
    """One live or configured meeting, counted: no names. None: the platform does not say."""

    external_id: str
    name: str
    participants: int | None = None
    moderators: int | None = None  # teachers, in our words
    voices: int | None = None
    videos: int | None = None
    members: int | None = None  # who belongs to it, there or not
    seats: int | None = None  # None: no limit known
    running: bool = True
    created_at: datetime | None = None


@dataclass(frozen=True)
class Original:
    """A comment as it stood before it was removed: enough to put it back."""

    external_id: str
    subject: str
    html: str


@dataclass(frozen=True)
class Health:
    """What doctor says of a connection. `problem` is empty when all is well.

    `problem` and `advice` are templates marked with N_, filled from `params`.
    """

    problem: str = ""
    advice: str = ""
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    version: str = ""
    missing: tuple[str, ...] = ()  # permissions the token lacks


class Adapter(Protocol):
    """Every platform can at least be asked how it is."""

    can: frozenset[Capability]

    def check(self) -> Health:
        """Try the connection; never raises PlatformError, says it in Health."""
        ...


@dataclass(frozen=True)
class Platform:
    """A row of PLATFORMS: how an adapter is made, and what its form asks for."""

    name: str  # as users say it: "Moodle"
    adapter: "AdapterFactory"
    secret_label: str  # "Web service token"
    options: Mapping[str, str] = field(default_factory=dict)  # option name: default
    words: Mapping[str, str] = field(default_factory=dict)  # option name: what it is, with N_
    secret_needed: bool = True  # False: many of these servers ask for none
    course_page: str = ""  # where a course stands, after the address; {id} is its external id


class AdapterFactory(Protocol):
    def __call__(self, url: str, secret: str, options: Mapping[str, str]) -> Adapter: ...
