"""MediaMTX: its paths, who reads them, and whether somebody sends.

https://mediamtx.org/docs/references/control-api
"""

from collections.abc import Mapping
from typing import Any

from platforms.answers import USER, Site, basic, count, word
from platforms.base import Capability, Health, Room
from platforms.metering import ROOMS, Ask, Figure, Metered, Reading, Reply, too_many

OPTIONS = {"user": ""}  # with the right "api"
WORDS = {"user": USER}
PAGE = 500  # paths of one answer
UNCOUNTED = "hlsMuxer"  # one reader, however many watch


class MediaMtx:
    """One server. A path is a room; who sends into it is not counted among its people."""

    can: frozenset[Capability] = frozenset({"meter rooms"})

    def __init__(self, url: str, secret: str, options: Mapping[str, str]) -> None:
        self._site = Site("MediaMTX", url, options)
        self._headers = basic(options.get("user", ""), secret)

    def check(self) -> Health:
        return self._site.health(self.reading())

    def reading(self) -> Reading:
        rooms: list[Room] = []
        viewers = 0
        for page in range(ROOMS // PAGE):
            query = f"?itemsPerPage={PAGE}&page={page}"
            reply = yield Ask(f"{self._site.url}/v3/paths/list{query}", self._headers)
            found, counted, pages = self._page(reply, page)
            del reply  # it is not kept while the next page is fetched
            rooms += found
            viewers += counted
            if page + 1 >= pages:
                break
        figures: dict[Figure, float] = {"viewers": viewers}
        return Metered(tuple(rooms), figures)

    def rooms(self) -> list[Room] | None:
        return self._site.rooms(self.reading())

    def _page(self, reply: Reply, page: int) -> tuple[list[Room], int, int]:
        """The paths of a page, those of their readers that count, and how many pages there are."""
        said = self._site.read(reply)
        pages = count(said.get("pageCount")) or 1
        if pages * PAGE > ROOMS:
            raise too_many()
        rooms, viewers = [], 0
        for item in self._listed(said, page):
            readers, counted = self._readers(item)
            viewers += counted
            rooms.append(_room(item, counted if counted == readers else None))
        return rooms, viewers, pages

    def _listed(self, said: Mapping[str, Any], page: int) -> list[dict[str, Any]]:
        """The paths of a page: as many as its count of all leaves to it."""
        items = self._site.rows(said, "items", most=PAGE)
        if "itemCount" in said:
            total = count(said["itemCount"])
            if total is None or len(items) != min(max(total - page * PAGE, 0), PAGE):
                raise self._site.strange()
        return items

    def _readers(self, item: Mapping[str, Any]) -> tuple[int, int]:
        """All who read a path, and those of them who are people by themselves."""
        readers = self._site.rows({"readers": [], **item}, "readers")
        return len(readers), sum(reader.get("type") != UNCOUNTED for reader in readers)


def _room(item: Mapping[str, Any], people: int | None) -> Room:
    """`available` was called `ready` before 1.15."""
    name = word(item.get("name"))
    return Room(name, name, people, running=item.get("available", item.get("ready")) is True)
