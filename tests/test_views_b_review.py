"""The review queue on a stage: one case, one moderator, acts that reach Moodle and come back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from console.desk import people
from console.i18n import clock
from console.views import blocking
from console.wiring import Console
from moderation import cases, history, measures, review
from moderation.model import Step, Stored
from platforms.base import Comment
from platforms.capabilities import AccountSuspender, CommentRemover, CommentSource
from store import access, enrolling, timetable
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests import stage
from tests.moderation_platform import colleague
from tests.stage import letters, press, rude, said, screen
from tests.stand_in import StandIn, open_campus

NASTY = "idiot <img src=x onerror=alert(1)> ![](http://evil.test/x.png) **b** :red[c]"


@pytest.fixture(scope="module")
def campus() -> Iterator[StandIn]:
    with open_campus() as opened:
        yield opened


@pytest.fixture
def console(database: Database) -> Console:
    return stage.console(database)


@pytest.fixture
def shelf(console: Console, school: School) -> str:
    """A connection whose comments are only ever read here."""
    return stage.connect(console, school, "http://127.0.0.1:9", "none")


@pytest.fixture
def post(console: Console, school: School, campus: StandIn) -> tuple[str, Comment]:
    """A post on the campus's Moodle that waits in the queue, with its connection's id."""
    moodle = stage.connect(console, school, campus.moodle["url"], campus.moodle["token"])
    source = console.adapters(moodle)
    assert isinstance(source, CommentSource)
    found = next(each for each in source.comments(None) if each.parent_id)
    stage.queue(console, school, moodle, [replace(found, text=f"you idiot, {found.text}")])
    return moodle, found


def decisions(console: Console) -> list[tuple[str, str]]:
    with console.db.read() as tx:
        rows = tx.execute(text("SELECT decision, rule FROM decision ORDER BY decided_at"))
        return [(row.decision, row.rule) for row in rows]


def test_opening_the_screen_claims_a_case_and_shows_until_when(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    at = screen("review", console, ben, school)
    with console.db.read() as tx:
        [case] = review.waiting(tx, ben, school.id, now=console.now())
    assert case.claimed_by == "ben"
    assert case.claimed_until is not None
    assert f"yours until {clock(case.claimed_until, school.zone)}" in said(at)
    assert "1 waiting" in said(at)
    assert "what an idiot" in letters(at)


def test_the_subject_of_an_answer_is_shown_where_it_holds_the_watched_word(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    insult = replace(rude(1, "see above"), subject="Joe is an idiot", parent_id="p0")
    stage.queue(console, school, shelf, [insult])
    at = screen("review", console, ben, school)
    assert "Matched in the subject: idiot" in said(at)
    assert {"Joe is an idiot", "see above"} <= set(letters(at).splitlines())


def test_two_moderators_never_read_the_same_case(
    console: Console, school: School, ben: Actor, ana: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1, "idiot one"), rude(2, "idiot two")])
    first, second = (letters(screen("review", console, who, school)) for who in (ben, ana))
    assert ("idiot one" in first) != ("idiot one" in second)
    assert ("idiot two" in first) != ("idiot two" in second)


def test_a_removal_asks_why_reaches_moodle_and_is_undone_there(
    console: Console, school: School, ben: Actor, post: tuple[str, Comment]
) -> None:
    moodle, comment = post
    remover = console.adapters(moodle)
    assert isinstance(remover, CommentRemover)
    at = press(screen("review", console, ben, school), "Remove")
    assert "the author is told, and how to appeal" in said(at)
    assert not remover.removed(comment.external_id)
    at = press(at, "Insult")
    assert remover.removed(comment.external_id)
    assert "Removed from Moodle, checked at" in said(at)
    assert decisions(console) == [("remove", "Insult")]
    at = press(at, "Undo")
    assert not remover.removed(comment.external_id)
    assert "Restored on Moodle, checked at" in said(at)


def test_an_account_that_nobody_confirmed_is_ticked_by_who_blocks_unless_it_wrote() -> None:
    where = [
        Step(place, place, "u1", "user", "suspend account", None, True, None, unconfirmed=True)
        for place in ("Moodle", "Chat")
    ]

    def draw() -> None:
        for step in where:
            blocking.account(step, where, wrote=("Moodle", "u1"))

    at = stage.dialog(draw)
    assert [each.value for each in at.checkbox] == [True, False]
    assert said(at).count("confirmed by nobody yet") == 1


def test_the_block_names_each_account_and_the_person_s_page_lifts_it(
    console: Console, school: School, ben: Actor, post: tuple[str, Comment]
) -> None:
    moodle, comment = post
    suspender = console.adapters(moodle)
    assert isinstance(suspender, AccountSuspender)
    with console.db.read() as tx:
        [found] = people.find(tx, ben, school.id)
        about = blocking.about(tx, ben, school, comments_of(found, tx, ben))
    at = stage.dialog(lambda: blocking.ask(console, ben, school, "Kim", about))
    assert "**Moodle** · user" in said(at)
    assert "Moodle suspends the account" in said(at)
    [block] = [each for each in at.button if each.label == "Block 1 account"]
    assert block.proto.shortcut == "ctrl+enter"
    assert not suspender.suspended(comment.author_external_id)
    at = press(at, "Block 1 account")
    assert suspender.suspended(comment.author_external_id)
    assert "Blocked on Moodle, checked at" in said(at)
    at = screen("person", console, ben, school, id=found.person.id)
    assert "until " in said(at)
    [lift] = [each for each in at.button if each.label == "Lift it everywhere"]
    assert lift.proto.shortcut == "z"
    at = press(at, "Lift it everywhere")
    assert not suspender.suspended(comment.author_external_id)
    assert "Block lifted on Moodle" in said(at)


def test_undoing_a_block_lifts_the_measure_too(
    console: Console, school: School, ben: Actor, post: tuple[str, Comment]
) -> None:
    moodle, comment = post
    suspender = console.adapters(moodle)
    assert isinstance(suspender, AccountSuspender)
    with console.db.read() as tx:
        [found] = people.find(tx, ben, school.id)
        about = blocking.about(tx, ben, school, comments_of(found, tx, ben))
    at = stage.dialog(lambda: blocking.ask(console, ben, school, "Kim", about))
    at = press(press(at, "Block 1 account"), "Undo")
    assert not suspender.suspended(comment.author_external_id)
    with console.db.read() as tx:
        assert measures.in_force(tx, ben, school.id, about, now=console.now()) == []


def comments_of(found: people.Found, tx: Connection, actor: Actor) -> Stored:
    [written] = history.comments_of(tx, actor, found.person.school_id, found.person.id)
    return written


def test_what_the_platform_has_not_confirmed_is_not_called_done(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    at = press(press(screen("review", console, ben, school), "Remove"), "Threat")
    assert "Removal from Moodle: not confirmed yet" in said(at)
    assert "checked at" not in said(at)


def test_a_double_click_decides_one_case_only(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1), rude(2)])
    at = screen("review", console, ben, school)
    [approve] = [button for button in at.button if button.label == "Approve"]
    approve.click().run()
    approve.click().run()
    assert decisions(console) == [("approve", "")]


def test_a_text_that_changed_since_it_was_read_is_not_decided(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    at = screen("review", console, ben, school)
    stage.queue(console, school, shelf, [rude(1, "what an idiot, I am sorry")])
    at = press(at, "Approve")
    assert decisions(console) == []
    assert "The author has changed the text. Read it again." in said(at)
    press(at, "Approve")
    assert decisions(console) == [("approve", "")]


def test_skipping_frees_the_case_and_back_returns_to_it(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1, "idiot one"), rude(2, "idiot two")])
    at = screen("review", console, ben, school)
    first = letters(at)
    at = press(at, "Skip")
    assert letters(at) != first
    assert claims(console, ben, school) == 1
    assert letters(press(at, "Back")) == first


def claims(console: Console, actor: Actor, school: School) -> int:
    with console.db.read() as tx:
        waiting = review.waiting(tx, actor, school.id, now=console.now())
    return sum(case.claimed_by is not None for case in waiting)


def test_what_is_handed_on_leaves_the_moderator_s_queue_and_waits_for_the_coordinator(
    console: Console, school: School, ben: Actor, ana: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    at = screen("review", console, ben, school)
    [hand_on] = [button for button in at.button if button.label == "Hand on"]
    assert hand_on.disabled
    assert "Nobody else here may decide" in hand_on.help
    with console.db.begin() as tx:
        colleague(tx, "ana")
    at = press(screen("review", console, ben, school), "Hand on")
    assert "Nothing waits." in said(at)
    assert "Handed on by a moderator" in said(screen("review", console, ana, school))


def test_strangers_markup_is_shown_as_letters(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1, NASTY, name="[Kim](http://evil.test)")])
    at = screen("review", console, ben, school)
    assert NASTY in letters(at)
    assert "<img" not in said(at)
    assert "http://evil.test" not in said(at)
    assert r"\[Kim\]" in said(at)


def test_what_those_who_reported_it_wrote_is_shown_as_letters(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    with console.db.begin() as tx:
        [case] = review.waiting(tx, ben, school.id, now=console.now())
        for reporter, reason in (("lena", NASTY), ("max", "it is about my sister")):
            cases.report_comment(
                tx, ben, school.id, case.comment.id, reporter=reporter, reason=reason,
                now=console.now(),
            )  # fmt: skip
    at = screen("review", console, ben, school)
    assert "it is about my sister" in letters(at)
    assert NASTY in letters(at)
    assert "evil.test" not in said(at)


def test_an_empty_queue_says_when_the_last_decision_was(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    assert "Nothing waits." in said(screen("review", console, ben, school))
    stage.queue(console, school, shelf, [rude(1)])
    at = press(screen("review", console, ben, school), "Approve")
    now = console.now()
    times = {clock(now - timedelta(minutes=late), school.zone) for late in (0, 1)}
    assert any(f"Last decision {time}." in said(at) for time in times)


@pytest.mark.parametrize("module", ["review", "people", "person"])
def test_who_may_not_see_people_sees_nobody(
    console: Console, school: School, eve: Actor, zoe: Actor, ana: Actor, shelf: str, module: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    with console.db.read() as tx:
        [found] = people.find(tx, ana, school.id)
    for stranger in (eve, zoe):
        at = screen(module, console, stranger, school, id=found.person.id)
        assert "Your role does not allow this." in said(at)
        assert "Kim" not in said(at) + letters(at)
        assert not at.dataframe


def test_the_link_behind_which_comments_are_reported_is_that_of_the_course_chosen(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    with console.db.begin() as tx:
        enrolling.courses(
            tx, access.system(school.id), school.id, shelf, {"c1": "Algebra"},
            now=console.now(),
        )  # fmt: skip
        [course] = timetable.courses(tx, ben, school.id)
    at = screen("review", console, ben, school)
    assert [each.value for each in at.code] == [console.complaint_link(school.id)]
    at = at.selectbox(key="complaint-course").set_value(course.id).run()
    assert [each.value for each in at.code] == [console.complaint_link(school.id, course.id)]
