"""What moderation speaks of: flags, comments, cases, decisions, actions, receipts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from platforms.base import Adapter, Original
from store.roster import PlatformAccount
from store.words import Refusal, Words

CLAIM = timedelta(minutes=5)  # how long a moderator holds a case without deciding

Verdict = Literal["approve", "remove", "edit", "hand on"]
ActionKind = Literal[
    "remove comment",
    "edit comment",
    "restore comment",
    "suspend account",
    "lift account",
    "mute account",
    "unmute account",
]
ReceiptState = Literal["verified", "unconfirmed", "held", "refused"]  # held: wants a second person
PenaltyKind = Literal["word", "warning", "mute", "suspension", "block"]
CommentKind = Literal["removal", "rewording"]  # of a comment alone: no step of the ladder
MeasureKind = PenaltyKind | CommentKind | Literal["note"]  # a note counts for nothing
PENALTIES: tuple[PenaltyKind, ...] = get_args(PenaltyKind)
LASTING = ("mute", "suspension", "block")  # those that stand until their end
MEASURES: tuple[MeasureKind, ...] = (*PENALTIES, *get_args(CommentKind), "note")
Welfare = Literal["self-harm", "abuse", "threat"]
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
    kind: Literal["term", "pattern", "flood", "repeats", "newcomer", "links", "returned"] = "term"
    part: Literal["text", "subject"] = "text"
    welfare: Welfare | None = None  # the list's: somebody may need help
    hide: bool = False  # its rule takes the comment down until somebody decides


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
    explained: list[Words]  # what puts it there, the weightiest first
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
class Penalty:
    """What is done about the author together with a decision; see `measures.impose`."""

    kind: PenaltyKind
    until: datetime | None = None
    leave_out: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Decision:
    """`action_id` is about the comment; `action_ids` are all that is asked of platforms."""

    case_id: str
    action_id: str | None
    action_ids: tuple[str, ...] = ()
    measure_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Past:
    """An earlier decision on a similar text."""

    case_id: str
    text: str
    decision: str
    reason: str
    decided_at: datetime
    likeness: float  # 0..100
    comment_id: str = ""
    restored: bool = False  # what it took away stands there again, seen there


@dataclass(frozen=True)
class Receipt:
    """What an action came to: never "verified" unless a read-back said so."""

    action_id: str
    kind: ActionKind
    connection_id: str
    before: str | None  # visible, removed, edited; active, suspended; unmuted or muted
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
    measure_id: str | None
    standing: str | None  # what a lift puts back, in the platform's own terms
    wording: str | None  # what an edit puts in the comment's place
    approved_by: str | None  # the second person for what cannot be undone
    hides: str | None  # digest of the wording that a rule hides; None: a person asked for it
    evidence: str | None  # the wording seen right before the call (moderation.evidence)


@dataclass(frozen=True)
class Subject:
    """Whom a measure is about: a person, or an account that the roster gives to nobody."""

    person_id: str | None = None
    connection_id: str = ""
    external_id: str = ""


@dataclass(frozen=True)
class Step:
    """What a measure comes to on one account. `username` is a stranger's word.

    `does` is None where nothing is done, and `why` says why; elsewhere `why` is
    what else is to be known. `by` says with which call, `undoable` whether the
    platform takes it back exactly: what it does not waits for a second person.
    `unconfirmed`: theirs beside another one by its e-mail address alone.
    """

    connection_id: str
    connection: str  # its name: "Moodle"
    external_id: str
    username: str
    does: ActionKind | None
    by: Words | None
    undoable: bool
    why: Words | None
    unconfirmed: bool = False


@dataclass(frozen=True)
class Measure:
    """What was done about somebody or to their comment, by whom and until when.

    `action_ids` are those on platforms, one an account, each with its own receipt;
    `lifted_at` is set when it was lifted before its time or another took its place.
    `refused` names the connections that did not do it; `nowhere`: none of them did.
    """

    id: str
    school_id: str
    subject: Subject
    kind: MeasureKind
    reason: str
    rule: str  # the house rule that it goes by, or ''
    until: datetime | None
    case_id: str | None
    imposed_by: str
    imposed_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None
    lift_reason: str
    replaced_by: str | None
    action_ids: tuple[str, ...]
    refused: tuple[str, ...] = ()
    nowhere: bool = False
