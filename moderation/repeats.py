"""Approve once and for all what one author says again in the same words."""

import hashlib
import unicodedata
from datetime import datetime

from moderation.model import Stored
from store import access, audit
from store.access import Actor
from store.db import Connection, text

REASON = "approved before"  # of a decision that nobody was asked for


def mute(tx: Connection, actor: Actor, case_id: str, comment: Stored, *, now: datetime) -> None:
    """From now on the same author's same words are approved without asking."""
    access.require(actor, "moderate", comment.school_id)
    tx.execute(
        text("""
            INSERT INTO approved_repeat (connection_id, author_external_id, digest, school_id,
                                         case_id, approved_by, approved_at)
            VALUES (:connection, :author, :digest, :school, :case, :account, :now)
            ON CONFLICT DO NOTHING
        """),
        _key(comment)
        | {
            "school": comment.school_id,
            "case": case_id,
            "account": actor.account_id,
            "now": now,
        },
    )
    audit.record(tx, actor, "mute repeats", case_id, school_id=comment.school_id, now=now)


def ask_again(tx: Connection, actor: Actor, comment: Stored) -> bool:
    """Take it back: whoever decides otherwise asks anew. True if it was muted."""
    access.require(actor, "moderate", comment.school_id)
    gone = tx.execute(
        text(f"DELETE FROM approved_repeat WHERE {SAME}"),
        _key(comment),
    )
    return gone.rowcount > 0


def muted(tx: Connection, comment: Stored) -> bool:
    """Whether the author's words were approved once and for all."""
    found = tx.execute(text(f"SELECT 1 FROM approved_repeat WHERE {SAME}"), _key(comment)).first()
    return found is not None


SAME = "connection_id = :connection AND author_external_id = :author AND digest = :digest"


def _key(comment: Stored) -> dict[str, object]:
    return {
        "connection": comment.connection_id,
        "author": comment.author_external_id,
        "digest": digest(comment),
    }


def digest(comment: Stored) -> str:
    """The same for a text whose case, width or blanks differ; attachments count."""
    said = unicodedata.normalize("NFKC", f"{comment.subject}\n{comment.text}").casefold()
    whole = "\0".join([" ".join(said.split()), *comment.attachments])
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()
