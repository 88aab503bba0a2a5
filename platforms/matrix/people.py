"""Accounts of a homeserver: listed, suspended and let go again, by Synapse's admin API.

https://element-hq.github.io/synapse/latest/admin_api/user_admin_api.html
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from platforms.answers import count, word
from platforms.base import N_, Account, PlatformError
from platforms.matrix.calls import ADMIN, Calls, path

PAGE = 500  # accounts a call
PAGES = 1000
OWN = N_("This is the account that Pult itself works with.")
STAFF = N_("This account belongs to an administrator, or to the site itself.")
UNKNOWN = {"M_UNRECOGNIZED", "404", "405"}  # Synapse before 1.116 knows no suspension


def accounts(calls: Calls) -> Iterator[Account]:
    """People's accounts, not guests' nor Pult's own; the list lacks addresses, so each is read."""
    first, seen = "0", set[str]()
    for _page in range(PAGES):
        seen.add(first)
        page: dict[str, str | int] = {"limit": PAGE, "from": first}
        said = calls.get(f"{ADMIN}/v2/users", guests="false", deactivated="false", **page)
        for row in calls.site.rows(said, "users"):
            if row.get("name") != calls.own_id() and not row.get("appservice_id"):
                yield _account(user(calls, word(row.get("name"))))
        first = word(said.get("next_token"))
        if not first or first in seen:
            return


def user(calls: Calls, external_id: str) -> dict[str, Any]:
    return calls.get(f"{ADMIN}/v2/{path('users', external_id)}")


def suspend(calls: Calls, external_id: str) -> None:
    """The account reads and leaves, but writes nothing; locked where suspending is unknown."""
    try:
        calls.put(f"{ADMIN}/v1/{path('suspend', external_id)}", {"suspend": True})
    except PlatformError as error:
        if error.code not in UNKNOWN:
            raise
        _lock(calls, external_id, True)


def lift(calls: Calls, external_id: str) -> None:
    found = user(calls, external_id)
    if found.get("suspended"):
        calls.put(f"{ADMIN}/v1/{path('suspend', external_id)}", {"suspend": False})
    if found.get("locked"):
        _lock(calls, external_id, False)


def suspended(calls: Calls, external_id: str) -> bool:
    found = user(calls, external_id)
    return bool(found.get("suspended") or found.get("locked") or found.get("deactivated"))


def protected(calls: Calls, external_id: str) -> str:
    if external_id == calls.own_id():
        return OWN
    return STAFF if user(calls, external_id).get("admin") else ""


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
    )


def _email(threepids: object) -> str:
    for one in threepids if isinstance(threepids, list) else ():
        if isinstance(one, dict) and one.get("medium") == "email":
            return word(one.get("address"))
    return ""
