"""Hostile answers over real sockets: each is a clear reading in time, and disturbs nobody else."""

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from console.wiring import PACKAGES
from probes import check, results, targets
from probes.model import Result, State, Target
from store import access, db, migrate, schools
from store.access import Actor
from store.db import Database
from tests.patience import HANG, PATIENCE, not_hanging
from tests.sites import Answer, certificate, say, web
from tests.stand_in import ROOT

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><x>&j;</x>"
)
LIVE = b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
SEGMENTS = b"#EXTINF:2.0,\nsegment.ts\n" * 4000
HUNDRED_MEGABYTES = 1000  # times SEGMENTS
ENDLESS = 10_000

LOUD = 120  # MB that a prober may take at most, libraries included
PROBER = """
import sys, threading, pathlib
from probes import engine
from store import db
def none(connection_id): raise KeyError(connection_id)
engine.run(db.connect(pathlib.Path(sys.argv[1])), adapters_for=none, stop=threading.Event())
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


NOT_HLS = "What answers there is not an HLS playlist."
UNREADABLE = "The playlist cannot be read."
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


def _state(words: str) -> State:
    """Of a page that was not read to its end, what it must hold is not known."""
    return State.SUSPECT if words == "longer than" else State.DOWN


ENDS = [
    State.OK,
    *(State.DOWN for _ in PLAYLISTS),
    *(_state(words) for _answer, _module, words in PAGES.values()),
]


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
    """A school whose targets are probed: a good one first, then all that is hostile."""

    base: Database
    actor: Actor
    targets: list[Target]

    def newest(self) -> list[Result]:
        with self.base.read("metrics") as mtx:
            school_id, now = self.targets[0].school_id, datetime.now(UTC)
            found = results.latest(mtx, self.actor, school_id, self.targets, now=now)
        return [found[target.id] for target in self.targets]

    def checks_of_the_good(self) -> list[State]:
        good = self.targets[0]
        with self.base.read("metrics") as mtx:
            found = results.recent(
                mtx, self.actor, good.school_id, [good.id], now=datetime.now(UTC)
            )
        return found[good.id]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    base, now = db.connect(tmp_path / "data"), datetime.now(UTC)
    migrate.apply(base, PACKAGES, now=now)
    served: list[tuple[str, Answer, dict[str, Any]]] = [
        ("http", body(b"well"), {"timeout": 60.0, "slow": 30.0})
    ]
    served += [("hls", answer, {}) for answer, _ in PLAYLISTS.values()]
    served += [("http", answer, module) for answer, module, _ in PAGES.values()]
    with ExitStack() as stack:
        stack.callback(base.close)
        with base.begin() as tx:
            school = schools.found(
                tx, access.system(), "S", time_zone="UTC", language="en", now=now
            )
            actor = access.system(school.id)
            for n, (prober, answer, module) in enumerate(served):
                address = stack.enter_context(web(answer)) + "/"
                targets.add(
                    tx, actor, school.id, name=f"{n:02}", prober=prober, address=address,
                    module=module, interval=timedelta(seconds=5 if n else 1), now=now,
                )  # fmt: skip
            known = targets.of(tx, actor, school.id)
        yield Desk(base, actor, known)


def test_a_prober_among_all_of_them_stays_small_and_looks_at_the_others_in_time(
    desk: Desk, tmp_path: Path
) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROBER, str(tmp_path / "data")], cwd=ROOT)
    try:
        until = time.monotonic() + PATIENCE
        while (states := [each.state for each in desk.newest()]) != ENDS and (
            time.monotonic() < until
        ):
            time.sleep(0.2)
        used = peak(process.pid)
    finally:
        process.kill()
        process.wait()
    assert states == ENDS
    blamed = {State.DOWN, State.SUSPECT}  # the prober may say that it was too slow itself
    assert blamed.isdisjoint(desk.checks_of_the_good())
    assert used < LOUD


def peak(pid: int) -> int:
    """The most megabytes that the process ever held (proc(5), VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024
