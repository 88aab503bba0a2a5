"""The stream prober against a server whose playlist really moves, stops, or lies."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from itertools import chain, cycle
from urllib.parse import urlsplit

import pytest

from probes import check
from probes.model import ProbeFailed, Result, State, Target
from probes.probers import hls
from probes.probers.base import Context, Memory, Verdict
from probes.probers.fetching import Answer
from tests.patience import HANG, until
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


TYPED = "#EXT-X-PLAYLIST-TYPE:VOD"


def look(memory: Memory, number: int, *lines: str, **module: bool | float) -> Verdict:
    """One look at a stream whose playlist begins with that segment."""
    target = Target("t", "s", "Live", "hls", "http://live.example/x.m3u8", module)
    talk = hls.talk(target, Context(6.0, time.monotonic(), memory))
    head = ["#EXTM3U", "#EXT-X-TARGETDURATION:1", f"#EXT-X-MEDIA-SEQUENCE:{number}"]
    playlist = "\n".join([*head, "#EXTINF:1.0,", "s.ts", *lines]).encode()
    try:
        fetch = next(talk)
        while True:
            body = TS if fetch.url.endswith(".ts") else playlist
            fetch = talk.send(Answer(200, {}, body, len(body), phases={"total": 0.01}))
    except StopIteration as end:
        verdict: Verdict = end.value
        return verdict


def ladder(memory: Memory, variants: int, *, load: float) -> list[str]:
    """The segments that one look at so many variants loads, each of which takes so long."""
    address = "http://live.example/m.m3u8"
    target = Target("t", "s", "Live", "hls", address, interval=timedelta(seconds=60))
    talk = hls.talk(target, Context(6.0, time.monotonic(), memory))
    lines = [f"#EXT-X-STREAM-INF:BANDWIDTH=99999\n{n}.m3u8" for n in range(variants)]
    master = "\n".join(["#EXTM3U", *lines]).encode()
    loaded: list[str] = []
    try:
        fetch = next(talk)
        while True:
            name = fetch.url.rpartition("/")[2]
            playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{name}.ts\n".encode()
            body = TS if name.endswith(".ts") else master if name == "m.m3u8" else playlist
            if body is TS:
                loaded.append(name)
                time.sleep(load)
            fetch = talk.send(Answer(200, {}, body, len(body), phases={"total": load}))
    except StopIteration as end:
        return loaded if end.value.state is State.OK else [str(end.value.why)]


def test_many_variants_load_one_after_another_and_no_check_waits_for_all() -> None:
    memory: Memory = {}
    looks = [ladder(memory, 8, load=0.4) for _ in range(8)]
    assert 1 <= len(looks[0]) <= 3
    assert sorted(chain(*looks)) == [f"{n}.m3u8.ts" for n in range(8)]  # each once an interval


def test_quick_variants_are_all_loaded_at_once() -> None:
    assert len(ladder({}, 8, load=0.001)) == 8


def test_a_live_stream_that_ends_as_a_recording_has_ended() -> None:
    memory: Memory = {}
    for number in range(3):
        look(memory, number)
    for _ in range(2):
        with pytest.raises(ProbeFailed, match="The broadcast has ended"):
            look(memory, 3, TYPED, "#EXT-X-ENDLIST")
    assert look(memory, 3, TYPED, "#EXT-X-ENDLIST", on_demand=True).state is State.OK


def test_a_recording_is_well_also_in_place_of_another_but_not_where_there_should_be_a_lesson() -> (
    None
):
    memory: Memory = {}
    for number in range(3):
        assert look(memory, number, TYPED, "#EXT-X-ENDLIST").state is State.OK
    with pytest.raises(ProbeFailed, match="The broadcast has ended"):
        look({}, 0, TYPED, "#EXT-X-ENDLIST", in_lessons=True)


def test_two_servers_that_stand_still_at_different_places_are_frozen() -> None:
    memory: Memory = {}
    look(memory, 10)
    numbers = cycle([12, 10])
    until(lambda: look(memory, next(numbers), frozen_after=0.5).state is State.DOWN)


def test_an_encoder_that_began_anew_and_moves_on_is_not_frozen() -> None:
    memory: Memory = {}
    for number in range(50, 60):
        look(memory, number)
    began_anew = look(memory, 0)
    assert str(began_anew.why).startswith("The encoder began anew")
    moved = [reading.value for reading in began_anew.readings if reading.name == "standing still"]
    assert moved == [0.0]
    assert look(memory, 1).state is State.OK


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
