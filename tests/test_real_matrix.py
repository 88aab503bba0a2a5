"""Moderate on a real Synapse: read rooms, take messages away, suspend, mute, and take it back."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from console.desk import limits, sync
from platforms.base import PlatformError
from platforms.matrix import Matrix
from tests.synapse import CLIENT, Synapse

pytestmark = pytest.mark.servers
HOUR = timedelta(hours=1)


def matrix(synapse: Synapse, *rooms: str, token: str = "") -> Matrix:
    options = {"loopback_only": "1", "rooms": ",".join(rooms)}
    return Matrix(synapse.url, token or synapse.token, options)


def edit(text: str, external_id: str) -> dict[str, Any]:
    event = external_id.partition("/")[2]
    return {
        "m.new_content": {"msgtype": "m.text", "body": text},
        "m.relates_to": {"rel_type": "m.replace", "event_id": event},
    }


def test_messages_are_read_in_order_as_they_were_last_edited(synapse: Synapse) -> None:
    (tess_id, tess), (joe_id, joe) = synapse.person("tess"), synapse.person("joe")
    room = synapse.room(tess, joe, synapse.token)
    rude = synapse.say(joe, room, "you <b>moron\nreally")
    answer = {"m.relates_to": {"m.in_reply_to": {"event_id": rude.partition("/")[2]}}}
    calm = synapse.say(tess, room, "calm", **answer)
    synapse.say(synapse.token, room, "Pult's own word")
    synapse.say(joe, room, "* you angel", **edit("you angel", rude))
    synapse.say(tess, room, "* you devil", **edit("you devil", rude))  # nobody edits another's
    adapter = matrix(synapse, room)
    first, second = adapter.comments(None)
    assert (first.external_id, first.text, first.parent_id) == (calm, "calm", rude)
    assert (first.author_external_id, first.place) == (tess_id, "Algebra")
    assert (second.external_id, second.text) == (rude, "you angel")
    assert (second.author_external_id, second.author_name) == (joe_id, joe_id[1:].split(":")[0])
    assert second.changed_at is not None
    assert [one.external_id for one in adapter.comments(second.changed_at)] == [rude]
    assert adapter.comments(datetime.now(UTC) + HOUR) == []
    assert [one.text for one in adapter.comments(None, limit=1)] == ["you angel"]
    assert adapter.comments(None, limit=1)[0].changed_at is None  # the edit comes later
    assert {one.external_id for one in adapter.thread(second.thread_id)} == {rude, calm}


def test_a_room_longer_than_a_page_is_read_to_its_end(synapse: Synapse) -> None:
    _, tess = synapse.person("tess")
    room = synapse.room(tess, synapse.token)
    said = [synapse.say(tess, room, f"word {number}") for number in range(30)]
    adapter, since, found = matrix(synapse, room), None, list[str]()
    for _ in range(8):
        page = adapter.comments(since, limit=9)
        found += [one.external_id for one in page if one.external_id not in found]
        since = page[-1].written_at
    assert found == said


def test_a_redaction_takes_the_edits_along_and_is_read_back(synapse: Synapse) -> None:
    (_, tess), (_, joe) = synapse.person("tess"), synapse.person("joe")
    room = synapse.room(tess, joe)  # Pult's account is outside, and comes in by itself
    other = synapse.room(tess, joe)
    assert matrix(synapse, room).comments(None) == []
    rude = synapse.say(joe, room, "you moron")
    edited = synapse.say(joe, room, "* you idiot", **edit("you idiot", rude))
    adapter = matrix(synapse, room)
    assert not adapter.removed(rude)
    assert adapter.remove(rude).html == "you idiot"
    assert adapter.removed(rude)
    assert adapter.removed(edited)
    assert adapter.comments(None) == []
    with pytest.raises(PlatformError, match="brings no message back"):
        adapter.restore(adapter.remove(synapse.say(joe, other, "in a room no longer named")))


def test_a_message_that_is_not_there_is_gone_and_one_of_a_hidden_room_is_not(
    synapse: Synapse,
) -> None:
    _, tess = synapse.person("tess")
    room = synapse.room(tess, synapse.token)
    assert matrix(synapse, room).removed(f"{room}/$nothing")
    with pytest.raises(PlatformError):
        matrix(synapse, room).removed("!nowhere:pult.test/$nothing")


def test_suspended_means_silent_until_it_is_lifted(synapse: Synapse) -> None:
    joe_id, joe = synapse.person("joe")
    room = synapse.room(joe)
    adapter = matrix(synapse, room)
    assert not adapter.suspended(joe_id)
    adapter.suspend(joe_id)
    adapter.suspend(joe_id)
    assert adapter.suspended(joe_id)
    with pytest.raises(Exception, match="403"):
        synapse.say(joe, room, "you cannot hold me")
    adapter.lift(joe_id, adapter.standing(joe_id))
    assert not adapter.suspended(joe_id)
    synapse.say(joe, room, "back")


def test_an_administrator_s_own_lock_outlives_our_lift(synapse: Synapse) -> None:
    joe_id, _ = synapse.person("joe")
    adapter = matrix(synapse)
    adapter.suspend(joe_id)
    assert not adapter.lifted(joe_id, "")
    account = f"/_synapse/admin/v2/users/{joe_id}"
    synapse.call("PUT", account, synapse.token, {"locked": True})
    adapter.lift(joe_id, "")
    assert adapter.lifted(joe_id, "")
    assert adapter.suspended(joe_id)  # and nobody calls it free
    assert synapse.call("GET", account, synapse.token)["locked"]


def test_own_account_and_administrators_are_protected(synapse: Synapse) -> None:
    joe_id, joe = synapse.person("joe")
    synapse.register("boss", admin=True)
    adapter = matrix(synapse)
    assert "Pult itself" in adapter.protected("@pult:pult.test")
    assert "administrator" in adapter.protected("@boss:pult.test")
    assert adapter.protected(joe_id) == ""
    with pytest.raises(PlatformError, match="Pult itself"):
        adapter.suspend("@pult:pult.test")
    with pytest.raises(PlatformError, match="does not know this"):
        adapter.suspended("@nobody:pult.test")
    with pytest.raises(PlatformError, match="administrator's token"):
        matrix(synapse, token=joe).suspend("@boss:pult.test")


@pytest.mark.parametrize("version", ["11", "12"])
def test_muted_in_every_room_and_each_level_put_back_exactly(
    synapse: Synapse, version: str
) -> None:
    (_, tess), (joe_id, joe) = synapse.person("tess"), synapse.person("joe")
    plain, special = (synapse.room(tess, joe, version=version) for _ in range(2))
    place = "/state/m.room.power_levels"
    levels = synapse.at("GET", tess, special, place)
    levels["users"][joe_id] = 7
    synapse.at("PUT", tess, special, place, levels)
    adapter = matrix(synapse, plain, special)
    assert not adapter.muted(joe_id)
    stood = adapter.mute_standing(joe_id)
    adapter.mute(joe_id)
    assert adapter.muted(joe_id)
    for room in (plain, special):
        with pytest.raises(Exception, match="403"):
            synapse.say(joe, room, "hm")
    adapter.unmute(joe_id, stood)
    assert not adapter.muted(joe_id)
    assert adapter.mute_standing(joe_id) == stood
    assert synapse.at("GET", tess, special, place)["users"][joe_id] == 7
    assert joe_id not in synapse.at("GET", tess, plain, place)["users"]
    synapse.say(joe, plain, "thanks")


def test_who_made_a_room_of_the_new_kind_cannot_be_muted_in_it(synapse: Synapse) -> None:
    tess_id, tess = synapse.person("tess")
    room = synapse.room(tess, synapse.token)
    with pytest.raises(PlatformError, match="made the room"):
        matrix(synapse, room).mute(tess_id)
    with pytest.raises(PlatformError, match="Name the rooms"):
        matrix(synapse).mute(tess_id)


def test_what_is_said_in_a_room_is_read_back_until_somebody_removes_it(synapse: Synapse) -> None:
    _, joe = synapse.person("joe")
    room = synapse.room(joe, synapse.token)
    adapter = matrix(synapse, "*")
    event = adapter.message(room, "Five minutes.")
    assert adapter.said(room, event, "Five minutes.")
    assert not adapter.said(room, event, "Six minutes.")
    assert not adapter.said(room, "$nothing", "Five minutes.")
    synapse.at("PUT", joe, room, f"/redact/{quote(event, safe='')}/1", {})
    assert not adapter.said(room, event, "Five minutes.")


def test_who_is_suspended_reads_of_it_in_a_room_of_their_own(synapse: Synapse) -> None:
    (joe_id, joe), (eve_id, _), (bob_id, _) = map(synapse.person, ("joe", "eve", "bob"))
    pult = matrix(synapse, "*")
    pult.suspend(joe_id)
    place = f"/_synapse/admin/v1/suspend/{quote(eve_id)}"
    synapse.call("PUT", place, synapse.token, {"suspend": True})  # by others, without a room
    pult.suspend(bob_id)
    synapse.call(
        "PUT", f"/_synapse/admin/v2/users/{quote(bob_id)}", synapse.token, {"locked": True}
    )
    told = pult.notify([joe_id, eve_id, bob_id], "Your account is blocked.")
    assert told == {joe_id: True, eve_id: False, bob_id: False}
    (room,) = synapse.call("GET", f"{CLIENT}/sync", joe)["rooms"]["join"]
    said = synapse.at("GET", joe, room, "/messages?dir=b")["chunk"]
    assert said[0]["content"].get("body") == "Your account is blocked."
    pult.suspend(joe_id)
    pult.notify([joe_id], "Once more.")
    assert list(synapse.call("GET", f"{CLIENT}/sync", joe)["rooms"]["join"]) == [room]


def test_a_notice_reaches_the_person_in_one_room_of_their_own(synapse: Synapse) -> None:
    joe_id, joe = synapse.person("joe")
    adapter = matrix(synapse, "*")
    gone = "@gone:pult.test"
    assert adapter.notify([joe_id, gone], "Be <b>kind") == {joe_id: True, gone: False}
    invited = synapse.call("GET", f"{CLIENT}/sync", joe)["rooms"]["invite"]
    (room,) = invited
    synapse.call("POST", f"{CLIENT}/join/{room}", joe, {})
    adapter.notify([joe_id], "Thank you")
    assert adapter.noticed(joe_id, "Be <b>kind")
    assert not adapter.noticed(joe_id, "Be kind")
    assert not adapter.noticed(gone, "Thank you")
    said = synapse.at("GET", joe, room, "/messages?dir=f")["chunk"]
    words = [one["content"]["body"] for one in said if one["type"] == "m.room.message"]
    assert words == ["Be <b>kind", "Thank you"]
    assert room not in {one.external_id.partition("/")[0] for one in adapter.comments(None)}


def test_the_roster_has_people_and_their_addresses(synapse: Synapse) -> None:
    joe_id, _ = synapse.person("joe")
    synapse.register("chief", admin=True)
    address = {"threepids": [{"medium": "email", "address": "joe@example.org"}]}
    synapse.call("PUT", f"/_synapse/admin/v2/users/{joe_id}", synapse.token, address)
    found = {one.external_id: one for one in matrix(synapse, "*").accounts()}
    assert found[joe_id].email == "joe@example.org"
    assert (found[joe_id].administers, found["@chief:pult.test"].administers) == (False, True)
    assert "@pult:pult.test" not in found
    assert sync.fetch(matrix(synapse)).accounts is None  # nothing to moderate: rooms only


def test_without_rooms_to_moderate_it_counts_and_no_more() -> None:
    counting = Matrix("http://127.0.0.1:1", "t", {"loopback_only": "1"})
    watching = Matrix("http://127.0.0.1:1", "t", {"loopback_only": "1", "rooms": "*"})
    assert {"comments", "suspend account"} & counting.can == set()
    assert {"comments", "suspend account", "meter rooms"} <= watching.can
    assert counting.comments(None) == []
    assert limits.of("matrix") == limits.LIMITS


def test_the_connection_says_what_it_lacks(synapse: Synapse) -> None:
    _, joe = synapse.person("joe")
    assert matrix(synapse, "*").check().problem == ""
    assert matrix(synapse, token=joe).check().problem == ""
    assert "administrator's token" in matrix(synapse, "*", token=joe).check().problem
    assert "Correct the rooms" in matrix(synapse, "#nothing:pult.test").check().problem


def test_an_encrypted_room_is_told_because_nobody_can_watch_over_it(synapse: Synapse) -> None:
    _, tess = synapse.person("tess")
    room = synapse.room(tess)
    assert matrix(synapse, room).check().problem == ""
    how = {"algorithm": "m.megolm.v1.aes-sha2"}
    synapse.at("PUT", tess, room, "/state/m.room.encryption", how)
    health = matrix(synapse, room).check()
    assert "Encrypted rooms" in health.problem
    assert health.params["rooms"] == "Algebra"
