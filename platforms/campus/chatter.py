"""The evening's writing: what stood in the forums at the start, and what is posted when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from random import Random

from platforms.campus import talk
from platforms.campus.clock import Clock
from platforms.campus.forums import Forum, Forums, Post
from platforms.campus.people import Person
from platforms.campus.timetable import Course

BEFORE = 3 * 24 * 3600  # campus seconds: how far back the oldest discussion goes
EVENING = 3 * 3600  # campus seconds: posts arrive for that long
PAUSE = 18  # campus seconds between two posts, on average
RUDE_EVERY = 12  # posts
FIRST_RUDE = 1  # the second post of the evening is rude
STARTS_DISCUSSION = 0.08


@dataclass(frozen=True)
class Planned:
    """A post to come: `at` in campus seconds; `pick` chooses what it answers (0 to 1)."""

    at: float
    course: Course
    author: Person
    text: str
    pick: float
    subject: str  # '' for an answer


def found(seed: int, courses: Sequence[Course], clock: Clock) -> Forums:
    """One forum for each course, with some days of discussion in it."""
    random = Random(f"{seed}:before")  # noqa: S311 - a play, not a secret
    names = {"ru": "Обсуждение", "en": "Discussion", "zh": "讨论区"}
    forums = Forums(
        tuple(
            Forum(51 + index, item.id, names[item.language]) for index, item in enumerate(courses)
        )
    )
    for forum, course in zip(forums.forums, courses, strict=True):
        for _ in range(random.randint(2, 4)):
            _discussion(random, forums, forum, course, clock)
    return forums


def evening(seed: int, courses: Sequence[Course]) -> Iterator[Planned]:
    """What will be posted, in order."""
    random = Random(f"{seed}:evening")  # noqa: S311 - a play, not a secret
    at, count = 6.0, 0
    while at < EVENING:
        course = random.choice(courses)
        yield _planned(random, course, at, rude=count % RUDE_EVERY == FIRST_RUDE)
        at, count = at + random.uniform(PAUSE / 2, PAUSE * 1.5), count + 1


def write(forums: Forums, planned: Planned, clock: Clock) -> Post:
    """Put a planned post where it belongs, now."""
    forum = next(item for item in forums.forums if item.course_id == planned.course.id)
    at = clock.wall(planned.at)
    discussions = forums.discussions_of(forum.id)
    if planned.subject or not discussions:
        subject = planned.subject or talk.title(planned.text)
        return forums.start(forum, planned.author.id, subject, html(planned.text), at)
    posts = forums.posts_of(discussions[int(planned.pick * len(discussions))].id)
    answered = posts[int(planned.pick * 7919) % len(posts)]
    return forums.reply(answered.id, planned.author.id, re(answered), html(planned.text), at)


def html(text: str) -> str:
    return f"<p>{escape(text, quote=False)}</p>"


def re(post: Post) -> str:
    return post.subject if post.subject.startswith("Re: ") else f"Re: {post.subject}"


def _discussion(random: Random, forums: Forums, forum: Forum, course: Course, clock: Clock) -> None:
    subject = talk.topic(random, course.language)
    at = -random.uniform(3600, BEFORE)
    text = talk.question(random, course.language, subject)
    author = random.choice(course.students).id
    thread = [forums.start(forum, author, talk.title(subject), html(text), clock.wall(at))]
    for _ in range(random.randint(1, 6)):
        at = random.uniform(at, -60)
        teacher = random.random() < 0.25
        author = random.choice(course.teachers if teacher else course.students).id
        answered = random.choice(thread)
        text = html(talk.answer(random, course.language, teacher=teacher))
        thread.append(forums.reply(answered.id, author, re(answered), text, clock.wall(at)))


def _planned(random: Random, course: Course, at: float, *, rude: bool) -> Planned:
    language, pick = course.language, random.random()
    teacher = not rude and random.random() < 0.15
    author = random.choice(course.teachers if teacher else course.students)
    if rude:
        return Planned(at, course, author, talk.insult(random, language), pick, "")
    if not teacher and random.random() < STARTS_DISCUSSION:
        subject = talk.topic(random, language)
        text = talk.question(random, language, subject)
        return Planned(at, course, author, text, pick, talk.title(subject))
    return Planned(at, course, author, talk.answer(random, language, teacher=teacher), pick, "")
