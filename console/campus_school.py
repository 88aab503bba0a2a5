"""Connect the simulated school to the campus's servers, and again when their ports change."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import requests

from console.desk import connections, relays, timetables
from console.i18n import _, speaking
from console.wiring import Console
from moderation import lists, rules, trial
from platforms.base import N_, PlatformError
from probes import targets
from probes.model import Target
from store import access, schools, timetable
from store.access import Actor
from store.db import Connection, text
from store.schools import Clock, School

SENDER = "School 14 <news@school14.test>"
SERVERS = ("A", "B", "C")
TIMEOUT = 5.0  # seconds
AWAY = N_("The campus does not answer. It comes back by itself within seconds.")


def connect(console: Console, addresses: Mapping[str, Any]) -> None:
    """Make or renew all that leads to the campus, rooms and timetable first."""
    with console.db.begin() as tx:
        keep(
            tx,
            "campus",
            {"control": addresses["control"], "mailbox": addresses["mailbox"]},
            now=console.now(),
        )
    with console.db.read() as tx:
        school_id = next(iter(schools.every_id(tx)), "")
        actor = access.system(school_id)
        school = schools.get(tx, actor, school_id)
    _connections(console, actor, school, addresses)
    plan(console, school_id)
    _targets(console, actor, school, addresses)
    _mail(console, actor, school_id, addresses)
    _rules(console, actor, school_id)


def plan(console: Console, school_id: str) -> None:
    """Take over the campus's clock and its timetable as it stands."""
    actor = access.system(school_id)
    with console.db.read() as tx:
        school = schools.get(tx, actor, school_id)
    clock = json.loads(ask(console, "/clock"))
    now = console.now()
    with console.db.begin() as tx:
        shown = datetime.fromisoformat(clock["now"])
        schools.set_clock(tx, actor, school_id, Clock(now, shown, float(clock["speed"])))
    planned = timetables.timetable(ask(console, "/timetable.ics"), zone=school.zone, now=shown)
    timetables.apply_timetable(console.db, actor, school_id, planned, now=now)


def ask(console: Console, path: str, wish: Mapping[str, object] | None = None) -> str:
    """GET, or POST a wish, at the campus's control. Raises PlatformError."""
    with console.db.read() as tx:
        row = tx.execute(text("SELECT value FROM setting WHERE name = 'campus'")).first()
    if row is None:
        raise PlatformError(AWAY, permanent=False)
    url = json.loads(row.value)["control"] + path
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                "GET" if wish is None else "POST", url, json=wish, timeout=TIMEOUT
            )
            answer.raise_for_status()
    except requests.RequestException as error:
        raise PlatformError(AWAY, permanent=False) from error
    answer.encoding = "utf-8"
    return answer.text


def keep(tx: Connection, name: str, value: Mapping[str, object], *, now: datetime) -> None:
    tx.execute(
        text("""
            INSERT INTO setting (name, value, changed_at) VALUES (:name, :value, :now)
            ON CONFLICT (name) DO UPDATE SET
                value = excluded.value, changed_at = excluded.changed_at
        """),
        {"name": name, "value": json.dumps(value), "now": now},
    )


def _connections(
    console: Console, actor: Actor, school: School, addresses: Mapping[str, Any]
) -> None:
    with speaking(school.language):
        media = _("Media server {name}")
    wanted = [("moodle", "Moodle", addresses["moodle"]["url"], addresses["moodle"]["token"])]
    wanted += [
        ("bigbluebutton", media.format(name=name), there["url"], there["secret"])
        for name, there in zip(SERVERS, addresses["bigbluebutton"], strict=True)
    ]
    with console.db.begin() as tx:
        known = {one.name: one.id for one in connections.of(tx, actor, school.id)}
        for platform, name, url, secret in wanted:
            if name in known:
                connections.change(
                    tx, actor, known[name], console.vault, url=url, secret=secret, now=console.now()
                )
            else:
                connections.add(
                    tx, actor, school.id, console.vault,
                    platform=platform, name=name, url=url, secret=secret, now=console.now(),
                )  # fmt: skip


