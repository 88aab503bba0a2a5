"""Media servers by their documented answers: what they can tell is counted, and nothing else."""

import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest

from platforms import PLATFORMS
from platforms.base import (
    Adapter,
    Capability,
    Health,
    PlatformError,
)
from platforms.metering import Ask, Metered, Reading, RoomMeter
from platforms.steering import RoomDoor, RoomEnder, RoomMaker, RoomWriter
from probes import check
from probes.model import Result, State, Target
from tests.wire import Answer, Asked, Wire, as_json, reply, serving

BRIDGE = {
    "conferences": 3,
    "participants": 41,
    "local_endpoints": 40,
    "largest_conference": 22,
    "stress_level": 0.41,
    "graceful_shutdown": False,
}
JICOFO = {
    "conferences": 5,
    "participants": 90,
    "largest_conference": 31,
    "bridge_selector": {"bridge_count": 3, "operational_bridge_count": 2},
}
LIVEKIT = {
    "rooms": [
        {
            "sid": "RM_1",
            "name": "algebra",
            "max_participants": 30,
            "creation_time": "1700000000",
            "num_participants": 12,
            "num_publishers": 3,
            "metadata": "Olga's own",
        },
        {"sid": "RM_2", "name": "physics", "maxParticipants": 0, "numParticipants": 0},
    ]
}
METRICS = """# HELP livekit_room_total
# TYPE livekit_room_total gauge
livekit_room_total{node_id="a",node_type="SERVER"} 2
livekit_participant_total{node_id="a",node_type="SERVER"} 17
livekit_participant_total{node_id="b",node_type="SERVER"} 1.2e+01
livekit_node_messages{status="success"} 4
"""
PATHS = {
    "pageCount": 1,
    "itemCount": 3,
    "items": [
        {
            "name": "hall",
            "ready": True,
            "source": {"type": "rtmpConn", "id": "1"},
            "readers": [{"type": "rtspSession", "id": "2"}, {"type": "webRTCSession", "id": "3"}],
        },
        {
            "name": "lecture",
            "available": True,
            "online": True,
            "readers": [{"type": "hlsMuxer", "id": ""}, {"type": "srtConn", "id": "9"}],
        },
        {"name": "spare", "ready": False, "source": None, "readers": []},
    ],
}
STAT = """<?xml version="1.0" encoding="utf-8" ?>
<?xml-stylesheet type="text/xsl" href="stat.xsl"?>
<rtmp><naccepted>9</naccepted><server><application><name>live</name><live>
<stream><name>hall</name><time>9</time><bw_in>1</bw_in>
<client><id>3</id><address>192.0.2.7</address><publishing/></client>
<client><id>4</id><address>192.0.2.8</address></client>
<meta><video><width>320</width></video></meta><nclients>1,204</nclients><publishing/><active/>
</stream><stream><name>late</name><nclients>2</nclients></stream><nclients>4</nclients></live>
</application></server></rtmp>
"""
ROOMS = {
    "rooms": [
        {"room_id": "!a:x.test", "name": "Algebra", "joined_members": 24},
        {"room_id": "!b:x.test", "name": None, "joined_members": 3},
    ],
    "offset": 0,
    "total_rooms": 2,
}
BLOCKS = {
    "blocks": [
        {"instanceid": 3, "name": "html", "contents": {"content": "<p>12</p>"}},
        {
            "instanceid": 4,
            "name": "online_users",
            "contents": {
                "content": '<div class="info">1,209 online users (last 5 minutes)</div>'
                "<ul class='list'><li>Olga 7</li></ul>"
            },
        },
    ],
    "warnings": [],
}


def made(platform: str, url: str, **options: str) -> Adapter:
    return PLATFORMS[platform].adapter(url, "s3cret", {"loopback_only": "1", **options})


def probed(adapter: Adapter, timeout: float = 5) -> Result:
    """What the prober makes of it, over the engine's own HTTP."""
    target = Target("", "", "server", "classroom", "", connection_id="c")
    return check(target, adapters=lambda _: adapter, timeout=timeout, loopback_only=True)


def figures(result: Result) -> dict[str, float]:
    return {reading.name: reading.value for reading in result.readings}


def read(platform: str, answer: Answer, **options: str) -> tuple[Result, Wire]:
    with serving(answer) as wire:
        adapter = made(platform, wire.url, **options)
        assert isinstance(adapter, RoomMeter)
        result = probed(adapter)
        rooms = adapter.rooms()  # the same over the adapter's own session
    told = None if result.rooms is None else [room.external_id for room in result.rooms]
    assert told == (None if rooms is None else [room.external_id for room in rooms])
    return result, wire


