"""Suspend an account in Moodle and lift it, never our own and never an administrator's."""

from collections.abc import Sequence
from typing import Any

from platforms.base import N_, PlatformError
from platforms.moodle.calls import BATCH, Calls

PROTECTED = {
    "usernotupdatedadmin",
    "usernotupdatedguest",
    "usernotupdatedremote",
    "usernotupdateddeleted",
    "usernotupdatederror",
    "invaliduserid",
}


def set_suspended(calls: Calls, external_id: str, suspended: bool) -> None:
    """Raises PlatformError when Moodle passes the account over: it says so in a warning only."""
    function = "core_user_update_users"
    answer = calls.write(function, {"users": [{"id": external_id, "suspended": suspended}]})
    warnings = answer.get("warnings") or [] if isinstance(answer, dict) else []
    for warning in warnings:
        raise _passed_over(calls, str(warning.get("warningcode", "")))


def suspended(calls: Calls, external_ids: Sequence[str]) -> dict[str, bool]:
    """The accounts that Moodle still has, and whether each is suspended."""
    found: dict[str, bool] = {}
    for start in range(0, len(external_ids), BATCH):
        for user in users(calls, "id", external_ids[start : start + BATCH]):
            found[str(user["id"])] = bool(user.get("suspended", False))
    return found


def users(calls: Calls, field: str, values: Sequence[str]) -> list[dict[str, Any]]:
    function = "core_user_get_users_by_field"
    answer = calls.read(function, {"field": field, "values": list(values)})
    return calls.rows(answer, function, "id")


def missing(calls: Calls) -> PlatformError:
    return PlatformError(
        N_("Moodle at {host} does not show this account: it was deleted, or is hidden from Pult."),
        {"host": calls.host},
        permanent=True,
        code="invalidrecord",
    )


def _passed_over(calls: Calls, code: str) -> PlatformError:
    if code == "usernotupdatedadmin":
        template = N_("Moodle at {host} lets nobody suspend an administrator of the site.")
    elif code in PROTECTED:
        template = N_("Moodle at {host} passed this account over ({code}): nothing was changed.")
    else:
        template = N_("Moodle at {host} warns ({code}). Look at the account before trying again.")
    return PlatformError(template, {"host": calls.host, "code": code}, permanent=True, code=code)
