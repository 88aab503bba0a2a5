"""Who lost a comment and nothing else is told so, appeals, and reads it again once it is back."""

from collections.abc import Iterator

import pytest

from console.desk import letter_sending, notes
from console.desk.letter_ways import Way
from moderation import (
    actions,
    appeals,
    cases,
    comments,
    complaints,
    deciding,
    hearing,
    house,
    ladder,
    measures,
    reversal,
    wordings,
)
from moderation.house import STARTER
from moderation.model import Flag, ModerationError, Penalty, Stored
from platforms.base import Capability
from store import access
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.letter_desk import MINUTE, Board, Desk, opened
from tests.moderation_platform import Site, _comment, serving


@pytest.fixture
def site() -> Site:
    made = Site()
    made.write("p1", "you moron", NOON)
    return made


@pytest.fixture
def desk(database: Database, school: School, site: Site) -> Iterator[Desk]:
    with opened(database, school) as made, serving(site) as url:
        can: frozenset[Capability] = frozenset({"comments", "remove comment", "restore comment"})
        made.board = Board(url=url, can=Board.can | can)
        yield made


def flagged(desk: Desk, ben: Actor, id_: str = "p1") -> str:
    with desk.console.db.begin() as tx:
        post = _comment({"id": id_, "html": "you moron", "author": "u1", "at": NOON.timestamp()})
        kept = wordings.merge(tx, ben, desk.school.id, "lms", post, now=NOON)
        case = cases.flagged(tx, ben, kept.id, [Flag("Insults", "moron", 0, 3)], now=NOON)
    assert case is not None
    return case


def remove(desk: Desk, ben: Actor, case: str, *penalties: Penalty) -> None:
    with desk.console.db.begin() as tx:
        made = deciding.decide(
            tx, ben, case, "remove", reason="Insult", rule="Insult", penalties=penalties, now=NOON
        )
    perform(desk, made.action_ids)


def perform(desk: Desk, asked: tuple[str, ...] | list[str], minutes: int = 0) -> None:
    now = NOON + minutes * MINUTE
    actor = access.system(desk.school.id)
    for id_ in asked:
        actions.perform(desk.console.db, actor, id_, lambda _: desk.board, clock=lambda: now)


def comment(desk: Desk, ben: Actor) -> Stored:
    with desk.console.db.read() as tx:
        return comments.known(tx, ben, "lms", ["p1"])["p1"]


def test_a_removal_alone_is_told_once_in_their_language_and_counts_for_nothing(
    desk: Desk, ben: Actor, site: Site
) -> None:
    with desk.console.db.begin() as tx:
        tx.execute(text("UPDATE person SET language = 'ru'"))
    case = flagged(desk, ben)
    site.lie = "ignore"
    remove(desk, ben, case)
    assert desk.follow() == 0  # nobody saw it gone
    site.lie = ""
    with desk.console.db.read() as tx:
        [measure] = measures.history(tx, ben, desk.school.id, desk.joe)
        assert ladder.suggest(tx, ben, desk.school.id, desk.joe, now=NOON).counted == ()
    perform(desk, measure.action_ids)
    assert desk.follow() == 2  # by mail and on the platform
    assert desk.follow(minutes=1) == 0
    [(subject, body)] = desk.mails()
    assert subject == "[School 14] Комментарий удалён"
    assert "you moron" in body
    assert desk.console.appeal_link(measure.id) in body


def test_an_appeal_against_a_removal_puts_the_comment_back_and_says_so_once_it_is_there(
    desk: Desk, ben: Actor, ana: Actor, site: Site
) -> None:
    remove(desk, ben, flagged(desk, ben))
    desk.follow()
    with desk.console.db.begin() as tx:
        [measure] = measures.history(tx, ben, desk.school.id, desk.joe)
        appeal = appeals.write(tx, ben, measure.id, "A joke", now=NOON)
        with pytest.raises(ModerationError, match="Somebody else decides"):
            hearing.decide(tx, ben, appeal, "lift", said="Fine.", now=NOON)
        asked = hearing.decide(tx, ana, appeal, "lift", said="You were right.", now=NOON)
    site.lie = "down"
    perform(desk, list(asked))
    desk.follow(minutes=1)
    assert "It is being lifted; you are told once it is." in desk.mails()[-1][1]
    assert site.posts["p1"]["removed"]
    site.lie = ""
    perform(desk, list(asked), minutes=2)
    assert site.posts["p1"] | {"removed": False, "html": "you moron"} == site.posts["p1"]
    desk.follow(minutes=2)
    assert "What you wrote stands in its place again." in desk.mails()[-1][1]
    assert len(desk.mails()) == 3
    desk.follow(minutes=3)
    assert len(desk.mails()) == 3


def test_a_granted_appeal_against_a_penalty_puts_the_comment_back_where_that_is_wanted(
    desk: Desk, ben: Actor, ana: Actor, site: Site
) -> None:
    remove(desk, ben, flagged(desk, ben), Penalty("warning"))
    desk.follow()
    [(_subject, body)] = desk.mails()  # one letter for all of it
    assert "The comment: removed" in body
    with desk.console.db.begin() as tx:
        [measure] = measures.history(tx, ben, desk.school.id, desk.joe)
        appeal = appeals.write(tx, ben, measure.id, "A joke", now=NOON)
        assert hearing.taken(tx, ana, appeal) is not None
        asked = hearing.decide(tx, ana, appeal, "lift", said="Yes.", restores=True, now=NOON)
    perform(desk, list(asked))
    assert not site.posts["p1"]["removed"]


