"""Rooms made while somebody is blocked or muted are closed to them too, on real servers."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from moderation import later_rooms, measures, records
from moderation.model import Action, PenaltyKind, ReceiptState, Subject
from platforms.base import Adapter as Platform
from platforms.ejabberd import Ejabberd as Chat
from platforms.matrix import Matrix
from store.access import Actor
from store.db import Database
from store.schools import School
from tests import acting
from tests.conftest import NOON, stopped
from tests.ejabberd import ADMIN, PASSWORD, SERVICE, Ejabberd, Visitor
from tests.moderation_platform import connect
from tests.synapse import Synapse

pytestmark = pytest.mark.servers
MINUTE = timedelta(minutes=1)


class Desk:
    """Joe is held on one platform, by Ben."""

    def __init__(
        self, db: Database, school: School, ben: Actor, made: Callable[[], Platform]
    ) -> None:
        self.db, self.school, self.ben, self.made = db, school, ben, made
        self.looks, self.connected = 0, False

    def adapters(self, _connection_id: str) -> Platform:
        return self.made()

    def hold(
        self,
        joe: str,
        kind: PenaltyKind,
        *,
        until: datetime | None = None,
        becomes: ReceiptState = "verified",
    ) -> str:
        with self.db.begin() as tx:
            if not self.connected:
                connect(tx, self.school, "chat", "ejabberd" if kind == "block" else "matrix")
                tx.exec_driver_sql('UPDATE connection SET options = \'{"rooms": "*"}\'')
            self.connected = True
            about = Subject(connection_id="chat", external_id=joe)
            measure = measures.impose(
                tx, self.ben, self.school.id, about, kind, until=until, now=NOON
            )
        done = acting.perform_all(
            self.db, self.ben, measure.action_ids, self.adapters, clock=stopped(NOON)
        )
        assert [receipt.state for receipt in done] == [becomes]
        return measure.id

    def look(self) -> int:
        self.looks += 1
        return later_rooms.follow(
            self.db, self.ben, "chat", self.adapters, now=NOON + self.looks * 2 * MINUTE
        )

    def settle(self) -> None:
        at = stopped(NOON + self.looks * 2 * MINUTE + MINUTE / 2)
        acting.run_due(self.db, self.adapters, clock=at)

    def lift(self, measure_id: str) -> None:
        with self.db.begin() as tx:
            lifted = measures.lift(tx, self.ben, measure_id, now=NOON + timedelta(hours=1))
        done = acting.perform_all(
            self.db, self.ben, lifted.action_ids, self.adapters,
            clock=stopped(NOON + timedelta(hours=1)),
        )  # fmt: skip
        assert done[-1].state == "verified"

    def act(self, measure_id: str) -> Action:
        with self.db.read() as tx:
            return records.actions_of(tx, self.ben, self.school.id, measure_id)[0]


def test_a_block_is_laid_on_in_a_room_made_later_and_lifted_there_too(
    database: Database, school: School, ben: Actor, ejabberd: Ejabberd
) -> None:
    joe, first = ejabberd.person("joe"), ejabberd.room()
    rooms = [first]
    ejabberd.make(first, joe, "member")

    def made() -> Platform:
        options = {"loopback_only": "1", "user": ADMIN, "rooms": ",".join(rooms)}
        return Chat(ejabberd.url, PASSWORD, options)

    desk = Desk(database, school, ben, made)
    block = desk.hold(joe, "block")
    assert desk.look() == 1  # nobody knows what was made before the first look
    desk.settle()
    assert desk.look() == 0
    rooms += [ejabberd.room(), ejabberd.room()]
    ejabberd.make(rooms[1], joe, "admin")
    assert desk.look() == 1
    receipt = desk.act(block).receipt
    assert (receipt.state, receipt.verified_at) == ("unconfirmed", None)
    assert "made since" in str(receipt.why)
    desk.settle()
    assert desk.act(block).receipt.state == "verified"
    assert [ejabberd.stands(room, joe) for room in rooms] == ["outcast"] * 3
    visitor = Visitor(ejabberd, joe)
    visitor.enter(rooms[2])
    visitor.look()
    assert "forbidden" in visitor.seen
    assert desk.look() == 0
    desk.lift(block)
    assert [ejabberd.stands(room, joe) for room in rooms] == ["member", "admin", "none"]
    assert desk.look() == 0


def test_who_comes_into_a_room_all_the_same_is_put_out_again(
    database: Database, school: School, ben: Actor, ejabberd: Ejabberd
) -> None:
    joe, room = ejabberd.person("joe"), ejabberd.room(moderated="true")
    ejabberd.make(room, joe, "member")

    def made() -> Platform:
        options = {"loopback_only": "1", "user": ADMIN, "rooms": room}
        return Chat(ejabberd.url, PASSWORD, options)

    desk = Desk(database, school, ben, made)
    block = desk.hold(joe, "block")
    desk.look()
    desk.settle()
    Visitor(ejabberd, joe).enter(room)
    came_in = ejabberd.call("get_room_occupants", name=room, service=SERVICE)
    assert desk.look() == len(came_in)  # this server's rooms remember, or they do not
    if came_in:
        assert "in a room all the same" in str(desk.act(block).receipt.why)
    desk.settle()
    assert desk.act(block).receipt.state == "verified"
    assert ejabberd.call("get_room_occupants", name=room, service=SERVICE) == []
    desk.lift(block)
    assert ejabberd.stands(room, joe) == "member"


def test_a_block_that_nothing_keeps_is_not_verified_and_is_shown_until_it_holds(
    database: Database, school: School, ben: Actor, ejabberd: Ejabberd
) -> None:
    joe = ejabberd.person("joe")
    room = ejabberd.room(moderated="true", members_only="true")
    ejabberd.make(room, joe, "member")

    def made() -> Platform:
        options = {"loopback_only": "1", "user": ADMIN, "rooms": room}
        return Chat(ejabberd.url, PASSWORD, options)

    desk = Desk(database, school, ben, made)
    block = desk.hold(joe, "block", becomes="unconfirmed")
    visitor = Visitor(ejabberd, joe)
    visitor.enter(room)
    desk.look()
    desk.settle()
    assert ejabberd.call("get_room_occupants", name=room, service=SERVICE) == []
    with database.read() as tx:
        [shown] = records.unsettled(tx, ben, school.id)
    assert (shown.measure_id, room in str(shown.receipt.why)) == (block, True)
    ejabberd.set(room, "moderated", "false")
    desk.looks += 10
    desk.settle()
    assert desk.act(block).receipt.state == "verified"
    desk.lift(block)
    assert ejabberd.stands(room, joe) == "member"


def test_a_longer_block_covers_and_gives_back_a_room_made_between_the_two(
    database: Database, school: School, ben: Actor, ejabberd: Ejabberd
) -> None:
    joe, rooms = ejabberd.person("joe"), [ejabberd.room()]
    ejabberd.make(rooms[0], joe, "member")

    def made() -> Platform:
        options = {"loopback_only": "1", "user": ADMIN, "rooms": ",".join(rooms)}
        return Chat(ejabberd.url, PASSWORD, options)

    desk = Desk(database, school, ben, made)
    desk.hold(joe, "block", until=NOON + timedelta(days=1))
    rooms += [ejabberd.room(), ejabberd.room()]
    ejabberd.make(rooms[1], joe, "admin")
    longer = desk.hold(joe, "block")
    assert [ejabberd.stands(room, joe) for room in rooms] == ["outcast"] * 3
    desk.lift(longer)
    assert [ejabberd.stands(room, joe) for room in rooms] == ["member", "admin", "none"]


def test_a_mute_is_laid_on_in_a_room_made_later_and_given_back_there_too(
    database: Database, school: School, ben: Actor, synapse: Synapse
) -> None:
    (_, tess), (joe_id, joe) = synapse.person("tess"), synapse.person("joe")
    rooms = [synapse.room(tess, joe)]

    def made() -> Platform:
        options = {"loopback_only": "1", "rooms": ",".join(rooms)}
        return Matrix(synapse.url, synapse.token, options)

    desk = Desk(database, school, ben, made)
    mute = desk.hold(joe_id, "mute")
    assert desk.look() == 1
    desk.settle()
    rooms.append(synapse.room(tess, joe))
    synapse.say(joe, rooms[1], "nobody holds me here")
    assert desk.look() == 1
    desk.settle()
    act = desk.act(mute)
    assert act.receipt.state == "verified"
    assert json.loads(act.standing or "{}") == {}
    with pytest.raises(Exception, match="403"):
        synapse.say(joe, rooms[1], "and now")
    desk.lift(mute)
    for room in rooms:
        synapse.say(joe, room, "back")


def test_where_nobody_is_held_no_room_is_asked_for(
    database: Database, school: School, ben: Actor
) -> None:
    asked: list[str] = []

    def made() -> Platform:
        asked.append("made")
        raise AssertionError

    desk = Desk(database, school, ben, made)
    with database.begin() as tx:
        connect(tx, school, "chat", "ejabberd")
    assert desk.look() == 0
    assert asked == []
