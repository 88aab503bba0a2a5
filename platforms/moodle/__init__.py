"""Moodle 4.1 and newer, over its web services: roster, forums, accounts, messages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from platforms.base import (
    N_,
    Account,
    Capability,
    Comment,
    Course,
    Enrolment,
    Health,
    Material,
    Original,
    PlatformError,
    Room,
)
from platforms.http import Http
from platforms.metering import Reading
from platforms.moodle import forums, health, materials, messages, online, people, roster
from platforms.moodle.calls import Calls
from platforms.sentences import BLANKED, OWN, STAFF

# `level_field`, `role_field`: short names of the site's own profile fields;
# `never_suspend`: user names that Pult leaves alone, besides its own account;
# `online_report`: the id of a custom report with a row for each user online
OPTIONS = {
    "level_field": "level",
    "role_field": "role",
    "never_suspend": "admin",
    "online_report": "",
}
WORDS = {
    "level_field": N_("Profile field that holds the level: city, district or school"),
    "role_field": N_("Profile field that holds the role"),
    "never_suspend": N_("User names that are never blocked, with commas between them"),
    "online_report": N_("Id of a custom report with a row for each user online"),
}


class Moodle:
    """One Moodle site, seen through one token."""

    can: frozenset[Capability] = frozenset(
        {
            "roster",
            "comments",
            "remove comment",
            "restore comment",
            "edit comment",
            "suspend account",
            "notice board",
            "count people",
            "materials",
        }
    )
    undoes: frozenset[Capability] = frozenset({"remove comment", "edit comment", "suspend account"})
    removes = BLANKED
    removal = "mod_forum_update_discussion_post"
    suspends = N_("{platform} suspends the account: nobody signs in with it")
    reads_on = False

    def __init__(self, url: str, secret: str, options: Mapping[str, str]) -> None:
        loopback_only = options.get("loopback_only") == "1"
        self._calls = Calls(Http(url, loopback_only=loopback_only), secret)
        self._options = {**OPTIONS, **options}
        self._own_id = ""

    def check(self) -> Health:
        return health.check(self._calls)

    def accounts(self) -> Iterator[Account]:
        listed = roster.accounts(
            self._calls, self._options["level_field"], self._options["role_field"]
        )
        own, never = self._own(), self._never()
        for account in listed:
            theirs = account.external_id == own or account.username in never
            yield replace(account, administers=theirs)

    def courses(self) -> list[Course]:
        return roster.courses(self._calls)

    def enrolments(self, course_external_id: str) -> Iterator[Enrolment]:
        return roster.enrolments(self._calls, course_external_id)

    def comments(self, since: datetime | None, *, limit: int = 500) -> list[Comment]:
        return forums.comments(self._calls, since, limit)

    def thread(self, thread_id: str) -> list[Comment]:
        return forums.thread(self._calls, thread_id)

    def remove(self, external_id: str) -> Original:
        return forums.blank(self._calls, external_id)

    def removed(self, external_id: str) -> bool:
        return forums.is_blank(self._calls, external_id)

    def restore(self, original: Original) -> None:
        forums.put_back(self._calls, original)

    def edit(self, external_id: str, html: str) -> Original:
        return forums.edit(self._calls, external_id, html)

    def wording(self, external_id: str) -> str | None:
        return forums.wording(self._calls, external_id)

    def suspend(self, external_id: str) -> None:
        if external_id == self._own():  # Moodle would do it, and know our token no more
            raise PlatformError(OWN, permanent=True, code="own account")
        people.set_suspended(self._calls, external_id, True)

    def standing(self, external_id: str) -> str:  # noqa: ARG002 - each account alike
        return ""  # an account of Moodle is suspended or not, and nothing else

    def lift(self, external_id: str, standing: str) -> None:  # noqa: ARG002 - see standing
        people.set_suspended(self._calls, external_id, False)

    def suspended(self, external_id: str) -> bool:
        found = people.suspended(self._calls, [external_id])
        if external_id not in found:
            raise people.missing(self._calls)
        return found[external_id]

    def protected(self, external_id: str) -> str:
        if external_id == self._own():
            return OWN
        users = people.users(self._calls, "id", [external_id])
        return STAFF if any(user.get("username") in self._never() for user in users) else ""

    def notify(self, external_ids: Sequence[str], text: str) -> dict[str, bool]:
        return messages.notify(self._calls, external_ids, text)

    def materials(self, course_external_id: str) -> list[Material]:
        return materials.materials(self._calls, course_external_id)

    def reading(self) -> Reading:
        return online.reading(self._calls, self._options["online_report"])

    def rooms(self) -> list[Room] | None:
        return None

    def _never(self) -> set[str]:
        """User names that nobody suspends: Moodle does not tell who administers it."""
        return {name.strip() for name in self._options["never_suspend"].split(",")} | {"guest"}

    def _own(self) -> str:
        if not self._own_id:
            self._own_id = health.own_id(self._calls)
        return self._own_id
