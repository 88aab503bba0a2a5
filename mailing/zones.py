"""The time zone that a reader lives in: a field of hers, else the school's."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from store import people_zones
from store.people_zones import FIELD

__all__ = ["FIELD", "is_one", "of"]


def of(known: Mapping[str, str], otherwise: ZoneInfo) -> ZoneInfo:
    """What is no name of a zone (IANA, e.g. Asia/Novosibirsk) counts as none."""
    told = known.get(FIELD, "")
    return (people_zones.named(told) or otherwise) if told else otherwise


def is_one(told: str) -> bool:
    return people_zones.named(told) is not None
