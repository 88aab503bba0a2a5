"""One-click unsubscription by signed links (RFC 8058): a look changes nothing, twice is once.

A link carries what it needs, so that it works after any restore.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailing import suppression
from store import access, audit, links
from store.db import Connection, text

PURPOSE = "unsubscribe"


@dataclass(frozen=True)
class Subscription:
    school_name: str
    email: str
    topic: str
    active: bool  # still gets mail of this topic
    language: str
    people: int  # of the school who have the address


def token(key: bytes, school_id: str, email: str, topic: str) -> str:
    """What stands after /u/ in the link to this person."""
    return links.sign(key, PURPOSE, school_id, email, topic)


def show(tx: Connection, key: bytes, token: str) -> Subscription | None:
    """What the link is about; None if we never made it, or the school is gone."""
    opened = links.opened(key, PURPOSE, token)
    if opened is None:
        return None
    school_id, email, topic = opened
    row = tx.execute(
        text("""
            SELECT school.name, COUNT(person.id) AS people,
                   COALESCE(MIN(NULLIF(person.language, '')), school.language) AS language
            FROM school LEFT JOIN person
              ON person.school_id = school.id AND person.email = :email
            WHERE school.id = :school
            GROUP BY school.name, school.language
        """),
        {"school": school_id, "email": email},
    ).first()
    if row is None:
        return None
    active = email not in suppression.reasons(tx, school_id, topic, [email])
    return Subscription(row.name, email, topic, active, row.language, row.people)


def act(
    tx: Connection,
    key: bytes,
    token: str,
    *,
    every_topic: bool = False,
    by: Literal["link", "mail"] = "link",
    now: datetime,
) -> Subscription | None:
    """Unsubscribe from the topic, or from all that is not mandatory; None as in `show`."""
    opened = links.opened(key, PURPOSE, token)
    if opened is None or show(tx, key, token) is None:
        return None
    school_id, email, topic = opened
    added = suppression.keep(
        tx,
        school_id,
        email,
        topic=suppression.EVERY_TOPIC if every_topic else topic,
        reason=suppression.UNSUBSCRIBED,
        detail=by,
        now=now,
    )
    if added:
        participant = access.system(school_id)
        audit.record(tx, participant, f"unsubscribe by {by}", topic, school_id=school_id, now=now)
    return show(tx, key, token)
