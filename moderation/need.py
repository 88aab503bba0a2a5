"""Words of need in what participants write to the school itself, and not in a discussion.

Appeals and reports are screened for welfare alone, and whatever becomes of them: one that is
refused, or comes too late, is heard all the same. The words stay with the alarm.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from moderation import alarm_rows, appeals, comments, complaints, rules
from moderation.alarm_rows import Evidence, Origin
from moderation.filters import screen
from moderation.model import Welfare
from moderation.wordings import storable
from store import access, roster
from store.access import Actor
from store.db import Connection, Database, text

LONGEST = 8000  # characters kept of what was written: more than any form takes


def in_appeal(
    db: Database, actor: Actor, measure_id: str, said: str, *, now: datetime
) -> list[str]:
    """Hear what the person writes against the measure; return the alarms' ids."""
    with db.read() as tx:
        measure = appeals.measure_of(tx, actor, measure_id)
        access.require(actor, "moderate", measure.school_id)
        about = tx.execute(
            text("SELECT comment_id FROM cases WHERE id = :id AND school_id = :school"),
            {"id": measure.case_id or "", "school": measure.school_id},
        ).scalar_one_or_none()
        person_id = measure.subject.person_id
        person = roster.person(tx, actor, person_id) if person_id else None
    who = person.name if person else measure.subject.external_id
    written = _Written("appeal", said, who, origin_id=measure_id, comment_id=about)
    return _hear(db, actor, measure.school_id, written, now)


def in_report(
    db: Database,
    actor: Actor,
    school_id: str,
    said: Sequence[str],
    *,
    comment_id: str | None,
    quoted: str = "",
    now: datetime,
) -> list[str]:
    """Hear what somebody writes with a report of a comment, found or not; nobody knows who.

    `quoted` is what they copied of it: heard as well, unless the comment itself says it.
    """
    access.require(actor, "moderate", school_id)
    with db.read() as tx:
        found = comments.get(tx, actor, comment_id) if comment_id else None
    if found is not None and found.school_id != school_id:
        raise access.Denied
    own = found is not None and complaints.says(f"{found.subject}\n{found.text}", quoted)
    words = "\n".join(filter(None, [*said, "" if own else quoted]))
    return _hear(db, actor, school_id, _Written("report", words, "", comment_id=comment_id), now)


def in_trouble(
    db: Database, actor: Actor, school_id: str, said: str, *, who: str, now: datetime
) -> list[str]:
    """Hear a report of trouble; `who` is what its writer gave of a name and an address."""
    access.require(actor, "moderate", school_id)
    return _hear(db, actor, school_id, _Written("trouble", said, who), now)


def of_appeal(tx: Connection, actor: Actor, school_id: str, measure_id: str) -> list[Welfare]:
    """The kinds of alarms from this appeal that nobody has acknowledged."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text("""
            SELECT DISTINCT kind FROM welfare_alarm
            WHERE origin = 'appeal' AND origin_id = :id AND school_id = :school
              AND acknowledged_at IS NULL ORDER BY kind
        """),
        {"id": measure_id, "school": school_id},
    )
    return [row.kind for row in rows]


@dataclass(frozen=True)
class _Written:
    origin: Origin
    said: str
    who: str
    origin_id: str = ""
    comment_id: str | None = None


def _hear(
    db: Database, actor: Actor, school_id: str, written: _Written, now: datetime
) -> list[str]:
    """Screened before the transaction, as comments are: nobody waits for the lists."""
    said, who = storable(written.said.strip())[:LONGEST], storable(written.who)
    with db.read() as tx:
        watched = rules.of(tx, actor, school_id)
    flags = [flag for part in (said, who) for flag in screen(watched, part) if flag.welfare]
    if not flags:
        return []
    evidence = Evidence(
        school_id, _digest(said, who), written.comment_id, written.origin, written.origin_id,
        said, who,
    )  # fmt: skip
    kinds = dict.fromkeys(flag.welfare for flag in flags if flag.welfare)
    with db.begin() as tx:
        raised = [
            alarm_rows.put(
                tx, actor, evidence, kind, [each for each in flags if each.welfare == kind], now=now
            )
            for kind in kinds
        ]
    return [alarm for alarm in raised if alarm]


def _digest(said: str, who: str) -> str:
    return hashlib.sha256(json.dumps([said, who]).encode()).hexdigest()
