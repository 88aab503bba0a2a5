"""Tables to take away as CSV (RFC 4180): people, incidents, the audit trail.

Cells that a spreadsheet would take for a formula are neutralised, because
names and notes are strangers' words.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TextIO
from zoneinfo import ZoneInfo

from console.desk import incidents
from store import audit, roster
from store.access import Actor
from store.cells import neutral
from store.db import Connection
from store.legibility import legible
from store.schools import School

MOST = 1_000_000  # rows
MOST_LETTERS = 32_000  # of a cell: a spreadsheet takes 32,767
Row = Sequence[object]


def people(tx: Connection, actor: Actor, school: School) -> Iterable[Row]:
    yield "email", "name", "role", "language", "level", "group"
    for one in roster.people(tx, actor, school.id, limit=MOST):
        yield one.email, one.name, one.role, one.language, one.level, one.group


def incident_list(tx: Connection, actor: Actor, school: School) -> Iterable[Row]:
    yield "opened", "closed", "title", "severity", "affected", "reports", "owner"
    began = datetime.fromtimestamp(0, ZoneInfo("UTC"))
    past = incidents.closed(tx, actor, school.id, since=began, limit=MOST)
    for one in (*incidents.open_(tx, actor, school.id), *past):
        times = (_time(one.opened_at, school), _time(one.closed_at, school))
        title = str(one.title)
        yield *times, title, one.severity, one.affected, one.reports, one.owner_name or ""


def audit_trail(tx: Connection, actor: Actor, school: School) -> Iterable[Row]:
    yield "at", "account", "action", "subject", "outcome"
    for one in audit.entries(tx, actor, school.id, limit=MOST):
        yield _time(one.at, school), one.account_name, one.action, one.subject, one.outcome


EXPORTS: dict[str, Callable[[Connection, Actor, School], Iterable[Row]]] = {
    "people": people,
    "incidents": incident_list,
    "audit": audit_trail,
}


def write(name: str, tx: Connection, actor: Actor, school: School, out: TextIO) -> int:
    """Write the table with its header; return how many rows that are, the header apart.

    Times are in the school's zone. Raises Denied, KeyError for a name that is none of EXPORTS.
    """
    writer = csv.writer(out, lineterminator="\r\n")
    count = -1
    for row in EXPORTS[name](tx, actor, school):
        writer.writerow([safe(str(cell)) for cell in row])
        count += 1
    return count


def safe(words: str) -> str:
    """Legible, cut at MOST_LETTERS, and never a formula."""
    return neutral(legible(words[:MOST_LETTERS]))


def _time(at: datetime | None, school: School) -> str:
    return f"{at.astimezone(school.zone):%Y-%m-%d %H:%M:%S}" if at else ""
