"""What the databases that a backup replaces know of mail: who has it, and who wants none.

Written down as lines of JSON before they are replaced, and put into the restored ones by
desk.recalling: a head for each table, then its rows.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO

from sqlalchemy import Inspector, inspect

from mailing import intents, recovering
from store.db import WINDOW, Connection, Database, text, windows
from store.words import N_, Words

UNDECIDED = N_("A backup was restored meanwhile; it may have arrived before. Somebody decides.")
CLOCKS = timedelta(hours=1)  # by which the clocks of two machines may differ
ENDS = "ends of deliveries"
MOVING = "state IN ('due', 'claimed', 'sending') AND NOT :settled"
# A mail as it is told: nobody has it in hand, and what may have left meanwhile is in doubt.
AS_TOLD = {
    "state": f"CASE WHEN {MOVING} THEN 'held' ELSE state END",
    "reply": f"CASE WHEN {MOVING} THEN :why ELSE reply END",
    "owner": "NULL",
    "lease_until": "NULL",
}
BEGUN = """(SELECT id FROM campaign
             WHERE state <> 'draft' AND COALESCE(released_at, created_at) >= :since)"""
OF_BEGUN = f"campaign_id IN {BEGUN}"


@dataclass(frozen=True)
class Part:
    """Rows of a table to be told; `columns`: some alone, else all, `as_told` instead of as kept."""

    table: str
    where: str
    as_told: Mapping[str, str]
    columns: tuple[str, ...] = ()
    called: str = ""
    at_once: int = WINDOW  # rows in memory

    @property
    def name(self) -> str:
        return self.called or self.table


# Each after those that its rows refer to.
PARTS = (
    Part("campaign", f"id IN {BEGUN}", {}),
    Part("delivery", OF_BEGUN, AS_TOLD),
    Part("attachment", OF_BEGUN, {}, at_once=1),  # many megabytes each
    Part("invitation", OF_BEGUN, {}),
    Part("overruling", OF_BEGUN, {}),
    Part("link_look", OF_BEGUN, {}),
    Part("standing_issue", OF_BEGUN, {}),
    Part("telling", "updated_at >= :since", {}),
    Part("erasing_key", "1 = 1", {}),
    Part("erased_address", "1 = 1", {}),
    Part("suppression", "1 = 1", {}),
    Part(
        "delivery",
        "updated_at >= :since OR (state = 'due' AND :settled)",
        AS_TOLD,
        ("id", "campaign_id", "state", "reply", "attempt", "next_at", "updated_at"),
        ENDS,
    ),
)


@dataclass(frozen=True)
class Told:
    """Some rows of a part, in memory at once."""

    name: str
    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]


def remember(db: Database, made_at: datetime, into: IO[str], *, still: bool, now: datetime) -> None:
    """Write down what became of mail since the backup was made, and who said no to it.

    `still`: nothing works on these databases, so that what waits in them has not left.
    """
    with db.read() as tx:
        if not inspect(tx).has_table("delivery"):
            return
    if still:
        recovering.recover(db, intents.folder(db), now=now)
    with db.read() as tx:
        moving = tx.execute(text("SELECT 1 FROM delivery WHERE state = 'sending' LIMIT 1")).first()
        values = {
            "since": made_at - CLOCKS,
            "settled": still and moving is None,
            "why": Words(UNDECIDED).to_json(),
        }
        looked = inspect(tx)
        there = set(looked.get_table_names())  # the replaced databases may be of an older Pult
        for part in PARTS:
            if part.table in there:
                _write(tx, part, looked, values, into)
    into.seek(0)


def told(remembered: IO[str]) -> Iterator[Told]:
    """What was written down, in its order and no more at once than when it was read."""
    at_once = {part.name: part.at_once for part in PARTS}
    name, columns, rows = "", tuple[str, ...](), list[tuple[object, ...]]()
    for line in remembered:
        found = json.loads(line)
        if isinstance(found, dict):
            if rows:
                yield Told(name, columns, rows)
            name, columns, rows = found["of"], tuple(found["columns"]), []
            continue
        rows.append(tuple(found))
        if len(rows) >= at_once[name]:
            yield Told(name, columns, rows)
            rows = []
    if rows:
        yield Told(name, columns, rows)


def _write(
    tx: Connection, part: Part, looked: Inspector, values: Mapping[str, object], into: IO[str]
) -> None:
    columns = part.columns or tuple(each["name"] for each in looked.get_columns(part.table))
    chosen = ", ".join(f"{part.as_told.get(name, name)} AS {name}" for name in columns)
    asked = f"SELECT {chosen} FROM {part.table} WHERE {part.where}"
    into.write(json.dumps({"of": part.name, "columns": columns}) + "\n")
    for window in windows(tx, asked, values, at_once=part.at_once):
        into.writelines(json.dumps([*row]) + "\n" for row in window)
