"""Moderate on a real ejabberd: put out of rooms, mute, and put back exactly how it stood."""

import json

import pytest

from platforms.base import PlatformError
from platforms.ejabberd import Ejabberd as Adapter
from tests.ejabberd import ADMIN, HALF, HOST, PASSWORD, SERVICE, Ejabberd, Visitor
from tests.wire import Asked, as_json, reply, serving

pytestmark = pytest.mark.servers
VOICED = {"moderated": "true", "members_by_default": "false"}
OPEN = {"moderated": "true", "members_by_default": "true"}
CLOSED = {"moderated": "true", "members_only": "true"}


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


@pytest.mark.parametrize("earlier", ["member", "owner", "voice"])
def test_who_spoke_in_a_moderated_room_comes_in_no_more_or_has_no_voice(
    ejabberd: Ejabberd, earlier: str
) -> None:
    room, tess, joe = ejabberd.room(**VOICED), ejabberd.person("tess"), ejabberd.person("joe")
    ejabberd.make(room, tess, "owner")
    ejabberd.make(room, joe, "none" if earlier == "voice" else earlier)
    teacher, visitor = Visitor(ejabberd, tess), Visitor(ejabberd, joe)
    teacher.enter(room)
    visitor.enter(room)
    if earlier == "voice":
        teacher.give_voice(room, joe)
    visitor.say(room, "before it")
    pult = adapter(ejabberd, room)
    stood = pult.standing(joe)
    pult.suspend(joe)
    assert pult.suspended(joe)
    visitor.enter(room)
    visitor.say(room, "you cannot stop me")
    inside = joe in pult.inside()
    assert not pult.inside().get(joe)
    assert pult.suspended(joe) is not inside  # who came in all the same is not called blocked
    pult.suspend(joe)
    assert (pult.suspended(joe), joe in pult.inside()) == (True, False)
    pult.lift(joe, pult.opening(joe, stood))
    visitor.enter(room)
    visitor.say(room, "after it")
    heard = teacher.seen + teacher.look()
    assert "before it" in heard
    assert "you cannot stop me" not in heard
    assert ("after it" in heard) == (earlier != "voice")  # a voice lent by hand ends with a visit
    assert ejabberd.stands(room, joe) == ("none" if earlier == "voice" else earlier)


def test_where_everybody_speaks_one_speaks_again_after_a_lift(ejabberd: Ejabberd) -> None:
    room, joe = ejabberd.room(**OPEN), ejabberd.person("joe")
    pult = adapter(ejabberd, room)
    stood = pult.standing(joe)
    pult.suspend(joe)
    noted = pult.opening(joe, stood)
    pult.lift(joe, noted)
    assert pult.lifted(joe, noted)
    assert (ejabberd.stands(room, joe), ejabberd.options(room)["moderated"]) == ("none", "true")
    visitor = Visitor(ejabberd, joe)
    visitor.enter(room)
    assert "type='error'" not in visitor.say(room, "back") + visitor.look()


def test_a_lift_that_broke_off_leaves_no_room_unmoderated(ejabberd: Ejabberd) -> None:
    room, joe = ejabberd.room(**OPEN), ejabberd.person("joe")
    pult = adapter(ejabberd, room)
    pult.suspend(joe)
    noted = pult.opening(joe, "{}")
    ejabberd.set(room, "moderated", "false")
    ejabberd.make(room, joe, "none")
    again = pult.opening(joe, noted)
    assert not pult.lifted(joe, again)
    pult.lift(joe, again)
    assert (pult.lifted(joe, again), ejabberd.options(room)["moderated"]) == (True, "true")


def test_a_lift_that_may_not_open_a_room_is_owed_until_it_may(ejabberd: Ejabberd) -> None:
    """Let in without it one would be mute for good, and nothing there would tell."""
    room, other, joe = ejabberd.room(**OPEN), ejabberd.room(**VOICED), ejabberd.person("joe")
    half = adapter(ejabberd, room, other, user=HALF)
    stood = half.standing(joe)
    half.suspend(joe)
    noted = half.opening(joe, stood)
    for _ in range(2):
        with pytest.raises(PlatformError, match="use the command change_room_option"):
            half.lift(joe, noted)
        assert not half.lifted(joe, noted)
    assert ejabberd.stands(other, joe) == "none"  # the others are not kept waiting
    whole = adapter(ejabberd, room, other)
    whole.lift(joe, noted)
    assert half.lifted(joe, noted)
    visitor = Visitor(ejabberd, joe)
    visitor.enter(room)
    assert "type='error'" not in visitor.say(room, "back") + visitor.look()


@pytest.mark.parametrize("said", ["403 Forbidden", "200 OK"])
def test_no_lift_is_done_while_its_room_was_not_seen_open(said: str) -> None:
    stands = ["outcast"]

    def room(asked: Asked) -> bytes:
        if asked.call == "change_room_option":
            return reply("0", status=said)
        if asked.call == "set_room_affiliation":
            stands.append(json.loads(asked.body)["affiliation"])
            return as_json(0)
        if asked.call == "get_room_affiliation":
            return as_json({"affiliation": stands[-1]})
        return as_json(OPEN)  # and it stays so

    with serving(room) as wire:
        options = {"loopback_only": "1", "user": ADMIN, "rooms": "algebra"}
        pult = Adapter(wire.url, PASSWORD, options)
        noted = pult.opening("joe@localhost", "{}")
        with pytest.raises(PlatformError, match="change_room_option"):
            pult.lift("joe@localhost", noted)
        assert not pult.lifted("joe@localhost", noted)
    assert stands == ["outcast"]


