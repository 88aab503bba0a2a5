"""Discourse: its posts, by reading and by webhook; people suspended, silenced, written to."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from platforms.base import (
    N_,
    Account,
    Capability,
    Comment,
    Course,
    Enrolment,
    Health,
    Original,
    PlatformError,
)
from platforms.discourse import hooks, posts, users
from platforms.discourse.calls import MAY_NOT, Calls

REASON = "The school's moderators decided this. Their letter says why, and how to object."
OPTIONS = {"username": "system", "reason": REASON}
WORDS = {
    "username": N_("User name of the administrator whom the key belongs to"),
    "reason": N_("What the forum tells somebody who is suspended or silenced"),
}


class Discourse:
    """One forum, by an administrator's key; the secret may name the webhook's secret after it."""

    can: frozenset[Capability] = frozenset(
        {
            "roster",
            "comments",
            "remove comment",
            "restore comment",
            "edit comment",
            "suspend account",
            "mute account",
            "notice board",
        }
    )
    undoes: frozenset[Capability] = frozenset(
        {"remove comment", "edit comment", "suspend account", "mute account"}
    )
    removes = N_(
        "readers no longer see it, answers stay; "
        "where it opens a topic, a notice takes the place of its text"
    )
    removal = "DELETE /posts/{id}.json"
    suspends = N_("{platform} suspends the account: nobody signs in with it")
    reads_on = False

    def __init__(
        self,
        url: str,
        secret: str,
        options: Mapping[str, str],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        key, _space, self._hook = secret.strip().partition(" ")
        self._user = options.get("username") or OPTIONS["username"]
        self._reason = options.get("reason") or REASON
        self._calls = Calls(url, key, self._user, options)

    def check(self) -> Health:
        try:
            self._calls.rows("/admin/users/list/active.json", page=1)
        except PlatformError as error:
            if error.code == "gone":  # what is not for the key's owner is not there for it
                return Health(problem=MAY_NOT, params={"host": self._calls.site.host})
            return Health(problem=error.template, params=error.params)
        return Health()

    def accounts(self) -> Iterator[Account]:
        return users.accounts(self._calls, self._user, now=self._clock())

    def courses(self) -> Iterable[Course]:
        return []  # a forum for all courses: nobody is enrolled there

    def enrolments(self, _course_external_id: str) -> Iterable[Enrolment]:
        return []

    def comments(self, since: datetime | None, *, limit: int = 500) -> list[Comment]:
        return posts.comments(self._calls, since, limit)

    def thread(self, thread_id: str) -> list[Comment]:
        return posts.thread(self._calls, thread_id)

    def hooked(self, headers: Mapping[str, str], body: bytes) -> list[Comment]:
        return hooks.hooked(self._hook.strip(), headers, body)

    def remove(self, external_id: str) -> Original:
        return posts.remove(self._calls, external_id)

    def removed(self, external_id: str) -> bool:
        return posts.removed(self._calls, external_id)

    def restore(self, original: Original) -> None:
        posts.restore(self._calls, original)

    def edit(self, external_id: str, html: str) -> Original:
        return posts.edit(self._calls, external_id, html)

    def wording(self, external_id: str) -> str | None:
        return posts.wording(self._calls, external_id)

    def suspend(self, external_id: str) -> None:
        self.suspend_until(external_id, None)

    def suspend_until(self, external_id: str, until: datetime | None) -> None:
        self._begin(external_id, "suspend", until)

    def suspended_until(self, external_id: str, until: datetime | None) -> bool:
        return users.held_until(self._calls, external_id, "suspend", until, now=self._clock())

    def standing(self, external_id: str) -> str:
        return users.standing(self._calls, external_id, "suspend", now=self._clock())

    def lift(self, external_id: str, standing: str) -> None:
        self._end(external_id, "suspend", standing)

    def lifted(self, external_id: str, standing: str) -> bool:
        return users.is_back(self._calls, external_id, "suspend", standing, now=self._clock())

    def suspended(self, external_id: str) -> bool:
        return users.held(self._calls, external_id, "suspend", now=self._clock())

    def mute(self, external_id: str) -> None:
        self.mute_until(external_id, None)

    def mute_until(self, external_id: str, until: datetime | None) -> None:
        self._begin(external_id, "silence", until)

    def muted_until(self, external_id: str, until: datetime | None) -> bool:
        return users.held_until(self._calls, external_id, "silence", until, now=self._clock())

    def mute_standing(self, external_id: str) -> str:
        return users.standing(self._calls, external_id, "silence", now=self._clock())

    def unmute(self, external_id: str, standing: str) -> None:
        self._end(external_id, "silence", standing)

    def unmuted(self, external_id: str, standing: str) -> bool:
        return users.is_back(self._calls, external_id, "silence", standing, now=self._clock())

    def muted(self, external_id: str) -> bool:
        return users.held(self._calls, external_id, "silence", now=self._clock())

    def protected(self, external_id: str) -> str:
        return users.protected(self._calls, external_id, self._user)

    def notify(self, external_ids: Sequence[str], text: str) -> dict[str, bool]:
        return users.notify(self._calls, external_ids, text)

    def _begin(self, external_id: str, hold: users.Hold, until: datetime | None) -> None:
        users.begin(self._calls, external_id, hold, until, self._reason, now=self._clock())

    def _end(self, external_id: str, hold: users.Hold, standing: str) -> None:
        users.end(self._calls, external_id, hold, standing, self._reason, now=self._clock())
