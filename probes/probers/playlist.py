"""Read the tags of an HLS playlist (RFC 8216, section 4.3) that judging it needs.

Ours, since a stranger's playlist of a megabyte must not hold up the engine's
loop. Partial segments: draft-pantos-hls-rfc8216bis, section 4.4.4.9.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

from probes.light import light
from probes.model import ProbeFailed
from probes.probers import iri
from store.words import N_

ATTRIBUTE = re.compile(r'\s*([A-Z0-9-]+)=("[^"]*"|[^,]*)(?:,|$)')
LINES = 60_000  # a day of segments of three seconds, each with two lines
LISTS, ATTRIBUTES = 20_000, 64  # tags with attributes, and those of one: they take longest to read
PARTS = 5_000  # a quarter of an hour; the standard asks for those of three target durations
WIDEST = 16_384  # letters of a line
LONGEST = 86_400.0  # seconds; no segment lasts a day
WHOLE = re.compile(r"\.\d+$", re.ASCII)  # what some encoders write after whole bits
WIDEST_BAND = 10**12  # bits a second, which no stream takes
UNREADABLE = N_("The playlist cannot be read.")


@dataclass(frozen=True)
class Variant:
    uri: str
    bandwidth: int = 0  # bits a second at most; 0: not promised


@light(frozen=True)
class Segment:
    """A segment or a part of one. `key` is where its AES-128 key is, `start` its fMP4 header."""

    uri: str
    duration: float  # seconds
    span: str = ""  # of bytes, as the Range header says it
    key: str = ""
    start: str = ""
    start_span: str = ""
    gap: bool = False  # it is known to be missing: players do not load it


@dataclass(frozen=True)
class Playlist:
    """Either `variants` (a master) or the rest (a media playlist)."""

    variants: tuple[Variant, ...] = ()
    target_duration: float = 0.0  # seconds
    sequence: int = 0
    segments: tuple[Segment, ...] = ()
    parts: int = 0  # those after the last whole segment
    newest_part: Segment | None = None
    part_target: float = 0.0  # seconds; 0: the stream has no parts
    hold_back: float = 0.0  # seconds that players stay behind the newest part
    discontinuities: int = 0
    ends: datetime | None = None  # when what is newest was over, by the encoder's clock
    ended: bool = False
    on_demand: bool = False
    lists: int = 0  # tags with attributes

    @property
    def length(self) -> int:
        """What reading it takes, in segments."""
        return len(self.segments) + self.lists

    @property
    def position(self) -> tuple[int, int]:
        """The number after the newest segment's, and of parts after it: what must grow."""
        return self.sequence + len(self.segments), self.parts


def address(playlist: str, written: str) -> str:
    """Where a thing is that the playlist lists. Raises ProbeFailed unless it is on the web."""
    try:
        found = urljoin(playlist, written)
        parts = urlsplit(iri.uri(found))
    except ValueError as error:
        raise ProbeFailed(UNREADABLE) from error
    odd = not parts.hostname or any(letter <= " " for letter in parts.netloc)
    if odd or parts.scheme not in ("http", "https"):
        raise ProbeFailed(N_("The playlist lists what is no web address."))
    return found


def parse(body: bytes) -> Playlist:
    """Raises ProbeFailed for what is not a playlist, or breaks the standard's musts."""
    if body.count(b"\n") > LINES:
        raise ProbeFailed(N_("The playlist has more than {n} lines."), {"n": LINES})
    lines = body.decode("utf-8", "replace").split("\n")
    if not lines[0].startswith("#EXTM3U"):
        raise ProbeFailed(N_("What answers there is not an HLS playlist."))
    try:
        if len(max(lines, key=len)) > WIDEST:
            raise ValueError("a line that long")
        return _Reader().read(lines[1:])
    except (ValueError, OverflowError) as error:
        raise ProbeFailed(UNREADABLE) from error


