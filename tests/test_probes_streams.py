"""What a stream promises and does not keep, met by the stream prober on a real server."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any

import pytest

from probes import check
from probes.checking import verdict_of
from probes.model import Result, State, Target
from probes.probers.base import Context, Memory, Verdict
from probes.probers.playlist import parse
from probes.probers.watched import READ_A_SECOND
from probes.runner import Runner
from tests.sites import say, web
from tests.test_probes_hls import MP4, TS

KEY = b"k" * 16
LOCKED = b"\x00\x01\x02\x03" * 400


class Encoder:
    """A live stream of one-second segments; `lines` stand before the first of them."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.every = 1.0  # seconds between two segments
        self.lines: list[str] = []
        self.segment = ["#EXTINF:1.0,", "{n}.ts"]
        self.tail: Callable[[int], list[str]] = lambda _: []
        self.files: dict[str, tuple[int, bytes]] = {}
        self.asked: list[tuple[str, str | None]] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.strip("/")
        self.asked.append((path, handler.headers["Range"]))
        if path == "live.m3u8":
            say(handler, self.playlist().encode())
        else:
            status, body = self.files.get(path, (200, TS))
            say(handler, body, status)

    def newest(self) -> int:
        return 10 + int((time.monotonic() - self.began) / self.every)

    def playlist(self) -> str:
        newest = self.newest()
        lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:1", f"#EXT-X-MEDIA-SEQUENCE:{newest - 3}"]
        lines += self.lines
        for n in range(newest - 3, newest):
            lines += [line.format(n=n) for line in self.segment]
        return "\n".join([*lines, *self.tail(newest)])


@pytest.fixture
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def url(encoder: Encoder) -> Iterator[str]:
    with web(encoder.answer) as address:
        yield address


def watch(url: str, path: str = "/live.m3u8", **module: Any) -> Result:
    return check(Target("t", "s", "Live", "hls", url + path, module), timeout=20)


def looks(address: str, times: int, **module: Any) -> list[Verdict]:
    """Several looks at one target, as the engine makes them: each in the time that it wants."""
    target = Target("t", "s", "Live", "hls", address, module, timedelta(seconds=0))
    runner, memory, found = Runner(), Memory(), list[Verdict]()
    try:
        for _ in range(times):
            verdict = verdict_of(runner, target, Context(20.0, time.monotonic(), memory))
            found.append(verdict)
            time.sleep(verdict.again or 0.0)
    finally:
        runner.close()
    return found


def master(url: str, *variants: str) -> bytes:
    return "\n".join(["#EXTM3U", *variants, ""]).encode()


def test_a_segment_that_comes_a_little_late_is_no_alarm(encoder: Encoder, url: str) -> None:
    encoder.every = 1.6  # the standard allows 1.5
    assert {verdict.state for verdict in looks(f"{url}/live.m3u8", 16)} == {State.OK}


@pytest.mark.parametrize("name", ["урок-{n}.ts", "lesson {n}.ts", "第{n}课.ts?key=ключ"])
def test_segments_may_have_names_of_any_alphabet(encoder: Encoder, url: str, name: str) -> None:
    encoder.segment = ["#EXTINF:1.0,", name]
    result = watch(url)
    assert (result.state, result.why) == (State.OK, None)
    assert all(path.isascii() for path, _ in encoder.asked)


def test_an_old_picture_is_suspect(encoder: Encoder, url: str) -> None:
    began = datetime.now(UTC) - timedelta(seconds=93)
    encoder.lines = [f"#EXT-X-PROGRAM-DATE-TIME:{began.isoformat()}"]
    late = watch(url)
    assert late.state is State.SUSPECT
    seen = re.fullmatch(r"Viewers see what was (\d+) s ago\.", str(late.why))
    assert seen is not None
    assert int(seen[1]) >= 89
    assert watch(url, behind=120).state is State.OK


