"""MediaMTX: its paths, who reads them, and whether somebody sends.

https://mediamtx.org/docs/references/control-api
"""

from collections.abc import Mapping
from typing import Any

from platforms.answers import USER, Site, basic, count, word
from platforms.base import Capability, Health, Room
from platforms.metering import Ask, Figure, Metered, Reading

OPTIONS = {"user": ""}  # with the right "api"
WORDS = {"user": USER}
PAGE = 500  # paths of one answer
PAGES = 40
UNCOUNTED = {"hlsMuxer"}  # one reader, however many watch


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
        for page in range(PAGES):
            query = f"?itemsPerPage={PAGE}&page={page}"
            said = self._site.read(
                (yield Ask(f"{self._site.url}/v3/paths/list{query}", self._headers))
            )
            items = self._listed(said, page)
            rooms += map(self._room, items)
            viewers += sum(len(self._counted(item)) for item in items)
            if page + 1 >= (count(said.get("pageCount")) or 1):
                break
        figures: dict[Figure, float] = {"viewers": viewers}
        return Metered(tuple(rooms), figures)

    def rooms(self) -> list[Room] | None:
        return self._site.rooms(self.reading())

    def _listed(self, said: Mapping[str, Any], page: int) -> list[dict[str, Any]]:
        """The paths of a page: as many as its count of all leaves to it."""
        items = self._site.rows(said, "items")
        if "itemCount" in said:
            total = count(said["itemCount"])
            if total is None or len(items) != min(max(total - page * PAGE, 0), PAGE):
                raise self._site.strange()
        return items

    def _room(self, item: Mapping[str, Any]) -> Room:
        """`available` was called `ready` before 1.15."""
        counted, all_ = self._counted(item), self._site.rows({"readers": [], **item}, "readers")
        return Room(
            word(item.get("name")),
            word(item.get("name")),
            len(counted) if len(counted) == len(all_) else None,
            running=item.get("available", item.get("ready")) is True,
        )

    def _counted(self, item: Mapping[str, Any]) -> list[dict[str, Any]]:
        readers = self._site.rows({"readers": [], **item}, "readers")
        return [reader for reader in readers if reader.get("type") not in UNCOUNTED]
