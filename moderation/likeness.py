"""Know waiting cases of the same words by a digest, whatever blanks or letters they are in."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from moderation.folds import cells
from store import access
from store.access import Actor
from store.db import Connection, text

AT_ONCE = 500  # cases that are read in one transaction


@dataclass(frozen=True)
class Likeness:
    words: str
    author: str


def of(subject: str, said: str, attachments: Iterable[str], author: tuple[str, str]) -> Likeness:
    """Of all that is said, folded; attachments count by their names. `author`: connection, id."""
    folded = (" ".join(cells(part)[0].split()) for part in (subject, said))
    whole = json.dumps([*folded, *attachments])
    return Likeness(hashlib.sha256(whole.encode()).hexdigest(), "/".join(author))


def of_comment(tx: Connection, comment_id: str) -> Likeness:
    row = tx.execute(
        text("""
            SELECT subject, text, attachments, connection_id, author_external_id FROM comment
            WHERE id = :id
        """),
        {"id": comment_id},
    ).one()
    author = (row.connection_id, row.author_external_id)
    return of(row.subject, row.text, json.loads(row.attachments), author)


def fill(tx: Connection, actor: Actor, school_id: str) -> int:
    """Read what was queued before there were digests; return how many cases that were."""
    access.require(actor, "moderate", school_id)
    rows = tx.execute(
        text("""
            SELECT id, comment_id FROM cases
            WHERE school_id = :school AND words = '' AND state = 'waiting' LIMIT :limit
        """),
        {"school": school_id, "limit": AT_ONCE},
    ).all()
    for row in rows:
        tx.execute(
            text("UPDATE cases SET words = :words WHERE id = :id"),
            {"id": row.id, "words": of_comment(tx, row.comment_id).words},
        )
    return len(rows)
