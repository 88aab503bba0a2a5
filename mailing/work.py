"""What a sender's connections take, and what came of it: rows in, letters out, outcomes back."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.exc import DBAPIError

from mailing import building, intents
from mailing.claiming import Claimed
from mailing.clearance import Clearance
from mailing.dispatch import Dispatch, Share
from mailing.intents import Intents
from mailing.limits import RELAYS_REST, Brake
from mailing.message import Builder, Envelope
from mailing.model import MailingError, Origin
from mailing.receipts import Receipts
from mailing.refusals import Refusals, domain_of
from mailing.relay import Outcome
from mailing.resting import Resting
from mailing.sharing import Sharing
from mailing.timing import Quiet
from store.db import Database
from store.words import N_, Words

BREAKS_OFF = N_("The relay breaks every connection off.")
SILENT = N_("The relay does not answer in time.")
LOST_IN_A_ROW = 5  # connections broken without one word about a mail: the relay is at fault

Clock = Callable[[], datetime]


class Work:
    """A `Source` for all connections of one call of `deliver`; a mail of a connection that
    broke before it was handed over goes out by the next.

    An error of the database ends the giving out, not what is on its way: the relay's
    answers to that still reach the sender's file.
    """

    def __init__(
        self,
        db: Database,
        origin: Origin,
        share: Share,
        *,
        clock: Clock,
        stop: threading.Event,
        written: Intents,
        quiet: Quiet | None,
    ) -> None:
        self.db, self._origin = db, origin
        self._clock, self._stop, self._until = clock, stop, share.until
        self._now = clock()  # as of the last turn
        self._dispatch = Dispatch(db, share, clock=clock, prepare=self._prepare)
        self._receipts = Receipts(self._dispatch.settle, written, share.owner)
        self._clearance = Clearance(db, share.owner, fail=self.fail)
        self._resting, self._brake = Resting(quiet), Brake()
        self._refusals, self._sharing = Refusals(), Sharing(db, "", clock)
        self._builders: dict[str, Builder] = {}
        self._rows: dict[str, Claimed] = {}  # on their way, by id
        self._kept: deque[Envelope] = deque()  # built, and not begun when their connection broke
        self._last: deque[Envelope] = deque()  # put off by a busy relay
        self._waited: set[str] = set()  # ids that have been there
        self._lost_in_a_row = 0
        self._halted = False
        self.done, self.buried = self._receipts.done, self._receipts.buried
        self.sizes: dict[str, int] = {}  # bytes of a mail that relays say they take
        self.unwritten: set[str] = set()  # ids that were begun and could not be written down
        self._unwritable: Words | None = None  # why
        self.refusal: Words | None = None  # why a connection got no session
        self.error: DBAPIError | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is given out, whatever is left."""
        return self._halted or self._stop.is_set() or time.monotonic() >= self._until

    @property
    def stopped(self) -> bool:
        """Whether somebody waits for the end of it."""
        return self._stop.is_set()

    @property
    def ready(self) -> int:
        """How many mails wait for a connection."""
        if self.over or self._brake.on or self._dispatch.doubtful:
            return 0
        return len(self._kept) + self._dispatch.ready + len(self._last)

    @property
    def has_more(self) -> bool:
        return not self.over and bool(self._kept or self._last or self._dispatch.has_more)

    def next(self) -> Envelope | None:
        if self.over or self._brake.on or self._dispatch.doubtful:
            return None
        envelope = self._kept.popleft() if self._kept else self._built()
        if envelope is None and self._last:
            envelope = self._last.popleft()
        if envelope is not None:
            self._brake.gave(free_in=self._slot() if self._brake.pressed else None)
        return envelope

    def _slot(self) -> float:
        """Seconds until the next mail, of all senders to a relay that is slow."""
        try:
            return self._sharing.slot(self._brake.gap)
        except DBAPIError as error:
            self.fail(error)
            return 0.0

    def _built(self) -> Envelope | None:
        while not self._halted and (row := self._dispatch.next()) is not None:
            if self._forgoes(row) or self._sets_aside(row):
                continue
            rest = self._resting.of(row, now=self._now)
            if rest is not None or not self._clearance.open(row.campaign_id, fresh=False):
                self._dispatch.put_back(row, rest=rest)
                continue
            try:
                builder = self._builders[row.campaign_id]
                envelope = builder.build(building.addressee(row), now=self._now)
            except MailingError as error:
                self._receipts.settle(row, "failed", error.words, now=self._now)
                continue
            self._rows[row.id] = row
            return envelope
        return None

    def begin(self, envelope: Envelope, *, alone: bool) -> bool:
        if self._unwritable is not None or not self._dispatch.holds():
            return False  # `take` keeps it
        row = self._rows[envelope.delivery_id]
        if not self._dispatch.owns(row):
            self._dispatch.put_back(self._rows.pop(row.id))
            return False
        if self._forgoes(row):
            del self._rows[row.id]
            return False
        if not self._clearance.open(row.campaign_id, fresh=alone):
            self._dispatch.put_back(self._rows.pop(row.id))
            return False
        self._receipts.begun(row)
        return True

    def take(self, envelope: Envelope, outcome: Outcome) -> None:
        if self._goes_again(envelope, outcome):
            self._kept.append(envelope)
            return
        if outcome.kind == "withdrawn":  # put back already
            return
        if outcome.kind == "later" and self._waits(envelope, outcome):
            return
        row = self._rows.pop(envelope.delivery_id)
        self._resting.hear(row, outcome)
        if outcome.kind == "sent":
            self._brake.took()
            if self._refusals.doubtful:
                self._believe(took=True)
        elif not outcome.hard and self._refusals.doubts(row, outcome):
            self._receipts.over(row)
            if self._refusals.everybody:
                self._blame()
            return
        self._receipts.came(row, outcome, self._builders[row.campaign_id].campaign, now=self._now)

    def _goes_again(self, envelope: Envelope, outcome: Outcome) -> bool:
        """Whether nothing became of the mail, and the relay's trouble is the relay's."""
        match outcome.kind:
            case "withdrawn":
                return envelope.delivery_id in self._rows
            case "busy":
                if self._brake.put_off():
                    self.halt(outcome.words)
                return True
            case "heavy":
                self.done.too_heavy = True
                self.halt(outcome.words)
                return True
            case "lost":
                return not self.loses(late=outcome.late)
            case "uncertain":
                self.loses(late=outcome.late)
            case _:
                self._lost_in_a_row = 0
        return False

    def _waits(self, envelope: Envelope, outcome: Outcome) -> bool:
        """Whether the relay puts off whatever it gets: it gets less, and no mail pays for it.

        The mail goes again behind all others, once, so that domains that are never taken
        keep nobody back.
        """
        row, said = self._rows[envelope.delivery_id], str(outcome.words.params.get("reply", ""))
        if row.id in self._waited or not self._resting.limits.relays_own(
            row.email, said, known=self._brake.pressed
        ):
            return False
        self._waited.add(row.id)
        self._last.append(envelope)
        self._receipts.over(row)
        if self._brake.put_off():
            self.halt(outcome.words)
        return True

    def _sets_aside(self, row: Claimed) -> bool:
        """Whether the relay refuses all of its domain: first others are asked for."""
        if not self._refusals.shunned or domain_of(row.email) != self._refusals.shunned:
            return False
        self._refusals.aside.append(row)
        if self._refusals.everybody:
            self._blame()
        return True

    def _blame(self) -> None:
        """The relay refuses everybody: whoever was refused waits, for it or for the next one."""
        found, self._refusals = self._refusals, self._refusals.going_on()
        self._dispatch.take_back(found.rows)
        self.halt(found.words)

    def _believe(self, *, took: bool) -> None:
        """What was refused before was about its readers."""
        found, self._refusals = self._refusals, Refusals()
        for row, outcome in found.outcomes(took=took):
            campaign = self._builders[row.campaign_id].campaign
            self._receipts.came(row, outcome, campaign, now=self._now)
        self._dispatch.take_back(found.aside)

    def conclude(self) -> None:
        """This relay is asked for nothing more."""
        if self._refusals.many:
            self._blame()
        else:
            self._believe(took=False)

    def note(self) -> None:
        """Write down what was begun and answered; nothing that was begun leaves before.

        Where that fails nothing is begun any more: of what stands nowhere the next sender
        takes it that it never left.
        """
        try:
            self._receipts.note()
        except OSError as error:
            self.unwritten |= self._receipts.unbegin()
            self._unwritable = intents.unwritable(error)
            self._halted = True

    def turn(self) -> None:
        """Settle what is answered and claim more, when there is enough of it."""
        self._now = self._clock()
        campaigns = (each.campaign for each in self._builders.values())
        self._clearance.glance(time.monotonic(), campaigns, self._sharing, self._resting.limits)
        if self.error is None and self._dispatch.due(claiming=not self.over):
            self.note()
            try:
                self._dispatch.turn(claiming=not self.over)
            except DBAPIError as error:
                self.fail(error)

    def close(self, *, pause: timedelta) -> None:
        """Write what is left to write; what was not begun is due again, after the pause if
        there was a problem.

        Raises what the database raised on the way.
        """
        self.note()
        if self.error is not None:
            raise self.error
        self.done.problem = self._unwritable or self.done.problem
        if self.done.problem is None:
            pause = timedelta()
        for envelope in self._kept:
            self._dispatch.put_back(self._rows.pop(envelope.delivery_id))
        for envelope in self._last:
            self._dispatch.put_back(self._rows.pop(envelope.delivery_id), rest=RELAYS_REST)
        self._dispatch.close(pause=pause)

    def leave(self) -> None:
        """Nothing is written into the ledger any more when this returns."""
        self._dispatch.leave()
        self._clearance.close()

    def loses(self, *, late: bool = False) -> bool:
        """Another connection broke before its mail; True if so many did that it is no accident.

        `late`: it was we who left, for want of an answer.
        """
        self._lost_in_a_row += 1
        if self._lost_in_a_row < LOST_IN_A_ROW:
            return False
        self.halt(Words(SILENT if late else BREAKS_OFF))
        return True

    def halt(self, words: Words) -> None:
        """The relay is at fault: give out nothing more."""
        self.done.problem = words
        self._halted = True

    def face(self, relay: str) -> None:
        """What the last relay said is forgotten, and what other senders know of this one heeded."""
        self._halted, self._lost_in_a_row, self._brake = False, 0, Brake()
        self._refusals, self._sharing = Refusals(), Sharing(self.db, relay, self._clock)

    @property
    def forsaken(self) -> bool:
        """Whether the relay takes nothing more, and another one may."""
        failed = self.error is not None or self._unwritable is not None
        return self._halted and not failed and not self._stop.is_set()

    def fail(self, error: DBAPIError) -> None:
        self.error = self.error or error
        self._halted = True

    def _forgoes(self, row: Claimed) -> bool:
        """Settle it if whoever it is for gets no more of this since it was claimed."""
        if (why := self._clearance.why_not(row)) is not None:
            self._receipts.settle(row, "suppressed", why, now=self._now)
        return why is not None

    def _prepare(self, rows: Sequence[Claimed]) -> None:
        missing = {row.campaign_id for row in rows} - set(self._builders)
        if missing:
            self._builders |= building.builders(self.db, missing, self._origin, self._resting.night)
