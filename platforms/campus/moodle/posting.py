"""mod_forum_*, writing: answer, start a discussion, edit, delete."""

from collections.abc import Mapping
from datetime import datetime

from platforms.campus.forums import Post
from platforms.campus.moodle.courses import find
from platforms.campus.moodle.discussions import post_record
from platforms.campus.moodle.errors import MoodleError
from platforms.campus.moodle.parameters import ID, TEXT, Many, Param, Spec, Value, Values
from platforms.campus.moodle.site import Site
from platforms.campus.people import Person

OPTIONS = Many({"name": TEXT, "value": TEXT})
ADD: Mapping[str, Spec] = {
    "postid": ID,
    "subject": TEXT,
    "message": TEXT,
    "options": OPTIONS,
    "messageformat": Param("int", 1),
}
START: Mapping[str, Spec] = {
    "forumid": ID,
    "subject": TEXT,
    "message": TEXT,
    "groupid": Param("int", 0),
    "options": OPTIONS,
}
UPDATE: Mapping[str, Spec] = {
    "postid": ID,
    "subject": Param(),
    "message": Param(),
    "messageformat": Param("int", 1),
    "options": OPTIONS,
}
DELETE: Mapping[str, Spec] = {"postid": ID}


def add_discussion_post(site: Site, caller: Person, values: Values) -> Value:
    parent = site.evening.forums.posts.get(int(str(values["postid"])))
    if not parent:
        raise MoodleError("invalidparentpostid")
    _may_post(site, caller, parent.discussion)
    post = site.evening.forums.reply(
        parent.id, caller.id, str(values["subject"]), str(values["message"]), _now(site)
    )
    done: Value = [{"type": "success", "message": "Your post was successfully added."}]
    record = post_record(site, caller, post)
    return {"postid": post.id, "warnings": [], "post": record, "messages": done}


def add_discussion(site: Site, caller: Person, values: Values) -> Value:
    number = int(str(values["forumid"]))
    forum = next((item for item in site.evening.forums.forums if item.id == number), None)
    if not forum:
        raise MoodleError("invalidrecord", "forum")
    _enrolled(site, caller, forum.course_id)
    post = site.evening.forums.start(
        forum, caller.id, str(values["subject"]), str(values["message"]), _now(site)
    )
    return {"discussionid": post.discussion, "warnings": []}


def update_discussion_post(site: Site, caller: Person, values: Values) -> Value:
    """An empty subject or message leaves what stands."""
    post = _own(site, caller, int(str(values["postid"])), "cannotupdatepost")
    subject, message = str(values["subject"]), str(values["message"])
    site.evening.forums.edit(post.id, subject, message, _now(site))
    return {"status": True, "warnings": []}


def delete_post(site: Site, caller: Person, values: Values) -> Value:
    """Cascades to the replies; the first post takes the discussion with it."""
    post = _own(site, caller, int(str(values["postid"])), "cannotdeletepost")
    site.evening.forums.delete(post.id)
    return {"status": True, "warnings": []}


def _own(site: Site, caller: Person, number: int, refusal: str) -> Post:
    post = site.evening.forums.posts.get(number)
    if not post:
        raise MoodleError("invalidpostid", str(number))
    if not site.is_console(caller) and post.author != caller.id:
        raise MoodleError(refusal)
    return post


def _may_post(site: Site, caller: Person, discussion: int) -> None:
    _enrolled(site, caller, site.evening.forums.discussions[discussion].forum.course_id)


def _enrolled(site: Site, caller: Person, course_id: int) -> None:
    course = find(site, course_id)
    if not site.is_console(caller) and caller not in (*course.teachers, *course.students):
        raise MoodleError("nopostforum")


def _now(site: Site) -> datetime:
    return site.evening.clock.real()
