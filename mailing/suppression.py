"""Who gets no mail, and why: unsubscribed by topic or from all, a dead address, by hand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mailing import erased
from mailing.model import SERVICE, MailingError
from store import access, addresses, audit
from store.access import Actor
from store.db import Connection, instant, text
from store.roster import literal
from store.words import N_, Words

EVERY_TOPIC = ""
UNSUBSCRIBED, HARD_BOUNCE, BY_HAND = "unsubscribed", "hard bounce", "by hand"
COMPLAINT = "complaint"
FOUND = "email LIKE :like ESCAPE '!'"
WHY = {
    UNSUBSCRIBED: N_("Unsubscribed."),
    HARD_BOUNCE: N_("The address does not exist."),
    COMPLAINT: N_("Called our mail spam."),
    BY_HAND: N_("Taken off the list by a coordinator."),
    erased.REASON: N_("Erased on request."),
}


@dataclass(frozen=True)
class Suppression:
    email: str
    topic: str  # '' is every topic
    reason: str  # unsubscribed, hard bounce, by hand, complaint
    detail: str
    since: datetime

    @property
    def words(self) -> Words:
        return Words(WHY[self.reason])


def of(
    tx: Connection,
    actor: Actor,
    school_id: str,
    *,
    search: str = "",
    limit: int = 1000,
    offset: int = 0,
) -> list[Suppression]:
    """The newest first; `search` is a part of the address."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text(f"""
            SELECT * FROM suppression WHERE school_id = :school AND {FOUND}
            ORDER BY created_at DESC, email, topic, reason LIMIT :limit OFFSET :offset
        """),
        {"school": school_id, "like": _like(search), "limit": limit, "offset": offset},
    )
    return [
        Suppression(row.email, row.topic, row.reason, row.detail, instant(row.created_at))
        for row in rows
    ]


def count(tx: Connection, actor: Actor, school_id: str, *, search: str = "") -> int:
    access.require(actor, "see people", school_id)
    asked = f"SELECT COUNT(*) FROM suppression WHERE school_id = :school AND {FOUND}"
    return int(tx.execute(text(asked), {"school": school_id, "like": _like(search)}).scalar_one())


def _like(search: str) -> str:
    """Addresses are kept in small letters."""
    return f"%{literal(search.strip().lower())}%"


def add(
    tx: Connection,
    actor: Actor,
    school_id: str,
    email: str,
    *,
    topic: str = EVERY_TOPIC,
    reason: str = BY_HAND,
    detail: str = "",
    now: datetime,
) -> bool:
    """Put an address on the list; False if it stood there already.

    Raises MailingError for an address that cannot be one.
    """
    access.require(actor, "write", school_id)
    normal = addresses.normal(email)
    if not normal:
        raise MailingError(
            N_("“{address}” is not an address that mail can reach."), address=email[:100]
        )
    added = keep(tx, school_id, normal, topic=topic, reason=reason, detail=detail, now=now)
    if added:
        audit.record(tx, actor, "suppress address", reason, school_id=school_id, now=now)
    return added


def keep(
    tx: Connection,
    school_id: str,
    email: str,
    *,
    topic: str,
    reason: str,
    detail: str,
    now: datetime,
) -> bool:
    """Write the row for mailing's own events: a bounce, a signed unsubscription.

    Of an address that was erased nothing is written in the clear again.
    """
    if erased.is_erased(tx, school_id, email):
        return False
    row = {"school": school_id, "email": email, "topic": topic, "reason": reason}
    changed = tx.execute(
        text("""
            INSERT INTO suppression (school_id, email, topic, reason, detail, created_at)
            VALUES (:school, :email, :topic, :reason, :detail, :now) ON CONFLICT DO NOTHING
        """),
        {**row, "detail": detail, "now": now},
    )
    return changed.rowcount == 1


def remove(
    tx: Connection,
    actor: Actor,
    school_id: str,
    email: str,
    *,
    topic: str | None = None,
    reason: str | None = None,
    now: datetime,
) -> bool:
    """Take an address off the list, of one topic or (None) of all; False if it was not there.

    With a `reason` only what stands there for it: who complained and whose address was dead
    stays on the list as a complainer.
    """
    access.require(actor, "send", school_id)
    changed = tx.execute(
        text("""
            DELETE FROM suppression WHERE school_id = :school AND email = :email
              AND (:any_topic OR topic = :topic) AND (:any_reason OR reason = :reason)
        """),
        {
            "school": school_id,
            "email": addresses.normal(email),
            "any_topic": topic is None,
            "topic": topic or EVERY_TOPIC,
            "any_reason": reason is None,
            "reason": reason or "",
        },
    )
    lifted = reason in (None, erased.REASON) and erased.lift(tx, school_id, addresses.normal(email))
    if changed.rowcount or lifted:
        audit.record(tx, actor, "lift suppression", topic or "all", school_id=school_id, now=now)
    return changed.rowcount > 0 or lifted


def reasons(
    tx: Connection,
    school_id: str,
    topic: str,
    emails: Iterable[str] | None = None,
    *,
    claimed_by: str | None = None,
) -> Mapping[str, str]:
    """The reason by address, for mail of this topic; a hard bounce before all others.

    Of all addresses, of some, or of those that a sender has claimed. Mandatory mail
    is kept back by a hard bounce, or for whoever was erased, alone.
    """
    chosen = None if emails is None else list(emails)
    if chosen == []:
        return {}
    values: dict[str, object] = {"school": school_id, "topic": topic, "service": topic == SERVICE}
    narrowed = ""
    if chosen is not None:
        values |= {f"e{n}": email for n, email in enumerate(chosen)}
        narrowed = f"AND email IN ({', '.join(f':e{n}' for n in range(len(chosen)))})"
    if claimed_by is not None:
        values["owner"] = claimed_by
        narrowed = "AND email IN (SELECT email FROM delivery WHERE owner = :owner)"
    rows = tx.execute(
        text(f"""
            SELECT email, reason FROM suppression
            WHERE school_id = :school {narrowed}
              AND (reason = 'hard bounce'
                   OR (NOT :service AND (topic = '' OR topic = :topic)))
            ORDER BY CASE WHEN reason = 'hard bounce' THEN 1 ELSE 0 END
        """),
        values,
    )
    plain = {row.email: row.reason for row in rows}
    hashed, key = erased.reasons(tx, school_id, topic, mandatory=topic == SERVICE)
    if not hashed:
        return plain
    if chosen is None and claimed_by is None:
        return erased.Known(plain, hashed, key)
    return erased.among(chosen or _claimed(tx, claimed_by), plain, hashed, key)


def _claimed(tx: Connection, owner: str | None) -> list[str]:
    asked = text("SELECT email FROM delivery WHERE owner = :owner")
    return [*tx.execute(asked, {"owner": owner}).scalars()]
