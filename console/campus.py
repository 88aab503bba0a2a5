"""The campus in the console: its school and visitor, its scenes, the way to its servers."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.campus_school import ask, connect, plan
from console.desk import accounts
from console.wiring import Console
from store import access, schools
from store.access import Actor
from store.db import Connection, text

__all__ = ["Scene", "connect", "plan", "prepare", "scenes", "switch", "visitor_session"]

SCHOOL = "School 14"
VISITOR = "Ana Orlova"
ZONES = {"en": "Europe/London", "ru": "Europe/Moscow", "zh_Hans": "Asia/Shanghai"}


@dataclass(frozen=True)
class Scene:
    name: str
    on: bool


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
            now=now,
        )


def visitor_session(tx: Connection, *, now: datetime, lasts: timedelta) -> str:
    """A new session of the campus's visitor, in the language of whoever enters this time."""
    row = tx.execute(
        text("UPDATE account SET language = NULL WHERE name = :name RETURNING id"),
        {"name": VISITOR},
    ).one()
    return accounts.open_session(tx, row.id, now=now, lasts=lasts)


def scenes(console: Console) -> list[Scene]:
    """What may be switched on in the campus. Raises PlatformError when it does not answer."""
    return [Scene(one["name"], one["on"]) for one in json.loads(ask(console, "/scenes"))]


def switch(console: Console, actor: Actor, name: str, on: bool) -> None:
    """Switch a scene. Raises PlatformError, and Denied unless the actor steers the school."""
    with console.db.read() as tx:
        for school_id in schools.every_id(tx):
            access.require(actor, "steer", school_id)
    ask(console, f"/scenes/{name}", {"on": on})
