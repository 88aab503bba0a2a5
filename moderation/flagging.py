"""What the rules find in a wording; and the alarms that it raises where nobody reads it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from moderation import comments, signals, welfare
from moderation.filters import Rules, of_subject, screen
from moderation.model import Flag, Stored
from moderation.wordings import sha256, storable
from platforms.base import Comment
from store import access
from store.access import Actor
from store.db import Connection, text

Screened = tuple[list[Flag], list[Flag]]  # of the text, of the whole subject


def heard(
    tx: Connection,
    actor: Actor,
    watched: Rules,
    comment_id: str,
    wording: Comment,
    screened_by: Mapping[str, Screened],
    *,
    now: datetime,
) -> None:
    """Raise the alarms of a wording that is not shown, and make no case: its author was in need.

    One that came after a later one, taken back; or that stood right before the comment went.
    `screened_by` holds what was found, by sha256.
    """
    stands = comments.get(tx, actor, comment_id)
    if stands is None:
        return
    access.require(actor, "moderate", stands.school_id)
    said = replace(
        stands,
        subject=storable(wording.subject),
        text=storable(wording.text),
        html=storable(wording.html),
        sha256=sha256(wording),
    )
    flags = flags_of(tx, watched, said, screened_by.get(said.sha256))
    welfare.raised(tx, actor, said, flags, now=now)


def screened(watched: Rules, comment: Stored | Comment) -> Screened:
    """What the rules find in its text and in its subject; long texts take seconds."""
    return screen(watched, storable(comment.text)), screen(watched, storable(comment.subject))


def flags_of(
    tx: Connection, watched: Rules, comment: Stored, found: Screened | None = None
) -> list[Flag]:
    """All that the rules find in the comment as it stands."""
    answered = tx.execute(
        text("""
            SELECT comment_version.subject FROM comment_version
            JOIN comment ON comment.id = comment_version.comment_id
            WHERE comment.connection_id = :connection AND comment.external_id = :parent
        """),
        {"connection": comment.connection_id, "parent": comment.parent_id},
    ).scalars()
    before = [subject.strip() for subject in answered]
    in_text, in_subject = found or screened(watched, comment)
    said = in_text + of_subject(in_subject, comment.subject, before)
    return said + signals.of(tx, watched.watch, comment)
