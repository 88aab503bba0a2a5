"""Jitsi: people and load of a videobridge or of Jicofo; it tells its rooms to nobody.

https://github.com/jitsi/jitsi-videobridge/blob/master/doc/statistics.md
"""

from collections.abc import Mapping
from typing import Any

from platforms import answers
from platforms.answers import Site, count, share
from platforms.base import N_, Capability, Health, Room
from platforms.http import checked_url
from platforms.metering import Ask, Figure, Metered, Reading

STATS = "/colibri/stats"  # on the videobridge's private port; Jicofo's is /stats
OPTIONS = {"jicofo": "", "user": ""}
WORDS = {
    "jicofo": N_("Address of Jicofo's /stats, which counts the people of all bridges"),
    "user": answers.USER,
}

CLOSING = N_("The bridge is shutting down: it takes no new conferences.")
FULL = N_("The bridge is as busy as it may be: new conferences will suffer.")
BRIDGELESS = N_("No bridge works: no conference can begin.")


class Jitsi:
    """One deployment, by its bridge, by Jicofo, or by both."""

    can: frozenset[Capability] = frozenset({"count people"})

    def __init__(self, url: str, secret: str, options: Mapping[str, str]) -> None:
        self._site = Site("Jitsi", url, options)
        loopback_only = options.get("loopback_only") == "1"
        jicofo = options.get("jicofo", "")
        self._addresses = [_stats(self._site.url)]
        if jicofo:
            self._addresses.append(_stats(checked_url(jicofo, loopback_only=loopback_only)))
        self._headers = answers.basic(options.get("user", ""), secret)

    def check(self) -> Health:
        return self._site.health(self.reading())

    def reading(self) -> Reading:
        """Jicofo speaks last and for all bridges: its counts are the ones that are kept."""
        figures: dict[Figure, float] = {}
        warnings: list[str] = []
        for address in self._addresses:
            reply = yield Ask(address, self._headers)
            said = self._site.read(reply)
            found = _of_jicofo(said) if "bridge_selector" in said else _of_bridge(said)
            if not found:
                raise self._site.strange()
            figures |= found
            warnings += _warnings(said, found)
        return Metered(None, figures, next(iter(warnings), ""))

    def rooms(self) -> list[Room] | None:
        return None


def _stats(url: str) -> str:
    return url if url.endswith("/stats") else url + STATS


def _of_bridge(said: Mapping[str, Any]) -> dict[Figure, float]:
    people = next(
        (said[name] for name in ("local_endpoints", "participants", "endpoints") if name in said),
        None,
    )
    return _known(
        {
            "rooms": count(said.get("conferences")),
            "participants": count(people),
            "largest room": count(said.get("largest_conference")),
            "load": share(said.get("stress_level")),
        }
    )


def _of_jicofo(said: Mapping[str, Any]) -> dict[Figure, float]:
    bridges = said["bridge_selector"]
    working = bridges.get("operational_bridge_count") if isinstance(bridges, dict) else None
    return _known(
        {
            "rooms": count(said.get("conferences")),
            "participants": count(said.get("participants")),
            "largest room": count(said.get("largest_conference")),
            "bridges": count(working),
        }
    )


def _known(figures: Mapping[Figure, float | None]) -> dict[Figure, float]:
    return {name: value for name, value in figures.items() if value is not None}


def _warnings(said: Mapping[str, Any], found: Mapping[Figure, float]) -> list[str]:
    closing = any(said.get(name) is True for name in ("graceful_shutdown", "shutting_down"))
    told = {
        CLOSING: closing,
        FULL: found.get("load", 0) >= 1,
        BRIDGELESS: found.get("bridges") == 0,
    }
    return [words for words, holds in told.items() if holds]
