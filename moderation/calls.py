"""What each kind of action asks of a platform, and how the platform is read back."""

from dataclasses import dataclass
from html import escape
from typing import Literal

from moderation.model import Action, ActionKind
from platforms.base import Adapter, Capability, Comment, Original, PlatformError
from platforms.capabilities import (
    AccountMuter,
    AccountSuspender,
    CommentEditor,
    CommentRemover,
    CommentSource,
    Ending,
    Keeping,
    Moderated,
    OneByOne,
    Opening,
    Restorer,
    Roomwise,
)
from platforms.texts import plain
from store.words import N_, Words

State = Literal["visible", "removed", "edited", "active", "suspended", "unmuted", "muted"]


@dataclass(frozen=True)
class Kind:
    """`wanted` is the state that a read-back must show; `undo` the way back.

    `ability` is what the platform must be able to do and, where there is no way
    back, to take back. Kinds of one `aspect` take each other's place.
    """

    about: Literal["comment", "account"]
    aspect: Literal["comment", "access", "voice"]
    wanted: State
    undo: ActionKind
    ability: Capability
    forward: bool = True  # it changes something for its author; the others put back


KINDS: dict[ActionKind, Kind] = {
    "remove comment": Kind("comment", "comment", "removed", "restore comment", "remove comment"),
    "edit comment": Kind("comment", "comment", "edited", "restore comment", "edit comment"),
    "restore comment": Kind(
        "comment", "comment", "visible", "remove comment", "restore comment", forward=False
    ),
    "suspend account": Kind("account", "access", "suspended", "lift account", "suspend account"),
    "lift account": Kind(
        "account", "access", "active", "suspend account", "suspend account", forward=False
    ),
    "mute account": Kind("account", "voice", "muted", "unmute account", "mute account"),
    "unmute account": Kind(
        "account", "voice", "unmuted", "mute account", "mute account", forward=False
    ),
}
CANNOT = N_("This platform cannot do that. Do it there by hand.")
NO_ORIGINAL = N_("The text of this comment was never kept, so it cannot be put back.")
HOPELESS = frozenset({"cannot", "no original", "redacted"})  # codes: trying again is in vain


def rivals(kind: ActionKind) -> list[ActionKind]:
    """The kinds of which only one stands on a comment or an account at a time."""
    return [each for each in KINDS if KINDS[each].aspect == KINDS[kind].aspect]


def undoable(adapter: object, kind: ActionKind) -> bool:
    """Whether the platform takes it back exactly, by its adapter or the adapter's class.

    A comment that can be written anew is not lost either.
    """
    what = KINDS[kind]
    if not what.forward:
        return True
    if what.about == "comment" and "restore comment" in getattr(adapter, "can", ()):
        return True
    return isinstance(adapter, Moderated) and what.ability in adapter.undoes


def exact(adapter: object, kind: ActionKind) -> bool:
    """Whether the platform does it, and takes it back as if it had never been."""
    ability = KINDS[kind].ability
    able = isinstance(adapter, Moderated) and ability in adapter.undoes
    return able and ability in getattr(adapter, "can", ())


def one_by_one(adapter: object, kind: ActionKind) -> bool:
    """Whether two at once would undo each other on the platform."""
    ability = KINDS[kind].ability
    if isinstance(adapter, Roomwise) and ability in adapter.roomwise:
        return True
    return isinstance(adapter, OneByOne) and ability in adapter.one_by_one


def read(adapter: Adapter, action: Action) -> State:
    """How it stands on the platform now. Raises PlatformError.

    What was put back in a part of the rooms only is not put back; what ends before our own
    end does not stand.
    """
    match KINDS[action.kind].aspect:
        case "access":
            return "suspended" if _shut_out(adapter, action) else "active"
        case "voice":
            return "muted" if _silent(adapter, action) else "unmuted"
    return _comment(adapter, action)


def _shut_out(adapter: Adapter, action: Action) -> bool:
    who = action.external_id
    if isinstance(adapter, Restorer) and action.kind == "lift account":
        return not adapter.lifted(who, action.standing or "")
    if isinstance(adapter, Ending) and action.kind == "suspend account":
        return adapter.suspended_until(who, action.until)
    if isinstance(adapter, Keeping) and action.kind == "suspend account" and action.standing:
        return adapter.kept_out(who, action.standing)
    return _suspender(adapter).suspended(who)


def _silent(adapter: Adapter, action: Action) -> bool:
    who = action.external_id
    if isinstance(adapter, Restorer) and action.kind == "unmute account":
        return not adapter.unmuted(who, action.standing or "")
    if isinstance(adapter, Ending) and action.kind == "mute account":
        return adapter.muted_until(who, action.until)
    return _muter(adapter).muted(who)


