"""How many an incident hurts now: lessons begin and end while it stands."""

from datetime import datetime

from console.desk import classrooms, evening, incidents, services
from console.desk.evening import Evening
from console.desk.incidents import Incident
from console.desk.lessons import part
from console.desk.room_incidents import OF_TEACHER, Rows, of_room
from store import access
from store.access import Actor
from store.db import Database


class Toll:
    """Counts by one picture of the evening, for as many incidents as stand."""

    def __init__(self, seen: Evening, rows: Rows) -> None:
        self._people = services.People(seen, rows.all)
        self._targets = {target.id: target for target in seen.targets}
        self._rows = rows

    def of(self, incident: Incident) -> int:
        """The people in the lessons that it hits; as it was told where it is of no lesson."""
        target = self._targets.get(incident.target_id or "")
        if target is not None:
            return self._people.on(target)
        hit = self._rows.hit(incident)
        if hit:
            return sum(row.affected for row in hit)
        return self._behind(incident) if of_room(incident) else incident.affected

    def _behind(self, incident: Incident) -> int:
        """Those of a trouble that is over, or that a worse one hides; then some are not counted."""
        others = [row for row in self._rows.about(incident) if row.state != "ok"]
        counted = [row.participants for row in others if row.participants is not None]
        if incident.source.startswith(OF_TEACHER) and len(counted) == len(others):
            return sum(part(row, people) for row, people in zip(others, counted, strict=True))
        hidden = any(row.source.startswith("target:") for row in others)
        return incident.affected if hidden else 0


def count(db: Database, actor: Actor, school_id: str, *, now: datetime) -> int:
    """Count anew for the incidents that stand; return how many changed."""
    access.require(actor, "incident", school_id)
    with db.read() as tx:
        standing = [each for each in incidents.open_(tx, actor, school_id) if not each.recovered_at]
    if not standing:
        return 0
    seen = evening.read(db, actor, school_id, now=now)
    toll = Toll(seen, Rows(classrooms.rows(seen)))
    found = {each.id: toll.of(each) for each in standing}
    changed = {each.id: found[each.id] for each in standing if found[each.id] != each.affected}
    if changed:
        with db.begin() as tx:
            for incident_id, people in changed.items():
                incidents.affects(tx, actor, incident_id, people)
    return len(changed)
