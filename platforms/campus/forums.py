"""The forums: discussions and posts as they stand, changed by whoever writes, edits or deletes."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime


@dataclass(frozen=True)
class Forum:
    id: int
    course_id: int
    name: str


@dataclass(frozen=True)
class Post:
    """`parent` is 0 for the first post of its discussion."""

    id: int
    discussion: int
    parent: int
    author: int
    subject: str
    html: str
    created: datetime
    modified: datetime


@dataclass
class Discussion:
    id: int
    forum: Forum
    first_post: int


@dataclass
class Forums:
    forums: tuple[Forum, ...]
    discussions: dict[int, Discussion] = field(default_factory=dict)
    posts: dict[int, Post] = field(default_factory=dict)
    _by_discussion: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _last_discussion: int = 200
    _last_post: int = 1000

    def start(self, forum: Forum, author: int, subject: str, html: str, at: datetime) -> Post:
        self._last_discussion += 1
        discussion = Discussion(self._last_discussion, forum, self._last_post + 1)
        self.discussions[discussion.id] = discussion
        return self._add(discussion.id, 0, author, subject, html, at)

    def reply(self, parent: int, author: int, subject: str, html: str, at: datetime) -> Post:
        """Raises KeyError when the post to answer is gone."""
        return self._add(self.posts[parent].discussion, parent, author, subject, html, at)

    def edit(self, post_id: int, subject: str, html: str, at: datetime) -> None:
        """An empty subject or text leaves what stands, as in Moodle."""
        post = self.posts[post_id]
        self.posts[post_id] = replace(
            post, subject=subject or post.subject, html=html or post.html, modified=at
        )

    def delete(self, post_id: int) -> None:
        """For good, with every reply to it; the first post takes its discussion along."""
        post = self.posts[post_id]
        for child in self.replies(post_id):
            self.delete(child.id)
        del self.posts[post_id]
        self._by_discussion[post.discussion].remove(post_id)
        if post.parent == 0:
            del self.discussions[post.discussion]
            del self._by_discussion[post.discussion]

    def replies(self, post_id: int) -> list[Post]:
        siblings = self._by_discussion[self.posts[post_id].discussion]
        return [self.posts[other] for other in siblings if self.posts[other].parent == post_id]

    def posts_of(self, discussion_id: int) -> list[Post]:
        """Oldest first."""
        return [self.posts[post_id] for post_id in self._by_discussion[discussion_id]]

    def discussions_of(self, forum_id: int) -> list[Discussion]:
        return [item for item in self.discussions.values() if item.forum.id == forum_id]

    def _add(
        self, discussion: int, parent: int, author: int, subject: str, html: str, at: datetime
    ) -> Post:
        self._last_post += 1
        post = Post(self._last_post, discussion, parent, author, subject, html, at, at)
        self.posts[post.id] = post
        self._by_discussion[discussion].append(post.id)
        return post