def act(adapter: Adapter, action: Action) -> Original | None:
    """Make the call once; return the original that the platform gave. Raises PlatformError."""
    match action.kind:
        case "remove comment":
            return _remover(adapter).remove(action.external_id)
        case "edit comment":
            return _editor(adapter).edit(action.external_id, as_html(action.wording or ""))
        case "restore comment":
            if action.original is None:
                raise PlatformError(NO_ORIGINAL, permanent=True, code="no original")
            _remover(adapter).restore(action.original)
        case "suspend account" if isinstance(adapter, Ending):
            adapter.suspend_until(action.external_id, action.until)
        case "suspend account":
            _suspender(adapter).suspend(action.external_id)
        case "lift account":
            _suspender(adapter).lift(action.external_id, action.standing or "")
        case "mute account" if isinstance(adapter, Ending):
            adapter.mute_until(action.external_id, action.until)
        case "mute account":
            _muter(adapter).mute(action.external_id)
        case "unmute account":
            _muter(adapter).unmute(action.external_id, action.standing or "")
    return None


@dataclass(frozen=True)
class Before:
    """How it stood before an action that holds still, and what its way back puts back."""

    state: str
    standing: str | None


def stood(adapter: Adapter, action: Action, before: Before | None) -> str | None:
    """What stood there before the action, for its way back; written down at the first look.

    Where it is laid on again, or over an earlier one of ours (`before`), that is what was written
    down then, with the rooms made since.
    """
    if action.earlier is not None and action.standing is not None:
        before = Before(action.earlier, action.standing)
    if before is None:
        return standing(adapter, action.kind, action.external_id)
    known = before.standing
    if known is None or not isinstance(adapter, Roomwise):
        return known
    if KINDS[action.kind].ability not in adapter.roomwise:
        return known
    return adapter.standing_since(action.external_id, known)


def opened(adapter: Adapter, action: Action) -> str | None:
    """What a lift is to set back, its own doing included; None where it changes nothing else."""
    if action.kind == "lift account" and isinstance(adapter, Opening):
        return adapter.opening(action.external_id, action.standing or "")
    return None


def standing(adapter: Adapter, kind: ActionKind, external_id: str) -> str | None:
    """What taking the action back will put back there; None for what needs no such thing."""
    if kind == "suspend account":
        return _suspender(adapter).standing(external_id)
    if kind == "mute account":
        return _muter(adapter).mute_standing(external_id)
    return None


def forbidden(adapter: Adapter, kind: ActionKind, external_id: str) -> Words | None:
    """Why the platform's own rules forbid it: our own account, an administrator's."""
    if kind not in ("suspend account", "mute account"):
        return None
    if not isinstance(adapter, AccountSuspender):
        return None  # it knows no accounts beyond who may write
    reason = adapter.protected(external_id)
    return Words(reason) if reason else None


def as_html(wording: str) -> str:
    """What a moderator typed, as the platform shows it: text, never markup."""
    return "".join(f"<p>{escape(line)}</p>" for line in wording.split("\n") if line.strip())


def as_it_stands(adapter: Adapter, thread_id: str, external_id: str) -> Comment | None:
    """The comment's newest wording, to be kept before it goes; None where that is not shown."""
    if not isinstance(adapter, CommentSource):
        return None
    thread = adapter.thread(thread_id)
    return next((comment for comment in thread if comment.external_id == external_id), None)


def _comment(adapter: Adapter, action: Action) -> State:
    if action.kind == "restore comment" and isinstance(adapter, CommentEditor) and action.original:
        return _restored(adapter, action.original)
    if action.wording is not None:
        return _edited(adapter, action.external_id, action.wording)
    return "removed" if _remover(adapter).removed(action.external_id) else "visible"


def _edited(adapter: Adapter, external_id: str, wording: str) -> State:
    stands = _editor(adapter).wording(external_id)
    if stands is None or (isinstance(adapter, CommentRemover) and adapter.removed(external_id)):
        return "removed"
    return "edited" if stands.split() == wording.split() else "visible"


def _restored(adapter: CommentEditor, original: Original) -> State:
    """Whether the original's words stand there; some platforms keep no HTML, but its source."""
    stands = adapter.wording(original.external_id)
    if stands is None or (
        isinstance(adapter, CommentRemover) and adapter.removed(original.external_id)
    ):
        return "removed"
    known = (original.html.split(), plain(original.html).split())
    return "visible" if stands.split() in known else "edited"


def _remover(adapter: Adapter) -> CommentRemover:
    if not isinstance(adapter, CommentRemover):
        raise PlatformError(CANNOT, permanent=True, code="cannot")
    return adapter


def _suspender(adapter: Adapter) -> AccountSuspender:
    if not isinstance(adapter, AccountSuspender):
        raise PlatformError(CANNOT, permanent=True, code="cannot")
    return adapter


def _editor(adapter: Adapter) -> CommentEditor:
    if not isinstance(adapter, CommentEditor):
        raise PlatformError(CANNOT, permanent=True, code="cannot")
    return adapter


def _muter(adapter: Adapter) -> AccountMuter:
    if not isinstance(adapter, AccountMuter):
        raise PlatformError(CANNOT, permanent=True, code="cannot")
    return adapter
