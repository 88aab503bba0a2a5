"""A domain that dies at once: its directory is taken for down, and none of its readers for dead.

Looked at after a run, so that it costs the sending nothing, and again by the worker: what a killed
sender left, what a relay returned later and what a provider told count like what it refused.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailing import sums
from mailing.suppression import EVERY_TOPIC, HARD_BOUNCE
from store import access, audit
from store.access import Actor
from store.db import Connection, instant, text
from store.roster import literal

LEAST = 10  # dead addresses of a domain; fewer may be chance, however many others there are
WINDOW = timedelta(hours=6)  # in which they count together; without any for so long it is over
AGAIN = timedelta(hours=1)  # until who got mail before is tried again
TRIES = 8  # attempts in all, after which a mail stays failed
LOOKED = 20  # of the dead addresses, by which it is told where they were mailed, and before
RECENT = 100  # campaigns of the school in which they are looked for


@dataclass(frozen=True)
class Outage:
    domain: str
    since: datetime
    dead: int


def judge(tx: Connection, actor: Actor, school_id: str, *, now: datetime) -> list[str]:
    """Take back that addresses are dead where most of a domain would be; return these domains.

    Whoever got our mail before is tried again in an hour; a list that nobody ever got mail by may
    just be wrong, and its mails stay failed. Neither is left out of what comes next.
    """
    access.require(actor, "write", school_id)
    dead = _dead(tx, school_id, now)
    if not dead:
        return []
    known = {each.domain: each.dead for each in standing(tx, actor, school_id, now=now)}
    found = []
    for domain, emails in dead.items():
        count = known.get(domain, 0) + len(emails)
        if count < LEAST:
            continue
        where = _mailed(tx, school_id, emails)
        if count > _reached(tx, where, domain):
            _take_back(tx, school_id, emails)
            _keep(tx, school_id, domain, len(emails), now)
            if _got_before(tx, school_id, where, emails):
                _try_again(tx, where, emails, now)
            audit.record(
                tx, actor, "take back dead addresses", f"{domain}: {len(emails)}",
                school_id=school_id, now=now,
            )  # fmt: skip
            found.append(domain)
    return found


def suspected(tx: Connection, actor: Actor, school_id: str, *, now: datetime) -> bool:
    """Whether an outage stands, or `judge` has anything to look at."""
    access.require(actor, "write", school_id)
    return bool(_dead(tx, school_id, now) or standing(tx, actor, school_id, now=now))


def standing(tx: Connection, actor: Actor, school_id: str, *, now: datetime) -> list[Outage]:
    access.require(actor, "write", school_id)
    rows = tx.execute(
        text("""
            SELECT domain, since, dead FROM domain_outage
            WHERE school_id = :school AND seen_at >= :since ORDER BY since
        """),
        {"school": school_id, "since": now - WINDOW},
    )
    return [Outage(row.domain, instant(row.since), row.dead) for row in rows]


def _dead(tx: Connection, school_id: str, now: datetime) -> dict[str, list[str]]:
    """The addresses that died lately, by domain."""
    emails = tx.execute(
        text("""
            SELECT email FROM suppression
            WHERE school_id = :school AND topic = :every AND reason = :hard AND created_at >= :since
            ORDER BY created_at DESC
        """),
        {"school": school_id, "every": EVERY_TOPIC, "hard": HARD_BOUNCE, "since": now - WINDOW},
    ).scalars()
    found: dict[str, list[str]] = defaultdict(list)
    for email in emails:
        found[email.rpartition("@")[2]].append(email)
    return found


def _mailed(tx: Connection, school_id: str, emails: Sequence[str]) -> list[str]:
    """The campaigns whose mail to them failed."""
    named, values = _named(emails[:LOOKED])
    return list(
        tx.execute(
            text(f"""
                SELECT DISTINCT campaign_id FROM delivery
                WHERE campaign_id IN (
                    SELECT id FROM campaign WHERE school_id = :school AND released_at IS NOT NULL
                    ORDER BY released_at DESC LIMIT :recent)
                  AND state = 'failed' AND email IN ({named})
            """),
            {**values, "school": school_id, "recent": RECENT},
        ).scalars()
    )


def _reached(tx: Connection, campaigns: Sequence[str], domain: str) -> int:
    """How many of the domain have the mail that these have not."""
    if not campaigns:
        return 0
    named, values = _named(campaigns, "c")
    return int(
        tx.execute(
            text(f"""
                SELECT COUNT(*) FROM delivery
                WHERE campaign_id IN ({named}) AND state = 'sent' AND email LIKE :like ESCAPE '!'
            """),
            {**values, "like": f"%@{literal(domain)}"},
        ).scalar_one()
    )


def _take_back(tx: Connection, school_id: str, emails: Sequence[str]) -> None:
    for start in range(0, len(emails), 500):
        named, values = _named(emails[start : start + 500])
        tx.execute(
            text(f"""
                DELETE FROM suppression WHERE school_id = :school AND email IN ({named})
                  AND topic = :every AND reason = :hard
            """),
            {**values, "school": school_id, "every": EVERY_TOPIC, "hard": HARD_BOUNCE},
        )


def _keep(tx: Connection, school_id: str, domain: str, dead: int, now: datetime) -> None:
    tx.execute(
        text("""
            INSERT INTO domain_outage (school_id, domain, since, seen_at, dead)
            VALUES (:school, :domain, :now, :now, :dead)
            ON CONFLICT (school_id, domain) DO UPDATE SET
                since = CASE WHEN domain_outage.seen_at < :lately THEN :now
                             ELSE domain_outage.since END,
                dead = CASE WHEN domain_outage.seen_at < :lately THEN :dead
                            ELSE domain_outage.dead + :dead END,
                seen_at = :now
        """),
        {"school": school_id, "domain": domain, "dead": dead, "now": now, "lately": now - WINDOW},
    )


def _got_before(
    tx: Connection, school_id: str, campaigns: Sequence[str], emails: Sequence[str]
) -> bool:
    """Whether one of them ever got another mail of ours."""
    named, values = _named(emails[:LOOKED])
    others = tx.execute(
        text(f"""
            SELECT DISTINCT campaign_id FROM delivery
            WHERE campaign_id IN (
                SELECT id FROM campaign WHERE school_id = :school AND released_at IS NOT NULL
                ORDER BY released_at DESC LIMIT :recent)
              AND state = 'sent' AND email IN ({named})
        """),
        {**values, "school": school_id, "recent": RECENT},
    ).scalars()
    return bool(set(others) - set(campaigns))


def _try_again(
    tx: Connection, campaigns: Sequence[str], emails: Sequence[str], now: datetime
) -> None:
    """Their mails wait, each with what was said of it."""
    chosen, values = _named(campaigns, "c")
    later, since = now + AGAIN, now - WINDOW
    for start in range(0, len(emails), 500):
        named, some = _named(emails[start : start + 500])
        tx.execute(
            text(f"""
                UPDATE delivery SET state = 'due', next_at = :later, updated_at = :now
                WHERE campaign_id IN ({chosen}) AND email IN ({named})
                  AND state = 'failed' AND attempt < :tries AND updated_at >= :since
                  AND campaign_id IN (SELECT id FROM campaign
                                      WHERE state IN ('released', 'paused'))
            """),
            {**values, **some, "later": later, "now": now, "tries": TRIES, "since": since},
        )
    for campaign_id in campaigns:
        sums.forget(tx, campaign_id)


def _named(chosen: Sequence[str], prefix: str = "e") -> tuple[str, dict[str, object]]:
    values: dict[str, object] = {f"{prefix}{n}": value for n, value in enumerate(chosen)}
    return ", ".join(f":{name}" for name in values), values
