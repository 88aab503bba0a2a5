"""Lessons that moved or fell out after their invitation: an incident until the readers are told."""

from datetime import datetime

from console.desk import incidents
from mailing import following
from store import access
from store.access import Actor
from store.db import Database
from store.words import N_, Words

MOVED = N_(
    "{lesson} has another hour than its invitation says. Open the invitation under Campaigns: "
    "one button tells those who have it and those who wait for it."
)
OFF = N_(
    "{lesson} is called off, and its invitation does not say so. Open the invitation under "
    "Campaigns: one button tells those who have it and those who wait for it."
)
PERHAPS = N_(
    "{lesson} is not in the timetable any more, but one of its name stands at another hour of that "
    "day. Open the invitation under Campaigns and say whether it moved."
)


def follow(db: Database, actor: Actor, school_id: str, *, now: datetime) -> None:
    """Open and end the school's incidents about invitations that are not true any more."""
    access.require(actor, "incident", school_id)
    prefix = f"invitation:{school_id}:"
    with db.read() as tx:
        untold = following.untold(tx, actor, school_id, now=now)
        told = {
            incident.source.removeprefix(prefix): incident
            for incident in incidents.open_(tx, actor, school_id)
            if incident.source.startswith(prefix) and not incident.recovered_at
        }
    found = {}
    for each in untold:
        people = each.readers.got + each.readers.waiting
        gone = PERHAPS if each.perhaps else OFF
        title = Words(gone if each.off else MOVED, {"lesson": each.title})
        if people:
            found[each.campaign_id] = incidents.Source(
                prefix + each.campaign_id, title, "suspect", people
            )
    new = [
        source
        for id_, source in found.items()
        if id_ not in told or told[id_].title != source.title
    ]
    over = [told[id_].id for id_ in told if id_ not in found]
    if new or over:
        with db.begin() as tx:
            for source in new:
                incidents.raise_(tx, actor, school_id, source, now=now)
            for incident_id in over:
                incidents.recovered(tx, actor, incident_id, now=now)
