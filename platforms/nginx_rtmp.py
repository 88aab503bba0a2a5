"""nginx with its RTMP module: the streams of its statistics page, XML.

https://github.com/arut/nginx-rtmp-module/wiki/Directives#rtmp_stat
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from platforms.answers import USER, Site, basic, count, word
from platforms.base import N_, Capability, Health, Room
from platforms.metering import ROOMS, Ask, Figure, Metered, Reading, too_many
from platforms.xml import Unreadable, feed

OPTIONS = {"viewers": "", "user": ""}
WORDS = {
    "viewers": N_("Write rtmp if nobody watches by HLS: only then all viewers are counted"),
    "user": USER,
}
DEPTH = 32  # elements within each other; a real answer has eight
TEXT = 1024  # characters of one value
APPLICATION = ["rtmp", "server", "application"]
STREAM = [*APPLICATION, "live", "stream"]


class NginxRtmp:
    """One server. A stream is a room; who sends it is not counted among its people."""

    can: frozenset[Capability] = frozenset({"meter rooms"})

    def __init__(self, url: str, secret: str, options: Mapping[str, str]) -> None:
        self._site = Site("nginx-rtmp", url, options)
        path = urlsplit(self._site.url).path
        self._page = self._site.url if path else f"{self._site.url}/stat"
        self._all_counted = options.get("viewers", "") == "rtmp"
        self._headers = basic(options.get("user", ""), secret)

    def check(self) -> Health:
        return self._site.health(self.reading())

    def reading(self) -> Reading:
        reply = yield Ask(self._page, self._headers)
        self._site.refuse(reply)
        try:
            streams = read(reply.body)
        except Unreadable:
            raise self._site.strange() from None
        viewers = sum(stream.viewers or 0 for stream in streams)
        figures: dict[Figure, float] = {"viewers": viewers}
        return Metered(tuple(map(self._room, streams)), figures)

    def rooms(self) -> list[Room] | None:
        return self._site.rooms(self.reading())

    def _room(self, stream: "Stream") -> Room:
        people = stream.viewers if self._all_counted else None
        id_ = f"{stream.application}/{stream.name}"
        return Room(id_, stream.name, people, running=stream.publishing)


@dataclass
class Stream:
    application: str
    name: str = ""
    clients: int | None = None
    publishing: bool = False

    @property
    def viewers(self) -> int | None:
        """The clients without the one that sends."""
        return None if self.clients is None else max(self.clients - self.publishing, 0)


def read(body: bytes) -> list[Stream]:
    """Raises Unreadable for HTML, for a broken or cut answer and for a document type.

    Raises PlatformError for more streams than there can be.
    """
    reader = _Reader()
    feed(reader, body)
    return [stream for stream in reader.streams if stream.name]


class _Reader:
    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self._path: list[str] = []
        self._text = ""
        self._application = ""

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text = ""
        if len(self._path) > DEPTH or self._path[0] != "rtmp":
            raise Unreadable
        if self._path == STREAM:
            if len(self.streams) == ROOMS:
                raise too_many()
            self.streams.append(Stream(self._application))
        elif self._path == [*STREAM, "publishing"]:
            self.streams[-1].publishing = True

    def text(self, piece: str) -> None:
        self._text = (self._text + piece)[:TEXT]

    def end(self, name: str) -> None:
        value, place = self._text.strip(), self._path[:-1]
        if place == APPLICATION and name == "name":
            self._application = word(value)
        elif place == STREAM and name == "name":
            self.streams[-1].name = word(value)
        elif place == STREAM and name == "nclients":
            self.streams[-1].clients = count(value)
        self._path.pop()
        self._text = ""
