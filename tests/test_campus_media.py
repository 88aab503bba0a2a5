"""The live streams go on for ever, and STUN answers."""

import json
import re
import socket
import struct
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from platforms.campus import mpegts, stun
from tests import real
from tests.campus import Campus, opened
from tests.patience import PATIENCE, within

LOOP = mpegts.load(Path(mpegts.__file__).parent / "media", seconds=2)


@pytest.fixture(scope="module")
def campus() -> Iterator[Campus]:
    with opened() as running:
        yield running


def playlist(campus: Campus, stream: int = 0) -> str:
    url = campus.addresses["hls"][stream].replace("master", "video")
    answer = requests.get(url, timeout=60)
    assert answer.status_code == 200
    return answer.text


def sequence(text: str) -> int:
    match = re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", text)
    assert match
    return int(match[1])


def counters(segments: list[bytes]) -> dict[int, list[int]]:
    """Continuity counters by PID, of packets with a payload."""
    found: dict[int, list[int]] = {}
    whole = b"".join(segments)
    for at in range(0, len(whole), 188):
        assert whole[at] == 0x47
        if whole[at + 3] & 0x10:
            pid = (whole[at + 1] & 0x1F) << 8 | whole[at + 2]
            found.setdefault(pid, []).append(whole[at + 3] & 0x0F)
    return found


def probed(path: Path) -> dict[str, Any]:
    """What ffprobe reads; it must have nothing to complain of."""
    shown = ["-show_entries", "packet=stream_index,dts,pts,flags:stream=codec_name,index"]
    done = subprocess.run(
        ["ffprobe", "-v", "warning", "-of", "json", *shown, str(path)],
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_master_names_a_playlist_that_slides(campus: Campus) -> None:
    master = requests.get(campus.addresses["hls"][0], timeout=60).text
    assert "#EXT-X-STREAM-INF:BANDWIDTH=" in master
    first = playlist(campus)
    assert "#EXT-X-TARGETDURATION:2" in first
    assert "#EXT-X-PROGRAM-DATE-TIME:" in first
    assert first.count("#EXTINF:2.000,") == 6
    assert within(PATIENCE, lambda: sequence(playlist(campus)) > sequence(first))


def test_a_segment_stays_below_the_bandwidth_named() -> None:
    assert max(map(len, LOOP.segments)) * 8 / 2 <= 120_000


def test_old_and_future_segments_are_not_there(campus: Campus) -> None:
    base = campus.addresses["hls"][0].removesuffix("master.m3u8")
    first = sequence(playlist(campus))
    statuses = [
        requests.get(f"{base}{number}.ts", timeout=60).status_code
        for number in (first - 100, first, first + 100)
    ]
    assert statuses == [404, 200, 404]


def test_continuity_counters_never_jump() -> None:
    for numbers in counters([LOOP.segment(number) for number in range(745, 757)]).values():
        assert all((after - before) % 16 == 1 for before, after in pairwise(numbers))


def test_a_stalled_stream_answers_and_stands_still_while_the_other_goes_on(campus: Campus) -> None:
    with campus.scene("stalled-stream"):
        hall, lecture = playlist(campus, 0), playlist(campus, 1)
        assert within(PATIENCE, lambda: playlist(campus, 1) != lecture)
        assert playlist(campus, 0) == hall
    assert sequence(playlist(campus, 0)) > sequence(hall)


@pytest.mark.servers
def test_ffprobe_accepts_consecutive_segments_joined_over_the_seam(
    campus: Campus, tmp_path: Path
) -> None:
    real.need("ffprobe")
    base = campus.addresses["hls"][0].removesuffix("master.m3u8")
    first = sequence(playlist(campus))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(
        b"".join(
            requests.get(f"{base}{number}.ts", timeout=60).content
            for number in range(first, first + 6)
        )
    )
    read = probed(joined)
    assert {stream["codec_name"] for stream in read["streams"]} == {"h264", "aac"}
    for stream in read["streams"]:
        times = [
            packet["dts"] for packet in read["packets"] if packet["stream_index"] == stream["index"]
        ]
        steps = {after - before for before, after in pairwise(times)}
        assert len(times) > 170
        assert steps <= ({6000} if stream["codec_name"] == "h264" else {1920})


@pytest.mark.servers
def test_timestamps_wrap_at_33_bits_as_they_should(tmp_path: Path) -> None:
    real.need("ffprobe")
    number = 2**33 // 90_000 // 2 // 4 * 4
    alone = tmp_path / "wrapped.ts"
    alone.write_bytes(LOOP.segment(number) + LOOP.segment(number + 1))
    video = [packet for packet in probed(alone)["packets"] if packet["stream_index"] == 0]
    assert len(video) == 60


def test_stun_tells_the_address_it_sees(campus: Campus) -> None:
    host, _, port = campus.addresses["stun"].partition(":")
    transaction = bytes(range(12))
    request = struct.pack("!HHI12s", 1, 0, 0x2112A442, transaction)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect((host, int(port)))
        client.send(request)
        answer = client.recv(1500)
        own = client.getsockname()
    kind, length, magic, echoed = struct.unpack_from("!HHI12s", answer)
    assert (kind, length, magic, echoed) == (0x0101, len(answer) - 20, 0x2112A442, transaction)
    attribute, size, family, port_seen, address = struct.unpack_from("!HHxBHI", answer, 20)
    assert (attribute, size, family) == (0x0020, 8, 1)
    assert port_seen ^ 0x2112 == own[1]
    assert socket.inet_ntoa(struct.pack("!I", address ^ 0x2112A442)) == own[0]


@pytest.mark.parametrize(
    "request_bytes",
    [b"", b"GET / HTTP/1.1\r\n\r\n......", struct.pack("!HHI12s", 1, 4, 0x2112A442, bytes(12))],
)
def test_stun_drops_what_is_not_a_binding_request(request_bytes: bytes) -> None:
    assert stun.answer(request_bytes, "127.0.0.1", 9) == b""
