"""Accounts of a homeserver: listed, suspended and let go again, by Synapse's admin API.

https://element-hq.github.io/synapse/latest/admin_api/user_admin_api.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from platforms.answers import count, word
from platforms.base import Account, PlatformError
from platforms.matrix.calls import ADMIN, Calls, path
from platforms.sentences import OWN, STAFF

PAGE = 500  # accounts a call
PAGES = 1000
AGAIN = 50  # accounts that are read by themselves again in each listing
UNKNOWN = {"M_UNRECOGNIZED", "404", "405"}  # Synapse before 1.116 knows no suspension


class Directory:
    """People's accounts, not guests' nor Pult's own, listed page by page.

    The list holds no e-mail addresses, and does not say who is suspended: an account
    is read by itself when it is new or its row has changed, and a few others each
    time, so that a listing of thousands costs no thousands of calls.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._known: dict[str, _Known] = {}  # the longest not read first

    def accounts(self) -> Iterator[Account]:
        listed = {word(row.get("name")): row for row in _listed(self._calls)}
        self._known = {id_: known for id_, known in self._known.items() if id_ in listed}
        for id_ in self._to_read(listed):
            read = user(self._calls, id_)
            self._known.pop(id_, None)
            self._known[id_] = _Known(_mark(listed[id_]), read)
        for id_, row in listed.items():
            yield _account({**self._known[id_].read, **row})

    def _to_read(self, listed: Mapping[str, Mapping[str, Any]]) -> list[str]:
        again = list(self._known)[:AGAIN]
        return again + [
            id_
            for id_, row in listed.items()
            if id_ not in again and (id_ not in self._known or self._known[id_].mark != _mark(row))
        ]


@dataclass(frozen=True)
class _Known:
    """An account as it was last read by itself, and its row in the list then."""

    mark: dict[str, Any]
    read: dict[str, Any]


def _mark(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without what changes whenever somebody is there."""
    return {name: value for name, value in row.items() if name != "last_seen_ts"}


def _listed(calls: Calls) -> Iterator[dict[str, Any]]:
    first, seen = "0", set[str]()
    for _page in range(PAGES):
        seen.add(first)
        page: dict[str, str | int] = {"limit": PAGE, "from": first, "locked": "true"}
        said = calls.get(f"{ADMIN}/v2/users", guests="false", deactivated="false", **page)
        for row in calls.site.rows(said, "users"):
            if word(row.get("name")) not in ("", calls.own_id()) and not row.get("appservice_id"):
                yield row
        first = word(said.get("next_token"))
        if not first or first in seen:
            return


def user(calls: Calls, external_id: str) -> dict[str, Any]:
    return calls.get(f"{ADMIN}/v2/{path('users', external_id)}")


def reads(found: Mapping[str, Any]) -> bool:
    """Whether somebody reads with the account: who is suspended does, behind a lock nobody."""
    return not (found.get("deactivated") or found.get("locked"))


def suspend(calls: Calls, external_id: str) -> None:
    """The account reads and leaves, but writes nothing; locked where suspending is unknown."""
    try:
        calls.put(f"{ADMIN}/v1/{path('suspend', external_id)}", {"suspend": True})
    except PlatformError as error:
        if error.code not in UNKNOWN:
            raise
        _lock(calls, external_id, True)


def lift(calls: Calls, external_id: str) -> None:
    """What was ours alone: where the server knows suspension, a lock is somebody else's."""
    found = user(calls, external_id)
    held = found.get("suspended") or found.get("locked")
    if held and not _unsuspend(calls, external_id):
        _lock(calls, external_id, False)


def lifted(calls: Calls, external_id: str) -> bool:
    """Whether nothing of ours is left; a lock that an administrator set stays theirs."""
    found = user(calls, external_id)
    if found.get("suspended") or found.get("deactivated"):
        return False
    return not found.get("locked") or _unsuspend(calls, external_id)


def suspended(calls: Calls, external_id: str) -> bool:
    found = user(calls, external_id)
    return bool(found.get("suspended") or found.get("locked") or found.get("deactivated"))


def protected(calls: Calls, external_id: str) -> str:
    if external_id == calls.own_id():
        return OWN
    return STAFF if user(calls, external_id).get("admin") else ""


def _unsuspend(calls: Calls, external_id: str) -> bool:
    """False where the server knows no suspension, so that our block there is a lock."""
    try:
        calls.put(f"{ADMIN}/v1/{path('suspend', external_id)}", {"suspend": False})
    except PlatformError as error:
        if error.code not in UNKNOWN:
            raise
        return False
    return True


def _lock(calls: Calls, external_id: str, locked: bool) -> None:
    calls.put(f"{ADMIN}/v2/{path('users', external_id)}", {"locked": locked})


def _account(found: Mapping[str, Any]) -> Account:
    id_ = word(found.get("name"))
    seen = count(found.get("last_seen_ts"))
    return Account(
        external_id=id_,
        username=id_,
        name=word(found.get("displayname")) or id_,
        email=_email(found.get("threepids")),
        suspended=bool(found.get("suspended") or found.get("locked")),
        last_seen=datetime.fromtimestamp(seen / 1000, UTC) if seen else None,
        role="staff" if found.get("admin") else "",
        administers=bool(found.get("admin")),
    )


def _email(threepids: object) -> str:
    for one in threepids if isinstance(threepids, list) else ():
        if isinstance(one, dict) and one.get("medium") == "email":
            return word(one.get("address"))
    return ""
