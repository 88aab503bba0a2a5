"""Whether mail leaves: an incident while the relay takes none, closed when it does again."""

from datetime import datetime

from console.desk import incidents
from mailing.sender import Delivered
from store import access
from store.db import Database
from store.words import N_, Words


def follow(db: Database, school_id: str, done: Delivered, *, now: datetime) -> None:
    """Open, keep or end the school's incident after a round of deliveries."""
    source, pult = f"mail:{school_id}", access.system(school_id)
    problem = _problem(done)
    with db.read() as tx:
        standing = [
            incident
            for incident in incidents.open_(tx, pult, school_id)
            if incident.source == source and not incident.recovered_at
        ]
    if problem is None:
        if standing and done.sent:
            with db.begin() as tx:
                incidents.recovered(tx, pult, standing[0].id, now=now)
    elif not standing or standing[0].title != problem:
        with db.begin() as tx:
            incidents.raise_(
                tx, pult, school_id, incidents.Source(source, problem, "down", 0), now=now
            )


def _problem(done: Delivered) -> Words | None:
    if done.problem is not None:
        return done.problem
    if done.retried and not done.sent:
        return Words(N_("The relay puts all mail off; it is tried again by itself"))
    return None
