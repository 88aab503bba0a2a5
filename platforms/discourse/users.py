"""Discourse's people: list, suspend, silence, and back to exactly how each stood."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from platforms.answers import word
from platforms.base import Account, PlatformError
from platforms.discourse.calls import Calls
from platforms.discourse.posts import instant
from platforms.sentences import OWN, STAFF

PAGES = 200  # of a hundred accounts
FOREVER = datetime(3000, 1, 1, tzinfo=UTC)  # as the forum's own "forever" does, which is a date too
LONG = timedelta(days=100 * 365)  # what is held for longer, the forum shows as held for ever
SLACK = timedelta(seconds=1)  # the forum keeps no finer times for certain
Hold = Literal["suspend", "silence"]
UNTIL = {"suspend": "suspend_until", "silence": "silenced_till"}  # as it is asked
TILL = {"suspend": "suspended_till", "silence": "silenced_till"}  # as it is told
REASONS = {"suspend": "full_suspend_reason", "silence": "silence_reason"}


def accounts(calls: Calls, own_name: str, *, now: datetime) -> Iterator[Account]:
    """The key's own account is told as one that administers the forum, whoever it is."""
    for page in range(1, PAGES + 1):
        rows = calls.rows("/admin/users/list/active.json", page=page, show_emails="true")
        for row in rows:
            found = _account(row, now)
            own = found.username.lower() == own_name.lower()
            yield replace(found, administers=True) if own else found
        if not rows:
            return


def held(calls: Calls, external_id: str, hold: Hold, *, now: datetime) -> bool:
    return _until(_user(calls, external_id), hold, now) is not None


def standing(calls: Calls, external_id: str, hold: Hold, *, now: datetime) -> str:
    """Until when and why it is held already; '' when it is not."""
    user = _user(calls, external_id)
    if _until(user, hold, now) is None:
        return ""
    return json.dumps(
        {"till": user[TILL[hold]], "reason": str(user.get(REASONS[hold]) or "")[:1000]}
    )


def held_until(
    calls: Calls, external_id: str, hold: Hold, until: datetime | None, *, now: datetime
) -> bool:
    """Whether it is held at least as long, by whomever."""
    till = _until(_user(calls, external_id), hold, now)
    return till is not None and till >= (now + LONG if until is None else until - SLACK)


def begin(
    calls: Calls,
    external_id: str,
    hold: Hold,
    until: datetime | None,
    reason: str,
    *,
    now: datetime,
) -> None:
    """Until just then. The forum refuses to hold longer what is held: it is freed for that."""
    if _until(_user(calls, external_id), hold, now) is not None:
        _free(calls, external_id, hold)
    till = (until or FOREVER).astimezone(UTC)
    said = f"{till:%Y-%m-%dT%H:%M:%S}.{till.microsecond // 1000:03}Z"
    _hold(calls, external_id, hold, said, reason)


def end(
    calls: Calls, external_id: str, hold: Hold, standing: str, reason: str, *, now: datetime
) -> None:
    """Free it, or hold it again as somebody else had, until the time that was theirs."""
    _free(calls, external_id, hold)
    earlier = json.loads(standing) if standing else {}
    till = instant(earlier.get("till"))
    if till and till > now:
        _hold(calls, external_id, hold, earlier["till"], earlier["reason"] or reason)


def is_back(calls: Calls, external_id: str, hold: Hold, standing: str, *, now: datetime) -> bool:
    """Whether it is free, or held as long as somebody else had held it."""
    earlier = json.loads(standing) if standing else {}
    theirs = instant(earlier.get("till"))
    till = _until(_user(calls, external_id), hold, now)
    if till is None or theirs is None or theirs <= now:
        return till is None and (theirs is None or theirs <= now)
    return abs(till - theirs) <= SLACK


def protected(calls: Calls, external_id: str, own_name: str) -> str:
    user = _user(calls, external_id)
    if word(user.get("username")).lower() == own_name.lower():
        return OWN
    if user.get("admin") or user.get("moderator") or not external_id.isdigit():
        return STAFF  # the system's own accounts have negative ids
    return ""


def notify(calls: Calls, external_ids: Sequence[str], said: str) -> dict[str, bool]:
    """One private message to each, so that nobody sees who else got it."""
    reached: dict[str, bool] = {}
    for external_id in external_ids:
        try:
            message = {
                "title": said.strip().splitlines()[0][:100],
                "raw": said,
                "archetype": "private_message",
                "target_recipients": word(_user(calls, external_id).get("username")),
            }
            calls.write("POST", "/posts.json", message)
        except PlatformError as error:
            if error.unsure or not error.permanent:
                raise
            reached[external_id] = False
        else:
            reached[external_id] = True
    return reached


def _hold(calls: Calls, external_id: str, hold: Hold, till: str, reason: str) -> None:
    calls.write(
        "PUT",
        f"/admin/users/{external_id}/{hold}.json",
        {UNTIL[hold]: till, "reason": reason, "message": "", "post_action": "none"},
    )


def _free(calls: Calls, external_id: str, hold: Hold) -> None:
    calls.write("PUT", f"/admin/users/{external_id}/un{hold}.json", {})


def _user(calls: Calls, external_id: str) -> dict[str, Any]:
    user = calls.read(f"/admin/users/{external_id}.json")
    if "username" not in user:
        raise calls.site.strange()
    return user


def _until(user: dict[str, Any], hold: Hold, now: datetime) -> datetime | None:
    till = instant(user.get(TILL[hold]))
    return till if till and till > now else None


def _account(row: dict[str, Any], now: datetime) -> Account:
    staff = row.get("admin") or row.get("moderator")
    return Account(
        external_id=word(row.get("id")),
        username=word(row.get("username")),
        name=word(row.get("name")) or word(row.get("username")),
        email=word(row.get("email")),
        suspended=bool(row.get("suspended")) or _until(row, "suspend", now) is not None,
        last_seen=instant(row.get("last_seen_at")),
        role="staff" if staff else "",
        administers=bool(staff) or not word(row.get("id")).isdigit(),
    )
