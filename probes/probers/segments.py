"""Load a stream's newest segment as a player does: in time, and is it video at all."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

from probes.model import ProbeFailed, Reading, State
from probes.probers.fetching import MEBIBYTE, Answer, Fetch
from probes.probers.playlist import Playlist, Segment, address
from probes.probers.redirects import Landed
from probes.probers.web import require_answer
from store.words import N_

LARGEST = 64 * MEBIBYTE
KEPT = 1024  # bytes: enough to see what it is
LARGEST_START = MEBIBYTE
KEY = 16  # bytes of AES-128

TS_SYNC, TS_PACKET = 0x47, 188
BOXES = (b"styp", b"moof", b"sidx", b"emsg", b"prft", b"ftyp", b"moov")
SOUNDS_AND_TEXTS = (b"ID3", b"WEBVTT", b"\xef\xbb\xbfWEBVTT", b"\xff\xf1", b"\xff\xf9", b"\xff\xfb")


@dataclass(frozen=True)
class Loaded:
    seconds: float
    rate: int  # bits a second of play


Fetched = Callable[[Fetch], Generator[Fetch, Answer, Landed]]


def load(
    fetched: Fetched, url: str, playlist: Playlist, nth: int
) -> Generator[Fetch, Answer, Loaded]:
    """Load the newest segment, its key, its header and the newest part.

    Of a recording the `nth` look loads the first segment, then the last, then each before it.
    What the encoder itself calls missing is left out, as players do (rfc8216bis, 4.4.4.7).
    """
    there = [segment for segment in playlist.segments if not segment.gap]
    if not there:
        raise ProbeFailed(N_("The encoder says that all of the stream's segments are missing."))
    segment = there[-nth % len(there) if playlist.ended else -1]
    if segment.start:
        header = yield from _loaded(fetched, url, segment.start, segment.start_span, LARGEST_START)
        _require(header, N_("What all segments of the stream begin with does not load."))
    if segment.key:
        key = yield from _loaded(fetched, url, segment.key, "", KEPT)
        _require(key, N_("The key to the stream does not load: nobody can watch."))
        if key.size != KEY:
            raise ProbeFailed(N_("The key to the stream is none: nobody can watch."))
    loaded = yield from _piece(
        fetched, url, segment, N_("The newest segment does not load (status {status}).")
    )
    if playlist.newest_part is not None and not playlist.newest_part.gap:
        yield from _piece(
            fetched,
            url,
            playlist.newest_part,
            N_("The newest part does not load (status {status})."),
        )
    return loaded


def _piece(
    fetched: Fetched, url: str, piece: Segment, missing: str
) -> Generator[Fetch, Answer, Loaded]:
    answer = yield from _loaded(fetched, url, piece.uri, piece.span, LARGEST)
    if answer.late and answer.size:
        raise ProbeFailed(
            N_("A segment of {length} s is not loaded after {seconds} s: the picture may stutter."),
            {"length": round(piece.duration, 1), "seconds": round(answer.seconds or 0.0, 1)},
            state=State.SUSPECT,
            slow=True,
        )
    _require(answer, missing)
    if not piece.key and not _plays(answer.body):
        raise ProbeFailed(N_("The newest segment is neither MPEG-TS nor fragmented MP4."))
    seconds, length = answer.seconds or 0.0, max(piece.duration, 0.1)
    if seconds > length:
        raise ProbeFailed(
            N_("A segment of {length} s takes {seconds} s to load: the picture stutters."),
            {"length": round(length, 1), "seconds": round(seconds, 1)},
            state=State.SUSPECT,
            slow=True,
        )
    return Loaded(seconds, round(8 * answer.size / length))


def _loaded(
    fetched: Fetched, url: str, uri: str, span: str, most: int
) -> Generator[Fetch, Answer, Answer]:
    headers = {"Range": f"bytes={span}"} if span else {}
    fetch = Fetch(address(url, uri), max_bytes=most, keep=KEPT, headers=headers)
    landed = yield from fetched(fetch)
    return replace(landed.answer, phases={"total": round(landed.seconds, 6)})


def _require(answer: Answer, template: str) -> None:
    """Raise ProbeFailed with the template unless a whole answer, or the range of one, came."""
    try:
        require_answer(answer, partial=True)
    except ProbeFailed as failed:
        named = "{status}" in template
        raise ProbeFailed(template, {"status": answer.status} if named else {}) from failed


def _plays(body: bytes) -> bool:
    transport = body[:1] == bytes([TS_SYNC]) and (
        len(body) <= TS_PACKET or body[TS_PACKET] == TS_SYNC
    )
    return transport or body[4:8] in BOXES or body.startswith(SOUNDS_AND_TEXTS)


def readings(loaded: Loaded) -> tuple[Reading, ...]:
    """None before the first was loaded."""
    if not loaded.rate:
        return ()
    return (
        Reading("segment", round(loaded.seconds, 6), "s"),
        Reading("bit rate", loaded.rate, "bit/s"),
    )
