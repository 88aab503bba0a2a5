"""Open edX's own forum, as its package runs it: read, blanked out, put back, edited."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from moderation import comments, cursors, intake, welfare
from platforms.base import PlatformError
from platforms.capabilities import (
    CommentEditor,
    CommentRemover,
    CommentSource,
    EditSource,
    Moderated,
)
from platforms.openedx import LIVELY, OpenEdx
from platforms.openedx.forum import RESPONSES
from platforms.sentences import NOTICE
from store.access import Actor
from store.db import Database
from store.schools import School
from tests.forum import COURSE, JOE, TOKEN, Forum, founded
from tests.moderation_platform import connect
from tests.running import free_port

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def forum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forum]:
    made = founded(tmp_path_factory.mktemp("forum"), free_port())
    with made.running():
        made.post("users", id=JOE, username="joe")
        yield made


@pytest.fixture
def adapter(forum: Forum) -> OpenEdx:
    return OpenEdx(forum.url, TOKEN, {**forum.options, "loopback_only": "1"})


def edits(forum: Forum, path: str) -> list[dict[str, str]]:
    kind = "comments" if "/" in path else "threads"
    history: list[dict[str, str]] = forum.get(f"{kind}/{path.rpartition('/')[2]}")["edit_history"]
    return history


def test_it_does_what_it_says(adapter: OpenEdx) -> None:
    for able in (CommentSource, CommentRemover, CommentEditor, EditSource, Moderated):
        assert isinstance(adapter, able)
    assert adapter.undoes <= adapter.can
    assert adapter.check().problem == ""


def test_every_post_of_a_discussion_is_read(forum: Forum, adapter: OpenEdx) -> None:
    thread = forum.thread("Gravity", "Why do things *fall*?")
    response = forum.respond(thread, "Because of <b>mass</b> & love")
    reply = forum.reply(response, "Not so")
    found = {one.external_id: one for one in adapter.comments(None)}
    assert {thread, response, reply} <= set(found)
    first, second, third = found[thread], found[response], found[reply]
    assert (first.subject, first.text, first.parent_id) == ("Gravity", "Why do things *fall*?", "")
    assert second.text == "Because of <b>mass</b> & love"
    assert (second.parent_id, third.parent_id) == (thread, response)
    assert (second.has_replies, third.has_replies) == (True, False)
    assert (third.author_external_id, third.author_name) == (JOE, "joe")
    assert third.course_external_id == COURSE
    assert {one.external_id for one in adapter.thread(thread)} == {thread, response, reply}


def test_only_what_is_new_is_read(forum: Forum, adapter: OpenEdx) -> None:
    old = forum.thread("Old", "said long ago")
    last = max(one.written_at for one in adapter.comments(None))
    assert adapter.comments(last + timedelta(seconds=1)) == []
    assert old in {one.external_id for one in adapter.comments(last)}
    (newest,) = adapter.comments(None, limit=1)  # of a forum never read
    assert newest.written_at == last


def test_more_answers_than_one_page_holds(forum: Forum, adapter: OpenEdx) -> None:
    thread = forum.thread("Long", "many answers")
    written = {forum.respond(thread, f"answer {number}") for number in range(RESPONSES + 2)}
    assert {one.external_id for one in adapter.thread(thread)} == {thread, *written}


@pytest.mark.parametrize("kind", ["thread", "response", "reply"])
def test_a_removal_blanks_the_post_and_keeps_its_answers(
    forum: Forum, adapter: OpenEdx, kind: str
) -> None:
    thread = forum.thread("Rude title", "rude words")
    response = forum.respond(thread, "rude answer")
    path = {"thread": thread, "response": response, "reply": forum.reply(response, "ruder")}[kind]
    before = {one.external_id: (one.subject, one.html) for one in adapter.thread(thread)}
    assert not adapter.removed(path)
    original = adapter.remove(path)
    assert adapter.removed(path)
    assert (original.subject, original.html) == before[path]
    assert edits(forum, path)[-1]["original_body"] == before[path][1]
    assert edits(forum, path)[-1]["reason_code"] == "violates-guidelines"
    stood = {one.external_id: (one.subject, one.html) for one in adapter.thread(thread)}
    assert {**stood, path: None} == {**before, path: None}
    adapter.restore(original)
    assert not adapter.removed(path)
    assert {one.external_id: (one.subject, one.html) for one in adapter.thread(thread)} == before


def test_a_second_removal_finds_the_original_in_the_platforms_history(
    forum: Forum, adapter: OpenEdx
) -> None:
    path = forum.respond(forum.thread("Physics", "question"), "you fool")
    adapter.remove(path)
    assert adapter.remove(path).html == "you fool"
    assert adapter.wording(path) == NOTICE


def test_an_edit_replaces_the_wording_and_can_be_taken_back(forum: Forum, adapter: OpenEdx) -> None:
    path = forum.respond(forum.thread("Physics", "question"), "you fool, it falls")
    original = adapter.edit(path, "<p>It falls.</p><p>5 &lt; 6</p>")
    assert adapter.wording(path) == "It falls.\n5 < 6"
    assert not adapter.removed(path)
    adapter.restore(original)
    assert adapter.wording(path) == "you fool, it falls"


def test_a_post_that_is_not_there_is_gone_and_not_an_error(adapter: OpenEdx) -> None:
    assert adapter.removed("424242/424242")
    assert adapter.wording("424242") is None
    with pytest.raises(PlatformError) as caught:
        adapter.remove("424242/424242")
    assert (caught.value.permanent, caught.value.unsure) == (True, False)


def test_a_wrong_token_is_said_in_words(forum: Forum) -> None:
    stranger = OpenEdx(forum.url, "nobody", {**forum.options, "loopback_only": "1"})
    assert "secret" in stranger.check().problem
    with pytest.raises(PlatformError) as caught:
        stranger.comments(None)
    assert caught.value.permanent


def test_times_are_utc(forum: Forum, adapter: OpenEdx) -> None:
    thread = forum.thread("Now", "now")
    (found,) = adapter.thread(thread)
    assert abs(datetime.now(found.written_at.tzinfo) - found.written_at) < timedelta(minutes=1)


@pytest.mark.parametrize("kind", ["thread", "response", "reply"])
def test_an_edit_in_a_thread_of_days_ago_is_read_and_raises_its_alarm(
    database: Database, school: School, ben: Actor, forum: Forum, adapter: OpenEdx, kind: str
) -> None:
    """The forum leaves the thread where it stands in its list: what is newest never shows it."""
    thread = forum.thread("Days ago", "said days ago")
    response = forum.respond(thread, "an answer")
    path = {"thread": thread, "response": response, "reply": forum.reply(response, "so")}[kind]
    forum.age(thread, timedelta(days=3))
    forum.thread("Just now", "said just now")
    with database.begin() as tx:
        connect(tx, school)

    def pull(now: datetime) -> None:
        intake.pull(database, ben, "lms", lambda _id: adapter, now=now)

    begun = datetime.now(UTC)
    pull(begun)
    forum.reword(path, "nobody cares, I want to die")
    assert path not in {one.external_id for one in adapter.comments(begun - cursors.LOOK_BACK)}
    pull(begun + cursors.SELDOM)
    with database.read() as tx:
        kept = comments.known(tx, ben, "lms", [path])[path]
        assert welfare.of_comment(tx, ben, kept) == ["self-harm"]


def test_a_thread_in_which_nobody_wrote_for_weeks_is_not_read_again(
    forum: Forum, adapter: OpenEdx
) -> None:
    lately, weeks = forum.thread("Lately", "a"), forum.thread("Weeks ago", "b")
    forum.age(lately, LIVELY - timedelta(days=1))
    forum.age(weeks, LIVELY + timedelta(days=2))
    for path in (lately, weeks):
        forum.reword(path, "edited")
    found = adapter.edited("", since=datetime.now(UTC) - cursors.RECENT)
    assert {one.external_id for one in found.comments if one.text == "edited"} == {lately}
