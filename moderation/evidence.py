"""What a decision rests on: a wording of a comment, named in the audit by its id and its hash.

The name is sealed with the entry (store.chain), so that nobody changes evidence unseen who
can change rows. What was erased by retention, or on request, has an entry that says so.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from moderation import wordings
from store import access, audit
from store.access import Actor
from store.db import Connection, text

ERASED = "erase evidence"  # the audit's word; its subject is the comment
AT_ONCE = 500


@dataclass(frozen=True)
class Examined:
    """How many wordings stand as they were named, how many were erased, and which do neither."""

    kept: int
    erased: int
    changed: tuple[str, ...] = ()  # ids of comments


def name(comment_id: str, sha256: str) -> str:
    return f"{comment_id} {sha256}"


def of(
    tx: Connection,
    about: Literal["comment", "account"],
    connection_id: str,
    external_id: str,
    case_id: str | None,
) -> str | None:
    """What an action about this comment rests on, or one about an account after a case."""
    if about == "comment":
        return of_comment(tx, connection_id, external_id)
    return of_case(tx, case_id)


def of_comment(tx: Connection, connection_id: str, external_id: str) -> str | None:
    """The wording that is shown of it now; None for a comment that was never kept."""
    row = tx.execute(
        text("""
            SELECT id, sha256 FROM comment
            WHERE connection_id = :connection AND external_id = :external
        """),
        {"connection": connection_id, "external": external_id},
    ).first()
    return name(row.id, row.sha256) if row else None


def of_case(tx: Connection, case_id: str | None) -> str | None:
    """The wording that the case is about, as it is shown now."""
    row = tx.execute(
        text("""
            SELECT comment.id, comment.sha256 FROM cases
            JOIN comment ON comment.id = cases.comment_id WHERE cases.id = :case
        """),
        {"case": case_id or ""},
    ).first()
    return name(row.id, row.sha256) if row else None


def note_erased(
    tx: Connection, actor: Actor, school_id: str, comment_ids: Iterable[str], *, now: datetime
) -> None:
    """Before its texts go: note it of each comment that something rests on."""
    access.require(actor, "administer", school_id)
    for comment_id in comment_ids:
        rests = tx.execute(
            text("SELECT 1 FROM audit WHERE evidence > :first AND evidence < :last LIMIT 1"),
            {"first": f"{comment_id} ", "last": f"{comment_id}!"},  # "!" follows the blank
        ).first()
        if rests is not None:
            audit.record(tx, actor, ERASED, comment_id, school_id=school_id, now=now)


def examine(tx: Connection) -> Examined:
    """Compare all that the audit names with what is kept."""
    kept = erased = 0
    changed: list[str] = []
    for named in _named(tx):
        standing, gone = _standing(tx, named), _erased(tx, named)
        for comment_id, sha256 in named:
            state = standing.get((comment_id, sha256))
            kept += state == "kept"
            erased += state != "kept" and comment_id in gone
            if state != "kept" and comment_id not in gone:
                changed.append(comment_id)
    return Examined(kept, erased, tuple(dict.fromkeys(changed)))


Named = Sequence[tuple[str, str]]  # comment id, sha256


def _named(tx: Connection) -> Iterator[Named]:
    last = ""
    while rows := tx.execute(
        text("""
            SELECT DISTINCT evidence FROM audit WHERE evidence > :last
            ORDER BY evidence LIMIT :most
        """),
        {"last": last, "most": AT_ONCE},
    ).all():
        yield [(row.evidence.partition(" ")[0], row.evidence.partition(" ")[2]) for row in rows]
        last = rows[-1].evidence


def _standing(tx: Connection, named: Named) -> dict[tuple[str, str], str]:
    """Of each wording that is there: whether it still is what its hash says."""
    ids = _ids(named)
    rows = tx.execute(
        text(f"SELECT * FROM comment_version WHERE comment_id IN ({_places(ids)})"), ids
    )
    return {
        (row.comment_id, row.sha256): "kept"
        if wordings.digest(row.subject, row.html, row.text, json.loads(row.attachments))
        == row.sha256
        else "other"
        for row in rows
    }


def _erased(tx: Connection, named: Named) -> set[str]:
    ids = _ids(named)
    rows = tx.execute(
        text(f"SELECT subject FROM audit WHERE action = :erased AND subject IN ({_places(ids)})"),
        ids | {"erased": ERASED},
    )
    return {row.subject for row in rows}


def _ids(named: Named) -> dict[str, str]:
    unique = dict.fromkeys(comment_id for comment_id, _sha256 in named)
    return {f"id{number}": comment_id for number, comment_id in enumerate(unique)}


def _places(ids: Iterable[str]) -> str:
    return ", ".join(f":{name}" for name in ids)
