"""What becomes of a new wording: a welfare alarm, a case in the queue, both, or nothing."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from moderation import cases, comments, deciding, hiding, repeats, signals, welfare
from moderation.filters import Rules, of_subject, screen
from moderation.model import Flag, ModerationError, Stored
from moderation.wordings import sha256, storable
from platforms.base import Comment
from store import access
from store.access import Actor
from store.db import Connection, text

Screened = tuple[list[Flag], list[Flag]]  # of the text, of the whole subject
BACK = Flag("returned", "", 0, 0, "returned")


def judge(
    tx: Connection,
    actor: Actor,
    watched: Rules,
    comment: Stored,
    *,
    screened: Screened | None = None,
    returned: bool = False,
    now: datetime,
) -> str | None:
    """Screen the comment and act on what was found; return the case's id, if it has one.

    `screened` is what `moderation.filters.screen` found in its text and in its subject
    before the transaction. One that `returned` after its removal waits whatever it says.
    Words of self-harm alone make no case: whoever cries for help is not to be moderated.
    Beside other words they stand in the case, which is due the sooner for them.
    What the author said before, and a moderator approved once and for all, is
    approved again, and the decision is kept. What a rule hides waits in the queue as well.
    """
    access.require(actor, "moderate", comment.school_id)
    flags = flags_of(tx, watched, comment, screened)
    flags += [BACK] if returned else []
    welfare.raised(tx, actor, comment, flags, now=now)
    ordinary = any(flag.welfare != "self-harm" for flag in flags)
    case_id = cases.flagged(tx, actor, comment.id, flags if ordinary else [], now=now)
    grave = any(flag.welfare for flag in flags)
    if case_id and not grave and repeats.muted(tx, comment) and not _reported(tx, case_id):
        # A moderator is reading it: let them; the savepoint takes back what was half done.
        with suppress(ModerationError), tx.begin_nested():
            deciding.decide(tx, actor, case_id, "approve", reason=repeats.REASON, now=now)
    elif case_id:
        hiding.hide(tx, actor, case_id, comment, flags, now=now)
    return case_id


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
    """A wording that came after a later one: its author took it back, but was in need.

    It raises alarms like any other, and makes no case: nobody reads it any more.
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


def _reported(tx: Connection, case_id: str) -> bool:
    row = tx.execute(text("SELECT reports FROM cases WHERE id = :id"), {"id": case_id}).one()
    return bool(row.reports)
