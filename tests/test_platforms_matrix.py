"""Matrix with a homeserver that answers strangely: bounded, and what is not ours stays."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from platforms.answers import Site
from platforms.base import Account
from platforms.matrix import arrivals, muting, people
from platforms.matrix.calls import Calls
from tests.conftest import NOON
from tests.wire import Asked, as_json, serving

JOE = "@joe:example"


def _calls(url: str) -> Calls:
    return Calls(Site("Matrix", url, {"loopback_only": "1"}), "s3cret")


def test_a_list_of_accounts_that_leads_back_to_itself_ends() -> None:
    with serving(lambda asked: as_json({"users": [], "next_token": "500", "user_id": "@p:x"})) as w:
        assert list(people.Directory(_calls(w.url)).accounts()) == []
        assert sum("/users?" in asked.target for asked in w.asked) == 2


def test_accounts_are_listed_by_the_page_and_read_one_by_one_when_they_are_new_alone() -> None:
    there: dict[str, dict[str, Any]] = {
        f"@pupil{number}:x": {"displayname": f"Pupil {number}"} for number in range(250)
    }

    def answer(asked: Asked) -> bytes:
        place = urlsplit(asked.target)
        if place.path.endswith("/whoami"):
            return as_json({"user_id": "@pult:x"})
        name = unquote(place.path.rpartition("/")[2])
        if name in there:
            address = f"{name[1:-2]}@school.example"
            more = {"suspended": there[name].get("suspended", False)}
            threepids = [{"medium": "email", "address": address}]
            return as_json({"name": name, **there[name], **more, "threepids": threepids})
        first = int(parse_qs(place.query)["from"][0])
        rows = [{"name": id_, "displayname": there[id_]["displayname"]} for id_ in there]
        page: dict[str, Any] = {"users": rows[first : first + 100]}
        if first + 100 < len(rows):
            page["next_token"] = str(first + 100)
        return as_json(page)

    with serving(answer) as w:
        directory = people.Directory(_calls(w.url))
        first = list(directory.accounts())
        assert [one.email for one in first[:2]] == [
            "pupil0@school.example",
            "pupil1@school.example",
        ]
        assert len(first) == 250

        def asked_for() -> int:
            before = len(w.asked)
            seen = list(directory.accounts())
            names.append({one.external_id: one for one in seen})
            return len(w.asked) - before

        names: list[dict[str, Account]] = []
        assert asked_for() == 3 + people.AGAIN
        there["@pupil249:x"]["displayname"] = "Somebody else"
        there["@pupil250:x"] = {"displayname": "New"}
        del there["@pupil3:x"]
        assert asked_for() == 3 + people.AGAIN + 2
        assert names[1]["@pupil249:x"].name == "Somebody else"
        assert names[1]["@pupil250:x"].email == "pupil250@school.example"
        assert "@pupil3:x" not in names[1]
        there["@pupil120:x"]["suspended"] = True  # which no list tells: its turn comes
        for _turn in range(250 // people.AGAIN):
            asked_for()
        assert names[-1]["@pupil120:x"].suspended


def test_only_the_mutes_own_level_is_taken_where_nothing_is_known_of_before() -> None:
    kept = {"!muted:x": {JOE: -1}, "!given:x": {JOE: 50}}

    def answer(asked: Asked) -> bytes:
        room = next(name for name in kept if name in unquote(asked.target))
        if asked.method == "PUT":
            kept[room] = json.loads(asked.body)["users"]
            return as_json({"event_id": "$e"})
        return as_json({"users": kept[room], "events_default": 0})

    with serving(answer) as w:
        muting.unmute(_calls(w.url), list(kept), JOE, "")
        assert muting.is_unmuted(_calls(w.url), list(kept), JOE, "")
    assert kept == {"!muted:x": {}, "!given:x": {JOE: 50}}


def test_what_the_homeserver_itself_missed_is_asked_for_backwards_down_to_an_hour_before() -> None:
    """A sync that leaves out more than it brings has a gap: read backwards the server fills it."""

    def said(id_: str, minutes: int) -> dict[str, Any]:
        at = int((NOON - timedelta(minutes=minutes)).timestamp() * 1000)
        content = {"msgtype": "m.text", "body": id_}
        return {"event_id": id_, "sender": JOE, "origin_server_ts": at, "content": content}

    def answer(asked: Asked) -> bytes:
        place = urlsplit(asked.target)
        query = {name: values[0] for name, values in parse_qs(place.query).items()}
        if place.path.endswith("/whoami"):
            return as_json({"user_id": "@pult:x"})
        if place.path.endswith("/sync"):
            left_out = {"events": [], "limited": True, "prev_batch": "s5"}
            joined = {"join": {"!a:x": {"timeline": left_out}}} if "since" in query else {}
            return as_json({"next_batch": "s9", "rooms": joined})
        if query.get("dir") == "b":
            page = [said("missed", 10), said("long ago", 90)]
            return as_json({"chunk": page, "end": "t1"})
        return as_json({"chunk": [], "name": "Algebra"})

    with serving(answer) as w:
        calls = _calls(w.url)
        cursor, found = "", list[str]()
        for _ in range(5):
            read = arrivals.read(calls, ["!a:x"], cursor, None, now=NOON)
            cursor, found = read.cursor, [*found, *(one.text for one in read.comments)]
    assert found[0] == "missed"
    assert "long ago" not in found


def test_a_school_of_many_rooms_is_read_in_a_few_turns_and_asked_once_when_it_is_quiet() -> None:
    rooms = [f"!{number}:x" for number in range(50)]

    def answer(asked: Asked) -> bytes:
        place = urlsplit(asked.target)
        if place.path.endswith("/whoami"):
            return as_json({"user_id": "@pult:x"})
        if place.path.endswith("/sync"):
            return as_json({"next_batch": "s1"})
        if place.path.endswith("/messages"):
            room = unquote(place.path).split("/")[-2]
            one = {"event_id": f"${room}", "sender": JOE, "origin_server_ts": 1000}
            return as_json({"chunk": [{**one, "content": {"body": f"in {room}"}}]})
        return as_json({"name": "Algebra", "displayname": "Joe"})

    with serving(answer) as w:
        read = arrivals.read(_calls(w.url), rooms, "", None, now=NOON)
        found = list[str]()
        for _ in range(1 + len(rooms) // arrivals.CALLS):
            assert read.more
            read = arrivals.read(_calls(w.url), rooms, read.cursor, None, now=NOON)
            found += [one.text for one in read.comments]
        assert found == [f"in {room}" for room in rooms]
        assert not read.more
        before = len(w.asked)
        arrivals.read(_calls(w.url), rooms, read.cursor, None, now=NOON)
        assert len(w.asked) == before + 2  # who am I, and what is new: nothing of each room