def test_where_the_server_lets_former_members_in_no_block_is_called_done(
    ejabberd: Ejabberd,
) -> None:
    room, other, joe = ejabberd.room(**CLOSED), ejabberd.room(), ejabberd.person("joe")
    ejabberd.make(room, joe, "member")
    pult = adapter(ejabberd, room, other)
    visitor = Visitor(ejabberd, joe)
    visitor.enter(room)
    stood = pult.standing(joe)
    pult.suspend(joe)
    assert [ejabberd.stands(one, joe) for one in (room, other)] == ["outcast"] * 2
    with pytest.raises(PlatformError, match=f"again, with a voice: {room}."):
        pult.kept_out(joe, stood)
    ejabberd.set(room, "moderated", "false")
    assert pult.kept_out(joe, stood)
    visitor.look()
    assert "forbidden" in visitor.enter(room) + visitor.look()


@pytest.mark.parametrize(
    ("version", "told"),
    [("23.1.0", "update"), ("22.10.0", "update"), ("24.7.0", ""), ("20.4", ""), ("", '"status"')],
)
def test_voices_are_forgotten_where_rooms_remember_them_or_nobody_knows(
    version: str, told: str
) -> None:
    made: list[str] = []

    def room(asked: Asked) -> bytes:
        if asked.call == "set_room_affiliation":
            made.append(json.loads(asked.body)["affiliation"])
            return as_json(0)
        if asked.call == "get_room_affiliation":
            return as_json({"affiliation": made[-1] if made else "member"})
        if asked.call == "get_room_options":
            return as_json({"moderated": "true", "members_only": "true"})
        if asked.call == "status":
            running = f"The node is started. Status: startedejabberd {version} is running in it"
            return as_json(running) if version else reply('"no"', status="403 Forbidden")
        return as_json(0 if asked.call == "check_account" else [])

    with serving(room) as wire:
        options = {"loopback_only": "1", "user": ADMIN, "rooms": "algebra"}
        pult = Adapter(wire.url, PASSWORD, options)
        stood = pult.standing("joe@localhost")
        pult.suspend("joe@localhost")
        if told:
            with pytest.raises(PlatformError, match=told):
                pult.kept_out("joe@localhost", stood)
        else:
            assert pult.kept_out("joe@localhost", stood)
        assert pult.kept_out("joe@localhost", "{}")  # who never was a member is not remembered
    assert made == (["none", "outcast"] if told else ["outcast"])


def test_a_try_that_broke_off_is_not_taken_for_how_it_stood(ejabberd: Ejabberd) -> None:
    room, joe = ejabberd.room(**VOICED), ejabberd.person("joe")
    pult = adapter(ejabberd, room)
    stood = pult.standing(joe)
    ejabberd.make(room, joe, "member")  # on the way from none to a visitor's role
    stood = pult.standing_since(joe, stood)
    pult.suspend(joe)
    pult.lift(joe, stood)
    assert ejabberd.stands(room, joe) == "none"


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


def test_a_voice_that_was_given_by_hand_is_taken_by_a_mute(ejabberd: Ejabberd) -> None:
    room, tess, joe = ejabberd.room(**VOICED), ejabberd.person("tess"), ejabberd.person("joe")
    ejabberd.make(room, tess, "owner")
    teacher, visitor = Visitor(ejabberd, tess), Visitor(ejabberd, joe)
    teacher.enter(room)
    visitor.enter(room)
    pult = adapter(ejabberd, room)
    assert pult.muted(joe)
    teacher.give_voice(room, joe)
    assert (pult.muted(joe), pult.inside()[joe]) == (False, True)
    pult.mute(joe)
    assert (pult.muted(joe), pult.inside()[joe]) == (True, False)


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
    lacking = adapter(ejabberd, user=HALF).check()
    assert lacking.params["code"] == "change_room_option"
    assert "api_permissions" in lacking.problem
    assert "does not accept the secret" in adapter(ejabberd, secret="wrong").check().problem
    assert "api_permissions" in adapter(ejabberd, user=joe).check().problem
    assert "Enter the host" in adapter(ejabberd, user="").check().problem


def test_who_only_counts_people_need_not_be_allowed_to_open_rooms() -> None:
    def counting(asked: Asked) -> bytes:
        if asked.call == "muc_online_rooms_by_regex":
            return as_json([])
        return reply('"no"', status="403 Forbidden")

    with serving(counting) as wire:
        options = {"loopback_only": "1", "user": ADMIN, "rooms": "algebra"}
        assert Adapter(wire.url, PASSWORD, options).check().problem == ""


def test_a_newer_server_is_asked_for_the_older_command() -> None:
    """Since 24.12 the newest version of the command takes the address in two parts."""

    def newer(asked: Asked) -> bytes:
        if asked.call == "v2":
            return as_json(0)
        if asked.call == "set_room_affiliation":
            return reply('"Request have unknown arguments: [jid]"', status="400 Bad Request")
        if asked.call == "get_room_affiliation":
            return as_json({"affiliation": "none"})
        return as_json([])  # nobody is in a room, and nothing is set there

    with serving(newer) as wire:
        options = {"loopback_only": "1", "user": ADMIN, "rooms": "algebra"}
        Adapter(wire.url, PASSWORD, options).suspend("joe@localhost")
    last = wire.asked[-1]
    assert last.target == "/set_room_affiliation/v2"
    assert json.loads(last.body)["affiliation"] == "outcast"
