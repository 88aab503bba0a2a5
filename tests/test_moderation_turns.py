"""Two measures at once in one room wait for one another: neither is undone after its receipt."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Lock
from typing import cast
from urllib.parse import unquote, urlsplit

import pytest

from moderation import actions
from moderation.model import ActionKind, Adapters, Receipt
from platforms.base import Adapter as Platform
from platforms.base import Capability
from platforms.ejabberd import Ejabberd as Chat
from platforms.matrix import Matrix
from store import leases
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import acting
from tests.conftest import NOON, stopped
from tests.ejabberd import ADMIN, HOST, PASSWORD, Ejabberd, Visitor
from tests.moderation_platform import Adapter, Site, connect, serving
from tests.synapse import Synapse
from tests.wire import Asked, as_json, reply
from tests.wire import serving as answering

ANN, BOB, PULT = "@ann:x", "@bob:x", "@pult:x"
LATE = 1.5  # seconds that a server holds a call back for another, which may never come


@dataclass
class Desk:
    """Ben, and the worker, on one platform, to which there are two connections."""

    db: Database
    school: School
    ben: Actor
    made: Callable[[], Platform]
    now: datetime = NOON

    def adapters(self, _connection_id: str) -> Platform:
        return self.made()

    def ask(self, kind: str, id_: str, connection_id: str = "chat") -> str:
        with self.db.begin() as tx:
            return actions.request(
                tx, self.ben, cast(ActionKind, kind), school_id=self.school.id,
                connection_id=connection_id, external_id=id_, now=NOON,
            )  # fmt: skip

    def undo(self, action_id: str) -> str:
        with self.db.begin() as tx:
            return actions.undo(tx, self.ben, action_id, now=NOON)

    def do(self, action_id: str) -> Receipt:
        clock = stopped(self.now)
        return actions.perform(self.db, self.ben, action_id, self.adapters, clock=clock)

    def do_all(self, action_ids: list[str]) -> None:
        """At once, as a screen does; the worker does at once what was not done then."""
        clock, adapters = stopped(self.now), cast(Adapters, self.adapters)
        found = acting.perform_all(self.db, self.ben, action_ids, adapters, clock=clock)
        while any(one.state == "unconfirmed" for one in found):
            assert acting.run_due(self.db, adapters, clock=clock)  # without waiting for a time
            found = [self.do(id_) for id_ in action_ids]
        assert [one.state for one in found] == ["verified"] * len(found)

    def leases(self) -> list[str]:
        with self.db.read() as tx:
            return list(tx.execute(text("SELECT name FROM lease")).scalars())

    def tried(self, action_id: str) -> tuple[int, datetime]:
        with self.db.read() as tx:
            action = actions.get(tx, self.ben, action_id)
            row = tx.execute(
                text("SELECT next_try_at FROM moderation_action WHERE id = :id"), {"id": action_id}
            ).one()
        assert action is not None
        return action.tries, datetime.fromtimestamp(row.next_try_at, NOON.tzinfo)


class Homeserver:
    """One room. Where two read at once what is set whole, both have before either of them writes.

    The second write is late: until `told`, when the first one's receipt is written.
    """

    def __init__(self) -> None:
        self.users: dict[str, int] = {PULT: 100}
        self.direct: dict[str, list[str]] = {}
        self.suspended: set[str] = set()
        self.lock = Lock()
        self.expect(0)
        self.both_read.set()
        self.told.set()

    def expect(self, reads: int) -> None:
        """As many as two make before the first of them writes."""
        self.due, self.writes = reads, 0
        self.both_read, self.told = Event(), Event()

    def answer(self, asked: Asked) -> bytes:
        place = unquote(urlsplit(asked.target).path)
        name = place.rpartition("/")[2]
        if name in ("m.room.power_levels", "m.direct"):
            return self.write(name, asked) if asked.method == "PUT" else self.read(name)
        if "/suspend/" in place:
            self.suspended.add(name)
            return as_json({})
        if "/admin/v2/users/" in place:
            return as_json({"name": name, "suspended": name in self.suspended})
        if name == "createRoom":
            return as_json({"room_id": f"!of-{json.loads(asked.body)['invite'][0]}"})
        said = {
            "whoami": {"user_id": PULT},
            "joined_rooms": {"joined_rooms": ["!r:x"]},
            "m.room.create": {"sender": PULT, "content": {"room_version": "10"}},
        }
        return as_json(said.get(name, {"membership": "join"}))

    def read(self, name: str) -> bytes:
        levels = {"users": self.users, "events_default": 0}
        seen = as_json(self.direct if name == "m.direct" else levels)
        with self.lock:
            self.due -= 1
            if self.due == 0:
                self.both_read.set()
        return seen

    def write(self, name: str, asked: Asked) -> bytes:
        with self.lock:
            self.writes += 1
            number = self.writes
        if number == 1:
            self.both_read.wait(LATE)
        else:
            self.told.wait(LATE)
        body = json.loads(asked.body)
        if name == "m.direct":
            self.direct = body
        else:
            self.users = body["users"]
        return as_json({"event_id": "$e"})


@contextmanager
def matrix(database: Database, school: School, ben: Actor) -> Iterator[tuple[Desk, Homeserver]]:
    server = Homeserver()
    with answering(server.answer) as wire:

        def made() -> Platform:
            return Matrix(wire.url, "s3cret", {"loopback_only": "1", "rooms": "!r:x"})

        yield _desk(database, school, ben, made, "matrix"), server


def _desk(
    database: Database,
    school: School,
    ben: Actor,
    made: Callable[[], Platform],
    platform: str,
) -> Desk:
    with database.begin() as tx:
        connect(tx, school, "chat", platform)
        connect(tx, school, "again", platform)
    return Desk(database, school, ben, made)


def at_once(desk: Desk, server: Homeserver, action_ids: list[str], reads: int) -> None:
    """Each of them by somebody, at the same time; all are done."""
    server.expect(len(action_ids) * reads)

    def do(action_id: str) -> Receipt:
        receipt = desk.do(action_id)
        server.told.set()
        while "at this moment" in str(receipt.why):
            receipt = desk.do(action_id)
        return receipt

    with ThreadPoolExecutor(len(action_ids)) as pool:
        assert {one.state for one in pool.map(do, action_ids)} == {"verified"}


def test_of_two_mutes_at_once_in_one_room_both_hold(
    database: Database, school: School, ben: Actor
) -> None:
    with matrix(database, school, ben) as (desk, server):
        mutes = [desk.ask("mute account", ANN), desk.ask("mute account", BOB, "again")]
        at_once(desk, server, mutes, reads=3)
        assert server.users == {PULT: 100, ANN: -1, BOB: -1}
        assert desk.leases() == []


def test_of_two_mutes_that_are_lifted_at_once_neither_stays(
    database: Database, school: School, ben: Actor
) -> None:
    with matrix(database, school, ben) as (desk, server):
        mutes = [desk.ask("mute account", ANN), desk.ask("mute account", BOB)]
        desk.do_all(mutes)
        at_once(desk, server, [desk.undo(mute) for mute in mutes], reads=2)
        assert server.users == {PULT: 100}


def test_of_two_blocks_at_once_both_rooms_for_notices_are_noted(
    database: Database, school: School, ben: Actor
) -> None:
    with matrix(database, school, ben) as (desk, server):
        at_once(desk, server, [desk.ask("suspend account", id_) for id_ in (ANN, BOB)], reads=2)
        assert server.direct == {ANN: [f"!of-{ANN}"], BOB: [f"!of-{BOB}"]}


class Rooms:
    """A room where everybody speaks; who is let in while it is moderated stays mute for good.

    One of two lifts has seen the room open, and does the rest once the other has closed it.
    """

    def __init__(self) -> None:
        self.moderated, self.stands, self.mute = "true", dict[str, str](), set[str]()
        self.two_saw, self.closed, self.lock = Event(), Event(), Lock()
        self.saw = 0

    def answer(self, asked: Asked) -> bytes:
        body = json.loads(asked.body or b"{}")
        match asked.call:
            case "get_room_affiliation":
                return as_json({"affiliation": self.stands.get(body["jid"], "none")})
            case "get_room_options":
                return as_json(
                    {
                        "moderated": self.moderated,
                        "members_by_default": "true",
                        "members_only": "false",
                    }
                )
            case "set_room_affiliation":
                self.affiliate(body["jid"], body["affiliation"])
            case "change_room_option":
                if body["value"] == "true":
                    self.two_saw.wait(LATE)
                self.moderated = body["value"]
                if body["value"] == "true":
                    self.closed.set()
            case "muc_online_rooms_by_regex":
                return as_json([])
            case "status":
                return reply('"ejabberd 24.02 is running in that node"')
        return as_json(0)

    def affiliate(self, jid: str, affiliation: str) -> None:
        if affiliation == "none":
            with self.lock:
                self.saw += 1
                late = self.saw == 2
            if late:
                self.two_saw.set()
                self.closed.wait(LATE)
            if self.moderated == "true":
                self.mute.add(jid)
        self.stands[jid] = affiliation


def test_of_two_lifts_at_once_neither_leaves_anybody_mute(
    database: Database, school: School, ben: Actor
) -> None:
    server = Rooms()
    with answering(server.answer) as wire:

        def made() -> Platform:
            return Chat(wire.url, PASSWORD, {"loopback_only": "1", "user": ADMIN, "rooms": "r"})

        desk = _desk(database, school, ben, made, "ejabberd")
        blocks = [desk.ask("suspend account", f"{name}@{HOST}") for name in ("ann", "bob")]
        assert [desk.do(block).state for block in blocks] == ["verified"] * 2
        desk.do_all([desk.undo(block) for block in blocks])
    assert server.mute == set()
    assert (set(server.stands.values()), server.moderated) == ({"none"}, "true")


class InTurn(Adapter):
    """Its blocks go one by one; `within` is done while one is under way."""

    one_by_one: frozenset[Capability] = frozenset({"suspend account"})

    def __init__(self, url: str, within: Callable[[], object] = lambda: None) -> None:
        super().__init__(url)
        self.within = within

    def suspend(self, external_id: str) -> None:
        super().suspend(external_id)
        self.within()


@contextmanager
def plain(database: Database, school: School, ben: Actor) -> Iterator[tuple[Desk, Site]]:
    site = Site()
    with serving(site) as url:
        yield _desk(database, school, ben, lambda: InTurn(url), "moodle"), site


def test_who_waits_for_others_loses_no_try_and_is_not_put_off(
    database: Database, school: School, ben: Actor
) -> None:
    with plain(database, school, ben) as (desk, site):
        first, second = (desk.ask("suspend account", id_) for id_ in ("u1", "u2"))
        waiting: list[Receipt] = []
        url = cast(Adapter, desk.made()).url
        desk.made = lambda: InTurn(url, lambda: waiting.append(others.do(second)))
        others = Desk(database, school, ben, lambda: InTurn(url))
        assert desk.do(first).state == "verified"
        assert [one.state for one in waiting] == ["unconfirmed"]
        assert "at this moment" in str(waiting[0].why)
        with database.read() as tx:
            kept = actions.get(tx, ben, second)
        assert kept is not None
        assert kept.receipt.why == waiting[0].why  # whoever looks later is told as well
        assert others.tried(second) == (0, NOON)
        assert acting.run_due(database, others.adapters, clock=stopped(NOON)) == 1
        assert site.calls == ["suspend u1", "suspend u2"]
        assert others.do(second).state == "verified"


def test_what_is_nobody_elses_waits_for_nobody(
    database: Database, school: School, ben: Actor
) -> None:
    with plain(database, school, ben) as (desk, site):
        site.write("p1", "<p>you moron</p>", NOON)
        first, second = desk.ask("suspend account", "u1"), desk.ask("remove comment", "p1")
        url, within = cast(Adapter, desk.made()).url, list[Receipt]()
        others = Desk(database, school, ben, desk.made)
        desk.made = lambda: InTurn(url, lambda: within.append(others.do(second)))
        assert desk.do(first).state == "verified"
        assert [one.state for one in within] == ["verified"]


def test_a_turn_that_nobody_gives_back_runs_out(
    database: Database, school: School, ben: Actor
) -> None:
    with plain(database, school, ben) as (desk, site):
        first = desk.ask("suspend account", "u1")
        url, names = cast(Adapter, desk.made()).url, list[str]()
        alone = Desk(
            database, school, ben, lambda: InTurn(url, lambda: names.extend(desk.leases()))
        )
        assert alone.do(first).state == "verified"
        [turn] = [name for name in names if name.startswith("moderation rooms ")]
        with database.begin() as tx:  # by a worker of another machine, which died
            leases.take(tx, turn, "elsewhere", now=NOON, ttl=actions.LEASE)
        second = desk.ask("suspend account", "u2")
        assert desk.do(second).state == "unconfirmed"
        assert site.calls == ["suspend u1"]
        desk.now = NOON + actions.LEASE
        assert desk.do(second).state == "verified"
        assert desk.leases() == []


def test_what_was_seen_after_the_turn_was_anothers_is_looked_at_again(
    database: Database, school: School, ben: Actor
) -> None:
    with plain(database, school, ben) as (desk, site):
        first, second = (desk.ask("suspend account", id_) for id_ in ("u1", "u2"))
        url = cast(Adapter, desk.made()).url
        others = Desk(database, school, ben, desk.made, NOON + actions.LEASE)
        desk.made = lambda: InTurn(url, lambda: others.do(second))
        assert desk.do(first).state == "unconfirmed"
        assert others.do(second).state == "verified"
        soon = stopped(NOON + actions.LEASE + timedelta(minutes=1))
        assert acting.run_due(database, others.adapters, clock=soon) == 1
        assert desk.do(first).state == "verified"
        assert site.calls == ["suspend u1", "suspend u2"]


@pytest.mark.servers
def test_many_mutes_at_once_hold_on_a_real_homeserver(
    database: Database, school: School, ben: Actor, synapse: Synapse
) -> None:
    (_, tess), *pupils = (synapse.person(name) for name in ("tess", *"abcdefgh"))
    room = synapse.room(tess, *(token for _, token in pupils))

    def made() -> Platform:
        return Matrix(synapse.url, synapse.token, {"loopback_only": "1", "rooms": room})

    desk = _desk(database, school, ben, made, "matrix")
    mutes = [desk.ask("mute account", id_) for id_, _ in pupils]
    desk.do_all(mutes)
    for _, token in pupils:
        with pytest.raises(Exception, match="403"):
            synapse.say(token, room, "you cannot stop me")
    desk.do_all([desk.undo(mute) for mute in mutes])
    for _, token in pupils:
        synapse.say(token, room, "back")


@pytest.mark.servers
def test_many_lifts_at_once_give_every_voice_back_on_a_real_server(
    database: Database, school: School, ben: Actor, ejabberd: Ejabberd
) -> None:
    room = ejabberd.room(moderated="true", members_by_default="true")
    pupils = [ejabberd.person("joe") for _ in range(6)]

    def made() -> Platform:
        options = {"loopback_only": "1", "user": ADMIN, "rooms": room}
        return Chat(ejabberd.url, PASSWORD, options)

    desk = _desk(database, school, ben, made, "ejabberd")
    blocks = [desk.ask("suspend account", pupil) for pupil in pupils]
    desk.do_all(blocks)
    desk.do_all([desk.undo(block) for block in blocks])
    assert ejabberd.options(room)["moderated"] == "true"
    for pupil in pupils:
        visitor = Visitor(ejabberd, pupil)
        visitor.enter(room)
        assert "type='error'" not in visitor.say(room, "back") + visitor.look()
