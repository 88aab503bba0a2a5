"""Of actions that wait: about whom and what they are, and who asked, for whoever decides."""

from collections.abc import Iterable
from dataclasses import dataclass

from moderation.model import Action
from store import access
from store.access import Actor
from store.db import Connection, text


@dataclass(frozen=True)
class About:
    """`who` wrote the comment or has the account; `said` is empty for an account, or erased."""

    who: str
    person_id: str | None
    said: str
    asker: str


def about(
    tx: Connection, actor: Actor, school_id: str, actions: Iterable[Action]
) -> dict[str, About]:
    """By the actions' ids. What nobody knows is empty."""
    access.require(actor, "see people", school_id)
    return {
        action.id: _comment(tx, school_id, action)
        if action.kind.endswith(" comment")
        else _account(tx, school_id, action)
        for action in actions
    }


def _comment(tx: Connection, school_id: str, action: Action) -> About:
    row = tx.execute(
        text("""
            SELECT comment.author_name, comment.subject, comment.text, account.person_id
            FROM comment LEFT JOIN platform_account AS account
                ON account.connection_id = comment.connection_id
                AND account.external_id = comment.author_external_id
            WHERE comment.school_id = :school AND comment.connection_id = :connection
              AND comment.external_id = :external
        """),
        _place(school_id, action),
    ).first()
    asker = _asker(tx, action)
    if row is None:
        return About("", None, "", asker)
    said = "\n".join(part for part in (row.subject, row.text) if part)
    return About(row.author_name, row.person_id, said, asker)


def _account(tx: Connection, school_id: str, action: Action) -> About:
    row = tx.execute(
        text("""
            SELECT name, username, person_id FROM platform_account
            WHERE school_id = :school AND connection_id = :connection AND external_id = :external
        """),
        _place(school_id, action),
    ).first()
    asker = _asker(tx, action)
    if row is None:
        return About(action.external_id, None, "", asker)
    return About(row.name or row.username, row.person_id, "", asker)


def _place(school_id: str, action: Action) -> dict[str, str]:
    return {
        "school": school_id,
        "connection": action.connection_id,
        "external": action.external_id,
    }


def _asker(tx: Connection, action: Action) -> str:
    row = tx.execute(
        text("SELECT name FROM account WHERE id = :id"), {"id": action.requested_by}
    ).first()
    return str(row.name) if row else ""
