"""Open edX: read its discussions by a cursor, blank a post out, put it back, edit it."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

from platforms.base import N_, Arrived, Capability, Comment, Health, Original, PlatformError
from platforms.openedx.calls import Calls
from platforms.openedx.forum import Forum
from platforms.openedx.lms import Lms
from platforms.openedx.posts import Discussions, Post, Thread, comment
from platforms.sentences import BLANKED, NOTICE
from platforms.texts import plain

OPTIONS = {
    "client_id": "",
    "scheme": "JWT",
    "courses": "",
    "api": "lms",
    "editor": "",
    "edit_reason": "violates-guidelines",
}
WORDS = {
    "client_id": N_("Client id of the OAuth application; empty: the secret itself is the token"),
    "scheme": N_("What stands before the token in its header"),
    "courses": N_("Ids of the courses, with commas between them; empty: all that are seen"),
    "api": N_("lms, or forum for the forum service's own API"),
    "editor": N_("Id of the user in whose name the forum service edits"),
    "edit_reason": N_("Code of the reason that moderators' edits are marked with"),
}
QUIET = 5  # threads without anything new, one after another, after which no more are read
# An edit moves no thread up in their lists: these are read again, a part at a time.
LIVELY = timedelta(days=14)  # since somebody wrote in them, where the API tells
THREADS = 300  # of each course, the last active ones
CALLS = 60  # a part; the thread that it ends in is read whole
NO_COURSES = N_("Name the courses whose discussions Pult reads: the forum does not list them.")
NO_EDITOR = N_("Enter the id of the user in whose name Pult edits in the forum.")


class OpenEdx:
    """One site's discussions. A removal blanks the post and its title; replies stay."""

    can: frozenset[Capability] = frozenset(
        {"comments", "remove comment", "restore comment", "edit comment"}
    )
    undoes: frozenset[Capability] = frozenset({"remove comment", "edit comment"})
    removes = BLANKED

    def __init__(self, url: str, secret: str, options: Mapping[str, str]) -> None:
        self._options = {**OPTIONS, **options}
        courses = [one.strip() for one in self._options["courses"].split(",") if one.strip()]
        self._calls = calls = Calls(url, secret, self._options)
        reason = self._options["edit_reason"]
        self._forum = self._options["api"] == "forum"
        self.removal = "PUT /api/v2/comments/{id}" if self._forum else "PATCH /comments/{id}/"
        self._site: Discussions = (
            Forum(calls, courses, self._options["editor"], reason)
            if self._forum
            else Lms(calls, courses, reason)
        )

    def check(self) -> Health:
        """Well, if the discussions of the first course can be read."""
        if self._forum and not self._options["courses"].strip():
            return Health(problem=NO_COURSES)
        if self._forum and not self._options["editor"].strip():
            return Health(problem=NO_EDITOR)
        try:
            for course_id in self._site.courses()[:1]:
                next(iter(self._site.threads(course_id)), None)
        except PlatformError as error:
            return Health(problem=error.template, params=error.params)
        return Health()

    def comments(self, since: datetime | None, *, limit: int = 500) -> list[Comment]:
        found: list[Comment] = []
        for course_id in self._site.courses():
            new = self._new(course_id, since)
            found += new if since else islice(new, limit)  # of a forum never read: its newest
        found.sort(key=_changed)
        return found[:limit] if since else found[-limit:]

    def edited(self, cursor: str, *, since: datetime) -> Arrived:
        """Parted by what it costs; the cursor is a thread's place in a course, and the course."""
        courses = self._site.courses()
        found: list[Comment] = []
        place, _space, course = cursor.partition(" ")
        if course not in courses:
            place, course = "0", next(iter(courses), "")
        begun, skipped = self._calls.made, int(place)
        for course_id in courses[courses.index(course) :] if courses else []:
            for number, thread in enumerate(self._lively(course_id, since - LIVELY)):
                if number < skipped:
                    continue
                if self._calls.made - begun >= CALLS:
                    return Arrived(found, f"{number} {course_id}", more=True)
                found += self._of_thread(thread, since)
            skipped = 0
        return Arrived(found, "", more=False)

    def thread(self, thread_id: str) -> list[Comment]:
        posts = self._site.posts(thread_id)
        return [comment(post, posts[0].title) for post in posts]

    def remove(self, external_id: str) -> Original:
        post = self._site.post(external_id)
        self._site.write(post, NOTICE, NOTICE)
        return _original(post)

    def removed(self, external_id: str) -> bool:
        """Blanked out, by its title too if it has one; or gone altogether."""
        post = self._standing(external_id)
        return post is None or _blank(post)

    def restore(self, original: Original) -> None:
        post = self._site.post(original.external_id)
        self._site.write(post, original.subject, original.html)

    def edit(self, external_id: str, html: str) -> Original:
        post = self._site.post(external_id)
        self._site.write(post, "", plain(html))
        return _original(post)

    def wording(self, external_id: str) -> str | None:
        post = self._standing(external_id)
        return None if post is None else post.body

    def _standing(self, external_id: str) -> Post | None:
        try:
            return self._site.post(external_id)
        except PlatformError as error:
            if error.code != "gone":
                raise
            return None

    def _new(self, course_id: str, since: datetime | None) -> Iterator[Comment]:
        """What was written or changed since, in the threads that were active since."""
        quiet = 0
        for thread in self._site.threads(course_id):
            if since and thread.active_at and thread.active_at < since:
                if thread.pinned:
                    continue
                return
            fresh = self._of_thread(thread, since)
            yield from fresh
            quiet = 0 if fresh or thread.pinned else quiet + 1
            if quiet >= QUIET:
                return

    def _lively(self, course_id: str, since: datetime) -> Iterator[Thread]:
        for thread in islice(self._site.threads(course_id), THREADS):
            if thread.active_at and thread.active_at < since and not thread.pinned:
                return
            yield thread

    def _of_thread(self, thread: Thread, since: datetime | None) -> list[Comment]:
        try:
            posts = self._site.posts(thread.id)
        except PlatformError as error:
            if error.code != "gone":  # deleted since it was listed
                raise
            return []
        found = [comment(post, thread.title) for post in posts]
        return [one for one in found if since is None or _changed(one) >= since]


def _blank(post: Post) -> bool:
    return post.body.strip() == NOTICE and post.title.strip() in ("", NOTICE)


def _original(post: Post) -> Original:
    """As it stood; where it is blank already, as the platform's own history has it."""
    body = post.earlier if post.body.strip() == NOTICE and post.earlier else post.body
    return Original(post.path, "" if post.title.strip() == NOTICE else post.title, body)


def _changed(one: Comment) -> datetime:
    return one.changed_at or one.written_at
