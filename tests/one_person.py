"""One person on a real Synapse, a real ejabberd and the campus's Moodle, as Pult knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from console.desk import connections, sync
from console.desk.adapters import Adapters
from console.wiring import Console
from moderation import measures
from moderation.model import Measure, Receipt, Subject
from platforms.capabilities import AccountSuspender
from platforms.moodle import Moodle
from store import access, linking, roster, schools
from store.access import Actor
from store.db import Database
from tests import acting, stage
from tests import ejabberd as chat
from tests.ejabberd import Ejabberd
from tests.stand_in import StandIn
from tests.synapse import Synapse

AFFILIATIONS = ("member", "outcast", "admin")  # in three rooms, before anybody acts
PLACES = ("Moodle", "Synapse", "ejabberd")


@dataclass(frozen=True)
class World:
    """The school on all three, and how somebody stands there by the servers' own word."""

    console: Console
    adapters: Adapters
    school_id: str
    ben: Actor
    ids: Mapping[str, str]  # connection ids by place
    synapse: Synapse
    ejabberd: Ejabberd
    rooms: tuple[str, ...]

    def somebody(self, number: int) -> "Somebody":
        """A pupil of the Moodle, with new accounts on the others, all linked by hand."""
        actor = access.system(self.school_id)
        matrix, jid = self.synapse.person("kim")[0], self.ejabberd.person("kim")
        for room, affiliation in zip(self.rooms, AFFILIATIONS, strict=True):
            self.ejabberd.make(room, jid, affiliation)
        for place in ("Synapse", "ejabberd"):
            sync.sync(self.console.db, actor, self.ids[place], self.adapters, now=datetime.now(UTC))
        with self.console.db.begin() as tx:
            pupil = self._pupil(tx, actor, number)
            for place, external_id in (("Synapse", matrix), ("ejabberd", jid)):
                found = roster.account(tx, actor, self.ids[place], external_id)
                assert found is not None, f"{place} does not list {external_id}"
                linking.link(tx, self.ben, found.id, pupil.person_id or "", now=datetime.now(UTC))
        return Somebody(pupil.person_id or "", pupil.external_id, matrix, jid)

    def stands(self, who: "Somebody") -> dict[str, Any]:
        """What each server itself says of them, in full."""
        moodle = cast(Moodle, self.adapters(self.ids["Moodle"]))
        users = f"/_synapse/admin/v2/users/{who.matrix}"
        known = self.synapse.call("GET", users, self.synapse.token)
        return {
            "Moodle": moodle.suspended(who.moodle),
            "Synapse": {name: known[name] for name in sorted(known) if name != "last_seen_ts"},
            "ejabberd": [self.ejabberd.stands(room, who.jid) for room in self.rooms],
        }

    def impose(self, who: "Somebody") -> Measure:
        with self.console.db.begin() as tx:
            return measures.impose(
                tx, self.ben, self.school_id, Subject(who.person_id), "block",
                reason="threats", now=datetime.now(UTC),
            )  # fmt: skip

    def lift(self, measure: Measure) -> Measure:
        with self.console.db.begin() as tx:
            return measures.lift(tx, self.ben, measure.id, now=datetime.now(UTC))

    def do(self, measure: Measure) -> list[Receipt]:
        return acting.perform_all(
            self.console.db, self.ben, measure.action_ids, self.adapters,
            clock=lambda: datetime.now(UTC),
        )  # fmt: skip

    def _pupil(self, tx: Any, actor: Actor, number: int) -> roster.PlatformAccount:
        """One of the Moodle's pupils that may be suspended."""
        moodle = cast(AccountSuspender, self.adapters(self.ids["Moodle"]))
        pupils = [
            one
            for person in roster.people(tx, actor, self.school_id)
            if person.role == "student"
            for one in roster.accounts_of(tx, actor, person.id)
            if one.connection_id == self.ids["Moodle"] and not one.suspended
        ]
        able = [one for one in pupils if not moodle.protected(one.external_id)]
        return able[number % len(able)]


@dataclass(frozen=True)
class Somebody:
    person_id: str
    moodle: str
    matrix: str
    jid: str


def world(db: Database, synapse: Synapse, ejabberd: Ejabberd, campus: StandIn) -> World:
    """Connect all three as an administrator would, and read the pupils."""
    console, now = stage.console(db), datetime.now(UTC)
    rooms = tuple(ejabberd.room(moderated="true") for _ in AFFILIATIONS)
    with db.begin() as tx:
        school = schools.found(
            tx, access.system(), "School 14", time_zone="Europe/Moscow", language="ru", now=now
        )
        actor = access.system(school.id)
        matrix_room = synapse.room(synapse.token)
        places = {
            "Moodle": ("moodle", campus.moodle["url"], campus.moodle["token"], {}),
            "Synapse": ("matrix", synapse.url, synapse.token, {"rooms": matrix_room}),
            "ejabberd": (
                "ejabberd", ejabberd.url, chat.PASSWORD,
                {"user": chat.ADMIN, "rooms": ",".join(rooms)},
            ),
        }  # fmt: skip
        ids = {
            name: connections.add(
                tx, actor, school.id, console.vault, platform=platform, name=name, url=url,
                secret=secret, options=options, now=now,
            )
            for name, (platform, url, secret, options) in places.items()
        }  # fmt: skip
    adapters = Adapters(db, console.vault)
    sync.sync(db, actor, ids["Moodle"], adapters, now=now)
    ben = Actor("ben", "Ben", "moderator", frozenset({school.id}))
    return World(console, adapters, school.id, ben, ids, synapse, ejabberd, rooms)
