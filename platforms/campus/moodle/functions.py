"""The functions of the console's web service, and those that participants' own tokens may call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from platforms.campus.moodle import courses, discussions, meetings, messages, posting, users
from platforms.campus.moodle.errors import MoodleError
from platforms.campus.moodle.parameters import TEXT, Many, Spec, Value, Values
from platforms.campus.moodle.site import RELEASE, VERSION, Site
from platforms.campus.moodle.users import language
from platforms.campus.people import Person


@dataclass(frozen=True)
class Function:
    takes: Mapping[str, Spec]
    call: Callable[[Site, Person, Values], Value]
    for_participants: bool = False


OUTSIDE = (  # in Moodle, but not in the console's service
    "core_course_create_courses",
    "core_user_create_users",
    "core_user_delete_users",
    "core_role_assign_roles",
)


def table(find: meetings.Finder) -> dict[str, Function]:
    return {
        "core_webservice_get_site_info": Function(
            {"serviceshortnames": Many(TEXT)}, _site_info, True
        ),
        "core_course_get_courses": Function(courses.GET_COURSES, courses.get_courses),
        "core_course_get_courses_by_field": Function(
            courses.BY_FIELD, courses.get_courses_by_field, True
        ),
        "core_enrol_get_enrolled_users": Function(
            courses.ENROLLED, courses.get_enrolled_users, True
        ),
        "core_user_get_users": Function(users.GET_USERS, users.get_users),
        "core_user_get_users_by_field": Function(users.BY_FIELD, users.get_users_by_field),
        "core_user_update_users": Function(users.UPDATE, users.update_users),
        "core_message_send_instant_messages": Function(
            messages.SEND, messages.send_instant_messages, True
        ),
        "mod_forum_get_forums_by_courses": Function(
            discussions.BY_COURSES, discussions.get_forums_by_courses, True
        ),
        "mod_forum_get_forum_discussions": Function(
            discussions.DISCUSSIONS, discussions.get_forum_discussions, True
        ),
        "mod_forum_get_discussion_posts": Function(
            discussions.POSTS, discussions.get_discussion_posts, True
        ),
        "mod_forum_get_discussion_post": Function(
            discussions.ONE_POST, discussions.get_discussion_post, True
        ),
        "mod_forum_add_discussion": Function(posting.START, posting.add_discussion, True),
        "mod_forum_add_discussion_post": Function(posting.ADD, posting.add_discussion_post, True),
        "mod_forum_update_discussion_post": Function(
            posting.UPDATE, posting.update_discussion_post, True
        ),
        "mod_forum_delete_post": Function(posting.DELETE, posting.delete_post, True),
        "mod_bigbluebuttonbn_meeting_info": Function(
            meetings.INFO, meetings.meeting_info(find), True
        ),
    }


def find(functions: Mapping[str, Function], name: str, site: Site, caller: Person) -> Function:
    """Raises invalidrecord for what Moodle does not know, accessexception for what is not ours."""
    if name in OUTSIDE:
        raise MoodleError("accessexception")
    if name not in functions:
        raise MoodleError("invalidrecord", "external_functions")
    function = functions[name]
    if not site.is_console(caller) and not function.for_participants:
        raise MoodleError("accessexception")
    return function


def _site_info(site: Site, caller: Person, _: Values) -> Value:
    names = table(lambda *_: None)
    return {
        "sitename": "School 14",
        "username": caller.username,
        "firstname": caller.first,
        "lastname": caller.last,
        "fullname": caller.name,
        "lang": language(caller),
        "userid": caller.id,
        "siteurl": site.url,
        "userpictureurl": f"{site.url}/theme/image.php/boost/core/1/u/f1",
        "functions": [
            {"name": name, "version": VERSION}
            for name, function in sorted(names.items())
            if site.is_console(caller) or function.for_participants
        ],
        "downloadfiles": 1,
        "uploadfiles": 1,
        "release": RELEASE,
        "version": VERSION,
        "mobilecssurl": "",
        "advancedfeatures": [{"name": "enablecompletion", "value": 1}],
        "usercanmanageownfiles": True,
        "userquota": 104857600,
        "usermaxuploadfilesize": 104857600,
        "userhomepage": 1,
        "siteid": 1,
        "sitecalendartype": "gregorian",
        "usercalendartype": "gregorian",
        "userissiteadmin": False,
        "theme": "boost",
        "limitconcurrentlogins": 0,
    }
