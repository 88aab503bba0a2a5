"""Carry out what was asked of platforms, and tell in the bar how far it came.

An action's receipt is never better than what was read back: until then it is
"not confirmed yet", and the screen's live part tells when that changes.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import streamlit as st

from console.desk import people
from console.i18n import N_, Sayable, _, clock, escape, say
from console.widgets import actionbar, confirm
from console.wiring import Console
from moderation import actions, reversal
from moderation.calls import KINDS
from moderation.model import ActionKind, Receipt
from store import access
from store.access import Actor
from store.db import Connection
from store.schools import School

PATIENCE = 4.0  # seconds that the screen waits; the call goes on behind it
PENDING = "pult-pending"  # session state: ids of actions that are not confirmed yet
UNDO = "acting-undo"  # session state: what takes the whole decision back
CALLS = ThreadPoolExecutor(16, thread_name_prefix="acts")

DONE: dict[ActionKind, str] = {
    "remove comment": N_("Removed from {place}, checked at {time}"),
    "edit comment": N_("Reworded on {place}, checked at {time}"),
    "restore comment": N_("Restored on {place}, checked at {time}"),
    "suspend account": N_("Blocked on {place}, checked at {time}"),
    "lift account": N_("Block lifted on {place}, checked at {time}"),
    "mute account": N_("Muted on {place}, checked at {time}"),
    "unmute account": N_("May write on {place} again, checked at {time}"),
}
WAITING: dict[ActionKind, str] = {
    "remove comment": N_("Removal from {place}: not confirmed yet"),
    "edit comment": N_("Rewording on {place}: not confirmed yet"),
    "restore comment": N_("Restoring on {place}: not confirmed yet"),
    "suspend account": N_("Block on {place}: not confirmed yet"),
    "lift account": N_("Lifting the block on {place}: not confirmed yet"),
    "mute account": N_("Mute on {place}: not confirmed yet"),
    "unmute account": N_("Lifting the mute on {place}: not confirmed yet"),
}
HELD = N_("Waits on {place} for a second person")
REFUSED: dict[ActionKind, str] = {
    "remove comment": N_("Not removed from {place}"),
    "edit comment": N_("Not reworded on {place}"),
    "restore comment": N_("Not restored on {place}"),
    "suspend account": N_("Not blocked on {place}"),
    "lift account": N_("The block on {place} stays"),
    "mute account": N_("Not muted on {place}"),
    "unmute account": N_("The mute on {place} stays"),
}


@contextmanager
def guarded() -> Iterator[None]:
    """Say in the bar what stood in the way, in its own words; anything else goes on up."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, Sayable):
            raise
        actionbar.say(f":material/error: {say(error)}")


def carry_out(
    console: Console,
    actor: Actor,
    school: School,
    action_ids: Sequence[str],
    *,
    undo: Callable[[], None] | None = None,
) -> None:
    """Make the calls, no transaction being open, and tell what came of them.

    `undo` takes more back than these calls: the whole decision that they are of.
    """
    st.session_state[UNDO] = undo
    _tell(console, actor, school, action_ids, _at_once(console, actor, action_ids))


def follow(console: Console, actor: Actor, school: School) -> None:
    """In a live part: once an unconfirmed action is settled, tell it and draw the page anew."""
    pending: tuple[str, ...] = st.session_state.get(PENDING, ())
    if not pending or confirm.is_open():
        return
    with console.db.read() as tx:
        known = [actions.get(tx, actor, action_id) for action_id in pending]
    receipts = [action.receipt for action in known if action]
    if all(receipt.state != "unconfirmed" for receipt in receipts):
        _tell(console, actor, school, pending, receipts)
        st.rerun(scope="app")


def sentence(receipt: Receipt, place: str, school: School) -> str:
    """The receipt in Markdown; `place` is the connection's name."""
    if receipt.state == "verified" and receipt.verified_at:
        time = clock(receipt.verified_at, school.zone, seconds=True)
        words = _(DONE[receipt.kind]).format(place=escape(place), time=time)
        return f":green[●] {words}"
    shape, told = ":gray[○]", WAITING[receipt.kind]
    if receipt.state == "refused":
        shape, told = ":red[▲]", REFUSED[receipt.kind]
    elif receipt.state == "held":
        shape, told = ":orange[◆]", HELD
    words = _(told).format(place=escape(place))
    why = say(receipt.why)
    return f"{shape} {words} · {why}" if why else f"{shape} {words}"


def _at_once(console: Console, actor: Actor, action_ids: Sequence[str]) -> list[Receipt]:
    """Call every platform at the same time; what is not back in time goes on behind it."""
    running = [
        CALLS.submit(
            actions.perform, console.db, actor, action_id, console.adapters, clock=console.now
        )
        for action_id in action_ids
    ]
    wait(running, timeout=PATIENCE)
    return [
        call.result() if call.done() else _so_far(console, actor, action_id)
        for call, action_id in zip(running, action_ids, strict=True)
    ]


def _so_far(console: Console, actor: Actor, action_id: str) -> Receipt:
    with console.db.read() as tx:
        action = actions.get(tx, actor, action_id)
    if action is None:
        raise access.Denied
    return action.receipt


def _tell(
    console: Console,
    actor: Actor,
    school: School,
    action_ids: Sequence[str],
    receipts: Sequence[Receipt],
) -> None:
    with console.db.read() as tx:
        names = people.connection_names(tx, actor, school.id)
        done = [each for each in receipts if _forward(tx, actor, each)]
    words = [sentence(each, names.get(each.connection_id, "?"), school) for each in receipts]
    if any(each.state == "unconfirmed" for each in receipts):
        st.session_state[PENDING] = tuple(action_ids)
    else:
        st.session_state.pop(PENDING, None)
    whole: Callable[[], None] | None = st.session_state.get(UNDO)
    undone = any(each.state != "refused" for each in receipts)
    each_back = (lambda: _undo(console, actor, school, done)) if done else None
    actionbar.say(" · ".join(words), undo=whole if whole and undone else each_back)


def _forward(tx: Connection, actor: Actor, receipt: Receipt) -> bool:
    """Whether there is something to undo: not where it stood like this before all we did."""
    what = KINDS[receipt.kind]
    if receipt.state not in ("verified", "unconfirmed") or not what.forward:
        return False
    action = actions.get(tx, actor, receipt.action_id)
    return action is not None and action.earlier != what.wanted


def _undo(console: Console, actor: Actor, school: School, done: Sequence[Receipt]) -> None:
    with guarded():
        with console.db.begin() as tx:
            back = [
                id_
                for one in done
                for id_ in reversal.take_back(tx, actor, one.action_id, now=console.now())
            ]
        carry_out(console, actor, school, back)
    st.rerun()
