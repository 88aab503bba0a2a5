"""Nobody judges what concerns them: not their own comment, and no measure against themselves."""

from collections.abc import Sequence

from moderation import comments, staff
from moderation.calls import KINDS
from moderation.model import Action, Measure, ModerationError, Stored
from moderation.staff import Member
from store import access
from store.access import Actor
from store.db import Connection, text
from store.words import N_

ABOUT_YOU = N_("This is about you. Somebody else decides it: {who}.")
ABOUT_YOU_ALONE = N_(
    "This is about you, and nobody else moderates here yet. An admin can give somebody an account."
)
HAND = N_("You had a hand in this measure. Somebody else decides the appeal: {who}.")
HAND_ALONE = N_(
    "You had a hand in this measure. Somebody else decides the appeal, and nobody else moderates "
    "here yet: an admin can give somebody an account."
)
# The measure and those whose place it took, back to the first.
CHAIN = """
    WITH RECURSIVE chain (id) AS (
        SELECT CAST(:id AS TEXT) UNION
        SELECT measure.id FROM measure JOIN chain ON measure.replaced_by = chain.id)
"""
HANDS = f"""
    {CHAIN}
    SELECT imposed_by AS hand FROM measure WHERE id IN (SELECT id FROM chain)
    UNION
    SELECT approved_by FROM moderation_action
    WHERE approved_by IS NOT NULL AND measure_id IN (SELECT id FROM chain)
    UNION
    SELECT decided_by FROM decision
    WHERE decision IN ('remove', 'edit') AND case_id IN (
        SELECT case_id FROM measure WHERE id IN (SELECT id FROM chain))
    UNION
    SELECT approved_by FROM moderation_action
    WHERE approved_by IS NOT NULL AND kind IN ('remove comment', 'edit comment') AND case_id IN (
        SELECT case_id FROM measure WHERE id IN (SELECT id FROM chain))
"""


def of_comment(tx: Connection, actor: Actor, comment: Stored) -> ModerationError | None:
    """Why this actor does not judge the comment: they wrote it."""
    place = (comment.connection_id, comment.author_external_id)
    return _about(
        tx, actor, comment.school_id, staff.of_place(tx, actor, comment.school_id, *place)
    )


def of_measure(tx: Connection, actor: Actor, measure: Measure) -> ModerationError | None:
    """Why this actor neither lifts nor shortens it, nor answers for it: it is against them."""
    found = staff.of_measure(tx, actor, measure.school_id, measure.id)
    return _about(tx, actor, measure.school_id, found)


def of_appeal(tx: Connection, actor: Actor, measure: Measure) -> ModerationError | None:
    """Why this actor does not decide an appeal against it: theirs, or they had a hand in it.

    Who imposed it, or what it took the place of; who decided the comment that it is about; and
    who allowed either as a second person.
    """
    about = of_measure(tx, actor, measure)
    if about is not None:
        return about
    hands = {row.hand for row in tx.execute(text(HANDS), {"id": measure.id})}
    if actor.account_id not in hands:
        return None
    concerned = staff.of_measure(tx, actor, measure.school_id, measure.id)
    barred = frozenset(hands | {each.account_id for each in concerned})
    return _instead(tx, actor, measure.school_id, barred, HAND, HAND_ALONE)


def of_action(tx: Connection, actor: Actor, action: Action) -> ModerationError | None:
    """Why this actor neither allows nor takes back what is done there: to them or their words."""
    kind = KINDS[action.kind].about
    return of_place(tx, actor, kind, action.school_id, action.connection_id, action.external_id)


def of_place(
    tx: Connection, actor: Actor, about: str, school_id: str, connection_id: str, external_id: str
) -> ModerationError | None:
    """As `of_action`; `about`: whether it is a comment or an account that is named."""
    access.require(actor, "moderate", school_id)
    if about == "account":
        found = staff.of_place(tx, actor, school_id, connection_id, external_id)
        return _about(tx, actor, school_id, found)
    known = comments.known(tx, actor, connection_id, [external_id]).get(external_id)
    return of_comment(tx, actor, known) if known else None


def require(refusal: ModerationError | None) -> None:
    """Raise what `of_comment` and the others found."""
    if refusal is not None:
        raise refusal


def _about(
    tx: Connection, actor: Actor, school_id: str, concerned: Sequence[Member]
) -> ModerationError | None:
    barred = frozenset(each.account_id for each in concerned)
    if actor.account_id not in barred:
        return None
    return _instead(tx, actor, school_id, barred, ABOUT_YOU, ABOUT_YOU_ALONE)


def _instead(
    tx: Connection, actor: Actor, school_id: str, barred: frozenset[str], some: str, alone: str
) -> ModerationError:
    who = staff.others(tx, actor, school_id, barred)
    return ModerationError(some, who=", ".join(who)) if who else ModerationError(alone)
