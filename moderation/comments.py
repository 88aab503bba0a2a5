"""Keep every comment pulled, with each wording it ever had, as evidence."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from moderation.model import Stored
from platforms.base import Comment
from store import access, schools
from store.access import Actor
from store.db import Connection, instant, new_id, text

SELECT = """
    SELECT comment.*, course.id AS course_id, author.id AS author_account_id
    FROM comment
    LEFT JOIN course ON course.connection_id = comment.connection_id
        AND course.external_id = comment.course_external_id
    LEFT JOIN platform_account AS author ON author.connection_id = comment.connection_id
        AND author.external_id = comment.author_external_id
"""


@dataclass(frozen=True)
class Merged:
    """What merging a comment found: `changed` is true for a new wording."""

    id: str
    new: bool
    changed: bool


def get(tx: Connection, actor: Actor, comment_id: str) -> Stored | None:
    row = tx.execute(text(f"{SELECT} WHERE comment.id = :id"), {"id": comment_id}).first()
    if row is None:
        return None
    access.require(actor, "see people", row.school_id)
    return _stored(row)


def known(
    tx: Connection, actor: Actor, connection_id: str, external_ids: Iterable[str]
) -> dict[str, Stored]:
    """The comments that are kept already, by external id."""
    chosen = list(external_ids)
    if not chosen:
        return {}
    found = _several(
        tx,
        "comment.external_id",
        chosen,
        "comment.connection_id = :connection",
        {"connection": connection_id},
    )
    _require(actor, found)
    return {comment.external_id: comment for comment in found}


def by_ids(tx: Connection, actor: Actor, ids: Iterable[str]) -> dict[str, Stored]:
    chosen = list(ids)
    found = _several(tx, "comment.id", chosen, "1 = 1", {}) if chosen else []
    _require(actor, found)
    return {comment.id: comment for comment in found}


def thread(tx: Connection, actor: Actor, comment: Stored, *, limit: int = 100) -> list[Stored]:
    """The discussion around the comment as kept, oldest first; with what it answers."""
    access.require(actor, "see people", comment.school_id)
    rows = tx.execute(
        text(f"""
            {SELECT}
            WHERE comment.id IN ({AROUND}) ORDER BY comment.written_at, comment.id
        """),
        {
            "connection": comment.connection_id,
            "thread": comment.thread_id,
            "id": comment.id,
            "at": comment.written_at,
            "parent": comment.parent_id,
            "before": limit // 2,
            "after": limit - limit // 2 - 1,
        },
    )
    found = [_stored(row) for row in rows]
    _require(actor, found)
    return found


AROUND = """
    SELECT id FROM (
        SELECT id FROM comment
        WHERE connection_id = :connection AND thread_id = :thread
          AND (written_at < :at OR (written_at = :at AND id < :id))
        ORDER BY written_at DESC, id DESC LIMIT :before) AS earlier
    UNION SELECT id FROM (
        SELECT id FROM comment
        WHERE connection_id = :connection AND thread_id = :thread
          AND (written_at > :at OR (written_at = :at AND id > :id))
        ORDER BY written_at, id LIMIT :after) AS later
    UNION SELECT id FROM comment
    WHERE id = :id OR (connection_id = :connection AND external_id = :parent)
