"""What each kind of action asks of a platform, and how the platform is read back."""

from dataclasses import dataclass
from typing import Literal

from moderation.model import ActionKind
from platforms.base import (
    AccountSuspender,
    Adapter,
    Comment,
    CommentRemover,
    CommentSource,
    Original,
    PlatformError,
)
from store.words import N_, Words

State = Literal["visible", "removed", "active", "suspended"]


@dataclass(frozen=True)
class Kind:
    """`wanted` is the state that a read-back must show; `undo` the way back."""

    about: Literal["comment", "account"]
    wanted: State
    undo: ActionKind


KINDS: dict[ActionKind, Kind] = {
    "remove comment": Kind("comment", "removed", "restore comment"),
    "restore comment": Kind("comment", "visible", "remove comment"),
    "suspend account": Kind("account", "suspended", "lift account"),
    "lift account": Kind("account", "active", "suspend account"),
}
CANNOT = N_("This platform cannot do that. Do it there by hand.")
NO_ORIGINAL = N_("The text of this comment was never kept, so it cannot be put back.")


def read(adapter: Adapter, kind: ActionKind, external_id: str) -> State:
    """How it stands on the platform now. Raises PlatformError."""
    if KINDS[kind].about == "comment":
        return "removed" if _remover(adapter).removed(external_id) else "visible"
    return "suspended" if _suspender(adapter).suspended(external_id) else "active"


def act(
    adapter: Adapter, kind: ActionKind, external_id: str, original: Original | None
) -> Original | None:
    """Make the call once; return the original that the platform gave. Raises PlatformError."""
    if kind == "remove comment":
        return _remover(adapter).remove(external_id)
    if kind == "restore comment":
        if original is None:
            raise PlatformError(NO_ORIGINAL, permanent=True)
        _remover(adapter).restore(original)
    elif kind == "suspend account":
        _suspender(adapter).suspend(external_id)
    else:
        _suspender(adapter).lift(external_id, "")
    return None


def forbidden(adapter: Adapter, kind: ActionKind, external_id: str) -> Words | None:
    """Why the platform's own rules forbid it: our own account, an administrator's."""
    if kind != "suspend account":
        return None
    reason = _suspender(adapter).protected(external_id)
    return Words(reason) if reason else None


def as_it_stands(adapter: Adapter, thread_id: str, external_id: str) -> Comment | None:
    """The comment's newest wording, to be kept before it goes; None where that is not shown."""
    if not isinstance(adapter, CommentSource):
        return None
    thread = adapter.thread(thread_id)
    return next((comment for comment in thread if comment.external_id == external_id), None)


def _remover(adapter: Adapter) -> CommentRemover:
    if not isinstance(adapter, CommentRemover):
        raise PlatformError(CANNOT, permanent=True)
    return adapter


def _suspender(adapter: Adapter) -> AccountSuspender:
    if not isinstance(adapter, AccountSuspender):
        raise PlatformError(CANNOT, permanent=True)
    return adapter