def test_a_jitsi_bridge_tells_of_itself_and_of_no_room() -> None:
    result, wire = read("jitsi", as_json(BRIDGE))
    assert result.state is State.OK
    assert result.rooms is None
    assert figures(result) == {
        "rooms": 3, "participants": 40, "largest room": 22, "load": 0.41
    }  # fmt: skip
    assert wire.asked[0].target == "/colibri/stats"


def test_jicofo_counts_the_people_of_all_bridges() -> None:
    def answer(asked: Asked) -> bytes:
        return as_json(JICOFO if asked.target == "/stats" else BRIDGE)

    with serving(answer) as wire:
        both = made("jitsi", wire.url, jicofo=f"{wire.url}/stats")
        assert figures(probed(both))["participants"] == 90
        assert figures(probed(both))["load"] == 0.41
        assert figures(probed(made("jitsi", f"{wire.url}/stats")))["bridges"] == 2


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({**BRIDGE, "graceful_shutdown": True}, "shutting down"),
        ({**BRIDGE, "stress_level": 1.02}, "as busy as it may be"),
        ({**JICOFO, "bridge_selector": {"operational_bridge_count": 0}}, "No bridge works"),
    ],
)
def test_a_jitsi_that_takes_nobody_is_suspect(said: Mapping[str, object], words: str) -> None:
    result, _wire = read("jitsi", as_json(said))
    assert result.state is State.SUSPECT
    assert words in str(result.why)


def test_livekit_is_asked_with_a_token_that_its_secret_signs() -> None:
    result, wire = read("livekit", as_json(LIVEKIT), api_key="APIkey")
    assert result.rooms is not None
    assert [(r.participants, r.seats, r.running) for r in result.rooms] == [
        (12, 30, True),
        (0, None, False),
    ]
    asked = wire.asked[0]
    assert (asked.method, asked.target) == ("POST", "/twirp/livekit.RoomService/ListRooms")
    head, claims, signature = asked.headers["authorization"].removeprefix("Bearer ").split(".")
    right = hmac.new(b"s3cret", f"{head}.{claims}".encode(), sha256).digest()
    assert decoded(signature) == right
    said = json.loads(decoded(claims))
    assert (said["iss"], said["video"]) == ("APIkey", {"roomList": True})


def decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_livekits_metrics_count_the_server_where_there_is_no_key() -> None:
    with serving(reply(METRICS)) as wire:
        result = probed(made("livekit", wire.url, metrics=f"{wire.url}/metrics"))
    assert figures(result) == {"rooms": 2, "participants": 29}
    assert result.rooms is None


def test_livekit_without_a_key_or_metrics_says_what_to_enter() -> None:
    result = probed(made("livekit", "http://127.0.0.1:1"))
    assert result.state is State.UNKNOWN
    assert "Enter the API key" in str(result.why)


def test_mediamtx_counts_readers_unless_somebody_watches_by_hls() -> None:
    result, _wire = read("mediamtx", as_json(PATHS))
    assert result.rooms is not None
    assert [(r.external_id, r.participants, r.running) for r in result.rooms] == [
        ("hall", 2, True),
        ("lecture", None, True),
        ("spare", 0, False),
    ]
    assert figures(result) == {"rooms": 2, "viewers": 3}


def test_a_reader_of_no_known_kind_is_one_all_the_same() -> None:
    said = {"items": [{"name": "hall", "readers": [{"type": ["x"]}, {}]}]}
    result, _wire = read("mediamtx", as_json(said))
    assert [room.participants for room in result.rooms or ()] == [2]


def test_a_server_as_full_as_any_is_counted() -> None:
    codecs = [{"mime": f"video/{n}", "fmtp_line": ""} for n in range(9)]
    room = {**LIVEKIT["rooms"][0], "enabled_codecs": codecs, "turn_password": "x" * 40}
    said = {"rooms": [{**room, "name": f"room {n}"} for n in range(ROOMS_AT_MOST)]}
    result, _wire = read("livekit", as_json(said), api_key="k")
    assert figures(result) == {"rooms": ROOMS_AT_MOST, "participants": 12 * ROOMS_AT_MOST}


def test_mediamtx_pages_are_all_read_and_a_password_is_sent() -> None:
    def answer(asked: Asked) -> bytes:
        page = int(asked.query["page"])
        return as_json({"pageCount": 3, "items": [{"name": f"p{page}", "readers": []}]})

    result, wire = read("mediamtx", answer, user="pult")
    assert [room.external_id for room in result.rooms or ()] == ["p0", "p1", "p2"]
    assert wire.asked[0].headers["authorization"] == "Basic cHVsdDpzM2NyZXQ="


