"""What a button will do on the comment's own platform, said before it is pressed."""

from dataclasses import dataclass

from console.i18n import N_, _, escape
from console.wiring import Console
from moderation.calls import KINDS, undoable
from moderation.model import ActionKind, Stored
from platforms.base import Adapter, PlatformError
from platforms.capabilities import Moderated
from store.vault import VaultError

CANNOT = N_("{place} cannot do this from here. Do it there by hand.")
HOW = N_("On {place}: {how}.")
REWORDED = N_("your wording takes the place of theirs")
BACK = N_("Undo puts it back exactly.")
SECOND = N_("{place} cannot take it back: a second person has to allow it first.")


@dataclass(frozen=True)
class Ability:
    """`off`: why it cannot be done there; else `hint` says what is seen then, and the way back."""

    off: str | None
    hint: str | None


def of(console: Console, comment: Stored, place: str, kind: ActionKind) -> Ability:
    """The adapter is only made, nothing is called."""
    name = {"place": escape(place)}
    try:
        adapter = console.adapters(comment.connection_id)
    except (VaultError, PlatformError):  # sealed, or taken away since
        return Ability(_(CANNOT).format(**name), None)
    if KINDS[kind].ability not in adapter.can:
        return Ability(_(CANNOT).format(**name), None)
    back = BACK if undoable(adapter, kind) else SECOND
    does = _(HOW).format(how=_(_seen(adapter, kind)), **name)
    return Ability(None, f"{does} {_(back).format(**name)}")


def _seen(adapter: Adapter, kind: ActionKind) -> str:
    """What readers see then."""
    if kind == "remove comment" and isinstance(adapter, Moderated):
        return adapter.removes
    return REWORDED