"""


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
    elif comment.revised_at:
        _keep_older(tx, values)
    return Merged(values["id"], new=False, changed=updated is not None)


def note_version(
    tx: Connection, actor: Actor, kept: Stored, comment: Comment, *, now: datetime
) -> None:
    """Keep a wording as evidence without showing it: the blank left by a removal."""
    access.require(actor, "moderate", kept.school_id)
    values = _values(kept.school_id, kept.connection_id, comment, now) | {"id": kept.id}
    _keep_version(tx, values)


def wordings(tx: Connection, actor: Actor, comment_id: str) -> set[str]:
    """The sha256 of every wording that was seen of the comment."""
    if get(tx, actor, comment_id) is None:
        return set()
    rows = tx.execute(
        text("SELECT sha256 FROM comment_version WHERE comment_id = :id"), {"id": comment_id}
    )
    return {row.sha256 for row in rows}


def note_removed(
    tx: Connection, actor: Actor, connection_id: str, external_id: str, removed: bool
) -> None:
    """Keep what a read-back from the platform said; a comment never pulled is passed over."""
    row = tx.execute(
        text("""
            SELECT school_id FROM comment
            WHERE connection_id = :connection AND external_id = :external
        """),
        {"connection": connection_id, "external": external_id},
    ).first()
    if row is None:
        return
    access.require(actor, "moderate", row.school_id)
    tx.execute(
        text("""
            UPDATE comment SET removed = :removed
            WHERE connection_id = :connection AND external_id = :external
        """),
        {"removed": removed, "connection": connection_id, "external": external_id},
    )


def digest(comment: Comment) -> str:
    """The SHA-256 of all that was said: subject, HTML and attachments' names."""
    said = json.dumps([comment.subject, comment.html, comment.text, list(comment.attachments)])
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
    return {
        "id": new_id(),
        "school": school,
        "connection": connection,
        "external": comment.external_id,
        "thread": comment.thread_id,
        "course": comment.course_external_id,
        "author": comment.author_external_id,
        "author_name": _storable(comment.author_name),
        "place": _storable(comment.place),
        "subject": _storable(comment.subject),
        "text": _storable(comment.text),
        "html": _storable(comment.html),
        "attachments": json.dumps([_storable(name) for name in comment.attachments]),
        "sha256": digest(comment),
        "parent": comment.parent_id,
        "replies": comment.has_replies,
        "written": comment.written_at,
        "revised": comment.revised_at,
        "now": now,
    }


def _storable(said: str) -> str:
    """PostgreSQL keeps no NUL and no lone surrogate; both become U+FFFD."""
    return said.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _keep_version(tx: Connection, values: dict[str, Any]) -> None:
    tx.execute(
        text("""
            INSERT INTO comment_version (comment_id, school_id, sha256, subject, text, html,
                                         attachments, seen_at)
            VALUES (:id, :school, :sha256, :subject, :text, :html, :attachments, :now)
            ON CONFLICT DO NOTHING
        """),
        values,
    )


def _keep_older(tx: Connection, values: dict[str, Any]) -> None:
    """The shown wording seen again moves its time on; another one is older, and evidence."""
    again = tx.execute(
        text("""
            UPDATE comment SET revised_at = :revised
            WHERE id = :id AND sha256 = :sha256
              AND (revised_at IS NULL OR revised_at < :revised)
        """),
        values,
    )
    if again.rowcount:
        return
    shown = tx.execute(text("SELECT sha256, erased_at FROM comment WHERE id = :id"), values).one()
    if shown.sha256 != values["sha256"] and shown.erased_at is None:
        _keep_version(tx, values)


def _id_of(tx: Connection, connection_id: str, external_id: str) -> str:
    row = tx.execute(
        text("SELECT id FROM comment WHERE connection_id = :connection AND external_id = :id"),
        {"connection": connection_id, "id": external_id},
    ).one()
    return str(row.id)


def _several(
    tx: Connection, column: str, chosen: list[str], where: str, values: dict[str, Any]
) -> list[Stored]:
    names = {f"id{number}": id_ for number, id_ in enumerate(chosen)}
    places = ", ".join(f":{name}" for name in names)
    rows = tx.execute(text(f"{SELECT} WHERE {column} IN ({places}) AND {where}"), values | names)
    return [_stored(row) for row in rows]


def _require(actor: Actor, found: list[Stored]) -> None:
    for school_id in {comment.school_id for comment in found}:
        access.require(actor, "see people", school_id)


def _stored(row: Row[Any]) -> Stored:
    values = row._mapping
    return Stored(
        id=values["id"],
        school_id=values["school_id"],
        connection_id=values["connection_id"],
        external_id=values["external_id"],
        thread_id=values["thread_id"],
        course_id=values["course_id"],
        author_account_id=values["author_account_id"],
        author_external_id=values["author_external_id"],
        author_name=values["author_name"],
        place=values["place"],
        subject=values["subject"],
        text=values["text"],
        html=values["html"],
        written_at=instant(values["written_at"]),
        parent_id=values["parent_id"],
        has_replies=bool(values["has_replies"]),
        removed=bool(values["removed"]),
        attachments=tuple(json.loads(values["attachments"])),
        sha256=values["sha256"],
    )
