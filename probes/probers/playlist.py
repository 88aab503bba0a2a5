"""Read the few tags of an HLS playlist (RFC 8216, section 4.3) that judging it needs.

Ours, since a stranger's playlist of a megabyte must not hold up the engine's loop.
"""

import re
from dataclasses import dataclass
from urllib.parse import urljoin

from probes.model import ProbeFailed
from store.words import N_

URI = re.compile(r'(?:^|,)URI="([^"]*)"')


@dataclass(frozen=True)
class Segment:
    url: str
    duration: float  # seconds


@dataclass(frozen=True)
class Playlist:
    """Either `variants` (a master) or the rest (a media playlist)."""

    variants: tuple[str, ...] = ()
    target_duration: float = 0.0  # seconds
    sequence: int = 0
    segments: tuple[Segment, ...] = ()
    ended: bool = False
    on_demand: bool = False

    @property
    def position(self) -> int:
        """The number after the newest segment's: what must grow."""
        return self.sequence + len(self.segments)


def parse(body: bytes, url: str) -> Playlist:
    """Raises ProbeFailed for what is not a playlist, or breaks the standard's musts."""
    lines = [line.strip() for line in body.decode("utf-8", "replace").splitlines()]
    if not lines or not lines[0].startswith("#EXTM3U"):
        raise ProbeFailed(N_("What answers there is not an HLS playlist."))
    try:
        return _master(lines, url) or _media(lines, url)
    except ValueError as error:
        raise ProbeFailed(N_("The playlist cannot be read.")) from error


def _master(lines: list[str], url: str) -> Playlist | None:
    variants: list[str] = []
    found = awaiting = False
    for line in lines:
        if line.startswith("#EXT-X-STREAM-INF:"):
            found = awaiting = True
        elif line.startswith("#EXT-X-MEDIA:") and (rendition := URI.search(line[13:])):
            variants.append(urljoin(url, rendition[1]))
        elif awaiting and line and not line.startswith("#"):
            variants.append(urljoin(url, line))
            awaiting = False
    return Playlist(tuple(dict.fromkeys(variants))) if found else None


def _media(lines: list[str], url: str) -> Playlist:
    values: dict[str, str] = {}
    segments: list[Segment] = []
    duration = 0.0
    for line in lines:
        if line.startswith("#EXTINF:"):
            duration = float(line[8:].partition(",")[0])
        elif line.startswith("#EXT-X-"):
            name, _, value = line.partition(":")
            values[name] = value
        elif line and not line.startswith("#"):
            segments.append(Segment(urljoin(url, line), duration))
    if "#EXT-X-TARGETDURATION" not in values:
        raise ProbeFailed(N_("The playlist does not say its target duration."))
    return Playlist(
        (),
        float(values["#EXT-X-TARGETDURATION"]),
        int(values.get("#EXT-X-MEDIA-SEQUENCE", "0")),
        tuple(segments),
        "#EXT-X-ENDLIST" in values,
        values.get("#EXT-X-PLAYLIST-TYPE") == "VOD",
    )
