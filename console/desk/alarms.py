"""From welfare alarms to somebody who hears them: an incident without a word of who or what.

The incident is told like any other failure, again and again while nobody has it, but
only to the safeguarding lead's channels where the school has such.
"""

from datetime import datetime

from console.desk import incidents
from console.desk.incidents import Incident, Source
from moderation import welfare
from store.access import Actor
from store.db import Database
from store.words import N_, Words

PREFIX = "welfare:"  # begins the incident's source; the alarm's id follows
TITLE = Words(N_("Welfare alarm: a child may need help"))
HEARD = Words(N_("A safeguarding lead has acknowledged the alarm."))
ADVICE = N_("Open Welfare alarms in Pult: what was written stands there. Acknowledge it, then act.")


def follow(db: Database, actor: Actor, school_id: str, *, now: datetime) -> int:
    """Open an incident for each alarm, end those acknowledged; return how many changed.

    Safe to repeat and to run twice at once: incidents are unique by their source.
    """
    with db.read() as tx:
        waiting = {f"{PREFIX}{id_}" for id_ in welfare.unanswered(tx, actor, school_id)}
        known = {
            each.source: each
            for each in incidents.open_(tx, actor, school_id)
            if is_welfare(each) and each.recovered_at is None
        }
    fresh = sorted(waiting - known.keys())
    over = [known[source] for source in sorted(known.keys() - waiting)]
    if fresh or over:
        with db.begin() as tx:
            for source in fresh:
                found = Source(source, TITLE, "down", affected=1)
                incidents.raise_(tx, actor, school_id, found, now=now)
            for incident in over:
                incidents.recovered(tx, actor, incident.id, said=HEARD, now=now)
    return len(fresh) + len(over)


def is_welfare(incident: Incident) -> bool:
    return incident.source.startswith(PREFIX)
