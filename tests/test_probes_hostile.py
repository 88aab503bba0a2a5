"""Hostile answers over real sockets: each is a clear reading in time, and disturbs nobody else."""

import gzip
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from console.wiring import PACKAGES
from platforms import PLATFORMS
from probes import check, results, targets
from probes.model import Result, State, Target
from store import access, db, migrate, schools
from store.access import Actor
from store.db import Database
from tests.patience import HANG, PATIENCE, not_hanging
from tests.sites import Answer, certificate, say, web
from tests.stand_in import ROOT
from tests.test_probes_hls import TS
from tests.test_probes_results import connect

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><x>&j;</x>"
)
LIVE = b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
SEGMENTS = b"#EXTINF:2.0,\nsegment.ts\n" * 4000
HUNDRED_MEGABYTES = 1000  # times SEGMENTS
ENDLESS = 10_000

NOT_YET = "No reading yet."
LOUD = 120  # MB that a prober may take at most, libraries included
PROBER = """
import json, sys, threading, pathlib
from platforms import PLATFORMS
from probes import engine
from store import db
made = json.loads(sys.argv[2])
def adapter(connection_id):
    platform, url, options = made[connection_id]
    return PLATFORMS[platform].adapter(url, "s3cret", options)
engine.run(db.connect(pathlib.Path(sys.argv[1])), adapters_for=adapter, stop=threading.Event())
"""


def body(content: bytes, **headers: str) -> Answer:
    return lambda handler: say(handler, content, 200, **headers)


