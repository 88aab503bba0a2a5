"""The campus in the console: enter it, and switch its scenes."""

import secrets
from datetime import datetime, timedelta

from console.desk import accounts
from console.wiring import Console
from store import access, schools
from store.db import Connection, text

SCHOOL = "School 14"
VISITOR = "Ana Orlova"
ZONES = {"en": "Europe/London", "ru": "Europe/Moscow", "zh_Hans": "Asia/Shanghai"}


def prepare(console: Console, language: str) -> None:
    """Make the school and its visitor, unless they are there."""
    now = console.now()
    with console.db.begin() as tx:
        if schools.every_id(tx):
            return
        school = schools.found(
            tx,
            access.system(),
            SCHOOL,
            time_zone=ZONES[language],
            language=language,
            now=now,
            simulated=True,
        )
        accounts.add(
            tx,
            access.system(school.id),
            VISITOR,
            secrets.token_urlsafe(32),  # nobody knows it: the visitor enters by a click
            role="admin",
            school_ids=frozenset({school.id}),
            language=language,
            now=now,
        )


def visitor_session(tx: Connection, *, now: datetime, lasts: timedelta) -> str:
    """A new session of the campus's visitor."""
    row = tx.execute(text("SELECT id FROM account WHERE name = :name"), {"name": VISITOR}).one()
    return accounts.open_session(tx, row.id, now=now, lasts=lasts)
