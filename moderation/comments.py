"""The comments that are kept: one by one, by their ids on a platform, and in their discussion."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from moderation.model import Stored
from store import access
from store.access import Actor
from store.db import Connection, instant, text

SELECT = """
    SELECT comment.*, course.id AS course_id, author.id AS author_account_id
    FROM comment
    LEFT JOIN course ON course.connection_id = comment.connection_id
        AND course.external_id = comment.course_external_id
    LEFT JOIN platform_account AS author ON author.connection_id = comment.connection_id
        AND author.external_id = comment.author_external_id
"""


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


def as_worded(tx: Connection, actor: Actor, comment: Stored, sha256: str) -> Stored:
    """The comment in another of its kept wordings; as it stands where that one is erased."""
    access.require(actor, "see people", comment.school_id)
    row = tx.execute(
        text("""
            SELECT subject, text, html, attachments FROM comment_version
            WHERE comment_id = :id AND sha256 = :sha256
        """),
        {"id": comment.id, "sha256": sha256},
    ).first()
    if row is None:
        return comment
    attachments = tuple(json.loads(row.attachments))
    return replace(
        comment, subject=row.subject, text=row.text, html=row.html, attachments=attachments,
        sha256=sha256,
    )  # fmt: skip


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