def test_a_house_that_tells_nobody_of_removals_writes_no_letter(
    desk: Desk, ben: Actor, ada: Actor
) -> None:
    with desk.console.db.begin() as tx:
        quiet = house.House(STARTER.rules, STARTER.ladder, 180, {}, tells_authors=False)
        house.save(tx, ada, desk.school.id, quiet, now=NOON)
        assert house.of(tx, ada, desk.school.id) == quiet
    remove(desk, ben, flagged(desk, ben))
    assert desk.follow() == 0
    assert desk.states() == []


def test_nobody_is_flooded_with_letters_of_removed_comments(
    desk: Desk, ben: Actor, site: Site
) -> None:
    for number in range(7):
        site.write(f"q{number}", "you moron", NOON)
        remove(desk, ben, flagged(desk, ben, f"q{number}"))
    desk.follow()
    assert len(desk.mails()) == 5
    assert desk.states().count(("none", "failed")) == 2


def test_a_restored_comment_is_shown_with_its_decision_and_told_to_author_and_reporter(
    desk: Desk, ben: Actor, ana: Actor, site: Site
) -> None:
    case = flagged(desk, ben)
    kept = comment(desk, ben)
    with desk.console.db.begin() as tx:
        cases.report_comment(
            tx, ben, desk.school.id, kept.id, reporter="lena", reason="rude", now=NOON
        )
    remove(desk, ben, case)
    desk.follow()
    with desk.console.db.begin() as tx:
        assert list(reversal.restorable(tx, ana, desk.school.id, [kept.id])) == [kept.id]
        action = reversal.restore(tx, ana, kept.id, reason="a joke", now=NOON)
        assert reversal.restore(tx, ana, kept.id, now=NOON) == action
    perform(desk, [action])
    assert site.posts["p1"]["html"] == "you moron"
    with desk.console.db.begin() as tx:
        assert reversal.restorable(tx, ana, desk.school.id, [kept.id]) == {}
        with pytest.raises(ModerationError, match="nothing to put back"):
            reversal.restore(tx, ana, kept.id, now=NOON)
        came = complaints.came_of(tx, ana, desk.school.id, kept.id, "lena")
        state = tx.execute(text("SELECT state FROM cases")).scalar_one()
    assert came is not None
    assert came.came == "restored"
    assert state == "decided"
    desk.follow(minutes=1)
    assert "What you wrote stands in its place again." in desk.mails()[-1][1]


def test_undo_a_moment_after_takes_the_removal_and_its_letter_back_and_the_case_waits(
    desk: Desk, ben: Actor, site: Site
) -> None:
    case = flagged(desk, ben)
    remove(desk, ben, case)
    with desk.console.db.begin() as tx:
        [measure] = measures.history(tx, ben, desk.school.id, desk.joe)
        [removal] = measure.action_ids
        back = reversal.take_back(tx, ben, removal, now=NOON)
    perform(desk, list(back))
    assert not site.posts["p1"]["removed"]
    assert desk.follow() == 0
    with desk.console.db.read() as tx:
        assert tx.execute(text("SELECT state FROM cases")).scalar_one() == "waiting"


def test_a_reporter_reads_that_the_platform_refused_the_removal(
    desk: Desk, ben: Actor, site: Site
) -> None:
    case = flagged(desk, ben)
    kept = comment(desk, ben)
    with desk.console.db.begin() as tx:
        cases.report_comment(
            tx, ben, desk.school.id, kept.id, reporter="lena", reason="rude", now=NOON
        )
    site.lie = "deny"
    remove(desk, ben, case)
    with desk.console.db.read() as tx:
        came = complaints.came_of(tx, ben, desk.school.id, kept.id, "lena")
    assert came is not None
    assert came.came == "refused"


def test_a_note_goes_by_mail_where_an_address_is_known_and_else_as_a_message(
    desk: Desk, ben: Actor
) -> None:
    database, school = desk.console.db, desk.school
    by = notes.way(database, ben, school.id, desk.joe, lambda _: desk.board, mails=True)
    assert by is not None
    assert by.way == "mail"
    with database.begin() as tx:
        tx.execute(text("UPDATE person SET email = ''"))
    by = notes.way(database, ben, school.id, desk.joe, lambda _: desk.board, mails=True)
    assert by == Way("platform", "lms", "u1")
    with database.begin() as tx:
        for said, way in ((" ", by), ("Hi", None)):
            with pytest.raises(ModerationError):
                notes.write(tx, ben, school, desk.joe, said, way, now=NOON)
        note = notes.write(tx, ben, school, desk.joe, "Talk to me.", by, now=NOON)
    assert desk.follow() == 1
    assert desk.follow(minutes=1) == 0
    [(account, message)] = desk.board.got
    assert account == "u1"
    assert "Talk to me." in message
    assert "counts as nothing" in message
    with database.read() as tx:
        [letter] = letter_sending.of_measures(tx, ben, school.id, [note])
    assert (letter.about, letter.state) == ("note", "sent")
