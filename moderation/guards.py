"""What must never be asked for, whoever asks."""

from datetime import datetime

from moderation import staff
from moderation.model import ModerationError
from store import access
from store.access import Actor
from store.db import Connection, text
from store.words import N_

OWN = N_("This is your own account there. Ask somebody else to do it.")
ADMINISTERS = N_(
    "This account administers the platform, or is the platform's own: nobody blocks it from here."
)


def end(until: datetime | None, now: datetime) -> None:
    if until is not None and until <= now:
        raise ModerationError(N_("The end of a suspension must lie ahead."))


def not_ours(
    tx: Connection, actor: Actor, school_id: str, connection_id: str, external_id: str
) -> None:
    """Refuse to suspend the actor's own account, or that of an administrator of Pult.

    They are known by the e-mail address that the roster and the console share, or because
    they said so; what an administrator says alone is no one else's refusal.
    """
    access.require(actor, "moderate", school_id)
    behind = staff.of_place(tx, actor, school_id, connection_id, external_id)
    if any(member.account_id == actor.account_id for member in behind):
        raise ModerationError(OWN)
    if any(member.admin and member.sure for member in behind):
        raise ModerationError(N_("This account belongs to an administrator. Talk to them first."))


def not_an_administrators(
    tx: Connection, actor: Actor, school_id: str, connection_id: str, external_id: str
) -> None:
    """Refuse what the platform itself says administers it, whatever address it has, or none."""
    access.require(actor, "moderate", school_id)
    row = tx.execute(
        text("""
            SELECT administers FROM platform_account
            WHERE connection_id = :connection AND external_id = :external AND school_id = :school
        """),
        {"connection": connection_id, "external": external_id, "school": school_id},
    ).first()
    if row is not None and row.administers:
        raise ModerationError(ADMINISTERS)


def kept(
    tx: Connection, actor: Actor, school_id: str, connection_id: str, external_id: str
) -> None:
    """Refuse to put back a comment whose texts were erased: a blank would stand there."""
    access.require(actor, "moderate", school_id)
    erased = tx.execute(
        text("""
            SELECT 1 FROM comment
            WHERE connection_id = :connection AND external_id = :external
              AND school_id = :school AND erased_at IS NOT NULL
        """),
        {"connection": connection_id, "external": external_id, "school": school_id},
    ).first()
    if erased is not None:
        raise ModerationError(N_("Its text was erased from here, so it cannot be put back."))
