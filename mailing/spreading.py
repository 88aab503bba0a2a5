"""Each reader's own hour: the chosen time, and the quiet hours, by the clock where she lives."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from mailing import timing, zones
from mailing.model import SERVICE, Campaign
from mailing.timing import Terms
from store.db import Connection, execute_many, instant, text


def spread(
    tx: Connection, campaign: Campaign, terms: Terms, zone: ZoneInfo, *, now: datetime
) -> None:
    """Set when each mail of the frozen audience may leave, and the campaign's first and last.

    `zone` is the school's, for who has told none. Who lives where the chosen time is over
    already gets it at once, or when the quiet hours there are over.
    """
    schools_own = timing.leaves_at(campaign, terms, zone, now=now)
    tx.execute(
        text("""
            UPDATE delivery SET next_at = :at
            WHERE campaign_id = :id AND state = 'due' AND next_at <> :at
        """),
        {"id": campaign.id, "at": schools_own},
    )
    if _differs(campaign, terms):
        _by_their_clocks(tx, campaign, terms, zone, now)
    ends = tx.execute(
        text("""
            SELECT MIN(next_at) AS first, MAX(next_at) AS last FROM delivery
            WHERE campaign_id = :id AND state = 'due'
        """),
        {"id": campaign.id},
    ).one()
    first, last = (schools_own if at is None else instant(at) for at in (ends.first, ends.last))
    tx.execute(
        text("UPDATE campaign SET leaves_at = :first, expires_at = :expires WHERE id = :id"),
        {"id": campaign.id, "first": first, "expires": timing.expires_at(last)},
    )


def _differs(campaign: Campaign, terms: Terms) -> bool:
    chosen = campaign.by_zone and campaign.scheduled_for is not None
    return chosen or (terms.quiet is not None and campaign.topic != SERVICE)


def _by_their_clocks(
    tx: Connection, campaign: Campaign, terms: Terms, zone: ZoneInfo, now: datetime
) -> None:
    rows = tx.execute(
        text("""
            SELECT id, fields FROM delivery
            WHERE campaign_id = :id AND state = 'due' AND fields LIKE :named
        """),
        {"id": campaign.id, "named": f'%"{zones.FIELD}"%'},
    )
    leaves: dict[ZoneInfo, float] = {}
    moved: list[tuple[float, str]] = []
    for row in rows:
        own = zones.of(json.loads(row.fields), zone)
        if own not in leaves:
            at = timing.leaves_at(campaign, terms, zone, own=own, now=now)
            leaves[own] = at.timestamp()
        moved.append((leaves[own], row.id))
    if moved:
        execute_many(tx, "UPDATE delivery SET next_at = ? WHERE id = ?", moved)
