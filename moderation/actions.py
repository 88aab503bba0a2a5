"""Carry actions out: look, call, read back, and a receipt that never says more than was seen.

A platform call cannot be rolled back, so no transaction is open during one: the
intent and what stood before are written first, the outcome after. A lease per
account or comment keeps the worker and a screen from acting at the same time; where
rooms are set whole, actions on one server take turns too.
"""

import logging
from dataclasses import replace
from datetime import timedelta

from moderation import calls, guards, heard_first, receipts, turns
from moderation.calls import KINDS, State
from moderation.intents import request, undo
from moderation.model import Action, Adapters, Clock, ModerationError, Receipt, ReceiptState
from moderation.receipts import Look, Outcome
from moderation.records import get, of, unsettled, unsettled_count
from moderation.refusals import ask_again, take_note
from moderation.seconding import allow, barred, decline, held
from platforms.base import Adapter, Original, PlatformError
from platforms.http import DEADLINE
from store import access, leases, owners
from store.access import Actor
from store.db import Connection, Database, text
from store.leases import Lease
from store.vault import VaultError
from store.words import N_, Words

__all__ = [
    "allow",
    "ask_again",
    "barred",
    "decline",
    "get",
    "held",
    "of",
    "perform",
    "request",
    "take_note",
    "undo",
    "unsettled",
    "unsettled_count",
]

LOG = logging.getLogger("pult.moderation")
MOST_CALLS = 12  # of one action: a suspension on Matrix makes a room for notices first
MARGIN = timedelta(minutes=1)  # for our own database between them
LEASE = timedelta(seconds=MOST_CALLS * DEADLINE) + MARGIN  # longer than one action can take
BUSY = N_("It is being done at this moment. Look again in a few seconds.")
LOOKS = 24  # tries that come to no call; with the delays between them, three hours
VAIN = 6  # calls after which other words stand there all the same
OTHER_WORDS = N_(
    "The platform said yes {n} times and still shows other words. Look at the comment there and "
    "mend it by hand; Pult does not try again."
)
NOTHING_CAME = N_(
    "The platform said yes {n} times and nothing changed. Put the comment back there by hand; Pult "
    "does not try again."
)
NO_EFFECT = N_("The platform said yes, but nothing has changed there. Pult tries again.")
SEALED = N_("The stored secrets cannot be opened: the vault's key is missing or another one.")

BROKEN = N_("Something in Pult failed on the way. It tries again; Pult's log says what it was.")
SECOND = N_("This platform cannot take it back: somebody else has to allow it first.")
ONLY_QUEUED = N_("This platform cannot put a comment back exactly, so the rule only queues it.")
GONE = N_("This comment is removed there already, so its wording stays as it is.")


def perform(
    db: Database, actor: Actor, action_id: str, adapters: Adapters, *, clock: Clock
) -> Receipt:
    """Carry the action out once, as far as it is not done; the receipt says how far it came.

    Safe to repeat: what is settled is not done again. An unconfirmed one is the
    worker's to retry.
    """
    with db.begin() as tx:
        action = get(tx, actor, action_id)
        if action is None:
            raise access.Denied
        access.require(actor, "moderate", action.school_id)
        if not receipts.pending(tx, action_id):
            return action.receipt
        subject = (
            f"moderation {KINDS[action.kind].about} {action.connection_id} {action.external_id}"
        )
        lease = leases.take(tx, subject, owners.mine(), now=clock(), ttl=LEASE)
    if lease is None:
        return replace(action.receipt, why=Words(BUSY))
    try:
        outcome = _carry_out(db, actor, action, adapters, clock)
    except Exception:  # an adapter's own mistake must not keep the others waiting
        LOG.exception("%s on connection %s", action.kind, action.connection_id)
        outcome = Outcome("unconfirmed", None, Words(BROKEN))
    if outcome is None:
        with db.begin() as tx:
            receipts.keep_waiting(tx, actor, action, Words(BUSY))
            leases.give_back(tx, lease)
        return replace(action.receipt, why=Words(BUSY))
    return _settle(db, actor, action, outcome, lease, clock)


def _carry_out(
    db: Database, actor: Actor, action: Action, adapters: Adapters, clock: Clock
) -> Outcome | None:
    """None where others are at it on the same server: nothing was tried."""
    try:
        adapter = adapters(action.connection_id)
    except PlatformError as error:
        return Outcome(_unseen(action, error), None, _words(error))
    except VaultError:
        return Outcome("unconfirmed", None, Words(SEALED))
    if not calls.one_by_one(adapter, action.kind):
        return _try(db, actor, action, adapter, clock)
    turn = turns.take(db, action.connection_id, clock=clock, ttl=LEASE)
    if turn is None:
        return None
    try:
        outcome = _try(db, actor, action, adapter, clock)
    finally:
        kept = turns.give_back(db, turn)
    return outcome if kept else Outcome("unconfirmed", None, Words(BUSY), outcome.original)


def _try(db: Database, actor: Actor, action: Action, adapter: Adapter, clock: Clock) -> Outcome:
    try:
        refused = _forbidden(db, actor, action, adapter)
        if refused is not None:
            return Outcome("refused", None, refused)
        look = _look(db, adapter, action)
        seen_at = clock()
    except PlatformError as error:
        return Outcome(_unseen(action, error), None, _words(error))
    if look.wording is not None and look.state == "visible":
        heard_first.hear(db, actor, action, look.wording, now=clock())
    hindered = _hindered(adapter, action, look)
    stands = look.state == KINDS[action.kind].wanted
    with db.begin() as tx:
        hindered = _cry(tx, actor, action, look) or hindered
        if hindered is not None:
            return hindered
        begun = receipts.begin(tx, actor, action, look, now=clock())
    if stands or begun is None:
        return Outcome("verified" if stands else "unconfirmed", look.state, None, seen_at=seen_at)
    return _call(adapter, begun, clock)


