"""mod_forum_*, reading: forums of courses, discussions of a forum, posts of a discussion."""

from collections.abc import Mapping

from platforms.campus.forums import Discussion, Forum, Post
from platforms.campus.moodle.errors import MoodleError, php_error
from platforms.campus.moodle.parameters import ID, Many, Param, Spec, Value, Values
from platforms.campus.moodle.site import Site, stamp
from platforms.campus.moodle.users import picture
from platforms.campus.people import Person

BY_COURSES: Mapping[str, Spec] = {"courseids": Many(ID)}
DISCUSSIONS: Mapping[str, Spec] = {
    "forumid": ID,
    "sortorder": Param("int", -1),
    "page": Param("int", -1),
    "perpage": Param("int", 0),
    "groupid": Param("int", 0),
}
POSTS: Mapping[str, Spec] = {
    "discussionid": ID,
    "sortby": Param("text", "created"),
    "sortdirection": Param("text", "DESC"),
    "includeinlineattachments": Param("bool", False),
}
ONE_POST = {"postid": ID}
OLDEST_FIRST = (2, 4, 6)  # of sortorder: last post, created, replies ascending


def get_forums_by_courses(site: Site, caller: Person, values: Values) -> Value:
    """Without course ids: those the caller is enrolled in, which for the console are none."""
    given = values["courseids"]
    wanted = given if isinstance(given, list) else []
    if not wanted:
        wanted = [
            course.id
            for course in site.evening.courses
            if caller in (*course.teachers, *course.students)
        ]
    return [
        _forum(site, forum) for forum in site.evening.forums.forums if forum.course_id in wanted
    ]


def get_forum_discussions(site: Site, _: Person, values: Values) -> Value:
    """`id` is the first post, `discussion` the discussion; latest activity first."""
    forums = site.evening.forums
    number = int(str(values["forumid"]))
    if not any(forum.id == number for forum in forums.forums):
        raise MoodleError("invalidrecord", "forum")
    newest_first = values["sortorder"] not in OLDEST_FIRST
    found = sorted(
        (_discussion(site, discussion) for discussion in forums.discussions_of(number)),
        key=lambda record: (int(str(record["timemodified"])), int(str(record["discussion"]))),
        reverse=newest_first,
    )
    page, size = int(str(values["page"])), int(str(values["perpage"]))
    if page >= 0 and size > 0:
        found = found[page * size : (page + 1) * size]
    return {"discussions": list(found), "warnings": []}


def get_discussion_posts(site: Site, caller: Person, values: Values) -> Value:
    """All at once; newest first unless asked otherwise."""
    forums = site.evening.forums
    discussion = forums.discussions.get(int(str(values["discussionid"])))
    if not discussion:
        raise php_error("Call to a member function get_forum_id() on null")
    posts = sorted(
        forums.posts_of(discussion.id),
        key=lambda post: (post.created, post.id),
        reverse=values["sortdirection"] != "ASC",
    )
    return {
        "posts": [post_record(site, caller, post) for post in posts],
        "forumid": discussion.forum.id,
        "courseid": discussion.forum.course_id,
        "ratinginfo": {
            "contextid": 100 + discussion.forum.id,
            "component": "mod_forum",
            "ratingarea": "post",
            "canviewall": None,
            "canviewany": None,
            "scales": [],
            "ratings": [],
        },
        "warnings": [],
    }


def get_discussion_post(site: Site, caller: Person, values: Values) -> Value:
    post = site.evening.forums.posts.get(int(str(values["postid"])))
    if not post:
        raise MoodleError("invalidpostid", str(values["postid"]))
    return {"post": post_record(site, caller, post), "warnings": []}


def post_record(site: Site, caller: Person, post: Post) -> dict[str, Value]:
    own = site.is_console(caller) or caller.id == post.author
    return {
        "id": post.id,
        "subject": post.subject,
        "replysubject": post.subject if post.subject.startswith("Re: ") else f"Re: {post.subject}",
        "message": post.html,
        "messageformat": 1,
        "author": _author(site, post),
        "discussionid": post.discussion,
        "hasparent": post.parent != 0,
        "parentid": post.parent or None,
        "timecreated": stamp(post.created),
        "timemodified": stamp(post.modified),
        "unread": None,
        "isdeleted": False,
        "isprivatereply": False,
        "haswordcount": False,
        "wordcount": None,
        "charcount": None,
        "capabilities": _capabilities(own),
        "urls": _addresses(site, post, own),
        "attachments": [],
        "messageinlinefiles": [],
        "tags": [],
        "html": {"rating": None, "taglist": None, "authorsubheading": ""},
    }