def poured(beginning: bytes, piece: bytes, times: int) -> Answer:
    """An answer without a length, as long as the other side listens."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(beginning)
        for _ in range(times):
            handler.wfile.write(piece)

    return answer


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"#")
        time.sleep(0.05)


def endless_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for n in range(ENDLESS):
        handler.wfile.write(b"X-%d: %s\r\n" % (n, b"x" * 1000))


def circle(handler: BaseHTTPRequestHandler) -> None:
    say(handler, b"", 302, Location=f"/{time.monotonic_ns()}")


def raw(content: bytes) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.wfile.write(content)

    return answer


def crowded() -> Answer:
    """32 variants that move on at each look, and list thousands of parts each time."""
    variants = b"".join(b"#EXT-X-STREAM-INF:BANDWIDTH=90000\n%d.m3u8\n" % n for n in range(32))
    head = b"#EXT-X-PART-INF:PART-TARGET=1\n#EXT-X-SERVER-CONTROL:PART-HOLD-BACK=3\n"
    newest = itertools.count()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/":
            say(handler, b"#EXTM3U\n" + variants)
        elif handler.path.endswith(".m3u8"):
            moved = b"#EXT-X-MEDIA-SEQUENCE:%d\n#EXTINF:2,\n0.ts\n" % next(newest)
            say(handler, LIVE + head + moved + PART * 4900)
        else:
            say(handler, TS)

    return answer


PART = b'#EXT-X-PART:DURATION=1,URI="0.ts",BYTERANGE="1@1"\n'
NOT_HLS = "What answers there is not an HLS playlist."
UNREADABLE = "The playlist cannot be read."
NO_ADDRESS = "The playlist lists what is no web address."
PLAYLISTS: Mapping[str, tuple[Answer, str]] = {
    "entity bomb": (body(BOMB), NOT_HLS),
    "endless": (poured(LIVE, b"x" * 65_536, ENDLESS), "longer than"),
    "a hundred megabytes": (poured(LIVE, SEGMENTS, HUNDRED_MEGABYTES), "longer than"),
    "many lines": (body(LIVE + b"\n" * 3_000_000), "more than 60000 lines"),
    "many returns": (body(LIVE + b"\r" * 3_000_000), UNREADABLE),
    "one long line": (body(LIVE + b"#EXT-X-KEY:" + b",A=" * 900_000), UNREADABLE),
    "drip": (drip, "No whole answer"),
    "endless headers": (endless_headers, "broke"),
    "circle": (circle, "redirects again and again"),
    "gzip bomb": (
        body(gzip.compress(bytes(100_000_000), 9), **{"Content-Encoding": "gzip"}),
        "compressed (gzip)",
    ),
    "another encoding": (body((LIVE + SEGMENTS).decode().encode("utf-16")), NOT_HLS),
    "bytes": (body(os.urandom(500_000)), NOT_HLS),
    "grouped sequence": (body(LIVE + b"#EXT-X-MEDIA-SEQUENCE:1,234\n" + SEGMENTS), UNREADABLE),
    "grouped duration": (body(b"#EXTM3U\n#EXT-X-TARGETDURATION:2,000\n" + SEGMENTS), UNREADABLE),
    "endless duration": (body(LIVE + b"#EXTINF:inf,\na.ts\n"), UNREADABLE),
    "endless number": (body(LIVE + b"#EXT-X-MEDIA-SEQUENCE:" + b"9" * 5000), UNREADABLE),
    "many variants": (
        body(b"#EXTM3U\n" + b"".join(b"#EXT-X-STREAM-INF:\n%d.m3u8\n" % n for n in range(900))),
        "900 variants",
    ),
    "endless bandwidth": (
        body(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=%s\na.m3u8\n" % (b"9" * 400)),
        UNREADABLE,
    ),
    "grouped bandwidth": (
        body(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,234\na.m3u8\n"),
        UNREADABLE,
    ),
    "itself as a variant": (
        body(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/\n"),
        "does not say its target duration",
    ),
    "many parts": (body(LIVE + b"#EXTINF:2,\na.ts\n" + PART * 58_000), UNREADABLE),
    "many keys": (body(LIVE + b'#EXT-X-KEY:METHOD=AES-128,URI="a"\n' * 30_000), UNREADABLE),
    "many attributes": (body(LIVE + (b"#EXT-X-KEY:" + b"A=," * 5000 + b"\n") * 50), UNREADABLE),
    "no variant's address": (
        body(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://[bad/x.m3u8\n"),
        UNREADABLE,
    ),
    "no segment's address": (body(LIVE + b"#EXTINF:2,\nhttp://[::1/x.ts\n"), UNREADABLE),
    "no key's address": (
        body(LIVE + b'#EXT-X-KEY:METHOD=AES-128,URI="http://[x"\n#EXTINF:2,\nx.ts\n'),
        UNREADABLE,
    ),
    "a file": (body(LIVE + b"#EXTINF:2,\nfile:///etc/passwd\n"), NO_ADDRESS),
    "no host": (body(LIVE + b"#EXTINF:2,\nhttp://exa mple\x00/\xff\n"), NO_ADDRESS),
    "no HTTP": (raw(b"\x00\xff" * 1000), "not a web server"),
    "cut short": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n#EXTM3U"), "broke"),
}
PAGES: Mapping[str, tuple[Answer, dict[str, Any], str]] = {
    "entity bomb": (body(BOMB), {"json": "status == ok"}, "not JSON"),
    "endless": (poured(b"", b"x" * 65_536, ENDLESS), {"contains": "welcome"}, "longer than"),
    "endless JSON": (poured(b"[", b"1," * 30_000, ENDLESS), {"json": "a == 1"}, "longer than"),
    "deep JSON": (body(b"[" * 900_000), {"json": "a == 1"}, "not JSON"),
    "grouped number": (body(b'{"n": "1,234"}'), {"json": "n > 5"}, "n is 1,234, which is no"),
    "endless number": (body(b'{"n": %s}' % (b"9" * 5000)), {"json": "n > 5"}, "not JSON"),
    "not a number": (body(b'{"n": NaN}'), {"json": "n > 5"}, "not JSON"),
    "drip": (drip, {}, "No whole answer"),
    "endless headers": (endless_headers, {}, "broke"),
    "circle": (circle, {"redirects": 5}, "redirects again and again"),
    "gzip bomb": (
        body(gzip.compress(bytes(100_000_000), 9), **{"Content-Encoding": "gzip"}),
        {"contains": "welcome"},
        "compressed (gzip)",
    ),
    "another encoding": (
        body("welcome".encode("utf-16"), **{"Content-Type": "text/html; charset=punycode"}),
        {"contains": "welcome"},
        "not contain",
    ),
    "no HTTP": (raw(b"\x00\xff" * 1000), {}, "not a web server"),
}


def endless_pages(handler: BaseHTTPRequestHandler) -> None:
    """Synapse's list of rooms, whose next page is never the last."""
    page = int(handler.path.rpartition("=")[2])
    said = b'{"rooms": [], "next_batch": %d}' % (page + 1)
    say(handler, said + b" " * 3_900_000)


