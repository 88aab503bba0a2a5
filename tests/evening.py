"""A campus's school over databases of one's own: connected, synced, planned and watched."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from console.desk import alerting, board, connections, sync, timetables
from console.desk.adapters import Adapters
from console.desk.board import Board
from probes import engine, targets
from store import access, schools, timetable
from store.access import Actor
from store.db import Database
from store.schools import Clock, School
from store.vault import Vault
from tests.campus import Campus

VAULT = Vault(b"uXzmAm2cYvSbKJQlHxK6sE0lAGkT6OuAYrXTWjhAHlw=")
SOON = timedelta(seconds=5)  # between two probes


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Evening:
    """The school of one campus: Ada set it up, Ana coordinates, Ben moderates."""

    db: Database
    campus: Campus
    school: School
    adapters: Adapters
    moodle: str  # the connection's id
    streams: dict[str, str]  # room id: target id

    @property
    def ana(self) -> Actor:
        return Actor("ana", "Ana", "coordinator", frozenset({self.school.id}))

    @property
    def ben(self) -> Actor:
        return Actor("ben", "Ben", "moderator", frozenset({self.school.id}))

    def board(self) -> Board:
        """What the worker and a screen would do: follow the alerts, then look."""
        alerting.follow(self.db, access.system(self.school.id), self.school.id, now=now())
        return board.build(self.db, self.ana, self.school.id, now=now())

    @contextmanager
    def probing(self) -> Iterator[None]:
        """The prober's loop in a thread."""
        stop = threading.Event()
        probing = threading.Thread(
            target=partial(engine.run, self.db, adapters_for=self.adapters, stop=stop),
            kwargs={"loopback_only": True},
        )
        probing.start()
        try:
            yield
        finally:
            stop.set()
            probing.join()


def begin(database: Database, campus: Campus) -> Evening:
    """From empty databases to a school that is connected, synced, planned and watched."""
    with database.begin() as tx:
        school = schools.found(
            tx,
            access.system(),
            "School 14",
            time_zone="Europe/Moscow",
            language="ru",
            now=now(),
            simulated=True,
        )
    ada = Actor("ada", "Ada", "admin", frozenset({school.id}))
    adapters = Adapters(database, VAULT)
    moodle, *media = _connect(database, ada, school, campus)
    for connection_id in (moodle, *media):
        assert not sync.sync(database, ada, connection_id, adapters, now=now()).problems
    _plan(database, ada, school, campus)
    streams = _watch(database, ada, school, campus, media)
    return Evening(database, campus, school, adapters, moodle, streams)


def _connect(database: Database, ada: Actor, school: School, campus: Campus) -> list[str]:
    """Moodle first, then the media servers A, B and C."""
    moodle, media = campus.addresses["moodle"], campus.addresses["bigbluebutton"]
    wanted = [("moodle", "Moodle", moodle["url"], moodle["token"])]
    wanted += [
        ("bigbluebutton", f"Media server {name}", there["url"], there["secret"])
        for name, there in zip("ABC", media, strict=True)
    ]
    with database.begin() as tx:
        return [
            connections.add(
                tx,
                ada,
                school.id,
                VAULT,
                platform=platform,
                name=name,
                url=url,
                secret=secret,
                now=now(),
            )
            for platform, name, url, secret in wanted
        ]


def _plan(database: Database, ada: Actor, school: School, campus: Campus) -> None:
    clock = campus.control("/clock").json()
    shown = datetime.fromisoformat(clock["now"])
    with database.begin() as tx:
        schools.set_clock(tx, ada, school.id, Clock(now(), shown, clock["speed"]))
    written = campus.control("/timetable.ics").content
    plan = timetables.timetable(written, zone=school.zone, now=shown)
    planned = timetables.apply_timetable(database, ada, school.id, plan, now=now())
    assert (planned.rooms, planned.problems) == (24, [])


def _watch(
    database: Database, ada: Actor, school: School, campus: Campus, media: list[str]
) -> dict[str, str]:
    """Targets for all that may fail; return those of the live pictures by their rooms."""
    with database.begin() as tx:
        add = partial(targets.add, tx, ada, school.id, interval=SOON, now=now())
        for connection_id in media:
            add(name=connection_id, prober="classroom", address="", connection_id=connection_id)
        signing_in = campus.addresses["moodle"]["url"] + "/login/index.php"
        add(name="Moodle", prober="http", address=signing_in)
        add(name="STUN", prober="stun", address=campus.addresses["stun"])
        add(name="Mail", prober="smtp", address=campus.addresses["smtp"])
        return {
            room.id: add(name=room.name, prober="hls", address=room.stream_url, room_id=room.id)
            for room in timetable.rooms(tx, ada, school.id)
            if room.stream_url
        }
