"""People are told what was decided about them: once, in their language, with a way to appeal."""

from collections.abc import Iterator

import pytest

from console.desk import letter_sending, measure_letters, restoring
from moderation import appeals, cases, hearing, house, keeping, measures, wordings
from moderation.house import STARTER
from moderation.model import Flag, ModerationError
from platforms.base import PlatformError
from store import access
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests.conftest import NOON
from tests.hostile import HOSTILE, faults
from tests.letter_desk import MINUTE, Board, Desk, ReadOn, opened
from tests.moderation_platform import _comment

NOTED = "for the record alone"


@pytest.fixture
def desk(database: Database, school: School) -> Iterator[Desk]:
    with opened(database, school) as made:
        yield made


def warn(desk: Desk, ben: Actor, said: str = "you moron") -> str:
    with desk.console.db.begin() as tx:
        post = _comment({"id": "p1", "html": said, "author": "u1", "at": NOON.timestamp()})
        kept = wordings.merge(tx, ben, desk.school.id, "lms", post, now=NOON)
        case = cases.flagged(tx, ben, kept.id, [Flag("Insults", "moron", 0, 3)], now=NOON)
        return measures.impose(
            tx, ben, desk.school.id, desk.joe, "warning",
            reason=NOTED, rule="Insult", case_id=case, now=NOON,
        ).id  # fmt: skip


def _holds(tx: Connection, minutes: int = 0) -> None:
    """The platform showed all that was asked of it."""
    tx.execute(
        text(
            "UPDATE moderation_action SET state = 'verified', earlier = 'active', verified_at = :at"
        ),
        {"at": NOON + minutes * MINUTE},
    )


def test_a_warning_reaches_mail_and_platform_once_with_a_way_to_appeal(
    desk: Desk, ben: Actor
) -> None:
    measure = warn(desk, ben)
    assert desk.follow() == 2
    assert desk.follow(minutes=1) == 0
    [(subject, body)] = desk.mails()
    assert subject == "[School 14] Warning"
    assert "Hello Olga kolibri," in body
    assert "Rule: Insult" in body
    assert "When: 10 Mar 1" in body  # a letter is read on another day: never the hour alone
    assert "you moron" in body
    assert desk.console.appeal_link(measure) in body
    assert NOTED not in body
    assert "ben" not in body.lower()
    [(account, message)] = desk.board.got
    assert account == "u1"
    assert desk.console.appeal_link(measure) in message


def test_they_are_told_in_their_language_by_the_school_s_own_words(
    desk: Desk, ben: Actor, ada: Actor
) -> None:
    with desk.console.db.begin() as tx:
        tx.execute(text("UPDATE person SET language = 'ru'"))
        own = {"warning": {"ru": "{{ name }}, так в школе «{{ school }}» не пишут."}}
        kept = house.House(STARTER.rules, STARTER.ladder, 180, own)
        house.save(tx, ada, desk.school.id, kept, now=NOON)
    warn(desk, ben)
    desk.follow()
    [(subject, body)] = desk.mails()
    assert subject == "[School 14] Предупреждение"
    assert "Olga kolibri, так в школе «School 14» не пишут." in body
    assert "Оскорбление" in body
    with desk.console.db.begin() as tx:
        tx.execute(text("UPDATE person SET language = 'zh_Hans'"))
    warn(desk, ben)
    desk.follow()
    assert "规则：侮辱" in desk.mails()[-1][1]


def test_a_block_is_told_when_it_holds_and_its_lift_when_it_was_told(
    desk: Desk, ben: Actor
) -> None:
    with desk.console.db.begin() as tx:
        block = measures.impose(tx, ben, desk.school.id, desk.joe, "block", now=NOON)
    assert desk.follow() == 0
    with desk.console.db.begin() as tx:
        _holds(tx)
    assert desk.follow(minutes=1) == 1
    assert desk.board.got == []  # who is shut out reads nothing there
    with desk.console.db.begin() as tx:
        measures.lift(tx, ben, block.id, now=NOON)
    assert desk.follow(minutes=2) == 0  # no platform has confirmed it
    with desk.console.db.begin() as tx:
        _holds(tx)
    assert desk.follow(minutes=2) == 2
    assert [subject for subject, _body in desk.mails()] == [
        "[School 14] Account blocked", "[School 14] Lifted"
    ]  # fmt: skip


