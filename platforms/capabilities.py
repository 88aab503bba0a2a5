"""What an adapter can do beside saying how it is: a Protocol each, asked for by isinstance."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from platforms.base import (
    Account,
    Arrived,
    Capability,
    Comment,
    Course,
    Enrolment,
    Material,
    Original,
    Participant,
)


@runtime_checkable
class RosterSource(Protocol):
    def accounts(self) -> Iterable[Account]: ...
    def courses(self) -> Iterable[Course]: ...
    def enrolments(self, course_external_id: str) -> Iterable[Enrolment]: ...


@runtime_checkable
class CommentSource(Protocol):
    def comments(self, since: datetime | None, *, limit: int = 500) -> list[Comment]:
        """Comments written or changed at or after `since`, oldest first.

        May repeat comments of the same second; the caller merges by external_id.
        """
        ...

    def thread(self, thread_id: str) -> list[Comment]: ...


@runtime_checkable
class ArrivalSource(Protocol):
    """Comments as the platform took them in, whenever they were written."""

    def arrived(self, cursor: str, *, since: datetime | None) -> Arrived:
        """What came in after `cursor`, which is the adapter's own.

        With "", or one that the platform does not know any more, what was
        written at or after `since`. May repeat comments.
        """
        ...


@runtime_checkable
class EditSource(Protocol):
    """Where `comments` comes past an edit of what was read long ago: threads are read again."""

    def edited(self, cursor: str, *, since: datetime) -> Arrived:
        """What was changed at or after `since` in some of the threads, from `cursor` on.

        As many as one call may cost. The cursor is the adapter's own; "" begins a round of
        them, and stands where one has ended. May repeat comments.
        """
        ...


@runtime_checkable
class HookSource(Protocol):
    def hooked(self, headers: Mapping[str, str], body: bytes) -> list[Comment]:
        """What the platform delivered of itself: [] when it is not about comments.

        Header names are in lower case. Raises Forged when the signature is wrong.
        """
        ...


@runtime_checkable
class Moderated(Protocol):
    """What can be taken back there, and how gently a comment goes: told before anybody acts.

    `undoes`: those of `can` that the platform takes back exactly. `removes`: what readers
    see after its gentlest removal, marked with N_; `removal`: its own call for that, for
    technicians, "mod_forum_update_discussion_post".
    """

    undoes: frozenset[Capability]
    removes: str
    removal: str


@runtime_checkable
class Suspending(Protocol):
    """`suspends` says what a suspension does there: a sentence with {platform}, marked with N_.

    `reads_on`: whether a suspended account still reads what is written to it there.
    """

    suspends: str
    reads_on: bool


@runtime_checkable
class CommentRemover(Protocol):
    """The gentlest removal the platform has; `removed` is the read-back."""

    def remove(self, external_id: str) -> Original: ...
    def removed(self, external_id: str) -> bool: ...
    def restore(self, original: Original) -> None: ...


@runtime_checkable
class CommentEditor(Protocol):
    """`wording` is the read-back: the plain text as it stands, None when the comment is gone."""

    def edit(self, external_id: str, html: str) -> Original: ...
    def wording(self, external_id: str) -> str | None: ...


@runtime_checkable
class AccountSuspender(Protocol):
    """`suspended` is the read-back; `protected` accounts must never be suspended."""

    def suspend(self, external_id: str) -> None: ...

    def standing(self, external_id: str) -> str:
        """What lifting needs to put back, in the platform's own terms.

        Empty where there is nothing beyond suspended or not.
        """
        ...

    def lift(self, external_id: str, standing: str) -> None:
        """Back to `standing`, as it was read before the suspension; "" when nobody did."""
        ...

    def suspended(self, external_id: str) -> bool: ...
    def protected(self, external_id: str) -> str:
        """Why this account must not be suspended (our own, an administrator's), or ''."""
        ...


@runtime_checkable
class AccountMuter(Protocol):
    """A muted account reads and does not write; `muted` is the read-back."""

    def mute(self, external_id: str) -> None: ...
    def mute_standing(self, external_id: str) -> str: ...
    def unmute(self, external_id: str, standing: str) -> None: ...
    def muted(self, external_id: str) -> bool: ...


@runtime_checkable
class Ending(Protocol):
    """Where a suspension and a mute end by themselves: each is laid on until our own end.

    None: without an end. `suspended_until` and `muted_until` are the read-backs: whether it
    is held at least as long, whoever holds it.
    """

    def suspend_until(self, external_id: str, until: datetime | None) -> None: ...
    def suspended_until(self, external_id: str, until: datetime | None) -> bool: ...
    def mute_until(self, external_id: str, until: datetime | None) -> None: ...
    def muted_until(self, external_id: str, until: datetime | None) -> bool: ...


@runtime_checkable
class Restorer(Protocol):
    """Where an account stands differently from room to room, a way back is read room by room.

    Each says whether nothing is left of the block, or of the mute, by what stood before it.
    """

    def lifted(self, external_id: str, standing: str) -> bool: ...
    def unmuted(self, external_id: str, standing: str) -> bool: ...


@runtime_checkable
class Keeping(Protocol):
    """Where it depends on how they stood before whether a room lets somebody blocked in again."""

    def kept_out(self, external_id: str, standing: str) -> bool:
        """The read-back of our own block; PlatformError where nothing keeps them out, and why."""
        ...


@runtime_checkable
class Opening(Protocol):
    """Where a lift changes for a moment what is not the account's own: noted before it is done."""

    def opening(self, external_id: str, standing: str) -> str:
        """`standing`, for the lift, with what is to be set back although a try broke off."""
        ...


@runtime_checkable
class Watched(Protocol):
    """Where a room can let somebody in, or speak, whom a block or a mute holds."""

    def inside(self) -> Mapping[str, bool]:
        """The accounts in moderated rooms at this moment: whether one of them lets it speak."""
        ...


@runtime_checkable
class Roomwise(Protocol):
    """Where a block or a mute is laid on room by room: a room made later knows nothing of it.

    `roomwise`: those of `can` that are.
    """

    roomwise: frozenset[Capability]

    def places(self) -> frozenset[str]:
        """The rooms in which it is laid on now, in a call or two."""
        ...

    def standing_since(self, external_id: str, standing: str) -> str:
        """`standing` with how the account stands in rooms it does not name, but for our own."""
        ...


@runtime_checkable
class OneByOne(Protocol):
    """Where it reads and sets what is not the account's or the comment's own alone.

    Two at once would undo each other there, so those on one server wait for one another.
    What is `roomwise` always does.
    """

    one_by_one: frozenset[Capability]  # those of `can` that do, with their ways back


@runtime_checkable
class NoticeBoard(Protocol):
    def notify(self, external_ids: Sequence[str], text: str) -> dict[str, bool]:
        """Write to each account on the platform; False for whom it did not reach.

        Sent once: a PlatformError with `unsure` may have reached some of them.
        """
        ...


@runtime_checkable
class RoomRegister(Protocol):
    def present(self, external_id: str) -> list[Participant]:
        """Who is in the room this moment; [] where it is not open."""
        ...


@runtime_checkable
class MaterialShelf(Protocol):
    def materials(self, course_external_id: str) -> list[Material]:
        """What stands in the course now, in the course's own order."""
        ...


@runtime_checkable
class NoticeReader(Protocol):
    def noticed(self, external_id: str, text: str) -> bool:
        """Whether this notice of ours stands where the account reads it: the read-back."""
        ...
