"""Matrix, on Synapse: rooms and their members, what is said there, accounts and notices.

https://spec.matrix.org/latest/client-server-api/
https://element-hq.github.io/synapse/latest/usage/administration/admin_api/
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from platforms.answers import Site
from platforms.base import (
    N_,
    Account,
    Arrived,
    Capability,
    Comment,
    Course,
    Enrolment,
    Health,
    Original,
    PlatformError,
    Room,
)
from platforms.matrix import arrivals, messages, meter, muting, notices, people, removing, rooms
from platforms.matrix.calls import Calls
from platforms.metering import Reading
from platforms.sentences import OWN

# `rooms`: what is moderated; without it Pult counts members, and reads and changes nothing
OPTIONS = {"rooms": ""}
WORDS = {
    "rooms": N_(
        "Rooms to moderate: ids or aliases with commas between them, or * for all that the "
        "token's account is in; needs a Synapse administrator's token"
    )
}
ENCRYPTED = N_("Encrypted rooms at {host} cannot be read, so nobody watches over them: {rooms}.")
UNREADABLE = N_("Use rooms without encryption for the school; people can be blocked and muted.")
COUNTED: frozenset[Capability] = frozenset({"meter rooms", "message room", "read message"})
MODERATED: frozenset[Capability] = COUNTED | {
    "roster",
    "comments",
    "remove comment",
    "suspend account",
    "mute account",
    "notice board",
}


class Matrix:
    """One homeserver, seen through one account's token."""

    can: frozenset[Capability] = COUNTED
    undoes: frozenset[Capability] = frozenset({"suspend account", "mute account"})
    roomwise: frozenset[Capability] = frozenset({"mute account"})
    one_by_one: frozenset[Capability] = frozenset({"suspend account"})  # notes a room for notices
    removes = N_("its words go for everybody, its edits too; answers stay")
    removal = "PUT /rooms/{roomId}/redact/{eventId}"
    suspends = N_("{platform} suspends the account: it reads and leaves rooms, but writes nothing")
    reads_on = True

    def __init__(
        self,
        url: str,
        secret: str,
        options: Mapping[str, str],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._site, self._clock = Site("Matrix", url, options), clock
        self._calls = Calls(self._site, secret)
        self._people = people.Directory(self._calls)
        self._wanted = options.get("rooms", "")
        if self._wanted.strip():
            self.can = MODERATED

    def check(self) -> Health:
        health = self._site.health(self.reading())
        if health.problem or "comments" not in self.can:
            return health
        try:
            people.user(self._calls, self._calls.own_id())
            unread = rooms.encrypted(self._calls, self._rooms())
        except PlatformError as error:
            return Health(problem=error.template, params=error.params)
        if unread:
            said = {"host": self._site.host, "rooms": ", ".join(unread)}
            return Health(ENCRYPTED, UNREADABLE, said)
        return health

    def reading(self) -> Reading:
        return meter.reading(self._site, self._calls.headers)

    def rooms(self) -> list[Room] | None:
        return self._site.rooms(self.reading())

    def message(self, external_id: str, text: str) -> str:
        """As the token's own account, which must be in the room."""
        return notices.write(self._calls, external_id, text)

    def said(self, external_id: str, message_id: str, text: str) -> bool:
        return notices.said(self._calls, external_id, message_id, text)

    def accounts(self) -> Iterator[Account]:
        return self._people.accounts()

    def courses(self) -> list[Course]:
        return []

    def enrolments(self, course_external_id: str) -> list[Enrolment]:  # noqa: ARG002 - no courses
        return []

    def comments(self, since: datetime | None, *, limit: int = 500) -> list[Comment]:
        return messages.comments(self._calls, self._rooms(), since, limit, now=self._clock())

    def arrived(self, cursor: str, *, since: datetime | None) -> Arrived:
        """A room that is gone or closed is told once nothing else is to be read."""
        open_, refused = rooms.readable(self._calls, self._wanted)
        found = arrivals.read(self._calls, open_, cursor, since, now=self._clock())
        if refused is not None and not (found.comments or found.more):
            raise refused
        return found

    def thread(self, thread_id: str) -> list[Comment]:
        return messages.thread(self._calls, thread_id, now=self._clock())

    def remove(self, external_id: str) -> Original:
        return removing.remove(self._calls, external_id)

    def removed(self, external_id: str) -> bool:
        return removing.removed(self._calls, external_id)

    def restore(self, original: Original) -> None:  # noqa: ARG002 - nothing comes back
        raise PlatformError(removing.NO_RETURN, permanent=True, code="redacted")

    def suspend(self, external_id: str) -> None:
        if external_id == self._calls.own_id():
            raise PlatformError(OWN, permanent=True, code="own account")
        notices.make_ready(self._calls, external_id)
        people.suspend(self._calls, external_id)

    def standing(self, external_id: str) -> str:  # noqa: ARG002 - each account alike
        return ""  # an account of Synapse is suspended or not, and nothing else

    def lift(self, external_id: str, standing: str) -> None:  # noqa: ARG002 - see standing
        people.lift(self._calls, external_id)

    def suspended(self, external_id: str) -> bool:
        return people.suspended(self._calls, external_id)

    def protected(self, external_id: str) -> str:
        return people.protected(self._calls, external_id)

    def mute(self, external_id: str) -> None:
        muting.mute(self._calls, self._rooms(), external_id)

    def mute_standing(self, external_id: str) -> str:
        return muting.standing(self._calls, self._rooms(), external_id)

    def unmute(self, external_id: str, standing: str) -> None:
        muting.unmute(self._calls, self._rooms(), external_id, standing)

    def muted(self, external_id: str) -> bool:
        return muting.muted(self._calls, self._rooms(), external_id)

    def lifted(self, external_id: str, standing: str) -> bool:  # noqa: ARG002 - see standing
        return people.lifted(self._calls, external_id)

    def unmuted(self, external_id: str, standing: str) -> bool:
        return muting.is_unmuted(self._calls, self._rooms(), external_id, standing)

    def places(self) -> frozenset[str]:
        return frozenset(self._rooms())

    def standing_since(self, external_id: str, standing: str) -> str:
        return muting.standing_since(self._calls, self._rooms(), external_id, standing)

    def notify(self, external_ids: Sequence[str], text: str) -> dict[str, bool]:
        return notices.notify(self._calls, external_ids, text)

    def noticed(self, external_id: str, text: str) -> bool:
        return notices.noticed(self._calls, external_id, text)

    def _rooms(self) -> list[str]:
        return rooms.moderated(self._calls, self._wanted)