def _targets(console: Console, actor: Actor, school: School, addresses: Mapping[str, Any]) -> None:
    """One target for each service that can fail; a stream hangs on its room's media server."""
    place = Place(console, actor, school)
    with console.db.begin() as tx, speaking(school.language):
        place.look(tx)
        call = _("Call the technicians of the media servers; meanwhile move lessons elsewhere.")
        for name, connection in place.media():
            place.keep(tx, name, "classroom", "", connection=connection, runbook=call)
        place.keep(
            tx, "Moodle", "http", addresses["moodle"]["url"] + "/login/index.php",
            runbook=_("Call the administrator of Moodle. Lessons go on without it."),
        )  # fmt: skip
        for room in timetable.rooms(tx, actor, school.id):
            if room.stream_url:
                place.keep(
                    tx, _("Live picture: {room}").format(room=room.name), "hls", room.stream_url,
                    room=room, runbook=_("Ask the teacher to start the broadcast again."),
                )  # fmt: skip
        place.keep(tx, _("Way through firewalls (STUN)"), "stun", addresses["stun"])
        place.keep(
            tx, _("Mail relay"), "smtp", addresses["smtp"],
            runbook=_("Pause campaigns; what was not sent waits and is tried again."),
        )  # fmt: skip


class Place:
    """The school's targets by name while they are made or renewed."""

    def __init__(self, console: Console, actor: Actor, school: School) -> None:
        self.console, self.actor, self.school = console, actor, school
        self._known: dict[str, Target] = {}
        self._servers: dict[str, str] = {}  # connection id: its name
        self._meters: dict[str, str] = {}  # connection id: its target's id

    def look(self, tx: Connection) -> None:
        self._known = {one.name: one for one in targets.of(tx, self.actor, self.school.id)}
        listed = connections.of(tx, self.actor, self.school.id)
        self._servers = {one.id: one.name for one in listed if one.platform == "bigbluebutton"}

    def media(self) -> list[tuple[str, str]]:
        """Names and connections of the media servers, in order."""
        return sorted((name, id_) for id_, name in self._servers.items())

    def keep(
        self,
        tx: Connection,
        name: str,
        prober: str,
        address: str,
        *,
        connection: str | None = None,
        room: timetable.Room | None = None,
        runbook: str = "",
    ) -> None:
        now = self.console.now()
        if name in self._known:
            kept = self._known[name]
            if kept.address != address:
                targets.change(tx, self.actor, replace(kept, address=address), now=now)
            target_id = kept.id
        else:
            target_id = targets.add(
                tx,
                self.actor,
                self.school.id,
                name=name,
                prober=prober,
                address=address,
                interval=timedelta(seconds=5),
                parent_ids=self._parents(room),
                connection_id=connection,
                room_id=room.id if room else None,
                runbook=runbook,
                now=now,
            )
        if connection:
            self._meters[connection] = target_id

    def _parents(self, room: timetable.Room | None) -> list[str]:
        """A room's stream stands on its media server."""
        meter = self._meters.get(room.connection_id) if room else None
        return [meter] if meter else []


def _mail(console: Console, actor: Actor, school_id: str, addresses: Mapping[str, Any]) -> None:
    with console.db.begin() as tx:
        relays.save(
            tx, actor, school_id, console.vault,
            url=f"smtp://{addresses['smtp']}", sender=SENDER, loopback_only=True,
            now=console.now(),
        )  # fmt: skip


def _rules(console: Console, actor: Actor, school_id: str) -> None:
    """The words that fit the campus's insults, unless somebody has written others."""
    with console.db.read() as tx:
        if rules.text_of(tx, actor, school_id) != rules.starter():
            return
    written = watched(ask(console, "/rules.toml"))
    with console.db.begin() as tx:
        found = trial.over(tx, actor, school_id, rules.built(written), now=console.now())
        trial.keep(tx, actor, school_id, found, now=console.now())
        rules.save(tx, actor, school_id, written, now=console.now())


def watched(campus: str) -> str:
    """The campus's own lists, and the starter's words of need: an alarm is tried here too."""
    own = rules.built(campus)
    cries = tuple(each for each in rules.built(rules.starter()).lists if each.welfare)
    return lists.toml(replace(own, lists=own.lists + cries))