def test_nginx_rtmp_counts_no_people_unless_told_that_all_watch_by_rtmp() -> None:
    result, wire = read("nginx-rtmp", reply(STAT, kind="text/xml"))
    assert wire.asked[0].target == "/stat"
    assert result.rooms is not None
    assert [(r.external_id, r.participants, r.running) for r in result.rooms] == [
        ("live/hall", None, True),
        ("live/late", None, False),
    ]
    assert figures(result) == {"rooms": 1, "viewers": 1205}
    result, _wire = read("nginx-rtmp", reply(STAT, kind="text/xml"), viewers="rtmp")
    assert [room.participants for room in result.rooms or ()] == [1203, 2]


def test_matrix_tells_members_and_nobody_as_present() -> None:
    result, wire = read("matrix", as_json(ROOMS))
    assert [room.participants for room in result.rooms or ()] == [None, None]
    assert figures(result) == {"rooms": 2, "members": 27}
    assert wire.asked[0].headers["authorization"] == "Bearer s3cret"


def test_matrix_without_an_administrators_token_counts_the_rooms_it_is_in() -> None:
    def answer(asked: Asked) -> bytes:
        if asked.target.startswith("/_synapse"):
            return reply('{"errcode":"M_FORBIDDEN"}', status="403 Forbidden")
        if asked.call == "joined_rooms":
            return as_json({"joined_rooms": ["!a:x.test", "!v12roomwithoutserver"]})
        return as_json({"joined": {"@olga:x.test": {"display_name": "Olga"}, "@b:x.test": {}}})

    result, wire = read("matrix", answer)
    assert figures(result) == {"rooms": 2, "members": 4}
    assert "/rooms/%21a%3Ax.test/joined_members" in wire.asked[2].target


def test_matrix_takes_a_message_once() -> None:
    with serving(as_json({"event_id": "$1"})) as wire:
        writer = made("matrix", wire.url)
        assert isinstance(writer, RoomWriter)
        assert writer.message("!a:x.test", "Five minutes.") == "$1"
    (asked,) = wire.asked
    assert asked.method == "PUT"
    assert "/rooms/%21a%3Ax.test/send/m.room.message/" in asked.target
    assert json.loads(asked.body) == {"msgtype": "m.text", "body": "Five minutes."}


@pytest.mark.parametrize(
    ("content", "online"),
    [
        ('<div class="info">9 online users (last 5 minutes)</div>', 9),
        ('<div class="info">Пользователей на сайте: 1 024 (последние 5 минут)</div>', 1024),
        ('<div class="info">17 个在线用户（最近 5 分钟）</div>', 17),
        ('<div class="info">No online users (last 5 minutes)</div>', 0),
    ],
)
def test_moodles_block_tells_who_is_online_in_any_language(content: str, online: int) -> None:
    said = {"blocks": [{"name": "online_users", "contents": {"content": content}}]}
    result, wire = read("moodle", as_json(said))
    assert figures(result) == {"online": online}
    assert result.rooms is None
    assert wire.asked[0].form["courseid"] == "1"


def test_a_custom_report_of_moodles_is_counted_by_its_rows() -> None:
    said = {"data": {"headers": [], "rows": [], "totalrowcount": 31}, "warnings": []}
    result, wire = read("moodle", as_json(said), online_report="12")
    assert figures(result) == {"online": 31}
    assert (wire.asked[0].call, wire.asked[0].form["reportid"]) == (
        "core_reportbuilder_retrieve_report",
        "12",
    )


def test_a_moodle_without_the_block_says_what_to_add() -> None:
    said = {"blocks": [{"name": "html"}]}
    with serving(as_json(said)) as wire:
        result = probed(made("moodle", wire.url))
    assert result.state is State.UNKNOWN
    assert "Add the block Online users" in str(result.why)


