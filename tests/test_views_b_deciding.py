"""Deciding in the review queue: several acts at once, words edited out, many cases together."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import streamlit as st

from console.views import noting, review_acts, review_bulk, rewording, sentencing
from console.views.review_acts import Beside
from console.views.settling import READ
from console.wiring import Console
from moderation import actions, comments, judging, ladder, measures, review, rules, wordings
from moderation.bulk import Alike
from moderation.filters import Rules
from moderation.model import Case
from platforms.base import Comment
from platforms.capabilities import AccountSuspender, CommentEditor, CommentRemover, CommentSource
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
        merged = wordings.merge(tx, pult, school.id, moodle, comment, now=console.now())
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
        rows = tx.execute(text("SELECT decision, rule FROM decision ORDER BY decided_at"))
        return [(row.decision, row.rule) for row in rows]


def test_each_button_says_beforehand_what_it_does_on_this_platform(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    at = screen("review", console, ben, school)
    told = {button.label: (button.help, button.disabled) for button in at.button}
    remove, off = told["Remove"]
    assert "a notice takes the place of its title and text; answers stay" in remove
    assert "mod_forum" not in remove
    assert "Undo puts it back exactly." in remove
    assert not off
    assert [each.label for each in at.button if not each.proto.shortcut] == []
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
        lambda: sentencing.ask(
            console, ben, school, case, "suspension", beside.removal, beside.reach
        )
    )
    assert "The ladder's next step: A word." in said(at)
    assert "suspends the account" in said(at)
    at.session_state[READ] = case.comment.sha256
    at = press(at, "Remove + Suspend")
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
        merged = wordings.merge(tx, pult, school.id, shelf, again, now=console.now())
        kept = comments.get(tx, pult, merged.id)
        assert kept is not None
        judging.judge(tx, pult, rules.of(tx, pult, school.id), kept, now=console.now())
    assert "Nothing waits." in said(screen("review", console, ben, school))


def test_an_approval_is_undone_from_the_bar(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    at = press(screen("review", console, ben, school), "Approve")
    at = press(at, "Undo")
    assert "Taken back: the case waits again" in said(at)
    assert "what an idiot" in letters(at)


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
    assert "**Moodle**: 2 comments, a notice takes the place of its title" in said(at)
    assert "Undo puts each back exactly." in said(at)
    at = press(at, "Approve")
    assert "**Moodle**: 2 comments, nothing changes there." in said(at)
    at = press(at, "Approve 2 comments")
    assert decisions(console) == [("approve", ""), ("approve", "")]
    assert "2 approved" in said(at)


def show(alike: Alike) -> None:
    st.caption(review_bulk.told(alike))


def test_of_a_wave_the_bulk_says_no_exact_number(console: Console, ben: Actor) -> None:
    at = stage.dialog(lambda: show(Alike((), 1001, 1000)))
    assert "1,000+ more in the same words · 1,000 more by the same author" in said(at)
    assert "the others come up after this decision" in said(at)
    at = stage.dialog(lambda: show(Alike((), 998, 0)))
    assert "998 more in the same words · 998 of them come up after" in said(at)


def test_a_moderator_writes_a_word_that_counts_for_nothing_by_the_platform_without_a_relay(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    at = screen("review", console, ben, school)
    [write] = [each for each in at.button if each.label == "Write"]
    assert not write.disabled
    assert "By a message of Moodle" in write.help
    case, beside = held(console, school, ben)
    at = stage.dialog(
        lambda: noting.ask(console, ben, school, "Kim Lee", beside.reach, case_id=case.id)
    )
    at.text_area[0].set_value("Please mind your words.")
    assert "Written; it leaves in a moment." in said(press(at, "Send to the author"))
    with console.db.read() as tx:
        [letter] = tx.execute(text("SELECT * FROM letter")).all()
        about = measures.subject_of(tx, ben, school.id, shelf, "a1")
        assert ladder.suggest(tx, ben, school.id, about, now=console.now()).counted == ()
        [note] = measures.history(tx, ben, school.id, about)
    assert (letter.way, letter.external_id, letter.state) == ("platform", "a1", "due")
    assert "Please mind your words." in letter.body
    assert (note.kind, note.case_id) == ("note", case.id)


def test_whom_nothing_reaches_cannot_be_written_to_and_the_button_says_why(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    with console.db.begin() as tx:
        tx.execute(text("UPDATE connection SET platform = 'openedx', options = '{}'"))
    [write] = [
        each for each in screen("review", console, ben, school).button if each.label == "Write"
    ]
    assert write.disabled
    assert "none of their platforms takes messages" in write.help


def test_one_button_removes_warns_mutes_and_writes(
    console: Console, school: School, ben: Actor, post: tuple[str, Comment]
) -> None:
    moodle, comment = post
    remover = console.adapters(moodle)
    assert isinstance(remover, CommentRemover)
    case, beside = held(console, school, ben)
    at = stage.dialog(
        lambda: sentencing.ask(console, ben, school, case, "warning", beside.removal, beside.reach)
    )
    assert "a notice takes the place of its title and text" in said(at)
    offered = at.button_group(key="sentence-warning").options
    assert len(offered) == 4  # Moodle mutes nobody
    at = at.button_group(key="sentence-warning").set_value(["warning", "suspension"]).run()
    at.text_area[0].set_value("Talk to me.")
    at = at.run()
    assert "suspends the account" in said(at)
    at.session_state[READ] = case.comment.sha256
    press(at, "Remove + Warn + Suspend + Write")
    assert remover.removed(comment.external_id)
    assert isinstance(remover, AccountSuspender)
    assert remover.suspended(comment.author_external_id)
    with console.db.read() as tx:
        about = measures.subject_of(tx, ben, school.id, moodle, comment.author_external_id)
        past = measures.history(tx, ben, school.id, about)
        [letter] = tx.execute(text("SELECT body FROM letter")).all()
    assert sorted(each.kind for each in past) == ["note", "suspension", "warning"]
    assert {each.case_id for each in past} == {case.id}
    assert "Talk to me." in letter.body


def test_a_removed_comment_is_restored_from_where_its_decision_is_shown(
    console: Console, school: School, ben: Actor, ana: Actor, post: tuple[str, Comment]
) -> None:
    moodle, comment = post
    editor = console.adapters(moodle)
    assert isinstance(editor, CommentEditor)
    assert isinstance(editor, CommentRemover)
    case, _beside = held(console, school, ben)
    with console.db.begin() as tx:
        made = review.decide(tx, ben, case.id, "remove", reason="Insult", now=console.now())
        about = measures.subject_of(tx, ana, school.id, moodle, comment.author_external_id)
    for action_id in made.action_ids:
        actions.perform(console.db, ben, action_id, console.adapters, clock=console.now)
    assert editor.removed(comment.external_id)
    at = screen("person", console, ana, school, id=about.person_id or "")
    offers = [each for each in at.button if each.label == "Restore"]
    assert offers
    assert "the original wording stands in its place again" in offers[0].help
    assert "↶ Restored" not in said(at)
    at = offers[0].click().run()
    assert "Restored on Moodle, checked at" in said(at)
    assert "✕ Removed" in said(at)
    assert "↶ Restored" in said(at)
    assert "Restore" not in {each.label for each in at.button}
    assert not editor.removed(comment.external_id)
    assert editor.wording(comment.external_id) == comment.text
    with console.db.read() as tx:
        decided = review.case(tx, ana, case.id)
        [restored] = tx.execute(
            text("SELECT account_id FROM audit WHERE action = 'lift measure'")
        ).all()
    assert decided is not None
    assert decided.state == "decided"
    assert restored.account_id == "ana"
