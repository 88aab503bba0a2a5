"""The stream prober against a server whose playlist really moves, stops, or lies."""

import re
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pytest

from probes import check
from probes.model import Result, State, Target
from tests.patience import HANG
from tests.sites import say, web

TARGET_DURATION = 1  # second
TS = (b"\x47" + b"\x00" * 187) * 20
MP4 = b"\x00\x00\x00\x18styp" + b"\x00" * 100


class Stream:
    """A live stream whose newest segment is as old as the clock says, unless frozen."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.frozen_at: int | None = None
        self.ended = ""
        self.segment = TS
        self.segment_status = 200
        self.back = 0
        self.gaps = range(0)

    def newest(self) -> int:
        moving = 3 + int((time.monotonic() - self.began) / TARGET_DURATION)
        return moving if self.frozen_at is None else self.frozen_at

    def freeze(self) -> None:
        self.frozen_at = self.newest()

    def go_on(self) -> None:
        self.frozen_at = None

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.path.endswith(".m3u8"):
            say(handler, self.playlist().encode())
        else:
            say(handler, self.segment, self.segment_status)

    def playlist(self) -> str:
        newest = self.newest()
        lines = ["#EXTM3U", f"#EXT-X-TARGETDURATION:{TARGET_DURATION}"]
        lines.append(f"#EXT-X-MEDIA-SEQUENCE:{newest - 3 + self.back}")
        for number in range(newest - 3, newest):
            gap = ["#EXT-X-GAP"] if newest - number in self.gaps else []
            lines += [*gap, "#EXTINF:1.0,", f"{number}.ts"]
        return "\n".join([*lines, self.ended])


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def url(stream: Stream) -> Iterator[str]:
    with web(stream.answer) as address:
        yield address


def watch(url: str, path: str = "/live.m3u8", **module: bool) -> Result:
    return check(Target("t", "s", "Live", "hls", url + path, module), timeout=20)


def fixed(body: bytes) -> Result:
    with web(lambda handler: say(handler, body)) as url:
        return watch(url)


def test_a_moving_stream_is_ok(url: str) -> None:
    result = watch(url)
    assert result.state is State.OK
    readings = {reading.name: reading.value for reading in result.readings}
    assert readings["bit rate"] == 8 * len(TS)
    assert readings["segment"] > 0
    assert readings["standing still"] >= 0


def test_a_frozen_stream_is_down_after_one_and_a_half_target_durations(
    stream: Stream, url: str
) -> None:
    stream.freeze()
    start = time.monotonic()
    result = watch(url)
    assert result.state is State.DOWN
    assert re.fullmatch(r"The picture has stood still for \d+ s\.", str(result.why))
    assert time.monotonic() - start >= 1.5


def test_fragmented_mp4_plays_too(stream: Stream, url: str) -> None:
    stream.segment = MP4
    assert watch(url).state is State.OK


def test_a_segment_that_is_no_video_is_down(stream: Stream, url: str) -> None:
    stream.segment = b"<html>Not found, but 200</html>" * 20
    result = watch(url)
    assert result.state is State.DOWN
    assert str(result.why) == "The newest segment is neither MPEG-TS nor fragmented MP4."


def test_a_segment_that_is_not_there_is_down(stream: Stream, url: str) -> None:
    stream.segment_status = 404
    assert str(watch(url).why) == "The newest segment does not load (status 404)."


def test_what_the_encoder_calls_missing_is_not_loaded_but_told(stream: Stream, url: str) -> None:
    stream.gaps = range(1, 2)
    result = watch(url)
    assert result.state is State.SUSPECT
    assert str(result.why) == "The encoder says that the stream's newest segment is missing."
    stream.gaps = range(1, 4)
    result = watch(url)
    assert result.state is State.DOWN
    assert str(result.why) == ("The encoder says that all of the stream's segments are missing.")


def test_a_playlist_that_hangs_has_half_the_time_of_each_check() -> None:
    def hang(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(HANG)

    with web(hang) as url:
        target = Target("t", "s", "Live", "hls", f"{url}/live.m3u8")
        result = check(target, timeout=2)
    assert result.state is State.DOWN
    found = re.fullmatch(r"No whole answer from (\S+) within (0\.\d) s\.", str(result.why))
    assert found is not None
    assert found[1] == urlsplit(url).netloc
    assert float(found[2]) <= 0.5  # of the second look


def test_an_ended_broadcast_is_down_and_a_recording_ok(stream: Stream, url: str) -> None:
    stream.ended = "#EXT-X-ENDLIST"
    assert str(watch(url).why) == "The broadcast has ended."
    assert watch(url, on_demand=True).state is State.OK
    stream.ended = "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-ENDLIST"
    assert watch(url).state is State.OK


def test_an_encoder_that_begins_anew_is_told(stream: Stream) -> None:
    def anew(handler: BaseHTTPRequestHandler) -> None:
        stream.answer(handler)
        stream.back = 0

    stream.back = 1000
    with web(anew) as url:
        result = watch(url)
    assert result.state is State.SUSPECT
    assert "began anew" in str(result.why)


def test_every_variant_must_play(stream: Stream) -> None:
    master = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=90000\na/live.m3u8\n"
    other = master + b"#EXT-X-STREAM-INF:BANDWIDTH=99000\nmissing/gone\n"
    stream_master = master

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/master.m3u8":
            say(handler, stream_master)
        elif "missing" in handler.path:
            say(handler, b"", 404)
        else:
            stream.answer(handler)

    with web(answer) as url:
        good = watch(url, "/master.m3u8")
        stream_master = other
        bad = watch(url, "/master.m3u8")
    assert good.state is State.OK
    assert bad.state is State.DOWN
    assert str(bad.why) == "A variant that the stream lists does not play (status 404)."


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Sign in</html>",
        b"",
        b"\xff\xfe\x00" * 100,
        b"#EXTM3U\n#EXTINF:1,\na.ts\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1e300\n#EXTINF:1,\na.ts\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:nan\n#EXTINF:1,\na.ts\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1,234\n#EXTINF:1,\na.ts\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/passwd\n",
        b"#EXTM3U\n" + b"#EXTINF:2,\na.ts\n" * 200_000,
    ],
)
def test_what_is_not_a_live_playlist_is_down_at_once(body: bytes) -> None:
    result = fixed(body)
    assert result.state is State.DOWN
    assert result.why is not None
