"""ejabberd's conference rooms, by its HTTP API: who is there, who may come in, who may speak.

The API shows and removes no messages (23.01), so comments are not offered.
https://docs.ejabberd.im/developer/ejabberd-api/admin-api/
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from platforms.answers import Site
from platforms.base import (
    N_,
    Account,
    Capability,
    Course,
    Enrolment,
    Health,
    PlatformError,
    Room,
)
from platforms.ejabberd import outcasts, people, rooms, standings, voices
from platforms.ejabberd.calls import Calls
from platforms.ejabberd.rooms import Service
from platforms.metering import Reading
from platforms.sentences import OWN, STAFF

OPTIONS = {"user": "", "host": "", "service": "", "rooms": "*", "never_suspend": "admin"}
WORDS = {
    "user": N_("The account that Pult works with, name@host; empty: the secret is an OAuth token"),
    "host": N_("The host whose accounts these are; empty: the one of that account"),
    "service": N_("The conference service; empty: conference. and the host"),
    "rooms": N_("Names of the rooms to moderate, with commas between them, or * for all"),
    "never_suspend": N_("User names that are never blocked, with commas between them"),
}
NO_HOST = N_("Enter the host whose accounts these are in the settings of this connection.")
SENDS = "chat"  # the type of message that clients show, and keep for who is away


class Ejabberd:
    """One host of a server, and one of its conference services."""

    can: frozenset[Capability] = frozenset(
        {"roster", "suspend account", "mute account", "meter rooms", "notice board"}
    )
    undoes: frozenset[Capability] = frozenset({"suspend account", "mute account"})
    roomwise: frozenset[Capability] = frozenset({"suspend account", "mute account"})
    removes = removal = ""
    suspends = N_(
        "{platform} shuts the account out of the rooms that Pult moderates, of no others. Versions "
        "22.10 and 23.01 let it into moderated rooms again: without a voice, and Pult puts it out "
        "within a minute or two; into those for members only with a voice, and that stays "
        "unconfirmed"
    )
    reads_on = True

    def __init__(self, url: str, secret: str, options: Mapping[str, str]) -> None:
        chosen = {**OPTIONS, **options}
        self._site = Site("ejabberd", url, options)
        self._own = chosen["user"].strip()
        self._host = chosen["host"].strip() or self._own.rpartition("@")[2]
        service = chosen["service"].strip() or f"conference.{self._host}"
        self._service = Service(service, chosen["rooms"])
        self._calls = Calls(self._site, self._own, secret)
        self._never = {name.strip() for name in chosen["never_suspend"].split(",")} - {""}

    def check(self) -> Health:
        if not self._host:
            return Health(problem=NO_HOST)
        health = self._site.health(self.reading())
        if health.problem:
            return health
        asked_for = self._own or f"pult@{self._host}"
        lacking = outcasts.hindrance(self._calls, self._service, asked_for)
        return Health(problem=lacking.template, params=lacking.params) if lacking else health

    def reading(self) -> Reading:
        return rooms.reading(self._calls, self._service)

    def rooms(self) -> list[Room] | None:
        return self._site.rooms(self.reading())

    def accounts(self) -> Iterator[Account]:
        for account in people.accounts(self._calls, self._host):
            yield replace(account, administers=bool(self.protected(account.external_id)))

    def courses(self) -> list[Course]:
        return []

    def enrolments(self, course_external_id: str) -> list[Enrolment]:  # noqa: ARG002 - no courses
        return []

    def suspend(self, external_id: str) -> None:
        if external_id == self._own:
            raise PlatformError(OWN, permanent=True, code="own account")
        outcasts.put_out(self._calls, self._service, external_id)

    def standing(self, external_id: str) -> str:
        return standings.written(rooms.affiliations(self._calls, self._service, external_id))

    def lift(self, external_id: str, standing: str) -> None:
        outcasts.let_in(self._calls, self._service, external_id, standing)

    def suspended(self, external_id: str) -> bool:
        """Out of every moderated room."""
        self._require(external_id)
        return outcasts.is_out(self._calls, self._service, external_id)

    def kept_out(self, external_id: str, standing: str) -> bool:
        self._require(external_id)
        return outcasts.is_kept_out(self._calls, self._service, external_id, standing)

    def lifted(self, external_id: str, standing: str) -> bool:
        return outcasts.is_let_in(self._calls, self._service, external_id, standing)

    def opening(self, external_id: str, standing: str) -> str:
        return outcasts.opening(self._calls, self._service, external_id, standing)

    def protected(self, external_id: str) -> str:
        if external_id == self._own:
            return OWN
        user, _, domain = external_id.rpartition("@")
        return STAFF if user in self._never and domain == self._host else ""

    def mute(self, external_id: str) -> None:
        voices.silence(self._calls, self._service, external_id)

    def mute_standing(self, external_id: str) -> str:
        return self.standing(external_id)

    def unmute(self, external_id: str, standing: str) -> None:
        voices.give(self._calls, self._service, external_id, standing)

    def muted(self, external_id: str) -> bool:
        self._require(external_id)
        return voices.is_silent(self._calls, self._service, external_id)

    def unmuted(self, external_id: str, standing: str) -> bool:
        return voices.are_given(self._calls, self._service, external_id, standing)

    def places(self) -> frozenset[str]:
        return frozenset(rooms.there(self._calls, self._service))

    def inside(self) -> dict[str, bool]:
        found = rooms.inside(self._calls, self._service)
        return {
            jid: any(role != rooms.VISITOR for role in roles.values())
            for jid, roles in found.items()
        }

    def standing_since(self, external_id: str, standing: str) -> str:
        return standings.since(self._calls, self._service, external_id, standing)

    def notify(self, external_ids: Sequence[str], text: str) -> dict[str, bool]:
        """From the host itself; False for accounts that are gone."""
        reached = dict.fromkeys(external_ids, False)
        for number, external_id in enumerate(reached):
            try:
                if people.exists(self._calls, self._host, external_id):
                    place = {"from": self._host, "to": external_id, "subject": "", "type": SENDS}
                    self._calls.change("send_message", **place, body=text)
                    reached[external_id] = True
            except PlatformError as error:
                error.unsure |= number > 0
                raise
        return reached

    def _require(self, external_id: str) -> None:
        if not people.exists(self._calls, self._host, external_id):
            raise self._calls.error(people.MISSING, code="no account")