GOOD: Mapping[str, tuple[Answer, dict[str, str]]] = {
    "jitsi": (as_json(BRIDGE), {}),
    "livekit": (as_json(LIVEKIT), {"api_key": "APIkey"}),
    "mediamtx": (as_json(PATHS), {}),
    "nginx-rtmp": (reply(STAT), {}),
    "matrix": (as_json(ROOMS), {}),
    "janus": (b"", {}),
    "moodle": (as_json(BLOCKS), {}),
    "bigbluebutton": (b"", {}),
}
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE rtmp [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><rtmp><server>&j;</server></rtmp>"
)
ROOMS_AT_MOST = 5000
HUGE = b'{"rooms":[' + b",".join([b'{"name":"x"}'] * 6000) + b'],"items":[]}'
HOSTILE = {
    "bomb": BOMB,
    "web page": b"<html><title>Sign in</title></html>",
    "nothing": b"",
    "cut": b'{"rooms": [{"name": "al',
    "deep": b"[" * 200_000,
    "deep object": b'{"rooms":' * 100_000 + b"1" + b"}" * 100_000,
    "deep elements": b"<rtmp>" * 100_000,
    "not UTF-8": b'{"rooms": "\xff\xfe\xfa"}',
    "UTF-16": '{"rooms": 3}'.encode("utf-16"),
    "a list": b"[1, 2, 3]",
    "other types": b'{"rooms": "many", "items": 3, "blocks": {}, "joined_rooms": "x"}',
    "huge number": b'{"conferences": ' + b"9" * 5000 + b"}",
    "never ends": b'{"rooms": [' + b" " * 17_000_000,
}


@pytest.mark.parametrize("platform", GOOD)
def test_hostile_answers_are_unknown_with_a_sentence_and_without_counts(platform: str) -> None:
    bodies = iter(HOSTILE.items())
    body = b""

    def answer(_asked: Asked) -> bytes:
        return reply(body)

    with serving(answer) as wire:
        adapter = made(platform, wire.url, **GOOD[platform][1])
        for name, body in bodies:  # noqa: B007 - the server gives it
            result = probed(adapter)
            assert result.state is State.UNKNOWN, (name, result)
            assert result.why is not None
            assert "s3cret" not in str(result.why)
            assert result.rooms is None
            assert result.readings == ()


@pytest.mark.parametrize("platform", GOOD)
def test_a_refused_secret_is_unknown_and_a_broken_server_is_down(platform: str) -> None:
    options = GOOD[platform][1]
    with serving(reply("no", status="401 Unauthorized")) as wire:
        refused = probed(made(platform, wire.url, **options))
    assert refused.state is State.UNKNOWN
    assert "s3cret" not in str(refused.why)
    with serving(reply("oops", status="500 Internal Server Error")) as wire:
        broken = probed(made(platform, wire.url, **options))
    assert broken.state is State.DOWN
    assert probed(made(platform, "http://127.0.0.1:1", **options)).state is State.DOWN


@pytest.mark.parametrize(
    "value", ["-1", "1.5", '"9,x"', "1e300", "true", "null", '"9999999999"', "[]"]
)
def test_a_number_that_is_no_count_is_not_told(value: str) -> None:
    said = f'{{"rooms": [{{"name": "a", "num_participants": {value}}}]}}'
    result, _wire = read("livekit", reply(said), api_key="k")
    assert [(r.participants, r.running) for r in result.rooms or ()] == [(None, True)]
    assert "participants" not in figures(result)


@pytest.mark.parametrize(
    ("platform", "said"),
    [
        ("livekit", {"error": "x"}),
        ("livekit", {"rooms": None}),
        ("mediamtx", {"itemCount": 3, "pageCount": 1, "items": []}),
        ("mediamtx", {"itemCount": -1, "items": []}),
        ("mediamtx", {"itemCount": 0, "items": [{"name": "a", "readers": []}]}),
    ],
)
def test_an_answer_that_lists_no_room_for_another_reason_is_unknown_and_not_nobody(
    platform: str, said: Mapping[str, object]
) -> None:
    with serving(as_json(said)) as wire:
        result = probed(made(platform, wire.url, api_key="k"))
    assert (result.state, result.rooms, figures(result)) == (State.UNKNOWN, None, {})


@pytest.mark.parametrize(
    ("platform", "said"), [("livekit", {}), ("mediamtx", {"itemCount": 0, "items": []})]
)
def test_a_server_without_rooms_is_well(platform: str, said: Mapping[str, object]) -> None:
    with serving(as_json(said)) as wire:
        result = probed(made(platform, wire.url, api_key="k"))
    assert (result.state, result.rooms) == (State.OK, ())


@pytest.mark.parametrize("told", [{}, {"num_participants": -5}, {"num_participants": "many"}])
def test_a_janus_room_without_a_count_is_not_counted_as_nobody(told: dict[str, object]) -> None:
    def answer(asked: Asked) -> bytes:
        call = json.loads(asked.body)["janus"]
        more: dict[str, object] = {"sessions": []}
        if call == "message_plugin":
            more = {"response": {"list": [{"room": 7, **told}]}}
        return as_json({"janus": "success", **more})

    result, _wire = read("janus", answer)
    assert [(r.participants, r.running) for r in result.rooms or ()] == [(None, True)]


