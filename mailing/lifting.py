"""Dead addresses that died together, by domain and day: lifted together once it is clear why."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailing.suppression import HARD_BOUNCE
from store import access, audit
from store.access import Actor
from store.db import Connection, instant, text
from store.roster import literal

LIKE = "email LIKE :domain ESCAPE '!'"


@dataclass(frozen=True)
class Batch:
    """`day`: by the school's clock."""

    domain: str
    day: date
    addresses: int


def batches(tx: Connection, actor: Actor, school_id: str, zone: ZoneInfo) -> list[Batch]:
    """The largest first; nobody who said no is among them."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text("""
            SELECT email, created_at FROM suppression
            WHERE school_id = :school AND reason = :hard
        """),
        {"school": school_id, "hard": HARD_BOUNCE},
    )
    found = Counter(
        (row.email.rpartition("@")[2], instant(row.created_at).astimezone(zone).date())
        for row in rows
    )
    together = [Batch(domain, day, count) for (domain, day), count in found.items()]
    return sorted(together, key=lambda each: (-each.addresses, each.domain, each.day))


def lift(
    tx: Connection,
    actor: Actor,
    school_id: str,
    domain: str,
    day: date,
    *,
    zone: ZoneInfo,
    now: datetime,
) -> int:
    """Let mail reach the domain's addresses again that died that day; return how many.

    Whoever unsubscribed or complained besides stays left out.
    """
    access.require(actor, "send", school_id)
    begins = datetime.combine(day, time(), zone)
    ends = datetime.combine(day + timedelta(days=1), time(), zone)
    changed = tx.execute(
        text(f"""
            DELETE FROM suppression WHERE school_id = :school AND reason = :hard AND {LIKE}
              AND created_at >= :begins AND created_at < :ends
        """),
        {
            "school": school_id,
            "hard": HARD_BOUNCE,
            "domain": f"%@{literal(domain)}",
            "begins": begins,
            "ends": ends,
        },
    )
    if changed.rowcount:
        subject = f"{domain} {day.isoformat()}: {changed.rowcount}"
        audit.record(tx, actor, "lift dead addresses", subject, school_id=school_id, now=now)
    return changed.rowcount