def test_each_answer_and_the_outcome_of_an_appeal_are_told(
    desk: Desk, ben: Actor, ana: Actor
) -> None:
    measure = warn(desk, ben)
    desk.follow()
    with desk.console.db.begin() as tx:
        appeal = appeals.write(tx, ben, measure, "A joke", now=NOON)
        appeals.answer(tx, ana, appeal, "Whose?", now=NOON)
    desk.follow(minutes=1)
    with desk.console.db.begin() as tx:
        hearing.decide(tx, ana, appeal, "lift", said="You were right.", now=NOON)
    desk.follow(minutes=2)
    _first, second, third = desk.mails()
    assert "Whose?" in second[1]
    assert "decided" not in second[0]
    assert third[0] == "[School 14] Your appeal is decided"
    assert "It was lifted." in third[1]
    assert "You were right." in third[1]
    assert len(desk.mails()) == 3


def test_what_may_have_arrived_is_not_sent_twice_and_what_did_not_is_tried_again(
    desk: Desk, ben: Actor
) -> None:
    desk.board.fails = [PlatformError("Not now.", permanent=False)]
    warn(desk, ben)
    assert desk.follow() == 1
    assert desk.follow(minutes=5) == 1
    assert len(desk.board.got) == 1
    desk.board.fails = [PlatformError("Lost.", permanent=False, unsure=True)]
    warn(desk, ben)
    desk.follow(minutes=6)
    assert desk.follow(minutes=60) == 0
    assert ("platform", "uncertain") in desk.states()
    assert len(desk.board.got) == 1


def test_what_waited_when_a_backup_was_restored_is_in_doubt_and_never_sent(
    desk: Desk, ben: Actor
) -> None:
    desk.board.fails = [PlatformError("Not now.", permanent=False)]
    warn(desk, ben)
    assert desk.follow() == 1
    with desk.console.db.begin() as tx:
        restoring.hold(tx, now=NOON)
    assert desk.follow(minutes=60) == 0
    assert ("platform", "uncertain") in desk.states()
    assert desk.board.got == []


def test_whom_nothing_reaches_is_shown_as_such(desk: Desk, ben: Actor) -> None:
    desk.board.can = frozenset()
    with desk.console.db.begin() as tx:
        tx.execute(text("UPDATE person SET email = ''"))
    measure = warn(desk, ben)
    assert desk.follow() == 0
    with desk.console.db.read() as tx:
        [letter] = letter_sending.of_measures(tx, ben, desk.school.id, [measure])
    assert letter.state == "failed"
    assert "Tell them yourself" in str(letter.why)


@pytest.mark.parametrize("reads_on", [True, False])
def test_who_is_blocked_without_an_address_is_told_where_they_still_read_or_shown_as_not_told(
    desk: Desk, ben: Actor, reads_on: bool
) -> None:
    desk.board = ReadOn(reads_on=reads_on)
    with desk.console.db.begin() as tx:
        tx.execute(text("UPDATE person SET email = ''"))
        block = measures.impose(tx, ben, desk.school.id, desk.joe, "block", now=NOON).id
        _holds(tx)
    assert desk.follow() == int(reads_on)
    with desk.console.db.read() as tx:
        [letter] = letter_sending.of_measures(tx, ben, desk.school.id, [block])
    assert letter.state == ("sent" if reads_on else "failed")
    assert [desk.console.appeal_link(block) in said for _, said in desk.board.got] == [
        True
    ] * reads_on
    assert ("could not be told" in str(letter.why)) is not reads_on


def test_the_worst_of_texts_is_quoted_as_letters(desk: Desk, ben: Actor) -> None:
    with desk.console.db.begin() as tx:
        tx.execute(text("UPDATE person SET name = :said"), {"said": HOSTILE})
    warn(desk, ben, said=HOSTILE)
    desk.follow()
    [(subject, body)] = desk.mails()
    assert "kolibri" in body
    assert faults(subject + body.replace("\r\n", "\n"), markdown=False) == []


