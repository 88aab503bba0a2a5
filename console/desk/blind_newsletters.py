"""Newsletters for whoever got a campaign of which only sums are left: they would go to nobody."""

from datetime import datetime

from console.desk import incidents
from mailing import retention, standing
from store import access
from store.access import Actor
from store.db import Database
from store.words import N_, Words

BLIND = N_(
    "The newsletter {name} goes to nobody any more: who got or missed “{mail}” was let go, and "
    "only the sums are left. Choose under Standing newsletters who gets it."
)


def follow(db: Database, actor: Actor, school_id: str, *, now: datetime) -> None:
    """Open and end the school's incidents about newsletters whose readers nobody knows."""
    access.require(actor, "incident", school_id)
    prefix = f"newsletter:{school_id}:"
    found: dict[str, incidents.Source] = {}
    with db.read() as tx:
        for rule in standing.of(tx, actor, school_id):
            mail = retention.let_go_of(tx, school_id, rule.segment)
            if mail is not None and not rule.paused:
                title = Words(BLIND, {"name": rule.name, "mail": mail})
                found[prefix + rule.id] = incidents.Source(prefix + rule.id, title, "suspect", 0)
        told = {
            incident.source: incident.id
            for incident in incidents.open_(tx, actor, school_id)
            if incident.source.startswith(prefix) and not incident.recovered_at
        }
    new = [source for key, source in found.items() if key not in told]
    over = [id_ for key, id_ in told.items() if key not in found]
    if new or over:
        with db.begin() as tx:
            for source in new:
                incidents.raise_(tx, actor, school_id, source, now=now)
            for incident_id in over:
                incidents.recovered(tx, actor, incident_id, now=now)
