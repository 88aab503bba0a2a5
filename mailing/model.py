"""The records of mailing: campaign, totals, delivery, and the one error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from store.words import Refusal, Words

UNDO = timedelta(seconds=30)  # between release and the first mail
SERVICE = "service"  # the topic of mandatory mail: no opt-out, but never over a hard bounce


class MailingError(Refusal):
    """Something stands in the way of this mail; the words say what to do."""


@dataclass(frozen=True)
class Origin:
    """What links and return paths are made of."""

    key: bytes = field(repr=False)
    public_url: str = ""  # of the participants' listener, without a slash at the end
    returns: bool = False  # mail to the return path's mailbox is read, so one may leave by mail too
    reachable: bool = True  # readers elsewhere can open `public_url`


@dataclass(frozen=True)
class Totals:
    """The audience is always the sum of the other five; `waiting` includes what is in flight."""

    sent: int = 0
    waiting: int = 0
    held: int = 0
    failed: int = 0
    suppressed: int = 0

    @property
    def audience(self) -> int:
        return self.sent + self.waiting + self.held + self.failed + self.suppressed


@dataclass(frozen=True)
class Campaign:
    id: str
    school_id: str
    topic: str
    sender: str  # "Name <address>" or an address
    subject: Mapping[str, str]  # by language
    body: Mapping[str, str]  # Markdown, by language
    segment: str  # segments.Segment.to_json
    incident_id: str | None
    uncertain: str  # hold or resend
    state: str  # draft, asked (for a second person), released, paused, stopped
    created_by: str
    created_at: datetime
    updated_at: datetime
    released_at: datetime | None
    leaves_at: datetime | None  # when the first mail may leave
    scheduled_for: datetime | None = None  # the time that the author chose
    expires_at: datetime | None = None  # what has not left by then does not any more
    asked_by: str | None = None  # who wants a second person to agree
    lane: str = ""  # "urgent" leaves before all others
    follows: str | None = None  # the urgent campaign that it goes on from
    release_by: datetime | None = None  # a draft that nobody released until then is over
    by_zone: bool = False  # the chosen time is meant by each reader's own clock
    asked_digest: str = ""  # of all that the second person is shown (approving)
    replies: str = ""  # where readers' answers go, if not to the sender
    reduced_at: datetime | None = None  # since when only its sums are kept (retention)
    totals: Totals = field(default_factory=Totals)

    def stage(self, now: datetime) -> str:
        """draft, expired; asked, scheduled, undo: may be called back; then sending to done."""
        if self.state == "draft" and self.release_by is not None and self.release_by <= now:
            return "expired"
        if self.state != "released":
            return self.state
        if self.leaves_at is not None and now < self.leaves_at:
            return "undo" if self.leaves_at - now <= UNDO else "scheduled"
        if self.totals.waiting:
            return "sending"
        return "attention" if self.totals.held or self.totals.failed else "done"


@dataclass(frozen=True)
class Undelivered:
    """Someone who has not got the mail, and why."""

    id: str
    person_id: str | None
    name: str
    email: str
    state: str  # waiting, held, failed or suppressed
    why: Words | None
    attempt: int
    next_at: datetime | None  # of the next try, when waiting
    since: datetime  # it stands so


@dataclass(frozen=True)
class Received:
    """One mail in a person's history."""

    delivery_id: str
    campaign_id: str
    subject: str  # as it was for this reader
    state: str
    at: datetime
    why: Words | None = None  # it was not sent
