"""Addresses that were erased and get no mail all the same: each by a keyed hash alone.

The key is the school's own and stands beside them. Whoever has both can try whether an address
is among them, and cannot read which ones are.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from store import access, marks
from store.access import Actor
from store.db import Connection, text

REASON = "erased"


class Known(Mapping[str, str]):
    """Reasons by address; those of erased ones are found once their address is asked for."""

    def __init__(self, plain: Mapping[str, str], erased: Mapping[str, str], key: bytes) -> None:
        self._plain, self._erased, self._key = plain, erased, key

    def __getitem__(self, email: str) -> str:
        return self._plain.get(email) or self._erased[_digest(self._key, email)]

    def __contains__(self, email: object) -> bool:
        return email in self._plain or _digest(self._key, str(email)) in self._erased

    def __iter__(self) -> Iterator[str]:
        return iter(self._plain)

    def __len__(self) -> int:
        return len(self._plain) + len(self._erased)


def add(tx: Connection, school_id: str, email: str, *, now: datetime) -> None:
    """Turn what is known of an address into hashes, with one that keeps all mail back."""
    digest = _digest(_key(tx, school_id), email)
    rows = tx.execute(
        text("SELECT topic, reason FROM suppression WHERE school_id = :school AND email = :email"),
        {"school": school_id, "email": email},
    )
    for topic, reason in {("", REASON), *((row.topic, row.reason) for row in rows)}:
        tx.execute(
            text("""
                INSERT INTO erased_address (school_id, digest, topic, reason, erased_at)
                VALUES (:school, :digest, :topic, :reason, :now) ON CONFLICT DO NOTHING
            """),
            {"school": school_id, "digest": digest, "topic": topic, "reason": reason, "now": now},
        )
    tx.execute(
        text("DELETE FROM suppression WHERE school_id = :school AND email = :email"),
        {"school": school_id, "email": email},
    )


def lift(tx: Connection, school_id: str, email: str) -> bool:
    """Let mail reach it again, but for what else it was left out for; False if it was not there."""
    changed = tx.execute(
        text("""
            DELETE FROM erased_address
            WHERE school_id = :school AND digest = :digest AND reason = :reason
        """),
        {"school": school_id, "digest": _digest(_key(tx, school_id), email), "reason": REASON},
    )
    return changed.rowcount > 0


def reasons(
    tx: Connection, school_id: str, topic: str, *, mandatory: bool
) -> tuple[dict[str, str], bytes]:
    """By hash, for mail of this topic, with the key; what keeps all mail back before the rest."""
    rows = tx.execute(
        text("""
            SELECT digest, reason FROM erased_address
            WHERE school_id = :school AND (reason IN ('hard bounce', 'erased')
                OR (NOT :mandatory AND (topic = '' OR topic = :topic)))
            ORDER BY CASE WHEN reason = 'erased' THEN 1 ELSE 0 END
        """),
        {"school": school_id, "topic": topic, "mandatory": mandatory},
    )
    found = {row.digest: row.reason for row in rows}
    return found, _key(tx, school_id) if found else b""


def among(
    emails: Iterable[str], plain: Mapping[str, str], erased: Mapping[str, str], key: bytes
) -> dict[str, str]:
    """Of some addresses those that are left out, each with its reason."""
    known = Known(plain, erased, key)
    return {email: known[email] for email in emails if email in known}


def is_erased(tx: Connection, school_id: str, email: str) -> bool:
    return bool(erased_among(tx, school_id, [email]))


def erased_among(tx: Connection, school_id: str, emails: Iterable[str]) -> set[str]:
    """Those of the addresses that were erased, whatever else they are left out for."""
    found, key = reasons(tx, school_id, "", mandatory=True)
    return {email for email in emails if found and found.get(_digest(key, email)) == REASON}


def count(tx: Connection, actor: Actor, school_id: str) -> int:
    """How many addresses of the school were erased."""
    access.require(actor, "see people", school_id)
    found = tx.execute(
        text("SELECT COUNT(*) FROM erased_address WHERE school_id = :school AND reason = :reason"),
        {"school": school_id, "reason": REASON},
    ).scalar_one()
    return int(found)


def _key(tx: Connection, school_id: str) -> bytes:
    """The school's; made with its first erased address."""
    asked = text("SELECT key FROM erasing_key WHERE school_id = :school")
    key = tx.execute(asked, {"school": school_id}).scalar()
    if key is None:
        made = text("INSERT INTO erasing_key VALUES (:school, :key) ON CONFLICT DO NOTHING")
        tx.execute(made, {"school": school_id, "key": secrets.token_hex(32)})
        key = tx.execute(asked, {"school": school_id}).scalar_one()
    return bytes.fromhex(str(key))


def _digest(key: bytes, email: str) -> str:
    return marks.mark(key, email.encode()).hex()
