"""Moderate on a real ejabberd: put out of rooms, mute, and put back exactly how it stood."""

import json

import pytest

from platforms.base import PlatformError
from platforms.ejabberd import Ejabberd as Adapter
from tests.ejabberd import ADMIN, HOST, PASSWORD, SERVICE, Ejabberd, Visitor
from tests.wire import Asked, as_json, reply, serving

pytestmark = pytest.mark.servers
VOICED = {"moderated": "true", "members_by_default": "false"}


def adapter(ejabberd: Ejabberd, *rooms: str, user: str = ADMIN, secret: str = PASSWORD) -> Adapter:
    options = {"loopback_only": "1", "user": user}
    return Adapter(ejabberd.url, secret, {**options, "rooms": ",".join(rooms) or "*"})


def test_people_are_counted_by_room(ejabberd: Ejabberd) -> None:
    room, joe = ejabberd.room(), ejabberd.person("joe")
    Visitor(ejabberd, joe).enter(room)
    found = {one.external_id: one for one in adapter(ejabberd).rooms() or ()}
    seen = found[f"{room}@{SERVICE}"]
    assert (seen.name, seen.participants) == (room, 1)
    listed = {one.external_id: one.administers for one in adapter(ejabberd).accounts()}
    assert (listed[joe], listed[ADMIN]) == (False, True)


def test_a_block_puts_out_of_every_room_at_once_and_keeps_out(ejabberd: Ejabberd) -> None:
    one, other, joe = ejabberd.room(), ejabberd.room(), ejabberd.person("joe")
    visitor = Visitor(ejabberd, joe)
    visitor.enter(one)
    pult = adapter(ejabberd, one, other)
    assert not pult.suspended(joe)
    pult.suspend(joe)
    assert pult.suspended(joe)
    assert "status code='301'" in visitor.look()  # banned, by XEP-0045
    assert "forbidden" in visitor.enter(one)
    assert "forbidden" in visitor.enter(other)
    pult.lift(joe, "")
    assert "type='error'" not in visitor.enter(one)


def test_every_affiliation_comes_back_as_it_stood(ejabberd: Ejabberd) -> None:
    joe = ejabberd.person("joe")
    earlier = {ejabberd.room(): one for one in ("owner", "admin", "member", "none", "outcast")}
    for room, affiliation in earlier.items():
        ejabberd.make(room, joe, affiliation)
    pult = adapter(ejabberd, *earlier)
    stood = pult.standing(joe)
    pult.suspend(joe)
    assert {ejabberd.stands(room, joe) for room in earlier} == {"outcast"}
    pult.lift(joe, stood)
    assert {room: ejabberd.stands(room, joe) for room in earlier} == earlier
    assert pult.lifted(joe, stood)


def test_a_block_or_a_lift_in_a_part_of_the_rooms_is_not_done(ejabberd: Ejabberd) -> None:
    one, other, joe = ejabberd.room(), ejabberd.room(), ejabberd.person("joe")
    pult = adapter(ejabberd, one, other)
    ejabberd.make(one, joe, "outcast")
    assert not pult.suspended(joe)
    assert not pult.lifted(joe, "{}")
    assert pult.lifted(joe, json.dumps({one: "outcast"}))  # it stood so before


def test_a_room_that_is_gone_holds_no_lift_up(ejabberd: Ejabberd) -> None:
    one, other, joe = ejabberd.room(), ejabberd.room(), ejabberd.person("joe")
    ejabberd.make(other, joe, "member")
    pult = adapter(ejabberd, one, other)
    stood = pult.standing(joe)
    pult.suspend(joe)
    ejabberd.call("destroy_room", name=other, service=SERVICE)
    pult.lift(joe, stood)
    assert (ejabberd.stands(one, joe), pult.lifted(joe, stood)) == ("none", True)


def test_muted_where_only_members_have_a_voice_and_given_it_back(ejabberd: Ejabberd) -> None:
    room, joe = ejabberd.room(**VOICED), ejabberd.person("joe")
    ejabberd.make(room, joe, "member")
    visitor = Visitor(ejabberd, joe)
    visitor.enter(room)
    pult = adapter(ejabberd, room)
    stood = pult.mute_standing(joe)
    assert not pult.muted(joe)
    pult.mute(joe)
    assert pult.muted(joe)
    said = visitor.say(room, "you cannot stop me") + visitor.look()
    assert "Visitors are not allowed" in said
    assert not pult.unmuted(joe, stood)
    pult.unmute(joe, stood)
    assert (pult.muted(joe), pult.unmuted(joe, stood)) == (False, True)
    assert ejabberd.stands(room, joe) == "member"


def test_where_everybody_may_speak_a_mute_is_refused_and_nothing_is_changed(
    ejabberd: Ejabberd,
) -> None:
    rooms, joe = [ejabberd.room(**VOICED), ejabberd.room()], ejabberd.person("joe")
    ejabberd.make(rooms[0], joe, "member")
    with pytest.raises(PlatformError, match="make every room moderated"):
        adapter(ejabberd, *rooms).mute(joe)
    assert ejabberd.stands(rooms[0], joe) == "member"


def test_a_notice_waits_for_who_is_away(ejabberd: Ejabberd) -> None:
    joe, gone = ejabberd.person("joe"), f"gone@{HOST}"
    assert adapter(ejabberd).notify([joe, gone], "Be <b>kind") == {joe: True, gone: False}
    visitor = Visitor(ejabberd, joe)
    assert "Be &lt;b&gt;kind" in visitor.seen + visitor.look()


def test_accounts_that_must_not_be_blocked_or_are_not_there(ejabberd: Ejabberd) -> None:
    joe = ejabberd.person("joe")
    pult = adapter(ejabberd)
    assert "Pult itself" in pult.protected(ADMIN)
    assert pult.protected(joe) == ""
    assert "administrator" in adapter(ejabberd, user=joe).protected(ADMIN)
    with pytest.raises(PlatformError, match="Pult itself"):
        pult.suspend(ADMIN)
    with pytest.raises(PlatformError, match="no such account"):
        pult.suspended(f"nobody@{HOST}")
    with pytest.raises(PlatformError, match="no room to moderate"):
        adapter(ejabberd, ",").suspend(joe)


def test_the_connection_says_what_it_lacks(ejabberd: Ejabberd) -> None:
    joe = ejabberd.person("joe")
    assert adapter(ejabberd).check().problem == ""
    assert "does not accept the secret" in adapter(ejabberd, secret="wrong").check().problem
    assert "api_permissions" in adapter(ejabberd, user=joe).check().problem
    assert "Enter the host" in adapter(ejabberd, user="").check().problem


def test_a_newer_server_is_asked_for_the_older_command() -> None:
    """Since 24.12 the newest version of the command takes the address in two parts."""

    def newer(asked: Asked) -> bytes:
        if asked.call == "v2":
            return as_json(0)
        if asked.call == "set_room_affiliation":
            return reply('"Request have unknown arguments: [jid]"', status="400 Bad Request")
        return as_json({"affiliation": "none"})

    with serving(newer) as wire:
        options = {"loopback_only": "1", "user": ADMIN, "rooms": "algebra"}
        Adapter(wire.url, PASSWORD, options).suspend("joe@localhost")
    last = wire.asked[-1]
    assert last.target == "/set_room_affiliation/v2"
    assert json.loads(last.body)["affiliation"] == "outcast"
