"""Keep every comment pulled, with each wording it ever had, as evidence."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moderation.model import Stored
from platforms.base import Comment
from store import access, schools
from store.access import Actor
from store.db import Connection, new_id, text


@dataclass(frozen=True)
class Merged:
    """What merging a comment found: `changed` is true for a new wording.

    `older`: it is one that nobody had seen, of before the one that is shown.
    """

    id: str
    new: bool
    changed: bool
    older: bool = False


def merge(
    tx: Connection,
    actor: Actor,
    school_id: str,
    connection_id: str,
    comment: Comment,
    *,
    now: datetime,
) -> Merged:
    """Keep the comment, or its new wording; the same one again changes nothing.

    A wording older than the one that is shown is kept as evidence alone.
    """
    access.require(actor, "moderate", school_id)
    schools.require_connections(tx, school_id, [connection_id])
    values = _values(school_id, connection_id, comment, now)
    inserted = tx.execute(text(INSERT), values).first()
    if inserted is not None:
        _keep_version(tx, values)
        return Merged(values["id"], new=True, changed=True)
    updated = tx.execute(text(UPDATE), values).first()
    values["id"] = updated.id if updated else _id_of(tx, connection_id, comment.external_id)
    if updated:
        _keep_version(tx, values)
    older = not updated and comment.revised_at is not None and _keep_older(tx, values)
    return Merged(values["id"], new=False, changed=updated is not None, older=older)


def note_version(
    tx: Connection, actor: Actor, kept: Stored, comment: Comment, *, now: datetime
) -> str:
    """Keep a wording as evidence without showing it; return its sha256."""
    access.require(actor, "moderate", kept.school_id)
    values = _values(kept.school_id, kept.connection_id, comment, now) | {"id": kept.id}
    _keep_version(tx, values)
    return str(values["sha256"])


def known(tx: Connection, actor: Actor, kept: Stored, comment: Comment) -> bool:
    """Whether these words of it are kept: then they were screened when they came."""
    access.require(actor, "see people", kept.school_id)
    row = tx.execute(
        text("""
            SELECT 1 FROM comment_version
            WHERE comment_id = :id AND subject = :subject AND text = :text
        """),
        {"id": kept.id, "subject": storable(comment.subject), "text": storable(comment.text)},
    ).first()
    return row is not None


def sha256(comment: Comment) -> str:
    """The digest that the wording is kept under."""
    subject, html, plain = map(storable, (comment.subject, comment.html, comment.text))
    return digest(subject, html, plain, map(storable, comment.attachments))


def digest(subject: str, html: str, plain: str, attachments: Iterable[str]) -> str:
    """The SHA-256 of all that was said, as it is kept, with the attachments' names."""
    said = json.dumps([subject, html, plain, list(attachments)])
    return hashlib.sha256(said.encode()).hexdigest()


INSERT = """
    INSERT INTO comment (id, school_id, connection_id, external_id, thread_id,
        course_external_id, author_external_id, author_name, place, subject, text, html,
        attachments, sha256, parent_id, has_replies, removed, written_at, revised_at, seen_at)
    VALUES (:id, :school, :connection, :external, :thread, :course, :author, :author_name,
        :place, :subject, :text, :html, :attachments, :sha256, :parent, :replies, FALSE,
        :written, :revised, :now)
    ON CONFLICT (connection_id, external_id) DO NOTHING
    RETURNING id
"""
UPDATE = """
    UPDATE comment SET subject = :subject, text = :text, html = :html,
        attachments = :attachments, sha256 = :sha256, place = :place,
        has_replies = :replies, removed = FALSE, seen_at = :now, author_name = :author_name,
        erased_at = NULL, revised_at = :revised
    WHERE connection_id = :connection AND external_id = :external AND sha256 <> :sha256
        AND (revised_at IS NULL OR CAST(:revised AS DOUBLE PRECISION) IS NULL
             OR revised_at <= :revised)
    RETURNING id
"""


def _values(school: str, connection: str, comment: Comment, now: datetime) -> dict[str, Any]:
    subject, html, plain = map(storable, (comment.subject, comment.html, comment.text))
    attachments = [storable(name) for name in comment.attachments]
    return {
        "id": new_id(),
        "school": school,
        "connection": connection,
        "external": comment.external_id,
        "thread": comment.thread_id,
        "course": comment.course_external_id,
        "author": comment.author_external_id,
        "author_name": storable(comment.author_name),
        "place": storable(comment.place),
        "subject": subject,
        "text": plain,
        "html": html,
        "attachments": json.dumps(attachments),
        "sha256": digest(subject, html, plain, attachments),
        "parent": comment.parent_id,
        "replies": comment.has_replies,
        "written": comment.written_at,
        "revised": comment.revised_at,
        "now": now,
    }


def storable(said: str) -> str:
    """PostgreSQL keeps no NUL and no lone surrogate; both become U+FFFD."""
    return said.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _keep_version(tx: Connection, values: dict[str, Any]) -> bool:
    kept = tx.execute(
        text("""
            INSERT INTO comment_version (comment_id, school_id, sha256, subject, text, html,
                                         attachments, seen_at)
            VALUES (:id, :school, :sha256, :subject, :text, :html, :attachments, :now)
            ON CONFLICT DO NOTHING
        """),
        values,
    )
    return bool(kept.rowcount)


def _keep_older(tx: Connection, values: dict[str, Any]) -> bool:
    """The shown wording seen again moves its time on; another one is older, and evidence.

    Whether it is one that was not kept yet.
    """
    again = tx.execute(
        text("""
            UPDATE comment SET revised_at = :revised
            WHERE id = :id AND sha256 = :sha256
              AND (revised_at IS NULL OR revised_at < :revised)
        """),
        values,
    )
    if again.rowcount:
        return False
    shown = tx.execute(text("SELECT sha256, erased_at FROM comment WHERE id = :id"), values).one()
    if shown.sha256 == values["sha256"] or shown.erased_at is not None:
        return False
    return _keep_version(tx, values)


def _id_of(tx: Connection, connection_id: str, external_id: str) -> str:
    row = tx.execute(
        text("SELECT id FROM comment WHERE connection_id = :connection AND external_id = :id"),
        {"connection": connection_id, "id": external_id},
    ).one()
    return str(row.id)
