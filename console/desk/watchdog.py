"""Whether the prober itself is dead: who says that all is well when nobody looks?"""

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from console.desk import incidents
from console.desk.incidents import Source
from store import access, heartbeats
from store.access import Actor
from store.db import Connection, Database, text
from store.words import N_, Words

SOURCE = "line:prober"  # as of all that is no service's
SILENT = 60.0  # seconds without a sign of life that are told
TITLE = Words(N_("The prober is silent: nothing is probed, and no failure would be told"))
BACK = Words(N_("The prober gives signs of life again."))
ADVICE = N_(
    "Start Pult again on the machine where it probes; the log of its prober says why it ended. "
    "Until then ask in the lessons themselves."
)


class Hearing:
    """The prober's signs of life, as one worker hears them.

    By its own steady clock: neither a clock that was set, nor a machine that slept, nor the
    start of all of Pult at once is the prober's silence.
    """

    def __init__(self, steady: Callable[[], float] = monotonic) -> None:
        self._steady = steady
        self._last: datetime | None = None
        self._since = steady()
        self.heard = False  # a sign that was not there when this worker began

    def silent(self, last: datetime) -> bool:
        """Whether no newer one has come for too long."""
        if last != self._last:
            self.heard = self._last is not None
            self._last, self._since = last, self._steady()
        return self._steady() - self._since >= SILENT


def follow(db: Database, actor: Actor, school_id: str, hearing: Hearing, *, now: datetime) -> int:
    """Open an incident of a silent prober, end that of one that is heard; return how many changed.

    Nothing is said where no prober ever was, or where nothing is to be probed.
    """
    access.require(actor, "incident", school_id)
    with db.read() as tx:
        beat = heartbeats.last(tx).get("prober")
        silent = beat is not None and hearing.silent(beat.at)
        current = incidents.open_(tx, actor, school_id)
        wanted = silent and _probed(tx, school_id)
    standing = [each for each in current if each.source == SOURCE and not each.recovered_at]
    over = standing if hearing.heard and not silent else []
    fresh = wanted and not standing
    if fresh or over:
        with db.begin() as tx:
            if fresh:
                incidents.raise_(tx, actor, school_id, _source(), now=now)
            for each in over:
                incidents.recovered(tx, actor, each.id, said=BACK, now=now)
    return len(over) + fresh


def _source() -> Source:
    """Nobody is known to be affected, and it cannot be closed while it stands."""
    return Source(SOURCE, TITLE, "down", affected=0, target_id=SOURCE)


def _probed(tx: Connection, school_id: str) -> bool:
    found = tx.execute(
        text("SELECT 1 FROM target WHERE school_id = :school AND enabled LIMIT 1"),
        {"school": school_id},
    )
    return found.first() is not None