@pytest.mark.parametrize("date", ["yesterday", "2026-13-45T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_date_that_is_none_leaves_only_the_delay_unknown(
    encoder: Encoder, url: str, date: str
) -> None:
    encoder.lines = [f"#EXT-X-PROGRAM-DATE-TIME:{date}"]
    result = watch(url)
    assert (result.state, result.why) == (State.OK, None)
    assert "behind" not in [reading.name for reading in result.readings]


def test_a_bandwidth_with_a_fraction_is_one() -> None:
    (variant,) = parse(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=90000.5\na.m3u8\n").variants
    assert variant.bandwidth == 90000


def test_a_stream_broken_again_and_again_is_suspect(encoder: Encoder, url: str) -> None:
    encoder.segment = ["#EXT-X-DISCONTINUITY", *encoder.segment]
    assert str(watch(url).why) == "The stream was interrupted 3 times within its last 3 s."
    assert watch(url, interruptions=3).state is State.OK


def test_a_segment_that_loads_longer_than_it_plays_is_slow(encoder: Encoder) -> None:
    def slowly(handler: BaseHTTPRequestHandler) -> None:
        if not handler.path.endswith(".m3u8"):
            time.sleep(1.2)
        encoder.answer(handler)

    with web(slowly) as address:
        (verdict,) = looks(f"{address}/live.m3u8", 1)
    assert (verdict.state, verdict.slow) == (State.SUSPECT, True)
    assert "the picture stutters" in str(verdict.why)


def test_a_segment_that_is_still_loading_when_the_check_ends_is_doubtful_but_not_down() -> None:
    encoder = Encoder()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.endswith(".ts"):
            handler.send_response(200)
            handler.send_header("Content-Length", str(2 * len(TS)))
            handler.end_headers()
            handler.wfile.write(TS)
            time.sleep(8)
        else:
            encoder.answer(handler)

    with web(answer) as url:
        result = check(Target("t", "s", "Live", "hls", url + "/live.m3u8"), timeout=4)
    assert result.state is State.SUSPECT
    assert "A segment of 1.0 s is not loaded after" in str(result.why)


def test_a_segment_longer_than_promised_is_suspect(encoder: Encoder, url: str) -> None:
    encoder.segment = ["#EXTINF:1.6,", "{n}.ts"]
    assert "longer than the 1.0 s promised" in str(watch(url).why)
    encoder.segment = ["#EXTINF:1.499,", "{n}.ts"]  # rounds to what is promised
    assert watch(url).state is State.OK


def test_a_stream_heavier_than_promised_is_suspect(encoder: Encoder, url: str) -> None:
    line = "#EXT-X-STREAM-INF:BANDWIDTH=10000\nlive.m3u8"
    encoder.files["master"] = (200, master(url, line))
    assert "30 kbit/s, not the 10 kbit/s" in str(watch(url, "/master").why)


def test_variants_named_anew_for_each_viewer_are_watched_all_the_same(
    encoder: Encoder, url: str
) -> None:
    sessions = count()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if "master" in handler.path:
            line = f"#EXT-X-STREAM-INF:BANDWIDTH=90000\nlive.m3u8?viewer={next(sessions)}"
            say(handler, master(url, line))
        else:
            say(handler, encoder.playlist().encode() if "live" in handler.path else TS)

    with web(answer) as place:
        assert [v.state for v in looks(f"{place}/master", 6) if v.judged][-1:] == [State.OK]
        assert next(sessions) > 5


def test_a_server_that_sends_players_on_is_followed(encoder: Encoder, url: str) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        say(handler, b"", 302, Location=f"{url}/live.m3u8")

    with web(answer) as balancer:
        assert watch(balancer).state is State.OK
        assert "status 302" in str(watch(balancer, redirects=0).why)


def test_a_locked_stream_plays_when_its_key_does(encoder: Encoder, url: str) -> None:
    encoder.lines = ['#EXT-X-KEY:METHOD=AES-128,URI="key",IV=0x01']
    encoder.files = {"key": (200, KEY)} | {f"{n}.ts": (200, LOCKED) for n in range(7, 40)}
    assert watch(url).state is State.OK
    encoder.files["key"] = (200, b"<html>Sign in</html>")
    assert str(watch(url).why) == "The key to the stream is none: nobody can watch."
    encoder.files["key"] = (403, b"")
    assert str(watch(url).why) == "The key to the stream does not load: nobody can watch."


def test_fragments_need_the_header_that_all_share(encoder: Encoder, url: str) -> None:
    encoder.lines = ['#EXT-X-MAP:URI="init.mp4"']
    encoder.files = {"init.mp4": (200, MP4)} | {f"{n}.ts": (200, MP4) for n in range(7, 40)}
    assert watch(url).state is State.OK
    encoder.files["init.mp4"] = (404, b"")
    assert "begin with does not load" in str(watch(url).why)


def test_a_piece_of_a_file_is_asked_for_as_such(encoder: Encoder, url: str) -> None:
    encoder.segment = ["#EXTINF:1.0,", "#EXT-X-BYTERANGE:3760@{n}", "whole.ts"]
    encoder.files["whole.ts"] = (206, TS)
    assert watch(url).state is State.OK
    spans = {span for path, span in encoder.asked if path == "whole.ts"}
    assert spans <= {f"bytes={n}-{n + 3759}" for n in range(7, 40)}
    assert spans


def low_latency(encoder: Encoder, *, target: float = 0.33, hold_back: float = 1.0) -> None:
    encoder.lines = [
        f"#EXT-X-PART-INF:PART-TARGET={target}",
        f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={hold_back}",
    ]

    def parts(newest: int) -> list[str]:
        """Of the segment that is being made: one more each third of a second."""
        made = int((time.monotonic() - encoder.began) % encoder.every * 3) + 1
        return [f'#EXT-X-PART:DURATION=0.33,URI="{newest}.{n}.ts"' for n in range(made)]

    encoder.tail = parts


def test_a_low_latency_stream_moves_by_its_parts(encoder: Encoder, url: str) -> None:
    low_latency(encoder)
    encoder.every = 1e9  # no whole segment ever comes
    result = watch(url)
    assert result.state is State.OK
    assert {reading.name: reading.value for reading in result.readings}["part"] == 0.33
    assert any(path.count(".") == 2 for path, _ in encoder.asked)


def test_a_playlist_of_many_parts_is_looked_at_more_rarely(encoder: Encoder, url: str) -> None:
    low_latency(encoder)
    (brief,) = looks(f"{url}/live.m3u8", 1)
    encoder.lines += ['#EXT-X-PART:DURATION=0.33,URI="0.ts"'] * 4500
    (long,) = looks(f"{url}/live.m3u8", 1)
    assert brief.again is not None
    assert long.again is not None
    assert long.again - brief.again == pytest.approx(4500 / READ_A_SECOND, abs=0.005)


@pytest.mark.parametrize(
    ("promised", "sentence"),
    [
        ({"target": 0.2}, "A part of 0.33 s is longer than the 0.2 s promised"),
        ({"hold_back": 0.5}, "too near to the newest part"),
    ],
)
def test_parts_that_break_their_promise_are_suspect(
    encoder: Encoder, url: str, promised: dict[str, float], sentence: str
) -> None:
    low_latency(encoder, **promised)
    result = watch(url)
    assert result.state is State.SUSPECT
    assert sentence in str(result.why)


def test_a_part_that_does_not_load_is_down(encoder: Encoder, url: str) -> None:
    low_latency(encoder)
    encoder.files = {f"{n}.{part}.ts": (404, b"") for n in range(7, 40) for part in range(3)}
    assert str(watch(url).why) == "The newest part does not load (status 404)."


def test_a_recording_is_walked_through_until_what_is_missing_is_found() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/talk.m3u8":
            pieces = [f"#EXTINF:1.0,\n{n}.ts" for n in range(6)]
            say(handler, "\n".join(["#EXTM3U", "#EXT-X-TARGETDURATION:1", *pieces, END]).encode())
        else:
            say(handler, TS, 404 if handler.path == "/3.ts" else 200)

    with web(answer) as place:
        states = [verdict.state for verdict in looks(f"{place}/talk.m3u8", 6, on_demand=True)]
    assert states == [State.OK, State.OK, State.OK, State.DOWN, State.DOWN, State.DOWN]


END = "#EXT-X-ENDLIST"
