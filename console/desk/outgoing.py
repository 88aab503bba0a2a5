"""Whether mail leaves: an incident while the relay takes none, closed when it does again."""

from datetime import datetime, timedelta

from console.desk import incidents
from mailing.sender import Delivered
from store import access
from store.db import Connection, Database, text
from store.words import N_, Words

ROUND = timedelta(minutes=1)  # back to which a mail counts as put off just now


def follow(db: Database, school_id: str, done: Delivered, *, now: datetime) -> None:
    """Open, keep or end the school's incident after a round of deliveries."""
    source, pult = f"mail:{school_id}", access.system(school_id)
    with db.read() as tx:
        problem = _problem(done, stubborn=_stubborn(tx, school_id, now))
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


def _stubborn(tx: Connection, school_id: str, now: datetime) -> bool:
    """Whether all that was put off just now had been put off before, while other mail left.

    A few full mailboxes that are tried once more say nothing of the relay.
    """
    row = tx.execute(
        text("""
            SELECT MIN(attempt) AS fewest FROM delivery
            WHERE school_id = :school AND state = 'due' AND attempt > 0 AND updated_at >= :since
        """),
        {"school": school_id, "since": now - ROUND},
    ).one()
    return row.fewest is not None and row.fewest > 1


def _problem(done: Delivered, *, stubborn: bool) -> Words | None:
    if done.problem is not None:
        return done.problem
    if done.retried and not done.sent and not stubborn:
        return Words(N_("The relay puts all mail off; it is tried again by itself"))
    return None