def test_letters_and_appeals_go_with_the_texts_and_what_was_done_stays(
    desk: Desk, ben: Actor, ana: Actor, ada: Actor
) -> None:
    measure = warn(desk, ben, said="kolibri moron")
    desk.follow()
    who = [("lms", "u1")]
    with desk.console.db.begin() as tx:
        appeal = appeals.write(tx, ben, measure, "kolibri was a joke", now=NOON)
        tx.execute(text("UPDATE cases SET state = 'decided', decided_at = 0"))
        with pytest.raises(ModerationError, match="appeal of theirs is open"):
            keeping.erase(tx, ada, desk.school.id, who, now=NOON)
    with desk.console.db.begin() as tx:
        assert (
            keeping.forget(tx, ada, desk.school.id, before=NOON + 999 * MINUTE, now=NOON) == 0
        )  # an appeal rests on it
        hearing.decide(tx, ana, appeal, "uphold", said="It stays.", now=NOON)
        assert keeping.erase(tx, ada, desk.school.id, who, now=NOON) == 1
        letter_sending.erase(tx, ada, desk.school.id, who)
        letters_kept = letter_sending.of_measures(tx, ben, desk.school.id, [measure])
        kept = appeals.messages(tx, ben, appeal)
        assert sorted((each.way, each.state, each.subject) for each in letters_kept) == [
            ("mail", "sent", ""), ("platform", "sent", "")
        ]  # fmt: skip
        assert [each.said for each in kept] == ["", "It stays."]
        for table in ("comment", "letter", "appeal_message", "comment_version"):
            rows = tx.execute(text(f"SELECT * FROM {table}")).all()
            assert rows
            assert "kolibri" not in str(rows)


def test_a_connection_that_is_taken_away_stops_no_letter(desk: Desk, ben: Actor) -> None:
    def gone(connection_id: str) -> Board:
        raise PlatformError("This connection is gone.", permanent=True)

    console, actor = desk.console, access.system(desk.school.id)
    warn(desk, ben)
    measure_letters.follow(
        console.db, actor, desk.school.id, lambda _: desk.board, console.appeal_link, now=NOON
    )
    assert letter_sending.send_due(console.db, console.ways, gone, clock=lambda: NOON) == 1
    assert desk.states() == [("mail", "sent"), ("platform", "failed")]
    warn(desk, ben)
    measure_letters.follow(console.db, actor, desk.school.id, gone, console.appeal_link, now=NOON)
    assert letter_sending.send_due(console.db, console.ways, gone, clock=lambda: NOON) == 1


def test_a_block_that_took_days_to_hold_is_told_and_its_lift_after_an_appeal_that_failed(
    desk: Desk, ben: Actor, ana: Actor
) -> None:
    days = 5 * 24 * 60
    with desk.console.db.begin() as tx:
        block = measures.impose(tx, ben, desk.school.id, desk.joe, "block", now=NOON)
        _holds(tx, minutes=days)
    assert desk.follow(minutes=days) == 1
    with desk.console.db.begin() as tx:
        appeal = appeals.write(tx, ben, block.id, "Why?", now=NOON)
        hearing.decide(tx, ana, appeal, "uphold", said="It stays.", now=NOON)
        measures.lift(tx, ben, block.id, now=NOON + days * MINUTE)
        _holds(tx, minutes=days)
    desk.follow(minutes=days)
    assert desk.mails()[-1][0] == "[School 14] Lifted"


def test_the_link_stands_at_the_end_of_the_longest_message(
    desk: Desk, ben: Actor, ada: Actor
) -> None:
    with desk.console.db.begin() as tx:
        own = {"warning": {"en": "Ж" * 4000}}
        kept = house.House(STARTER.rules, STARTER.ladder, 180, own)
        house.save(tx, ada, desk.school.id, kept, now=NOON)
    measure = warn(desk, ben)
    desk.follow()
    [(_account, message)] = desk.board.got
    assert message.endswith(desk.console.appeal_link(measure))
    assert "you moron" in message
    assert 3900 < len(message.encode()) <= letter_sending.PLATFORM_BYTES