def _hindered(adapter: Adapter, action: Action, look: Look) -> Outcome | None:
    """What must not be done now that it is seen how things stand there."""
    if action.kind == "edit comment" and look.state == "removed":
        return Outcome("refused", look.state, Words(GONE))
    if look.state == KINDS[action.kind].wanted or action.approved_by:
        return None
    if calls.undoable(adapter, action.kind):
        return None
    return Outcome("held", look.state, Words(SECOND))


def _cry(tx: Connection, actor: Actor, action: Action, look: Look) -> Outcome | None:
    """A comment that may be a cry for help stays, where it still stands.

    It is not refused while an earlier call may come through yet: that is left to be seen.
    """
    if KINDS[action.kind].about != "comment" or look.state != "visible":
        return None
    try:
        heard_first.require(tx, actor, action)
    except ModerationError as error:
        called = action.receipt.before is not None and action.tries < VAIN
        state: ReceiptState = "unconfirmed" if called else "refused"
        return Outcome(state, look.state, Words(error.template, error.params))
    return None


def _forbidden(db: Database, actor: Actor, action: Action, adapter: Adapter) -> Words | None:
    if action.hides and KINDS[action.kind].forward and not calls.exact(adapter, action.kind):
        return Words(ONLY_QUEUED)
    if action.kind not in ("suspend account", "mute account"):
        return None
    with db.read() as tx:
        try:
            guards.not_ours(tx, actor, action.school_id, action.connection_id, action.external_id)
        except ModerationError as error:
            return Words(error.template, error.params)
    return calls.forbidden(adapter, action.kind, action.external_id)


def _look(db: Database, adapter: Adapter, action: Action) -> Look:
    state = calls.read(adapter, action)
    if state == KINDS[action.kind].wanted:
        return Look(state)
    if not KINDS[action.kind].forward:
        return Look(state, standing=calls.opened(adapter, action))
    if KINDS[action.kind].about == "account":
        with db.read() as tx:
            before = receipts.laid_over(tx, action)
        return Look(state, standing=calls.stood(adapter, action, before))
    with db.read() as tx:
        thread_id = tx.execute(
            text("""
                SELECT thread_id FROM comment
                WHERE connection_id = :connection AND external_id = :external
            """),
            {"connection": action.connection_id, "external": action.external_id},
        ).scalar_one_or_none()
    if thread_id is None:
        return Look(state)
    return Look(state, calls.as_it_stands(adapter, thread_id, action.external_id))


def _call(adapter: Adapter, action: Action, clock: Clock) -> Outcome:
    """Call, then read back whatever the answer was: only what is seen there counts."""
    original: Original | None = None
    failure: PlatformError | None = None
    try:
        original = calls.act(adapter, action)
    except PlatformError as error:
        failure = error
    try:
        state = calls.read(adapter, action)
    except PlatformError as error:
        settled = _failed(action, failure) if failure else "unconfirmed"
        return Outcome(settled, None, _words(failure or error), original)
    if state == KINDS[action.kind].wanted:
        return Outcome("verified", state, None, original, seen_at=clock())
    if failure is not None:
        return Outcome(_failed(action, failure), state, _words(failure), original)
    vain = _in_vain(action, state)
    return Outcome("refused" if vain else "unconfirmed", state, vain or Words(NO_EFFECT), original)


def _in_vain(action: Action, state: State) -> Words | None:
    """Why a call that the platform says yes to is not made again; None while it is.

    A platform that cleans what it is given never shows just these words, and each new
    try marks the comment as changed.
    """
    words = (action.kind, state) in {("restore comment", "edited"), ("edit comment", "visible")}
    if words and action.tries >= VAIN:
        return Words(OTHER_WORDS, {"n": action.tries})
    if action.kind == "restore comment" and action.tries >= LOOKS:
        return Words(NOTHING_CAME, {"n": action.tries})
    return None


def _failed(action: Action, error: PlatformError) -> ReceiptState:
    """A refusal settles the first call only: an earlier one may have come through in part.

    What puts back is owed to somebody: it stays open unless there is no way back at all.
    """
    if not KINDS[action.kind].forward:
        return "refused" if error.code in calls.HOPELESS else "unconfirmed"
    called = action.receipt.before is not None
    uncertain = called or error.unsure or error.code == "unreadable"
    return "unconfirmed" if uncertain or not error.permanent else "refused"


def _unseen(action: Action, error: PlatformError) -> ReceiptState:
    """A no to a mere look is no answer to what was asked: it is looked again for some hours."""
    hopeless = error.code in calls.HOPELESS | {"gone"}
    return _failed(action, error) if hopeless or action.tries >= LOOKS else "unconfirmed"


def _settle(
    db: Database, actor: Actor, action: Action, outcome: Outcome, lease: Lease, clock: Clock
) -> Receipt:
    """Write what was seen, unless the lease ran out and another one is at it now."""
    with db.begin() as tx:
        now = clock()
        if leases.take(tx, lease.name, lease.owner, now=now, ttl=LEASE) is not None:
            receipts.write(tx, actor, action, outcome, now=now)
            leases.give_back(tx, lease)
        settled = get(tx, actor, action.id)
    return settled.receipt if settled else action.receipt


def _words(error: PlatformError) -> Words:
    return Words(error.template, error.params)
