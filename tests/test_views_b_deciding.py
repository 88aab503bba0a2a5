"""Deciding in the review queue: several acts at once, words edited out, many cases together."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from console.views import review_acts, review_bulk, rewording, sentencing
from console.views.review_acts import Beside
from console.views.settling import READ
from console.wiring import Console
from moderation import comments, judging, measures, review, rules
from moderation.filters import Rules
from moderation.model import Case
from platforms.base import (
    AccountSuspender,
    Comment,
    CommentEditor,
    CommentRemover,
    CommentSource,
)
from store import access
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import acting, stage
from tests.stage import letters, press, rude, said, screen
from tests.stand_in import StandIn, open_campus


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


HIDING = Rules.from_toml('[[list]]\nname = "<b>Harsh</b>"\nterms = ["idiot"]\nhide = true')


def taken_down(console: Console, school: School, moodle: str, comment: Comment) -> None:
    """As the worker does it: screened, hidden, and pulled no more."""
    pult = access.system(school.id)
    with console.db.begin() as tx:
        merged = comments.merge(tx, pult, school.id, moodle, comment, now=console.now())
        kept = comments.get(tx, pult, merged.id)
        assert kept is not None
        judging.judge(tx, pult, HIDING, kept, now=console.now())
    acting.run_due(console.db, console.adapters, clock=console.now)


def test_a_hidden_comment_says_so_and_its_buttons_put_it_back_or_keep_it_away(
    console: Console, school: School, ben: Actor, campus: StandIn
) -> None:
    moodle = stage.connect(console, school, campus.moodle["url"], campus.moodle["token"])
    site = console.adapters(moodle)
    assert isinstance(site, CommentSource)
    assert isinstance(site, CommentRemover)
    first, second = [each for each in site.comments(None) if each.parent_id][1:3]
    for found in (first, second):
        taken_down(console, school, moodle, replace(found, text=f"you idiot, {found.text}"))
    assert site.removed(first.external_id)
    at = screen("review", console, ben, school)
    assert "Hidden until you decide" in said(at)
    assert "&lt;b&gt;Harsh" in said(at) or "\\<b\\>Harsh" in said(at)
    told = {button.label: (button.help, button.disabled) for button in at.button}
    assert "Puts the comment back on Moodle" in told["Put back"][0]
    assert "stays removed" in told["Keep removed"][0]
    assert told["Reword"][1]
    shown = letters(at)
    kept, gone = (first, second) if first.text in shown else (second, first)
    at = press(at, "Put back")
    assert "Restored on Moodle, checked at" in said(at)
    assert not site.removed(kept.external_id)
    at = press(press(at, "Keep removed"), "Insult")
    assert "Removed from Moodle, checked at" in said(at)
    assert site.removed(gone.external_id)
    press(at, "Undo")
    assert not site.removed(gone.external_id)
    assert decisions(console) == [("approve", ""), ("remove", "Insult")]


def decisions(console: Console) -> list[tuple[str, str]]:
    with console.db.read() as tx:
        rows = tx.execute(text("SELECT decision, reason FROM decision ORDER BY decided_at"))
        return [(row.decision, row.reason) for row in rows]


def test_each_button_says_beforehand_what_it_does_on_this_platform(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    at = screen("review", console, ben, school)
    told = {button.label: (button.help, button.disabled) for button in at.button}
    remove, off = told["Remove"]
    assert "mod_forum_update_discussion_post" in remove
    assert "Undo puts it back exactly." in remove
    assert not off
    mute, off = told["Mute"]
    assert "Moodle cannot do this." in mute
    assert off


def test_the_comment_is_removed_and_its_author_suspended_in_one_decision(
    console: Console, school: School, ben: Actor, post: tuple[str, Comment]
) -> None:
    moodle, comment = post
    remover = console.adapters(moodle)
    assert isinstance(remover, CommentRemover)
    assert isinstance(remover, AccountSuspender)
    case, beside = held(console, school, ben)
    at = stage.dialog(
        lambda: sentencing.ask(console, ben, school, case, "suspension", beside.removal)
    )
    assert "The ladder's next step: A word." in said(at)
    assert "suspends the account" in said(at)
    at.session_state[READ] = case.comment.sha256
    at = press(at, "Remove and suspend")
    assert remover.removed(comment.external_id)
    assert remover.suspended(comment.author_external_id)
    assert decisions(console) == [("remove", "Insult")]
    with console.db.read() as tx:
        about = measures.subject_of(tx, ben, school.id, moodle, comment.author_external_id)
        [measure] = measures.in_force(tx, ben, school.id, about, now=console.now())
    assert (measure.kind, measure.rule, measure.case_id) == ("suspension", "Insult", case.id)


def held(console: Console, school: School, actor: Actor) -> tuple[Case, Beside]:
    with console.db.begin() as tx:
        case = review.next_case(tx, actor, school.id, now=console.now())
    assert case is not None
    return case, review_acts.read(console, actor, school, case)


def test_a_comment_is_reworded_without_the_words_that_matched_and_put_back(
    console: Console, school: School, ben: Actor, post: tuple[str, Comment]
) -> None:
    moodle, comment = post
    editor = console.adapters(moodle)
    assert isinstance(editor, CommentEditor)
    case, beside = held(console, school, ben)
    assert rewording.without(case).startswith("you […],")
    at = stage.dialog(lambda: rewording.ask(console, ben, school, case, beside.edit))
    at.session_state[READ] = case.comment.sha256
    at = press(at, "Put this in its place")
    assert (editor.wording(comment.external_id) or "").startswith("you […],")
    assert "Reworded on Moodle, checked at" in said(at)
    assert decisions(console) == [("edit", "Insult")]
    at = press(at, "Undo")
    assert editor.wording(comment.external_id) == comment.text


def test_always_approve_asks_no_more_about_the_same_words_of_that_author(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1, "you sweet idiot")])
    press(screen("review", console, ben, school), "Always approve")
    with console.db.begin() as tx:
        pult = access.system(school.id)
        again = replace(rude(2, "You sweet idiot"), author_external_id="a1")
        merged = comments.merge(tx, pult, school.id, shelf, again, now=console.now())
        kept = comments.get(tx, pult, merged.id)
        assert kept is not None
        judging.judge(tx, pult, rules.of(tx, pult, school.id), kept, now=console.now())
    assert "Nothing waits." in said(screen("review", console, ben, school))


def test_like_cases_are_shown_before_they_are_decided_together(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(n, "idiot, buy here") for n in (1, 2, 3)])
    at = screen("review", console, ben, school)
    assert "2 more like this" in {button.label for button in at.button}
    with console.db.read() as tx:
        found = review.waiting(tx, ben, school.id, now=console.now())
    at = stage.dialog(lambda: review_bulk.ask(console, ben, school, found))
    assert letters(at).count("idiot, buy here") == 3
    [first, *_rest] = at.checkbox
    at = first.uncheck().run()
    at = at.segmented_control[0].set_value("approve").run() if at.segmented_control else at
    at = press(at, "Approve 2 comments")
    assert decisions(console) == [("approve", ""), ("approve", "")]
    assert "2 approved" in said(at)


def test_the_bar_offers_a_letter_to_those_who_may_write(
    console: Console, school: School, ben: Actor, ana: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    assert "Write" in {each.label for each in screen("review", console, ana, school).button}
    stage.queue(console, school, shelf, [rude(2)])
    assert "Write" not in {each.label for each in screen("review", console, ben, school).button}
