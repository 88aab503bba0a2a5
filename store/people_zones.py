"""Keep the time zones that a platform's people chose there, among their fields."""

import json
from collections.abc import Mapping
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from store.db import Connection, text

FIELD = "time_zone"


def keep(tx: Connection, school_id: str, source: str, told: Mapping[str, str]) -> None:
    """`told`: person to an IANA name. An imported zone stays, unless the platform brought them."""
    if not told:
        return
    rows = tx.execute(
        text("SELECT id, source, fields FROM person WHERE school_id = :school"),
        {"school": school_id},
    )
    changed = []
    for row in rows:
        zone, fields = told.get(row.id, ""), json.loads(row.fields)
        before = fields.get(FIELD, "")
        if zone and zone != before and (not before or row.source == source):
            kept = json.dumps({**fields, FIELD: zone}, ensure_ascii=False)
            changed.append({"id": row.id, "fields": kept})
    if changed:
        tx.execute(text("UPDATE person SET fields = :fields WHERE id = :id"), changed)


@lru_cache(maxsize=1000)
def named(zone: str) -> ZoneInfo | None:
    """None for what is no name of a zone (IANA, e.g. Asia/Novosibirsk)."""
    zone = zone.strip().replace(" ", "_")
    return ZoneInfo(zone) if zone in available_timezones() else None
