"""Whether mail leaves: an incident while the relay takes none, closed when it does again.

Another one while a domain refuses most of its addresses as unknown.
"""

from datetime import datetime, timedelta

from console.desk import incidents
from console.desk.incidents import Incident
from mailing import outages
from mailing.sender import Delivered
from store import access
from store.db import Connection, Database, text
from store.words import N_, Words

DIRECTORY = N_(
    "{domain} refuses most of its addresses as unknown, more likely by a fault than in earnest: "
    "nobody there is left out of later mail. Who got mail before is tried again every hour."
)
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
    if done.failed:
        follow_domains(db, school_id, now=now)


def follow_domains(db: Database, school_id: str, *, now: datetime) -> None:
    """Take back what a domain's outage made of its readers; open and end its incidents."""
    pult = access.system(school_id)
    with db.read() as tx:
        suspected = outages.suspected(tx, pult, school_id, now=now)
        if not (suspected or _domains_told(tx, school_id)):
            return
    with db.begin() as tx:
        outages.judge(tx, pult, school_id, now=now)
        told = _domains_told(tx, school_id)
        down = {each.domain: each for each in outages.standing(tx, pult, school_id, now=now)}
        for domain, outage in down.items():
            if domain not in told or told[domain].affected != outage.dead:
                source, title = f"mail:{school_id}:{domain}", Words(DIRECTORY, {"domain": domain})
                found = incidents.Source(source, title, "suspect", outage.dead)
                incidents.raise_(tx, pult, school_id, found, now=now)
        for domain in told.keys() - down.keys():
            incidents.recovered(tx, pult, told[domain].id, now=now)


def _domains_told(tx: Connection, school_id: str) -> dict[str, Incident]:
    """The open incidents of domains that were down, by domain."""
    prefix = f"mail:{school_id}:"
    return {
        incident.source.removeprefix(prefix): incident
        for incident in incidents.open_(tx, access.system(school_id), school_id)
        if incident.source.startswith(prefix) and not incident.recovered_at
    }


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
