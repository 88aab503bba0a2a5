"""What became of one sender's mails: into its file at once, into the ledger in groups."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailing import intents, retries
from mailing.claiming import Claimed
from mailing.intents import BEGUN, OVER, SENT, Intents
from mailing.model import Campaign
from mailing.relay import Outcome
from mailing.settling import Settled
from store.words import Words

COUNTED = {"sent": "sent", "failed": "failed", "held": "held", "due": "retried"}


@dataclass
class Delivered:
    """What one call of `deliver` did."""

    sent: int = 0
    failed: int = 0
    retried: int = 0
    held: int = 0
    problem: Words | None = None  # the relay gives no session
    too_heavy: bool = False  # the problem is the mail's size, for each relay that was asked

    @property
    def moved(self) -> int:
        return self.sent + self.failed + self.retried + self.held


class Receipts:
    def __init__(self, settled: Callable[[Settled], None], written: Intents, owner: str) -> None:
        """`settled` hears what is to be written into the ledger."""
        self._settled, self._intents, self._owner = settled, written, owner
        self._lines: list[str] = []  # of the file, not yet written
        self.buried: set[str] = set()  # schools of whose readers' addresses some are dead
        self.done = Delivered()

    def begun(self, row: Claimed) -> None:
        """Its body leaves once this is noted."""
        self._lines.append(intents.line(BEGUN, row.id))

    def over(self, row: Claimed) -> None:
        """It did not leave, and goes again."""
        self._lines.append(intents.line(OVER, row.id))

    def note(self) -> None:
        """Write down what was begun and answered. Raises OSError; none of it stands there then."""
        if self._lines:
            self._intents.note("".join(self._lines))
            self._lines.clear()

    def unbegin(self) -> set[str]:
        """Forget of what was begun what is not written down; return the ids, which never leave."""
        marks = [line.split() for line in self._lines]
        self._lines = [intents.line(end, id_) for end, id_ in marks if end != BEGUN]
        return {id_ for end, id_ in marks if end == BEGUN}

    def came(self, row: Claimed, outcome: Outcome, campaign: Campaign, *, now: datetime) -> None:
        """What the relay said of it, or its silence."""
        if outcome.kind != "uncertain":
            self._lines.append(intents.line(SENT if outcome.kind == "sent" else OVER, row.id))
        match outcome.kind:
            case "sent":
                self.settle(row, "sent", outcome.words, now=now)
            case "refused":
                if outcome.hard:
                    self.buried.add(row.school_id)
                self.settle(row, "failed", outcome.words, now=now, hard=outcome.hard)
            case "uncertain":
                again = campaign.uncertain == "resend" and retries.again_in_doubt(row.doubts)
                state = "due" if again else "held"
                self.settle(row, state, outcome.words, now=now, doubt=True)
            case _:
                over = retries.over(row.attempt, campaign.topic)
                self.settle(row, "failed" if over else "due", outcome.words, now=now)

    def settle(
        self,
        row: Claimed,
        state: str,
        words: Words,
        *,
        now: datetime,
        hard: bool = False,
        doubt: bool = False,
    ) -> None:
        next_at = now
        if state == "due":
            next_at += timedelta(seconds=retries.pause(row.attempt))
        self._settled(Settled(row.id, self._owner, state, words, now, next_at, hard, doubt))
        if (column := COUNTED.get(state)) is not None:
            setattr(self.done, column, getattr(self.done, column) + 1)
