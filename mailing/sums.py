"""How a campaign stands, in figures that always add up to its audience.

Counting a hundred thousand rows takes ten milliseconds, so a campaign in which nothing moves
any more keeps its sums. Whoever moves a row of it then, forgets them in the same transaction.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from mailing.model import Totals
from store.db import Connection, text

COLUMN = {
    "due": "waiting",
    "claimed": "waiting",
    "sending": "waiting",
    "sent": "sent",
    "held": "held",
    "failed": "failed",
    "suppressed": "suppressed",
}
GIVEN_UP = 24 * 60 * 60  # seconds after which a lost sender is not waited for with the sums
AT_REST = f"""state IN ('released', 'stopped') AND leaves_at <= :now
    AND NOT EXISTS (SELECT 1 FROM delivery
                    WHERE campaign_id = campaign.id AND delivery.state IN ('due', 'sending'))
    AND NOT EXISTS (SELECT 1 FROM delivery
                    WHERE campaign_id = campaign.id AND owner IS NOT NULL
                      AND NOT (delivery.state = 'held' AND lease_until IS NULL
                               AND delivery.updated_at < :now - {GIVEN_UP}))"""


def of(tx: Connection, campaign_ids: Sequence[str]) -> dict[str, Totals]:
    """Of those that have an audience; kept ones are read, the others are counted."""
    if not campaign_ids:
        return {}
    values = {f"c{n}": id_ for n, id_ in enumerate(campaign_ids)}
    rows = tx.execute(
        text(f"""
            SELECT id, summed FROM campaign
            WHERE id IN ({", ".join(f":{name}" for name in values)}) AND summed IS NOT NULL
        """),
        values,
    )
    kept = {row.id: Totals(**json.loads(row.summed)) for row in rows}
    return kept | _counted(tx, [id_ for id_ in campaign_ids if id_ not in kept])


def settle(tx: Connection, *, now: datetime) -> int:
    """Keep the sums of the campaigns in which nothing moves any more; return of how many.

    Each is locked before it is counted: who forgets meanwhile, waits, and forgets these too.
    """
    lock = "FOR UPDATE" if tx.dialect.name == "postgresql" else ""
    ids = tx.execute(
        text(f"SELECT id FROM campaign WHERE summed IS NULL AND {AT_REST} {lock}"), {"now": now}
    ).scalars()
    counted = _counted(tx, ids.all())
    for id_, totals in counted.items():
        tx.execute(
            text(f"UPDATE campaign SET summed = :summed WHERE id = :id AND {AT_REST}"),
            {"id": id_, "summed": json.dumps(asdict(totals)), "now": now},
        )
    return len(counted)


def forget(tx: Connection, campaign_id: str) -> None:
    tx.execute(
        text("""
            UPDATE campaign SET summed = NULL
            WHERE id = :id AND summed IS NOT NULL AND reduced_at IS NULL
        """),
        {"id": campaign_id},
    )


def forget_of(tx: Connection, owner: str) -> None:
    """Of all campaigns whose rows a sender has not settled yet: it may have been given up."""
    tx.execute(
        text("""
            UPDATE campaign SET summed = NULL
            WHERE summed IS NOT NULL AND reduced_at IS NULL
              AND id IN (SELECT campaign_id FROM delivery WHERE owner = :owner)
        """),
        {"owner": owner},
    )


def _counted(tx: Connection, campaign_ids: Sequence[str]) -> dict[str, Totals]:
    if not campaign_ids:
        return {}
    values = {f"c{n}": id_ for n, id_ in enumerate(campaign_ids)}
    rows = tx.execute(
        text(f"""
            SELECT campaign_id, state, COUNT(*) AS number FROM delivery
            WHERE campaign_id IN ({", ".join(f":{name}" for name in values)})
            GROUP BY campaign_id, state
        """),
        values,
    )
    found: dict[str, dict[str, int]] = {}
    for each in rows:
        counts = found.setdefault(each.campaign_id, {})
        counts[COLUMN[each.state]] = counts.get(COLUMN[each.state], 0) + each.number
    return {id_: Totals(**counts) for id_, counts in found.items()}
