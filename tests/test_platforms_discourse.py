"""Discourse as it documents itself: posts, people, webhooks, and every way in which it refuses."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from platforms import discourse
from platforms.base import Forged, PlatformError
from platforms.capabilities import (
    AccountMuter,
    AccountSuspender,
    CommentEditor,
    CommentRemover,
    CommentSource,
    Ending,
    HookSource,
    Moderated,
    NoticeBoard,
    Restorer,
    RosterSource,
)
from platforms.discourse import posts
from tests import wire
from tests.discourse import ADMIN, BEGAN, HOOK, KEY, Discourse
from tests.wire import Wire

DAY = timedelta(days=1)
EARLIER = "2099-05-01T10:00:00.000Z"


@pytest.fixture
def site() -> Discourse:
    made = Discourse()
    made.user(1, ADMIN, admin=True)
    made.user(2, "joe")
    made.write(5, "Why do things fall?")
    made.write(5, "Because of mass", reply_to=1)
    return made


@pytest.fixture
def served(site: Discourse) -> Iterator[Wire]:
    with wire.serving(site.answer) as found:
        yield found


@pytest.fixture
def forum(served: Wire) -> discourse.Discourse:
    return adapter(served)


def adapter(served: Wire, secret: str = f"{KEY} {HOOK}") -> discourse.Discourse:
    return discourse.Discourse(served.url, secret, {"username": ADMIN, "loopback_only": "1"})


def test_it_does_what_it_says(forum: discourse.Discourse) -> None:
    for able in (
        RosterSource, CommentSource, CommentRemover, CommentEditor, AccountSuspender,
        AccountMuter, NoticeBoard, HookSource, Moderated, Ending, Restorer,
    ):  # fmt: skip
        assert isinstance(forum, able)
    assert forum.undoes <= forum.can
    assert forum.check().problem == ""


def test_a_key_that_is_no_administrators_is_a_problem_to_tell(served: Wire) -> None:
    assert "administrator" in adapter(served, "another").check().problem


def test_posts_are_read_oldest_first_and_from_the_cursor_on(
    site: Discourse, forum: discourse.Discourse
) -> None:
    first, second = forum.comments(None)
    assert (first.text, first.subject, first.thread_id) == (
        "Why do things fall?", "Topic number 5", "5",
    )  # fmt: skip
    assert (second.subject, second.author_external_id, second.course_external_id) == ("", "2", "7")
    assert forum.comments(second.written_at) == [second]
    for number in range(120):
        site.write(6, f"more and more {number}")
    assert len(forum.comments(None)) == 122
    assert len(forum.comments(BEGAN + timedelta(minutes=20))) == 102
    assert [one.html for one in forum.comments(BEGAN, limit=1)] == ["Why do things fall?"]


def test_a_long_topic_is_read_whole_with_who_answers_whom(
    site: Discourse, forum: discourse.Discourse
) -> None:
    for number in range(30):
        site.write(5, f"answer {number}", reply_to=2)
    found = forum.thread("5")
    assert len(found) == 32
    assert {one.parent_id for one in found[2:]} == {found[1].external_id}
    assert found[0].html == "Why do things fall?"


def test_an_answer_is_deleted_and_recovered(site: Discourse, forum: discourse.Discourse) -> None:
    original = forum.remove("102")
    assert forum.removed("102")
    assert forum.wording("102") is None
    assert site.posts[102]["deleted_at"]
    forum.restore(original)
    assert not forum.removed("102")
    assert site.posts[102]["version"] == 1  # recovered, not written anew


def test_a_topics_first_post_is_blanked_out_and_its_answers_stay(
    site: Discourse, forum: discourse.Discourse
) -> None:
    other = site.write(8, "Another rude first post")
    for id_ in ("101", str(other)):
        original = forum.remove(id_)
        assert forum.removed(id_)
    assert site.topics[5]["title"] != site.topics[8]["title"]
    assert not site.posts[102]["deleted_at"]
    forum.restore(original)
    assert not forum.removed(str(other))
    assert site.topics[8]["title"] == "Topic number 8"
    assert site.posts[other]["raw"] == "Another rude first post"


def test_an_edit_is_taken_back(forum: discourse.Discourse) -> None:
    original = forum.edit("102", "<p>Because of gravity</p>")
    assert forum.wording("102") == "Because of gravity"
    forum.restore(original)
    assert forum.wording("102") == "Because of mass"


def test_an_edit_that_crosses_another_is_a_conflict_to_look_at_again(
    site: Discourse, forum: discourse.Discourse
) -> None:
    with pytest.raises(PlatformError) as caught:
        posts._write(forum._calls, "102", "what stood before", "ours", title="")
    assert (caught.value.permanent, caught.value.code) == (False, "409")
    assert site.posts[102]["raw"] == "Because of mass"


def test_what_it_does_not_take_is_told_in_its_words(forum: discourse.Discourse) -> None:
    with pytest.raises(PlatformError, match="Body is too short") as caught:
        forum.edit("102", "<p>no</p>")
    assert (caught.value.permanent, caught.value.unsure) == (True, False)


@pytest.mark.parametrize(
    ("status", "permanent", "unsure"),
    [
        ("429 Too Many Requests", False, False),
        ("502 Bad Gateway", False, True),
        ("403 Forbidden", True, False),
    ],
)
def test_a_refused_call_says_whether_it_may_have_worked(
    site: Discourse, forum: discourse.Discourse, status: str, permanent: bool, unsure: bool
) -> None:
    site.busy = status
    with pytest.raises(PlatformError) as caught:
        forum.lift("2", "")
    assert (caught.value.permanent, caught.value.unsure) == (permanent, unsure)


def test_a_post_that_is_not_there_is_gone(forum: discourse.Discourse) -> None:
    assert forum.removed("999")
    assert forum.wording("999") is None
    with pytest.raises(PlatformError) as caught:
        forum.remove("999")
    assert caught.value.permanent


def test_an_account_is_suspended_and_lifted(site: Discourse, forum: discourse.Discourse) -> None:
    standing = forum.standing("2")
    assert (standing, forum.suspended("2")) == ("", False)
    forum.suspend("2")
    assert forum.suspended("2")
    assert not forum.lifted("2", standing)
    forum.lift("2", standing)
    assert forum.lifted("2", standing)
    assert not forum.suspended("2")
    assert not site.users[2]["silenced_till"]


@pytest.mark.parametrize("hold", ["suspend", "silence"])
def test_lifting_gives_back_what_others_had_laid_on(
    site: Discourse, forum: discourse.Discourse, hold: str
) -> None:
    till = {"suspend": "suspended_till", "silence": "silenced_till"}[hold]
    why = {"suspend": "full_suspend_reason", "silence": "silence_reason"}[hold]
    site.users[2].update({till: EARLIER, why: "spam"})
    if hold == "suspend":
        forum.lift("2", forum.standing("2"))
    else:
        forum.unmute("2", forum.mute_standing("2"))
    assert (site.users[2][till], site.users[2][why]) == (EARLIER, "spam")


@pytest.mark.parametrize("hold", ["suspend", "silence"])
def test_a_hold_ends_when_ours_does_and_one_that_ends_before_is_none(
    site: Discourse, forum: discourse.Discourse, hold: str
) -> None:
    suspends = hold == "suspend"
    till = {"suspend": "suspended_till", "silence": "silenced_till"}[hold]
    why = {"suspend": "full_suspend_reason", "silence": "silence_reason"}[hold]
    begin = forum.suspend_until if suspends else forum.mute_until
    held = forum.suspended_until if suspends else forum.muted_until
    back = forum.lifted if suspends else forum.unmuted
    theirs = datetime.fromisoformat(EARLIER)
    site.users[2].update({till: EARLIER, why: "spam"})
    assert held("2", theirs - DAY)
    assert not held("2", theirs + DAY)
    assert not held("2", None)
    standing = forum.standing("2") if suspends else forum.mute_standing("2")
    begin("2", theirs + DAY)
    assert held("2", theirs + DAY)
    assert site.users[2][till] == "2099-05-02T10:00:00.000Z"
    assert "moderators decided" in site.users[2][why]
    assert not back("2", standing)
    (forum.lift if suspends else forum.unmute)("2", standing)
    assert back("2", standing)
    assert (site.users[2][till], site.users[2][why]) == (EARLIER, "spam")
    begin("2", None)
    assert held("2", None)


def test_the_school_says_in_its_own_words_why_the_forum_is_shut(
    site: Discourse, served: Wire
) -> None:
    own = {"username": ADMIN, "loopback_only": "1", "reason": "Решение школы."}
    discourse.Discourse(served.url, KEY, own).suspend("2")
    assert site.users[2]["full_suspend_reason"] == "Решение школы."


def test_a_muted_account_is_silenced_alone(site: Discourse, forum: discourse.Discourse) -> None:
    forum.mute("2")
    assert (forum.muted("2"), forum.suspended("2")) == (True, False)
    forum.unmute("2", "")
    assert not forum.muted("2")


def test_a_hold_that_is_over_is_none(site: Discourse, forum: discourse.Discourse) -> None:
    site.users[2]["suspended_till"] = "2020-01-01T00:00:00.000Z"
    assert not forum.suspended("2")
    assert forum.standing("2") == ""


def test_staff_and_our_own_account_are_left_alone(
    site: Discourse, forum: discourse.Discourse
) -> None:
    site.user(3, "mod", moderator=True)
    site.user(-1, "system")
    assert [bool(forum.protected(id_)) for id_ in ("1", "2", "3", "-1")] == [
        True, False, True, True,
    ]  # fmt: skip


def test_people_are_listed_with_their_addresses(
    site: Discourse, forum: discourse.Discourse
) -> None:
    for number in range(150):
        site.user(10 + number, f"pupil{number}")
    found = {one.external_id: one for one in forum.accounts()}
    assert len(found) == 152
    assert (found["2"].email, found["2"].role, found["1"].role) == ("joe@a.test", "", "staff")
    assert (found["1"].administers, found["2"].administers) == (True, False)


def test_a_notice_is_one_message_to_each(site: Discourse, forum: discourse.Discourse) -> None:
    assert forum.notify(["2", "77"], "Be kind\nplease") == {"2": True, "77": False}
    (message,) = site.messages
    assert (message["target_recipients"], message["title"]) == ("joe", "Be kind")


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def test_a_signed_delivery_is_the_post_as_a_pull_reads_it(
    site: Discourse, forum: discourse.Discourse
) -> None:
    headers, body = site.delivery("post_created", 101)
    assert forum.hooked(lower(headers), body) == forum.comments(None)[:1]


def test_a_delivery_with_another_signature_is_forged(
    site: Discourse, served: Wire, forum: discourse.Discourse
) -> None:
    headers, body = site.delivery("post_created", 101)
    for given, of in ((lower(headers), body + b" "), ({}, body)):
        with pytest.raises(Forged):
            forum.hooked(given, of)
    with pytest.raises(Forged):
        adapter(served, KEY).hooked(lower(headers), body)  # no webhook's secret, no belief


@pytest.mark.parametrize(
    ("event", "more"),
    [
        ("post_destroyed", {}),
        ("post_created", {"topic_archetype": "private_message"}),
        ("post_created", {"post_type": 3}),
        ("post_created", {"deleted_at": "2026-03-10T13:00:00.000Z"}),
        ("post_created", {"id": "no number"}),
    ],
)
def test_what_is_no_comment_is_passed_over(
    site: Discourse, forum: discourse.Discourse, event: str, more: dict[str, object]
) -> None:
    headers, body = site.delivery(event, 101, **more)
    assert forum.hooked(lower(headers), body) == []