class _Reader:
    """The state between two lines: a tag holds for the next segment, or for all that follow."""

    def __init__(self) -> None:
        self._variants: list[Variant] = []
        self._segments: list[Segment] = []
        self._lists = self._listed_parts = self._parts = 0
        self._newest_part: Segment | None = None
        self._master = self._ended = self._on_demand = False
        self._bandwidth: int | None = None  # of the variant whose address comes next
        self._target_duration = self._part_target = self._hold_back = 0.0
        self._sequence = self._discontinuities = 0
        self._duration = 0.0
        self._span = self._key = self._start = self._start_span = ""
        self._gap = False
        self._ends: datetime | None = None
        self._read_to = ("", 0)  # where a byte range without an offset begins

    def read(self, lines: list[str]) -> Playlist:
        for line in lines:
            if line.startswith("#EXT"):
                name, _, value = line.strip().partition(":")
                if name in _TAGS:
                    _TAGS[name](self, value)
            elif not line.startswith("#") and (uri := line.strip()):
                self._address(uri)
        if self._master:
            return Playlist(tuple(dict.fromkeys(self._variants)))
        return Playlist(
            (),
            self._target_duration,
            self._sequence,
            tuple(self._segments),
            self._parts,
            self._newest_part,
            self._part_target,
            self._hold_back,
            self._discontinuities,
            self._ends,
            self._ended,
            self._on_demand,
            self._lists,
        )

    def variant(self, value: str) -> None:
        self._master = True
        self._bandwidth = int(WHOLE.sub("", self._attributes(value).get("BANDWIDTH", "0")))
        if not 0 <= self._bandwidth <= WIDEST_BAND:
            raise ValueError(value)

    def rendition(self, value: str) -> None:
        if uri := self._attributes(value).get("URI"):
            self._variants.append(Variant(uri))

    def duration(self, value: str) -> None:
        self._duration = _seconds(value.partition(",")[0])

    def span(self, value: str) -> None:
        self._span = value

    def key(self, value: str) -> None:
        attributes = self._attributes(value)
        self._key = attributes.get("URI", "") if attributes.get("METHOD") == "AES-128" else ""

    def start(self, value: str) -> None:
        attributes = self._attributes(value)
        self._start = attributes.get("URI", "")
        self._start_span = _range(attributes.get("BYTERANGE", ""), 0)

    def part(self, value: str) -> None:
        attributes = self._attributes(value)
        self._newest_part = self._segment(
            attributes.get("URI", ""),
            _seconds(attributes.get("DURATION", "")),
            attributes.get("BYTERANGE", ""),
            gap=attributes.get("GAP") == "YES",
        )
        self._parts += 1
        self._listed_parts += 1
        if self._listed_parts > PARTS:
            raise ValueError("that many parts")
        self._pass(self._newest_part.duration)

    def gap(self, _value: str) -> None:
        self._gap = True

    def date(self, value: str) -> None:
        try:
            moment = datetime.fromisoformat(value)
            self._ends = moment.astimezone(UTC) if moment.tzinfo else None
        except (ValueError, OverflowError):  # players play on: only the delay is not known
            self._ends = None

    def discontinuity(self, _value: str) -> None:
        self._ends = None
        self._discontinuities += 1

    def control(self, value: str) -> None:
        self._hold_back = _seconds(self._attributes(value).get("PART-HOLD-BACK", "0"))

    def part_target(self, value: str) -> None:
        self._part_target = _seconds(self._attributes(value).get("PART-TARGET", ""))

    def target_duration(self, value: str) -> None:
        self._target_duration = _seconds(value)

    def sequence(self, value: str) -> None:
        self._sequence = int(value)

    def end(self, _value: str) -> None:
        self._ended = True

    def kind(self, value: str) -> None:
        self._on_demand = value == "VOD"

    def _address(self, uri: str) -> None:
        if self._bandwidth is not None:
            self._variants.append(Variant(uri, self._bandwidth))
            self._bandwidth = None
            return
        self._segments.append(self._segment(uri, self._duration, self._span, gap=self._gap))
        if not self._parts:  # else they have passed its time
            self._pass(self._duration)
        self._parts = 0
        self._duration, self._span, self._gap = 0.0, "", False

    def _segment(self, uri: str, duration: float, written: str, *, gap: bool) -> Segment:
        span = ""
        if written:
            known, end = self._read_to
            span = _range(written, end if known == uri else 0)
            self._read_to = uri, int(span.rpartition("-")[2]) + 1
        return Segment(uri, duration, span, self._key, self._start, self._start_span, gap)

    def _attributes(self, value: str) -> dict[str, str]:
        self._lists += 1
        if self._lists > LISTS:
            raise ValueError("that many tags")
        return _attributes(value)

    def _pass(self, seconds: float) -> None:
        if self._ends is not None:
            self._ends += timedelta(seconds=seconds)


_TAGS: dict[str, Callable[[_Reader, str], None]] = {
    "#EXT-X-STREAM-INF": _Reader.variant,
    "#EXT-X-MEDIA": _Reader.rendition,
    "#EXTINF": _Reader.duration,
    "#EXT-X-BYTERANGE": _Reader.span,
    "#EXT-X-KEY": _Reader.key,
    "#EXT-X-MAP": _Reader.start,
    "#EXT-X-GAP": _Reader.gap,
    "#EXT-X-PART": _Reader.part,
    "#EXT-X-PART-INF": _Reader.part_target,
    "#EXT-X-SERVER-CONTROL": _Reader.control,
    "#EXT-X-PROGRAM-DATE-TIME": _Reader.date,
    "#EXT-X-DISCONTINUITY": _Reader.discontinuity,
    "#EXT-X-TARGETDURATION": _Reader.target_duration,
    "#EXT-X-MEDIA-SEQUENCE": _Reader.sequence,
    "#EXT-X-ENDLIST": _Reader.end,
    "#EXT-X-PLAYLIST-TYPE": _Reader.kind,
}


def _attributes(value: str) -> dict[str, str]:
    """An attribute list (section 4.2) by name, without quotes; raises ValueError for another."""
    found: dict[str, str] = {}
    read = 0
    for _ in range(ATTRIBUTES):
        if read >= len(value):
            return found
        match = ATTRIBUTE.match(value, read)
        if match is None:
            raise ValueError(value)
        found[match[1]] = match[2].strip('"')
        read = match.end()
    raise ValueError("that many attributes")


def _seconds(value: str) -> float:
    seconds = float(value)
    if not (math.isfinite(seconds) and 0 <= seconds < LONGEST):
        raise ValueError(value)
    return seconds


def _range(written: str, begin: int) -> str:
    """`length[@offset]` as the Range header says it: `first-last`; nothing stays nothing."""
    if not written:
        return ""
    length, _, offset = written.partition("@")
    first = int(offset) if offset else begin
    return f"{first}-{first + int(length) - 1}"
