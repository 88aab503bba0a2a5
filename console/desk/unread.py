"""Comments of a platform that nobody can read: an empty queue is not an empty discussion."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from console.desk import incidents
from console.desk.incidents import Incident, Source
from store import access
from store.access import Actor
from store.db import Database, text
from store.words import N_, Words

KEY = "comments:"  # begins the source of such an incident; the connection's id follows
PATIENCE = 300.0  # seconds of nothing but failures that are told
TITLE = N_("Comments of {name} cannot be read: nothing there reaches the queue or raises an alarm")
BACK = Words(N_("The comments are read again, with all that was written meanwhile."))
ADVICE = N_(
    "See under Admin, Connections, what the platform says, and whether Pult's account there may "
    "still read. Until then look into the discussions themselves."
)


class Reading:
    """How long each connection's comments could not be read, as one worker saw it."""

    def __init__(self, steady: Callable[[], float] = monotonic) -> None:
        self._steady = steady
        self._failing: dict[str, float] = {}  # connection -> since when
        self._known: set[str] = set()  # connections whose incident, if any, is known here

    def failed(
        self, db: Database, actor: Actor, school_id: str, connection_id: str, *, now: datetime
    ) -> None:
        """Open its incident once it fails for too long."""
        access.require(actor, "incident", school_id)
        since = self._failing.setdefault(connection_id, self._steady())
        self._known.discard(connection_id)
        if self._steady() - since >= PATIENCE:
            _open(db, actor, school_id, connection_id, now)

    def worked(
        self, db: Database, actor: Actor, school_id: str, connection_id: str, *, now: datetime
    ) -> None:
        """End its incident, where this worker does not know that there is none."""
        access.require(actor, "incident", school_id)
        self._failing.pop(connection_id, None)
        if connection_id not in self._known:
            _end(db, actor, school_id, connection_id, now)
            self._known.add(connection_id)


def is_ours(incident: Incident) -> bool:
    return incident.source.startswith(KEY)


def _open(db: Database, actor: Actor, school_id: str, connection_id: str, now: datetime) -> None:
    with db.begin() as tx:
        row = tx.execute(
            text("SELECT name FROM connection WHERE id = :id AND school_id = :school"),
            {"id": connection_id, "school": school_id},
        ).first()
        if row is None:
            return
        title = Words(TITLE, {"name": row.name})
        source = Source(f"{KEY}{connection_id}", title, "down", affected=0)
        incidents.raise_(tx, actor, school_id, source, now=now)


def _end(db: Database, actor: Actor, school_id: str, connection_id: str, now: datetime) -> None:
    with db.read() as tx:
        standing = [
            each
            for each in incidents.open_(tx, actor, school_id)
            if each.source == f"{KEY}{connection_id}" and not each.recovered_at
        ]
    for each in standing:
        with db.begin() as tx:
            incidents.recovered(tx, actor, each.id, said=BACK, now=now)
