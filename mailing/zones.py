"""The time zone that a reader lives in: a field of hers, else the school's."""

from collections.abc import Mapping
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

FIELD = "time_zone"


def of(known: Mapping[str, str], otherwise: ZoneInfo) -> ZoneInfo:
    """What is no name of a zone (IANA, e.g. Asia/Novosibirsk) counts as none."""
    named = known.get(FIELD, "")
    return (_zone(named) or otherwise) if named else otherwise


def is_one(named: str) -> bool:
    return _zone(named) is not None


@lru_cache(maxsize=1000)
def _zone(named: str) -> ZoneInfo | None:
    named = named.strip().replace(" ", "_")
    return ZoneInfo(named) if named in available_timezones() else None
