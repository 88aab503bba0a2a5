"""Moodle's people, courses and who takes part in them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from platforms.base import N_, Account, Course, Enrolment, PlatformError
from platforms.moodle.calls import Calls

PAGE = 500  # people a call; Moodle gives no total
SITE = "site"  # the front page is kept as a course of this format
GUEST = "guest"  # an account of the site's own, nobody's
LAST = 253_402_300_800  # seconds: the year 10000 cannot be written
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEACHERS = {"teacher", "editingteacher", "manager", "coursecreator"}


def accounts(calls: Calls, level_field: str, role_field: str) -> Iterator[Account]:
    """All users; `%` stands for anything, and there is no paging.

    Raises PlatformError when Moodle shows none: an empty school would be believed.
    """
    function = "core_user_get_users"
    answer = calls.read(function, {"criteria": [{"key": "email", "value": "%"}]})
    users = answer.get("users") if isinstance(answer, dict) else None
    if not calls.rows(users, function, "id"):
        raise shows_none(calls, "moodle/user:viewdetails, moodle/user:viewalldetails")
    for user in users or ():
        if user.get("username") == GUEST:
            continue
        fields = _custom(user)
        yield Account(
            external_id=str(user["id"]),
            username=str(user.get("username", "")),
            name=str(user.get("fullname", "")),
            email=str(user.get("email", "")),
            language=str(user.get("lang", "")),
            suspended=bool(user.get("suspended", False)),
            last_seen=moment(user.get("lastaccess")),
            role=fields.get(role_field, ""),
            level=fields.get(level_field, ""),
            group=str(user.get("department") or ""),
            time_zone=str(user.get("timezone") or ""),  # 99: the site's own
        )


def courses(calls: Calls, *, with_site: bool = False) -> list[Course]:
    """All courses, without the front page unless asked for."""
    function = "core_course_get_courses"
    answer = calls.rows(calls.read(function), function, "id")
    if not answer:
        raise shows_none(calls, "moodle/course:view")
    return [
        Course(str(course["id"]), str(course.get("fullname", "")))
        for course in answer
        if with_site or course.get("format") != SITE
    ]


def enrolments(calls: Calls, course_external_id: str) -> Iterator[Enrolment]:
    """Who takes part, page by page until one comes back short."""
    function = "core_enrol_get_enrolled_users"
    start = 0
    while True:
        page = calls.read(function, _page(course_external_id, start, "id,roles"))
        answer = calls.rows(page, function, "id")
        for user in answer:
            roles = {str(role.get("shortname", "")) for role in user.get("roles") or []}
            yield Enrolment(
                course_external_id,
                str(user["id"]),
                "teacher" if roles & TEACHERS else "student",
            )
        if len(answer) < PAGE:
            return
        start += PAGE


def sees_addresses(calls: Calls, own_id: str) -> bool:
    """Whether other people's e-mail addresses are shown to the token, by the first course."""
    for course in courses(calls)[:1]:
        answer = calls.read(
            "core_enrol_get_enrolled_users", _page(course.external_id, 0, "id,email")
        )
        others = [user for user in answer if str(user.get("id")) != own_id]
        return not others or any(user.get("email") for user in others)
    return True


def shows_none(calls: Calls, permissions: str) -> PlatformError:
    return PlatformError(
        N_(
            "Moodle at {host} answered with an empty list, as it does when the token's account "
            "may not look. Give its role {permissions} in the whole site."
        ),
        {"host": calls.host, "permissions": permissions},
        permanent=True,
        code="empty",
    )


def moment(seconds: object) -> datetime | None:
    """The time Moodle means; it writes "never" as 0. None too for what is no time of ours."""
    if not isinstance(seconds, int) or not 0 < seconds < LAST:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _page(course: str, start: int, fields: str) -> dict[str, object]:
    options = {"limitfrom": start, "limitnumber": PAGE, "userfields": fields}
    return {
        "courseid": course,
        "options": [{"name": name, "value": value} for name, value in options.items()],
    }


def _custom(user: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(field.get("shortname", "")): str(field.get("value", ""))
        for field in user.get("customfields") or []
    }
