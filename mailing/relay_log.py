"""Whose mail the relay took, by its own log: each mail's return path is one recipient's alone.

Postfix and Sendmail write `from=<...>, size=` once a mail is queued (qmgr(8)), Exim `<=` (its
specification, chapter 53). What was begun and broken off stands in neither.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from mailing import bounces, sums
from store import access, audit
from store.access import Actor
from store.db import Connection, text
from store.words import N_, Words

TOOK = re.compile(r"\bfrom=<?([^<>\s,]+@[^<>\s,]+)>?, ?size=\d|\s<= <?([^<>\s]+@[^<>\s]+)")
IN_LOG = N_("The relay's own log says that it took the mail.")
AT_ONCE = 500  # rows of one statement


def taken(lines: Iterable[str], key: bytes) -> Iterator[str]:
    """The deliveries that the log names, by return paths that are ours; some more than once."""
    for line in lines:
        found = TOOK.search(line)
        id_ = bounces.delivery_of(key, found[1] or found[2]) if found else None
        if id_ is not None:
            yield id_


def settle(tx: Connection, actor: Actor, ids: Iterable[str], *, now: datetime) -> int:
    """Count held mails that the relay took as sent; return how many. The others stay held."""
    wanted, count = list(dict.fromkeys(ids)), 0
    for start in range(0, len(wanted), AT_ONCE):
        count += _settle(tx, actor, wanted[start : start + AT_ONCE], now)
    return count


def _settle(tx: Connection, actor: Actor, ids: list[str], now: datetime) -> int:
    values: dict[str, object] = {f"id{n}": id_ for n, id_ in enumerate(ids)}
    held = f"state = 'held' AND id IN ({', '.join(f':{name}' for name in values)})"
    campaigns = tx.execute(
        text(f"SELECT DISTINCT campaign_id, school_id FROM delivery WHERE {held}"), values
    ).all()
    for row in campaigns:
        access.require(actor, "send", row.school_id)
    changed = tx.execute(
        text(f"""
            UPDATE delivery SET state = 'sent', reply = :why, owner = NULL, lease_until = NULL,
                   updated_at = :now
            WHERE {held}
        """),
        values | {"why": Words(IN_LOG).to_json(), "now": now},
    )
    for row in campaigns:
        sums.forget(tx, row.campaign_id)
        audit.record(tx, actor, "read relay log", row.campaign_id, school_id=row.school_id, now=now)
    return changed.rowcount
