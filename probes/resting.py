"""Targets that are judged only in lessons, and rest between them: a stream ends with its lesson."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from probes.model import Target
from probes.probers import conditions
from probes.probers.base import IN_LESSONS
from store.db import Connection, text
from store.words import N_

SETTLING = timedelta(minutes=2)  # a teacher's, to begin the broadcast
BETWEEN = N_("Between lessons: it is judged from two minutes after one begins until it ends.")
OVER = N_("The lesson is over, and it is no longer judged.")


def resting(tx: Connection, targets: Iterable[Target], *, now: datetime) -> frozenset[str]:
    """Those judged only in lessons in whose rooms none runs at `now`, by the timetable."""
    bound = {
        target.id: target.room_id
        for target in targets
        if target.room_id is not None and conditions.flag(target, IN_LESSONS)
    }
    if not bound:
        return frozenset()
    rows = tx.execute(
        text("""
            SELECT DISTINCT room_id FROM lesson
            WHERE room_id IS NOT NULL AND NOT gone AND starts_at <= :begun AND ends_at > :now
        """),
        {"begun": now - SETTLING, "now": now},
    )
    taught = {row.room_id for row in rows}
    return frozenset(target_id for target_id, room_id in bound.items() if room_id not in taught)
