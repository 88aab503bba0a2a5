"""Targets that are judged only in lessons, and rest between them: a stream ends with its lesson."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from probes.model import Target
from probes.probers import conditions
from probes.probers.settable import IN_LESSONS
from store import schools
from store.access import Actor
from store.db import Connection, text
from store.words import N_

SETTLING = timedelta(minutes=2)  # a teacher's, to begin the broadcast
BETWEEN = N_("Between lessons: it is judged from two minutes after one begins until it ends.")
OVER = N_("The lesson is over, and it is no longer judged.")


def resting(
    tx: Connection, actor: Actor, targets: Iterable[Target], *, now: datetime
) -> frozenset[str]:
    """Those judged only in lessons in whose rooms none runs now, by the timetable.

    Timetables go by each school's own clock.
    """
    bound: dict[str, dict[str, str]] = defaultdict(dict)  # the targets' rooms, by school
    for target in targets:
        if target.room_id is not None and conditions.flag(target, IN_LESSONS):
            bound[target.school_id][target.id] = target.room_id
    found: set[str] = set()
    for school_id, rooms in bound.items():
        school_now = schools.get(tx, actor, school_id).time(now)
        taught = _taught(tx, school_id, school_now)
        found |= {target_id for target_id, room_id in rooms.items() if room_id not in taught}
    return frozenset(found)


def _taught(tx: Connection, school_id: str, school_now: datetime) -> set[str]:
    """The rooms in which a lesson runs whose teacher had time to begin."""
    rows = tx.execute(
        text("""
            SELECT DISTINCT room_id FROM lesson
            WHERE school_id = :school AND room_id IS NOT NULL AND NOT gone
              AND starts_at <= :begun AND ends_at > :now
        """),
        {"school": school_id, "begun": school_now - SETTLING, "now": school_now},
    )
    return {row.room_id for row in rows}