def _author(site: Site, post: Post) -> dict[str, Value]:
    author = site.accounts[post.author]
    return {
        "id": author.id,
        "fullname": author.name,
        "isdeleted": False,
        "groups": [],
        "urls": {
            "profile": f"{site.url}/user/view.php?id={author.id}",
            "profileimage": picture(site, 1),
        },
    }


def _capabilities(own: bool) -> dict[str, Value]:
    """What the caller may do with a post; `own`: it is theirs, or they are the console."""
    return {
        "view": True,
        "edit": own,
        "delete": own,
        "split": False,
        "reply": True,
        "selfenrol": False,
        "export": False,
        "controlreadstatus": False,
        "canreplyprivately": False,
    }


def _addresses(site: Site, post: Post, own: bool) -> dict[str, Value]:
    base = f"{site.url}/mod/forum"
    view = f"{base}/discuss.php?d={post.discussion}"
    return {
        "view": f"{view}#p{post.id}",
        "viewisolated": f"{view}&parent={post.id}",
        "viewparent": f"{view}#p{post.parent}" if post.parent else None,
        "edit": f"{base}/post.php?edit={post.id}" if own else None,
        "delete": f"{base}/post.php?delete={post.id}" if own else None,
        "split": None,
        "reply": f"{base}/post.php?reply={post.id}#mformforum",
        "export": None,
        "markasread": None,
        "markasunread": None,
        "discuss": view,
    }


def _forum(site: Site, forum: Forum) -> Value:
    return {
        "id": forum.id,
        "course": forum.course_id,
        "type": "general",
        "name": forum.name,
        "intro": "",
        "introformat": 1,
        "introfiles": [],
        "duedate": 0,
        "cutoffdate": 0,
        "assessed": 0,
        "assesstimestart": 0,
        "assesstimefinish": 0,
        "scale": 0,
        "maxbytes": 512000,
        "maxattachments": 9,
        "forcesubscribe": 0,
        "trackingtype": 1,
        "rsstype": 0,
        "rssarticles": 0,
        "timemodified": stamp(site.evening.clock.started) - 90 * 24 * 3600,
        "warnafter": 0,
        "blockafter": 0,
        "blockperiod": 0,
        "completiondiscussions": 0,
        "completionreplies": 0,
        "completionposts": 0,
        "cmid": 300 + forum.id,
        "numdiscussions": len(site.evening.forums.discussions_of(forum.id)),
        "cancreatediscussions": True,
        "lockdiscussionafter": 0,
        "istracked": False,
        "unreadpostscount": 0,
    }


def _discussion(site: Site, discussion: Discussion) -> dict[str, Value]:
    forums = site.evening.forums
    first = forums.posts[discussion.first_post]
    last = max(forums.posts_of(discussion.id), key=lambda post: (post.modified, post.id))
    author, editor = site.accounts[first.author], site.accounts[last.author]
    return {
        "id": first.id,
        "name": first.subject,
        "groupid": -1,
        "timemodified": stamp(last.modified),
        "usermodified": editor.id,
        "timestart": 0,
        "timeend": 0,
        "discussion": discussion.id,
        "parent": 0,
        "userid": author.id,
        "created": stamp(first.created),
        "modified": stamp(first.modified),
        "mailed": 1,
        "subject": first.subject,
        "message": first.html,
        "messageformat": 1,
        "messagetrust": 0,
        "attachment": False,
        "totalscore": 0,
        "mailnow": 0,
        "userfullname": author.name,
        "usermodifiedfullname": editor.name,
        "userpictureurl": picture(site, 1),
        "usermodifiedpictureurl": picture(site, 1),
        "numreplies": len(forums.posts_of(discussion.id)) - 1,
        "numunread": 0,
        "pinned": False,
        "locked": False,
        "starred": False,
        "canreply": True,
        "canlock": False,
        "canfavourite": True,
    }
