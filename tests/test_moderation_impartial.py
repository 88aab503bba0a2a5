"""Nobody judges what concerns them, nor an appeal against what they had a hand in."""

from dataclasses import replace
from datetime import timedelta

import pytest

from moderation import (
    actions,
    appeals,
    comments,
    hearing,
    impartial,
    judging,
    measures,
    reversal,
    review,
    rules,
    wordings,
)
from moderation.model import Case, Measure, ModerationError, Subject
from store import access, enrolling
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests.cast import listed
from tests.conftest import NOON
from tests.moderation_platform import colleague, connect
from tests.test_moderation_signals import POST

DAY = timedelta(days=1)
BEN = "ben@school.example"


@pytest.fixture(autouse=True)
def _connected(database: Database, school: School, ada: Actor) -> None:
    """Ben moderates, and is u1 of the LMS; Ana coordinates. u2 is nobody who signs in here."""
    with database.begin() as tx:
        connect(tx, school)
        own = replace(listed("u1"), email=BEN, name="Ben")
        enrolling.people(tx, ada, school.id, "lms", [own, listed("u2")], now=NOON)
        colleague(tx, "ben", "moderator")
        colleague(tx, "ana", "coordinator")
        tx.execute(text("UPDATE account SET email = 'Ben@School.example' WHERE id = 'ben'"))


def insult(
    tx: Connection, actor: Actor, school: School, author: str = "u1", id_: str = "p1"
) -> Case:
    """What an account wrote, waiting in the queue."""
    post = replace(
        POST, external_id=id_, text="what an idiot", html="what an idiot",
        author_external_id=author,
    )  # fmt: skip
    merged = wordings.merge(tx, actor, school.id, "lms", post, now=NOON)
    kept = comments.get(tx, actor, merged.id)
    assert kept is not None
    case_id = judging.judge(tx, actor, rules.of(tx, actor, school.id), kept, now=NOON)
    case = review.case(tx, actor, case_id or "")
    assert case is not None
    return case


def person(tx: Connection, actor: Actor, school: School, external_id: str) -> Subject:
    return measures.subject_of(tx, actor, school.id, "lms", external_id)


def heard(tx: Connection, school: School, measure: Measure) -> str:
    return appeals.write(tx, access.system(school.id), measure.id, "It was a joke", now=NOON)