def test_names_that_no_table_keeps_are_cleaned_and_too_many_rooms_refused() -> None:
    said = r'{"rooms": [{"name": "a\u0000b\ud800", "num_participants": "1,234"}]}'
    result, _wire = read("livekit", reply(said), api_key="k")
    assert [(room.external_id, room.participants) for room in result.rooms or ()] == [("ab", 1234)]
    with serving(reply(HUGE)) as wire:
        crowded = probed(made("livekit", wire.url, api_key="k"))
    assert crowded.state is State.UNKNOWN
    assert crowded.rooms is None


class Crowd:
    """A server that tells of itself alone, and of more people than there can be."""

    can: frozenset[Capability] = frozenset({"count people"})

    def __init__(self, url: str) -> None:
        self._url = url

    def check(self) -> Health:
        return Health()

    def reading(self) -> Reading:
        yield Ask(self._url)
        return Metered(None, {"participants": 3e9})

    def rooms(self) -> None:
        return None


def test_more_people_than_there_can_be_are_not_told() -> None:
    nodes = "\n".join(f'livekit_participant_total{{n="{n}"}} 100000000' for n in range(30))
    with serving(reply(nodes)) as wire:
        found = [
            probed(made("livekit", wire.url, metrics=f"{wire.url}/metrics")),
            probed(Crowd(wire.url)),
        ]
    assert [(result.state, figures(result)) for result in found] == [(State.UNKNOWN, {})] * 2


def test_a_server_that_never_stops_turning_pages_is_unknown() -> None:
    def answer(asked: Asked) -> bytes:
        first = int(asked.query["from"])
        return as_json({"rooms": [{"room_id": "!a:x"}] * 200, "next_batch": first + 1})

    with serving(answer) as wire:
        result = probed(made("matrix", wire.url), timeout=30)
    assert result.state is State.UNKNOWN
    assert len(wire.asked) <= 2 * 40  # an answer in doubt is asked for once more


def livekit(rooms: set[str]) -> Callable[[Asked], bytes]:
    """Enough of RoomService to make, list and delete rooms."""

    def answer(asked: Asked) -> bytes:
        said = json.loads(asked.body)
        if asked.call == "CreateRoom":
            rooms.add(said["name"])
        if asked.call == "DeleteRoom":
            rooms.discard(said["room"])
        return as_json({"rooms": [{"name": name} for name in rooms & {*said.get("names", rooms)}]})

    return answer


def test_livekit_makes_and_ends_rooms_and_lets_in_by_its_page() -> None:
    with serving(livekit(set())) as wire:
        server = made("livekit", wire.url, api_key="k", page="http://127.0.0.1:9/custom")
        assert isinstance(server, RoomMaker)
        assert isinstance(server, RoomEnder)
        assert isinstance(server, RoomDoor)
        server.create("algebra", "Algebra", seats=30)
        assert server.exists("algebra")
        server.end("algebra")
        assert not server.exists("algebra")
        link = urlsplit(server.join_link("algebra", "Ana", as_moderator=True))
    asked = parse_qs(link.query)
    claims = json.loads(decoded(asked["token"][0].split(".")[1]))
    assert asked["liveKitUrl"] == [wire.url.replace("http", "ws", 1)]
    assert (claims["name"], claims["video"]["roomAdmin"]) == ("Ana", True)


def test_what_a_platform_can_is_told_by_what_its_connection_gives() -> None:
    alone = made("livekit", "http://127.0.0.1:9", metrics="http://127.0.0.1:9/metrics")
    keyed = made("livekit", "http://127.0.0.1:9", api_key="k")
    assert alone.can == {"count people"}
    assert "join link" not in keyed.can
    assert "end room" in keyed.can


@pytest.mark.parametrize(
    ("platform", "option"), [("jitsi", "jicofo"), ("livekit", "metrics"), ("livekit", "page")]
)
def test_a_simulation_reaches_no_other_machine_by_an_option(platform: str, option: str) -> None:
    with pytest.raises(PlatformError) as caught:
        made(platform, "http://127.0.0.1:9", **{option: "http://192.0.2.1/x"})
    assert caught.value.code == "loopback"


def test_a_message_or_an_end_that_got_a_broken_answer_may_have_taken_effect() -> None:
    with serving(reply("", status="502 Bad Gateway")) as wire:
        server = made("livekit", wire.url, api_key="k")
        assert isinstance(server, RoomEnder)
        with pytest.raises(PlatformError) as caught:
            server.end("algebra")
    assert caught.value.unsure
    assert len(wire.asked) == 1


def test_every_option_of_a_platform_says_what_it_is() -> None:
    for platform in PLATFORMS.values():
        assert set(platform.options) == set(platform.words)
