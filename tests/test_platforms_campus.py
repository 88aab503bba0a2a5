"""The adapters against the whole campus: everything is read, and every change is read back."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from platforms.base import PlatformError
from platforms.bigbluebutton import BigBlueButton
from platforms.capabilities import (
    AccountSuspender,
    CommentEditor,
    CommentRemover,
    CommentSource,
    Moderated,
    NoticeBoard,
    RosterSource,
)
from platforms.metering import RoomMeter
from platforms.moodle import Moodle
from platforms.steering import RoomDoor, RoomEnder, RoomMaker, RoomWriter
from tests.patience import PATIENCE
from tests.stand_in import StandIn, open_campus


@pytest.fixture(scope="module")
def campus() -> Iterator[StandIn]:
    with open_campus() as opened:
        yield opened


@pytest.fixture
def moodle(campus: StandIn) -> Moodle:
    return Moodle(campus.moodle["url"], campus.moodle["token"], {"loopback_only": "1"})


@pytest.fixture
def media(campus: StandIn) -> BigBlueButton:
    server = campus.bigbluebutton[0]
    return BigBlueButton(server["url"], server["secret"], {"loopback_only": "1"})


@pytest.mark.parametrize(
    "protocol",
    [
        *(RosterSource, CommentSource, CommentRemover, CommentEditor),
        *(AccountSuspender, Moderated, NoticeBoard),
    ],
)
def test_moodle_keeps_the_protocols_it_claims(moodle: Moodle, protocol: type) -> None:
    assert isinstance(moodle, protocol)


@pytest.mark.parametrize("protocol", [RoomMeter, RoomDoor, RoomEnder, RoomMaker, RoomWriter])
def test_bigbluebutton_keeps_the_protocols_it_claims(media: BigBlueButton, protocol: type) -> None:
    assert isinstance(media, protocol)


def test_the_campus_is_well_to_both(moodle: Moodle, media: BigBlueButton) -> None:
    for health in (moodle.check(), media.check()):
        assert health.problem == ""
        assert health.version
        assert health.missing == ()


def test_the_whole_roster_is_read(moodle: Moodle) -> None:
    accounts = {account.external_id: account for account in moodle.accounts()}
    assert len(accounts) >= 640
    assert "guest" not in {account.username for account in accounts.values()}
    assert {account.level for account in accounts.values()} >= {"city", "district", "school"}
    courses = moodle.courses()
    assert len(courses) == 16
    enrolled = list(moodle.enrolments(courses[0].external_id))
    assert {one.role for one in enrolled} == {"student", "teacher"}
    assert {one.account_external_id for one in enrolled} <= set(accounts)


def test_comments_come_oldest_first_up_to_the_limit_and_again_by_the_cursor(
    moodle: Moodle,
) -> None:
    everything = moodle.comments(None)
    assert len(everything) > 40
    written = [comment.changed_at or comment.written_at for comment in everything]
    assert written == sorted(written)
    first = moodle.comments(None, limit=90)
    assert [one.external_id for one in first] == [one.external_id for one in everything[:90]]
    seen = {one.external_id for one in first}
    while True:  # as intake does, a page at a time
        since = max(one.changed_at or one.written_at for one in first)
        first = moodle.comments(since, limit=90)
        if not {one.external_id for one in first} - seen:
            break
        seen |= {one.external_id for one in first}
    assert seen >= {one.external_id for one in everything}


def test_a_post_is_removed_and_put_back_as_it_was(moodle: Moodle) -> None:
    post = next(one for one in moodle.comments(None) if one.has_replies)
    before = moodle.thread(post.thread_id)
    original = moodle.remove(post.external_id)
    assert (original.html, original.subject) == (post.html, post.subject)
    assert moodle.removed(post.external_id)
    thread = moodle.thread(post.thread_id)
    assert len(thread) == len(before)  # the answers stay
    assert post.text not in {one.text for one in thread}
    moodle.restore(original)
    assert not moodle.removed(post.external_id)
    assert [replace(one, changed_at=None, place="") for one in moodle.thread(post.thread_id)] == [
        replace(one, changed_at=None, place="") for one in before
    ]


def test_a_post_is_edited_under_its_own_subject_and_put_back(moodle: Moodle) -> None:
    post = moodle.comments(None)[0]
    original = moodle.edit(post.external_id, "<p>Kinder words &amp; fewer.</p>")
    assert (original.subject, original.html) == (post.subject, post.html)
    assert moodle.wording(post.external_id) == "Kinder words & fewer."
    edited = next(one for one in moodle.thread(post.thread_id) if one.parent_id == post.parent_id)
    assert edited.subject == post.subject
    assert not moodle.removed(post.external_id)
    moodle.restore(original)
    assert moodle.wording(post.external_id) == post.text
    assert moodle.wording("999999") is None


def test_an_account_is_suspended_and_lifted(moodle: Moodle) -> None:
    account = next(one for one in moodle.accounts() if one.group)
    assert moodle.protected(account.external_id) == ""
    moodle.suspend(account.external_id)
    assert moodle.suspended(account.external_id)
    moodle.suspend(account.external_id)  # again does no harm
    moodle.lift(account.external_id, "")
    assert not moodle.suspended(account.external_id)


def test_an_administrator_is_protected_and_passed_over_in_words(moodle: Moodle) -> None:
    assert "administrator" in moodle.protected("2")
    with pytest.raises(PlatformError, match="lets nobody suspend an administrator") as caught:
        moodle.suspend("2")
    assert caught.value.permanent
    assert not moodle.suspended("2")


def test_our_own_account_is_protected(moodle: Moodle) -> None:
    said = [moodle.protected(one.external_id) for one in moodle.accounts() if not one.level]
    for one in moodle.accounts():
        assert one.administers == bool(moodle.protected(one.external_id))
    assert "This is the account that Pult itself works with." in said


def test_an_older_moodle_that_says_null_is_read_back(moodle: Moodle, campus: StandIn) -> None:
    account = next(one for one in moodle.accounts() if one.group)
    campus.turn("traps", "moodle-updates-null", True)
    try:
        moodle.suspend(account.external_id)
        assert moodle.suspended(account.external_id)
        moodle.lift(account.external_id, "")
    finally:
        campus.turn("traps", "moodle-updates-null", False)


def test_an_account_that_is_not_there_is_passed_over(moodle: Moodle) -> None:
    with pytest.raises(PlatformError, match="passed this account over"):
        moodle.suspend("999999")
    with pytest.raises(PlatformError, match="does not show this account"):
        moodle.suspended("999999")


def test_an_unknown_discussion_and_an_unknown_post_are_errors(moodle: Moodle) -> None:
    with pytest.raises(PlatformError, match="failed inside mod_forum_get_discussion_posts"):
        moodle.thread("999999")
    with pytest.raises(PlatformError, match="does not have what Pult asked"):
        moodle.remove("999999")
    assert moodle.removed("999999")  # a deleted post is seen by nobody


def test_a_message_reaches_who_can_read_it(moodle: Moodle) -> None:
    first, second = [one.external_id for one in moodle.accounts() if one.group][:2]
    moodle.suspend(second)
    try:
        assert moodle.notify([first, second, "999999"], "Lesson at 19:00") == {
            first: True,
            second: False,
            "999999": False,
        }
    finally:
        moodle.lift(second, "")


def test_an_empty_list_of_participants_is_what_it_is(campus: StandIn, moodle: Moodle) -> None:
    # One course may be empty; it is the sync that does not believe it of all of them.
    campus.turn("traps", "moodle-empty-lists", True)
    try:
        assert [list(moodle.enrolments(one.external_id)) for one in moodle.courses()] == [[]] * 16
    finally:
        campus.turn("traps", "moodle-empty-lists", False)


def test_an_expired_token_is_told_both_times() -> None:
    with open_campus() as other:
        moodle = Moodle(other.moodle["url"], other.moodle["token"], {})
        other.turn("traps", "moodle-expired-token", True)
        with pytest.raises(PlatformError, match="has not expired"):
            moodle.courses()
        with pytest.raises(PlatformError, match="does not know the token"):
            moodle.courses()


def test_rooms_are_opened_written_to_and_ended(media: BigBlueButton) -> None:
    made = media.create("extra-1", "Extra room", seats=12)
    assert made.external_id == "extra-1"
    assert "extra-1" in {room.external_id for room in media.rooms()}
    full = next(room for room in media.rooms() if room.participants)
    assert media.exists(full.external_id)
    media.message(full.external_id, "Five minutes to go")
    media.end("extra-1")
    until = time.monotonic() + PATIENCE  # ending is asynchronous
    while "extra-1" in {room.external_id for room in media.rooms()} and time.monotonic() < until:
        time.sleep(0.1)
    assert "extra-1" not in {room.external_id for room in media.rooms()}
    assert not media.exists("extra-1")
    with pytest.raises(PlatformError, match="no such room open"):
        media.end("extra-1")


def test_every_media_server_is_counted(campus: StandIn) -> None:
    for server in campus.bigbluebutton:
        rooms = BigBlueButton(server["url"], server["secret"], {}).rooms()
        assert rooms
        assert all(room.seats for room in rooms)
        assert any(room.participants for room in rooms)


@pytest.mark.parametrize("accepted", ["sha1", "sha256", "sha384", "sha512"])
def test_the_campus_takes_each_hash(campus: StandIn, media: BigBlueButton, accepted: str) -> None:
    campus.turn("traps", "bigbluebutton-hashes", True, accept=accepted)
    try:
        assert media.rooms()
    finally:
        campus.turn("traps", "bigbluebutton-hashes", False)


def test_more_than_a_thousand_people_are_counted(campus: StandIn, media: BigBlueButton) -> None:
    campus.turn("traps", "bigbluebutton-thousands", True)
    try:
        assert max(room.participants or 0 for room in media.rooms()) >= 1000
    finally:
        campus.turn("traps", "bigbluebutton-thousands", False)
