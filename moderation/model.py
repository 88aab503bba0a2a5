"""What moderation speaks of: flags, comments, cases, decisions, actions, receipts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from platforms.base import Adapter, Original
from store.roster import PlatformAccount
from store.words import Refusal, Words

CLAIM = timedelta(minutes=5)  # how long a moderator holds a case without deciding

Verdict = Literal["approve", "remove", "hand on"]
ActionKind = Literal["remove comment", "restore comment", "suspend account", "lift account"]
ReceiptState = Literal["verified", "unconfirmed", "refused"]
Adapters = Callable[[str], Adapter]  # connection id -> adapter
Clock = Callable[[], datetime]


class ModerationError(Refusal):
    """What was asked cannot be done; the message says why and what to do."""


@dataclass(frozen=True)
class Flag:
    """A rule's find, in code points of the part it is in, as given; `end` is exclusive."""

    rule: str
    term: str
    start: int
    end: int
    kind: Literal["term", "pattern", "links"] = "term"
    part: Literal["text", "subject"] = "text"


@dataclass(frozen=True)
class Stored:
    """A comment as kept: the evidence. `removed` is what the platform last said."""

    id: str
    school_id: str
    connection_id: str
    external_id: str
    thread_id: str
    course_id: str | None
    author_account_id: str | None
    author_external_id: str
    author_name: str
    place: str
    subject: str
    text: str
    html: str
    written_at: datetime
    parent_id: str  # external id of the comment that it answers, or ''
    has_replies: bool
    removed: bool
    attachments: tuple[str, ...]
    sha256: str


@dataclass(frozen=True)
class Case:
    """One comment that waits for a decision, with all that was reported of it.

    `flags` point into the part of the comment that each names. `order` is the weight
    at the time of asking: the higher, the sooner it is due.
    """

    id: str
    school_id: str
    comment: Stored
    flags: list[Flag]
    reports: int
    reasons: list[Words]
    state: Literal["waiting", "decided"]
    claimed_by: str | None
    claimed_until: datetime | None
    version: int
    created_at: datetime
    order: float
    handed_on: bool


@dataclass(frozen=True)
class Author:
    """Who wrote it and what is known: `comments` and `removed` are counts."""

    name: str
    person_id: str | None
    comments: int
    removed: int
    suspensions: int
    accounts: list[PlatformAccount]


@dataclass(frozen=True)
class Decision:
    case_id: str
    action_id: str | None


@dataclass(frozen=True)
class Past:
    """An earlier decision on a similar text."""

    case_id: str
    text: str
    decision: str
    reason: str
    decided_at: datetime
    likeness: float  # 0..100


@dataclass(frozen=True)
class Receipt:
    """What an action came to: never "verified" unless a read-back said so."""

    action_id: str
    kind: ActionKind
    connection_id: str
    before: str | None  # visible, removed, active or suspended
    after: str | None
    state: ReceiptState
    verified_at: datetime | None
    why: Words | None


@dataclass(frozen=True)
class Action:
    """What was asked of a platform, by whom, and its receipt so far."""

    id: str
    school_id: str
    connection_id: str
    kind: ActionKind
    external_id: str
    case_id: str | None
    undo_of: str | None
    requested_by: str
    requested_at: datetime
    reason: str
    until: datetime | None
    ended: bool  # a suspension that is over, or an action that was undone
    tries: int
    next_try_at: datetime | None
    receipt: Receipt
    earlier: str | None  # the state that undoing it, or its end, goes back to
    original: Original | None  # what a restore puts back
