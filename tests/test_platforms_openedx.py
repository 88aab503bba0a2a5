"""Open edX by the discussion API of its LMS, as that is documented."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from moderation import cursors, intake
from platforms.base import PlatformError
from platforms.capabilities import EditSource
from platforms.openedx import CALLS, QUIET, OpenEdx
from platforms.sentences import NOTICE
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import wire
from tests.conftest import NOON
from tests.lms import COURSE, Lms
from tests.moderation_platform import connect
from tests.wire import Wire


@pytest.fixture
def lms() -> Lms:
    made = Lms()
    made.thread("t1", "Gravity", "Why do things fall?")
    made.respond("t1", "c1", "you fool")
    made.respond("t1", "c2", "mass")
    made.reply("t1", "c1", "r1", "rude")
    return made


@pytest.fixture
def site(lms: Lms) -> Iterator[Wire]:
    with wire.serving(lms.answer) as served:
        yield served


def adapter(site: Wire, **options: str) -> OpenEdx:
    return OpenEdx(site.url, "s3cret", {"client_id": "pult", "loopback_only": "1", **options})


def test_all_posts_are_read_with_one_token(lms: Lms, site: Wire) -> None:
    edx = adapter(site)
    assert edx.check().problem == ""
    found = {one.external_id: one for one in edx.comments(None)}
    assert set(found) == {"t1", "t1/c1", "t1/c2", "t1/c1/r1"}
    assert found["t1"].subject == "Gravity"
    assert found["t1/c1"].has_replies
    assert found["t1/c1/r1"].parent_id == "t1/c1"
    assert {one.course_external_id for one in found.values()} == {COURSE}
    assert lms.issued == 1


def test_a_questions_answers_are_read_whether_they_are_endorsed_or_not(
    lms: Lms, site: Wire
) -> None:
    lms.thread("t2", "How?", "How do birds fly?", "question")
    lms.respond("t2", "c3", "With wings", endorsed=True)
    lms.respond("t2", "c4", "you fool")
    edx = adapter(site)
    assert {one.external_id for one in edx.thread("t2")} == {"t2", "t2/c3", "t2/c4"}
    assert edx.remove("t2/c4").html == "you fool"
    assert edx.removed("t2/c4")


@pytest.mark.parametrize(
    ("path", "body"),
    [("t1", "Why do things fall?"), ("t1/c1", "you fool"), ("t1/c1/r1", "rude")],
)
def test_a_post_is_blanked_out_and_put_back(lms: Lms, site: Wire, path: str, body: str) -> None:
    edx = adapter(site)
    original = edx.remove(path)
    assert original.html == body
    assert edx.removed(path)
    assert edx.wording(path) == NOTICE
    assert edx.remove(path).html == body  # from the last edit that the platform tells of
    edx.restore(original)
    assert (edx.removed(path), edx.wording(path)) == (False, body)
    assert lms.threads["t1"]["title"] == "Gravity"


def test_more_than_a_page(lms: Lms, site: Wire) -> None:
    for number in range(150):
        lms.respond("t1", f"more{number}", "again")
    edx = adapter(site)
    assert len(edx.thread("t1")) == 154
    assert edx.wording("t1/more149") == "again"


def test_what_is_gone_reads_as_removed(lms: Lms, site: Wire) -> None:
    edx = adapter(site)
    assert edx.removed("t9")
    assert edx.removed("t1/c9")
    assert edx.wording("t1/c1/r9") is None


@pytest.mark.parametrize(
    ("status", "permanent", "unsure"),
    [
        ("403 Forbidden", True, False),
        ("429 Too Many Requests", False, False),
        ("502 Bad Gateway", False, True),
    ],
)
def test_a_refused_call_says_whether_it_may_have_worked(
    lms: Lms, site: Wire, status: str, permanent: bool, unsure: bool
) -> None:
    edx = adapter(site)
    post = edx._site.post("t1/c2")
    lms.busy = status
    with pytest.raises(PlatformError) as caught:
        edx._site.write(post, "", "gone")
    assert (caught.value.permanent, caught.value.unsure) == (permanent, unsure)


def test_a_reason_that_the_site_does_not_know_is_told_in_its_words(site: Wire) -> None:
    edx = adapter(site, edit_reason="because")
    with pytest.raises(PlatformError, match="edit_reason_code") as caught:
        edx.remove("t1/c1")
    assert caught.value.permanent


def test_a_wrong_secret_is_a_problem_to_tell(lms: Lms, site: Wire) -> None:
    lms.secret = "another"
    assert "secret" in adapter(site).check().problem


def test_a_token_that_ran_out_is_asked_for_again(lms: Lms, site: Wire) -> None:
    edx = adapter(site)
    edx.comments(None)
    lms.token = "jwt-2"
    assert edx.comments(None)
    assert lms.issued == 2


EVENING = NOON + timedelta(hours=5)
NEED = "nobody cares, I want to die"


def old_threads(lms: Lms, count: int) -> list[str]:
    """Threads in which nobody wrote since noon, behind one that stands first; their ids."""
    ids = [f"old{number:03}" for number in range(count)]
    for id_ in ids:
        lms.thread(id_, "Old", "said at noon")
        lms.respond(id_, f"{id_}-c", "an answer at noon")
    return ids


@pytest.mark.parametrize(
    ("kind", "thread", "id_"),
    [("threads", "old008", "old008"), ("comments", "old008", "old008-c")],
)
def test_an_edit_in_an_old_thread_is_screened_by_the_first_pull_of_each_spell(
    database: Database, school: School, ben: Actor, lms: Lms, site: Wire,
    kind: str, thread: str, id_: str,
) -> None:  # fmt: skip
    old_threads(lms, QUIET + 5)
    lms.reword("threads", "t1", "Why do they fall?", EVENING)
    with database.begin() as tx:
        connect(tx, school)

    def pull(minutes: int) -> int:
        now = EVENING + timedelta(minutes=minutes)
        return intake.pull(database, ben, "lms", lambda _id: adapter(site), now=now)

    assert pull(0)
    lms.reword(kind, id_, NEED, EVENING + timedelta(minutes=1))
    assert pull(2) == 0
    assert pull(5) == 1
    with database.read() as tx:
        [alarm] = tx.execute(text("SELECT kind FROM welfare_alarm")).all()
        known = tx.execute(text("SELECT thread_id FROM comment WHERE text = :t"), {"t": NEED})
        assert (alarm.kind, known.scalar_one()) == ("self-harm", thread)
    assert pull(10) == 0


def test_many_old_threads_are_read_again_a_part_at_a_time_and_none_is_left_out(
    database: Database, school: School, ben: Actor, lms: Lms, site: Wire
) -> None:
    """The place is kept between pulls, also by those that read only what is new."""
    ids = old_threads(lms, CALLS)
    lms.reword("threads", "t1", "Why do they fall?", EVENING)
    with database.begin() as tx:
        connect(tx, school)
    edx = adapter(site)
    intake.pull(database, ben, "lms", lambda _id: edx, now=EVENING)
    edited = ids[9::10]  # farther apart than what is new is looked for
    for id_ in edited:
        lms.reword("comments", f"{id_}-c", f"edited {id_}", EVENING)
    read: list[int] = []
    for spell in range(1, 5):
        now = EVENING + spell * cursors.SELDOM
        before = len(site.asked)
        read.append(intake.pull(database, ben, "lms", lambda _id: edx, now=now))
        assert len(site.asked) - before < CALLS + 10 * QUIET
        intake.pull(database, ben, "lms", lambda _id: edx, now=now + timedelta(minutes=1))
    with database.read() as tx:
        kept = tx.execute(text("SELECT COUNT(*) FROM comment WHERE text LIKE 'edited %'"))
        assert kept.scalar_one() == len(edited)
    assert min(read[:2]) > 0
    assert max(read[:2]) < len(edited)


def test_a_course_that_is_gone_begins_the_round_anew(lms: Lms, site: Wire) -> None:
    edx = adapter(site)
    assert isinstance(edx, EditSource)
    found = edx.edited("7 course-v1:Gone", since=NOON)
    assert {one.external_id for one in found.comments} == {"t1", "t1/c1", "t1/c2", "t1/c1/r1"}
    assert (found.cursor, found.more) == ("", False)


def test_what_was_not_changed_since_is_not_given_again(site: Wire) -> None:
    assert adapter(site).edited("", since=NOON + timedelta(seconds=1)).comments == []