def test_a_moderator_hands_on_what_they_wrote_and_judges_it_in_no_way(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        case = insult(tx, ben, school)
        for verdict in ("approve", "remove"):
            with pytest.raises(ModerationError, match=r"about you.*: ana\."):
                review.decide(tx, ben, case.id, verdict, mute_repeats=True, now=NOON)
        review.decide(tx, ben, case.id, "hand on", now=NOON)
        assert review.count(tx, ben, school.id)[0] == 0
        review.decide(tx, ana, case.id, "approve", now=NOON)


def test_where_nobody_else_moderates_an_admin_is_the_way(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        case = insult(tx, ben, school)
        tx.execute(text("UPDATE account SET disabled = TRUE WHERE id = 'ana'"))
        with pytest.raises(ModerationError, match="An admin can give somebody an account"):
            review.decide(tx, ben, case.id, "approve", now=NOON)
        colleague(tx, "ada", "admin")
        with pytest.raises(ModerationError, match=r": ada\."):
            review.decide(tx, ben, case.id, "approve", now=NOON)


def test_nobody_lifts_or_shortens_what_stands_against_themselves(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        block = measures.impose(
            tx, ana, school.id, person(tx, ana, school, "u1"), "block", until=NOON + DAY, now=NOON
        )
        with pytest.raises(ModerationError, match="about you"):
            measures.lift(tx, ben, block.id, now=NOON)
        with pytest.raises(ModerationError, match="about you"):
            measures.shorten(tx, ben, block.id, until=NOON + DAY / 2, now=NOON)
        with pytest.raises(ModerationError, match="about you"):
            actions.undo(tx, ben, block.action_ids[0], now=NOON)
        other = measures.impose(
            tx, ana, school.id, person(tx, ana, school, "u2"), "block", now=NOON
        )
        measures.lift(tx, ben, other.id, now=NOON)
        measures.lift(tx, ana, block.id, now=NOON)


def test_nobody_puts_back_what_they_wrote_or_allows_what_is_done_to_it(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        case = insult(tx, ben, school)
        made = review.decide(tx, ana, case.id, "remove", now=NOON)
        tx.execute(text("UPDATE moderation_action SET state = 'held'"))
        for settle in (actions.allow, actions.decline):
            with pytest.raises(ModerationError, match="about you"):
                settle(tx, ben, made.action_id or "", now=NOON)
        tx.execute(text("UPDATE moderation_action SET state = 'verified', earlier = 'visible'"))
        comments.note_removed(tx, ana, "lms", "p1", True)
        with pytest.raises(ModerationError, match="about you"):
            reversal.restore(tx, ben, case.comment.id, now=NOON)
        assert reversal.restore(tx, ana, case.comment.id, now=NOON)


def test_nobody_hears_their_own_appeal_or_answers_it_for_the_school(
    database: Database, school: School, ben: Actor, ana: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        block = measures.impose(
            tx, ana, school.id, person(tx, ana, school, "u1"), "block", now=NOON
        )
        appeal = heard(tx, school, block)
        assert "about you" in str(hearing.barred(tx, ben, appeal))
        with pytest.raises(ModerationError, match="about you"):
            hearing.decide(tx, ben, appeal, "lift", said="I was right", now=NOON)
        with pytest.raises(ModerationError, match="about you"):
            appeals.answer(tx, ben, appeal, "Quite so", now=NOON)
        hearing.decide(tx, ada, appeal, "uphold", said="It stays", now=NOON)


def test_an_appeal_is_heard_by_nobody_who_decided_the_comment_or_what_was_replaced(
    database: Database, school: School, ben: Actor, ana: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        case = insult(tx, ben, school, "u2")
        review.decide(tx, ben, case.id, "remove", now=NOON)
        about = person(tx, ana, school, "u2")
        warning = measures.impose(tx, ana, school.id, about, "warning", case_id=case.id, now=NOON)
        barred = hearing.barred(tx, ben, heard(tx, school, warning))
        assert "You had a hand" in str(barred)
        colleague(tx, "ada", "admin")
        assert str(hearing.barred(tx, ana, heard(tx, school, warning))).endswith(": ada.")
        assert hearing.barred(tx, ada, heard(tx, school, warning)) is None
        measures.impose(tx, ana, school.id, about, "suspension", until=NOON + DAY, now=NOON)
        block = measures.impose(tx, ada, school.id, about, "block", now=NOON)
        appeal = heard(tx, school, block)
        assert "You had a hand" in str(hearing.barred(tx, ana, appeal))
        assert hearing.barred(tx, ben, appeal) is None
        assert impartial.of_comment(tx, ben, case.comment) is None


def test_an_appeal_that_ends_in_a_lift_says_what_else_holds_or_lifts_it_too(
    database: Database, school: School, ben: Actor, ana: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        about = person(tx, ben, school, "u2")
        first = measures.impose(tx, ben, school.id, about, "suspension", until=NOON + DAY, now=NOON)
        appeal = heard(tx, school, first)
        block = measures.impose(tx, ada, school.id, about, "block", now=NOON)
        tx.execute(
            text("""
                UPDATE moderation_action SET state = 'verified', earlier = 'active'
                WHERE measure_id = :id
            """),
            {"id": block.id},
        )
        known = appeals.measure_of(tx, ana, first.id)
        assert [each.id for each in hearing.holding(tx, ana, known, now=NOON)] == [block.id]
        [lift] = hearing.decide(
            tx, ana, appeal, "lift", said="You were right", also=[block.id], now=NOON
        )
        assert measures.in_force(tx, ana, school.id, about, now=NOON) == []
        assert not measures.settled(tx, ana, appeals.measure_of(tx, ana, first.id))
        tx.execute(
            text("UPDATE moderation_action SET state = 'verified' WHERE id = :id"), {"id": lift}
        )
        assert measures.settled(tx, ana, appeals.measure_of(tx, ana, first.id))
        assert appeals.measure_of(tx, ana, block.id).lift_reason == hearing.REASON
