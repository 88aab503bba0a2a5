"""A decision is taken back whole: the comment, the words to its author, the approval of repeats."""

import pytest

from moderation import actions, ladder, measures, repeats, review, unmaking
from moderation.model import ModerationError, Penalty
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON, NOON_LATER
from tests.moderation_platform import connect
from tests.test_moderation_impartial import insult, person


@pytest.fixture(autouse=True)
def _connected(database: Database, school: School) -> None:
    with database.begin() as tx:
        connect(tx, school)


def test_the_warning_goes_with_the_removal_and_counts_no_more(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        case = insult(tx, ben, school, "u2")
        made = review.decide(
            tx, ben, case.id, "remove", penalties=[Penalty("warning"), Penalty("word")], now=NOON
        )
        about = person(tx, ben, school, "u2")
        tx.execute(text("UPDATE moderation_action SET state = 'verified', earlier = 'visible'"))
        [back] = unmaking.undo(tx, ben, made, now=NOON_LATER)
        restore = actions.get(tx, ben, back)
        assert restore is not None
        assert restore.kind == "restore comment"
        assert {each.lifted_by for each in measures.history(tx, ben, school.id, about)} == {"ben"}
        assert ladder.suggest(tx, ben, school.id, about, now=NOON_LATER).rung.kind == "word"
        [waiting] = review.waiting(tx, ben, school.id, now=NOON_LATER)
        assert waiting.id == case.id
        with pytest.raises(ModerationError, match="waits again already"):
            unmaking.undo(tx, ben, made, now=NOON_LATER)


def test_an_approval_for_good_is_taken_back_too_but_not_what_somebody_decided_since(
    database: Database, school: School, ben: Actor, ana: Actor
) -> None:
    with database.begin() as tx:
        case = insult(tx, ben, school, "u2")
        made = review.decide(tx, ben, case.id, "approve", mute_repeats=True, now=NOON)
        assert repeats.muted(tx, case.comment)
        assert unmaking.undo(tx, ben, made, now=NOON) == []
        assert not repeats.muted(tx, case.comment)
        assert review.count(tx, ben, school.id)[0] == 1
        review.decide(tx, ana, case.id, "approve", now=NOON_LATER)
        with pytest.raises(ModerationError, match="decided it since"):
            unmaking.undo(tx, ben, made, now=NOON_LATER)


def test_what_waits_for_a_second_person_is_withdrawn(
    database: Database, school: School, ben: Actor
) -> None:
    with database.begin() as tx:
        case = insult(tx, ben, school, "u2")
        made = review.decide(tx, ben, case.id, "remove", now=NOON)
        tx.execute(text("UPDATE moderation_action SET state = 'held'"))
        assert unmaking.undo(tx, ben, made, now=NOON_LATER) == []
        assert actions.held(tx, ben, school.id) == []
        assert review.count(tx, ben, school.id)[0] == 1