@dataclass(frozen=True)
class Meter:
    """A media server's answer to whatever it is asked, and what is said of it."""

    platform: str
    answer: Answer
    words: str
    options: Mapping[str, str] = field(default_factory=dict)

    def made(self, url: str) -> tuple[str, str, dict[str, str]]:
        """Platform, address and options."""
        options = {name: value.format(url=url) for name, value in self.options.items()}
        return self.platform, url, {"loopback_only": "1", "hash": "sha256", **options}

    def heard(self, handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        self.answer(handler)


def meetings(content: bytes) -> Answer:
    head = b"<response><returncode>SUCCESS</returncode><meetings>"
    return body(head + content + b"</meetings></response>")


MANY = "more rooms or people than there can be"
STREAM = b"<stream><name>a</name></stream>"
KEYED = {"api_key": "k"}
METERS: Mapping[str, Meter] = {
    "endless": Meter("livekit", poured(b'{"rooms":[', b"{}," * 20_000, ENDLESS), "4 MB", KEYED),
    "many objects": Meter("mediamtx", body(b'{"items":[%s{}]}' % (b"{}," * 1_300_000)), MANY),
    "many values": Meter("janus", body(b'{"janus":"success","a":[%s0]}' % (b"0," * 300_000)), MANY),
    "many rooms": Meter("livekit", body(b'{"rooms":[%s{}]}' % (b'{"":[]},' * 70_000)), MANY, KEYED),
    "many rooms of a chat": Meter("ejabberd", body(b"[%s{}]" % (b"{}," * 6000)), MANY),
    "many pages": Meter("mediamtx", body(b'{"pageCount":40,"items":[]}'), MANY),
    "long pages": Meter("matrix", endless_pages, "16 MB"),
    "many meetings": Meter("bigbluebutton", meetings(b"<meeting></meeting>" * 6000), MANY),
    "many elements": Meter("bigbluebutton", meetings(b"<a/>" * 200_000), MANY),
    "many attributes": Meter(
        "bigbluebutton",
        meetings(b"<a %s/>" % b" ".join(b"a%d=''" % n for n in range(50_000))),
        "not BigBlueButton's",
    ),
    "many streams": Meter(
        "nginx-rtmp",
        body(b"<rtmp><server><application><live>%s" % (STREAM * 6000)),
        MANY,
    ),
    "one long name": Meter(
        "livekit", body(b"livekit_" * 100_000), "not LiveKit's", {"metrics": "{url}/metrics"}
    ),
    "a broken declaration": Meter(
        "moodle",
        body(b'{"blocks":[{"name":"online_users","contents":{"content":"<![<!["}}]}'),
        "Add the block",
    ),
}


def _state(words: str) -> State:
    """Of a page that was not read to its end, what it must hold is not known."""
    return State.SUSPECT if words == "longer than" else State.DOWN


def probed(prober: str, answer: Answer, **module: Any) -> Result:
    with web(answer) as url:
        target = Target("t", "s", "Hostile", prober, f"{url}/", module)
        with not_hanging():
            return check(target, timeout=1.0 if answer is drip else HANG)


@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_hostile_playlist_is_down_in_clear_words_and_in_time(name: str) -> None:
    answer, words = PLAYLISTS[name]
    result = probed("hls", answer)
    assert result.state is State.DOWN
    assert words in str(result.why)


@pytest.mark.parametrize("name", PAGES)
def test_a_hostile_page_is_not_ok_in_clear_words_and_in_time(name: str) -> None:
    answer, module, words = PAGES[name]
    result = probed("http", answer, **module)
    assert result.state is _state(words)
    assert words in str(result.why)


@pytest.mark.parametrize("name", METERS)
def test_a_hostile_meter_is_unknown_in_clear_words_and_in_time(name: str) -> None:
    meter = METERS[name]
    with web(meter.heard) as url, not_hanging():
        platform, place, options = meter.made(url)
        adapter = PLATFORMS[platform].adapter(place, "s3cret", options)
        target = Target("t", "s", "Hostile", "classroom", "", connection_id="c")
        result = check(target, adapters=lambda _: adapter, timeout=HANG, loopback_only=True)
    assert (result.state, result.rooms, result.readings) == (State.UNKNOWN, None, ())
    assert meter.words in str(result.why)


@pytest.mark.parametrize("prober", ["http", "hls"])
def test_a_broken_certificate_is_down_in_clear_words(prober: str, tmp_path: Path) -> None:
    with web(body(LIVE), certificate=certificate(tmp_path / "site.pem", days=-1)) as url:
        expired = check(Target("t", "s", "Site", prober, url), timeout=30)
        plain = check(Target("t", "s", "Site", prober, url.replace("https", "http")), timeout=30)
    with web(body(LIVE)) as url:
        without = check(Target("t", "s", "Site", prober, url.replace("http", "https")), timeout=30)
    assert "The certificate of 127.0.0.1" in str(expired.why)
    assert "No secure connection to 127.0.0.1" in str(without.why)
    assert {expired.state, plain.state, without.state} == {State.DOWN}


@dataclass(frozen=True)
class Desk:
    """A school whose targets are probed: a good one first, then what is hostile; how they end."""

    base: Database
    actor: Actor
    targets: list[Target]
    connections: Mapping[str, tuple[str, str, dict[str, str]]]
    ends: list[State]

    def newest(self) -> list[Result]:
        with self.base.read("metrics") as mtx:
            school_id, now = self.targets[0].school_id, datetime.now(UTC)
            found = results.latest(mtx, self.actor, school_id, self.targets, now=now)
        return [found[target.id] for target in self.targets]

    def states(self) -> list[State | None]:
        """None: not looked at yet."""
        return [None if str(each.why) == NOT_YET else each.state for each in self.newest()]

    def checks_of_the_good(self) -> list[State]:
        good = self.targets[0]
        with self.base.read("metrics") as mtx:
            found = results.recent(
                mtx, self.actor, good.school_id, [good.id], now=datetime.now(UTC)
            )
        return found[good.id]


Served = list[tuple[str, Answer, dict[str, Any], State]]


def _pages() -> tuple[Served, Mapping[str, Meter]]:
    served: Served = [("hls", answer, {}, State.DOWN) for answer, _ in PLAYLISTS.values()]
    served += [("http", answer, module, _state(words)) for answer, module, words in PAGES.values()]
    return served, {}


def _crowds() -> tuple[Served, Mapping[str, Meter]]:
    return [("hls", crowded(), {}, State.OK)], METERS


@pytest.fixture(params=[_pages, _crowds])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    hostile, meters = request.param()
    good = ("http", body(b"well"), {"timeout": 60.0, "slow": 30.0}, State.OK)
    served = [good, *hostile]
    base, now = db.connect(tmp_path / "data"), datetime.now(UTC)
    migrate.apply(base, PACKAGES, now=now)
    with ExitStack() as stack:
        stack.callback(base.close)
        with base.begin() as tx:
            school = schools.found(
                tx, access.system(), "S", time_zone="UTC", language="en", now=now
            )
            actor = access.system(school.id)
            for n, (prober, answer, module, _) in enumerate(served):
                address = stack.enter_context(web(answer)) + "/"
                targets.add(
                    tx, actor, school.id, name=f"{n:02}", prober=prober, address=address,
                    module=module, interval=timedelta(seconds=5 if n else 1), now=now,
                )  # fmt: skip
        connections = {
            connect(base, school, name): meter.made(stack.enter_context(web(meter.heard)))
            for name, meter in meters.items()
        }
        with base.begin() as tx:
            for n, connection_id in enumerate(connections):
                targets.add(
                    tx, actor, school.id, name=f"meter {n:02}", prober="classroom", address="",
                    connection_id=connection_id, interval=timedelta(seconds=5), now=now,
                )  # fmt: skip
            known = targets.of(tx, actor, school.id)
        ends = [*(end for _, _, _, end in served), *(State.UNKNOWN for _ in meters)]
        yield Desk(base, actor, known, connections, ends)


def test_a_prober_among_all_of_them_stays_small_and_looks_at_the_others_in_time(
    desk: Desk, tmp_path: Path
) -> None:
    arguments = [str(tmp_path / "data"), json.dumps(desk.connections)]
    process = subprocess.Popen([sys.executable, "-c", PROBER, *arguments], cwd=ROOT)
    try:
        until = time.monotonic() + PATIENCE
        while desk.states() != desk.ends and time.monotonic() < until:
            time.sleep(0.2)
        states = desk.states()
        used = peak(process.pid)
    finally:
        process.kill()
        process.wait()
    assert states == desk.ends
    blamed = {State.DOWN, State.SUSPECT}  # the prober may say that it was too slow itself
    assert blamed.isdisjoint(desk.checks_of_the_good())
    assert used < LOUD


def peak(pid: int) -> int:
    """The most megabytes that the process ever held (proc(5), VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024
