"""What is wrong with a Moodle connection, and which functions and permissions its token lacks."""

from typing import Any

from platforms.base import N_, Health, PlatformError
from platforms.moodle import roster
from platforms.moodle.calls import Calls

FUNCTIONS = (
    "core_webservice_get_site_info",
    "core_user_get_users",
    "core_user_get_users_by_field",
    "core_user_update_users",
    "core_course_get_courses",
    "core_enrol_get_enrolled_users",
    "mod_forum_get_forums_by_courses",
    "mod_forum_get_forum_discussions",
    "mod_forum_get_discussion_posts",
    "mod_forum_get_discussion_post",
    "mod_forum_update_discussion_post",
)


def check(calls: Calls) -> Health:
    """Never raises PlatformError: it becomes the problem."""
    try:
        return _looked_at(calls, _site(calls))
    except PlatformError as error:
        return Health(problem=error.template, params=error.params)


def own_id(calls: Calls) -> str:
    """The id of the account that owns the token."""
    return str(_site(calls)["userid"])


def _site(calls: Calls) -> dict[str, Any]:
    function = "core_webservice_get_site_info"
    answer = calls.read(function)
    if not isinstance(answer, dict) or "userid" not in answer:
        raise calls.unreadable(function)
    return answer


def _looked_at(calls: Calls, site: dict[str, Any]) -> Health:
    version = str(site.get("release", ""))
    offered = {str(function.get("name")) for function in site.get("functions") or []}
    missing = tuple(name for name in FUNCTIONS if name not in offered)
    if missing:
        return Health(
            N_("The token's service at {host} lacks {count} functions."),
            N_(
                "In Moodle, open Site administration, Server, External services, and add to the "
                "service: {missing}."
            ),
            {"host": calls.host, "count": len(missing), "missing": ", ".join(missing)},
            version,
            missing,
        )
    if not roster.sees_addresses(calls, str(site["userid"])):
        permission = "moodle/site:viewuseridentity"
        return Health(
            N_("Moodle at {host} hides people's e-mail addresses from Pult."),
            N_("Give the role of the token's account {missing} in the whole site."),
            {"host": calls.host, "missing": permission},
            version,
            (permission,),
        )
    return Health(version=version)
