"""Tables to take away (CSV: RFC 4180): people, incidents, the audit trail, moderation's lists.

Cells that a spreadsheet would take for a formula are neutralised, because
names and notes are strangers' words.
"""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TextIO
from zoneinfo import ZoneInfo

from console.desk import incidents
from console.i18n import N_, _
from moderation import listing
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


def waiting_cases(tx: Connection, actor: Actor, school: School) -> Iterable[Row]:
    yield "since", "name", "place", "text", "reports", "readers"
    for one in listing.cases(tx, actor, school.id):
        since = _time(one.since, school)
        yield since, one.author, one.place, one.text, one.reports, one.reach


def decisions(tx: Connection, actor: Actor, school: School) -> Iterable[Row]:
    yield "at", "account", "decision", "rule", "reason", "name", "place", "text"
    for one in listing.decisions(tx, actor, school.id):
        at = _time(one.at, school)
        yield at, one.by, one.decision, one.rule, one.reason, one.author, one.place, one.text


def measures(tx: Connection, actor: Actor, school: School) -> Iterable[Row]:
    yield "at", "account", "measure", "rule", "reason", "name", "until", "lifted"
    for one in listing.measures(tx, actor, school.id):
        ends = (_time(one.until, school), _time(one.lifted_at, school))
        yield _time(one.at, school), one.by, one.kind, one.rule, one.reason, one.who, *ends


EXPORTS: dict[str, Callable[[Connection, Actor, School], Iterable[Row]]] = {
    "people": people,
    "incidents": incident_list,
    "audit": audit_trail,
    "cases": waiting_cases,
    "decisions": decisions,
    "measures": measures,
}
TITLES = {  # of the columns, for people; scripts read the words that stand above
    "email": N_("Address"),
    "name": N_("Name"),
    "role": N_("Role"),
    "language": N_("Language"),
    "level": N_("Level"),
    "group": N_("Group"),
    "at": N_("When"),
    "account": N_("Who"),
    "action": N_("Did what"),
    "subject": N_("To what (id)"),
    "outcome": N_("Outcome"),
    "since": N_("Since"),
    "place": N_("Place"),
    "text": N_("Text"),
    "reports": N_("Reports"),
    "readers": N_("Readers"),
    "decision": N_("Decision"),
    "measure": N_("Measure"),
    "rule": N_("Rule"),
    "reason": N_("Reason"),
    "until": N_("Until"),
    "lifted": N_("Lifted"),
}
OWN = {  # where the same word of a script means something else to people
    ("cases", "reports"): N_("Times reported"),
    ("cases", "name"): N_("Author"),
    ("decisions", "name"): N_("Author"),
}


def table(
    name: str,
    tx: Connection,
    actor: Actor,
    school: School,
    *,
    spoken: Mapping[str, Callable[[str], str]],
) -> list[tuple[str, ...]]:
    """The same table in the reader's language: its titles, and the columns that `spoken` names."""
    header, *rows = EXPORTS[name](tx, actor, school)
    columns = [str(each) for each in header]

    def cell(column: str, found: object) -> str:
        return safe(spoken[column](str(found)) if column in spoken else str(found))

    titles = tuple(_(OWN.get((name, each), TITLES[each])) for each in columns)
    return [titles, *(tuple(map(cell, columns, row)) for row in rows)]


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
