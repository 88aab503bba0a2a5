"""Evidence goes when its time is over or on request; hashes, decisions and the audit stay."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from moderation import (
    actions,
    appeals,
    cases,
    comments,
    hearing,
    keeping,
    measures,
    metrics,
    review,
    welfare,
    wordings,
)
from moderation.model import Flag, ModerationError, Subject
from store import access, chain
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests.conftest import NOON
from tests.moderation_platform import _comment, connect

KEY = b"k" * 32
YEAR = timedelta(days=365)
SECRET = "kolibri"
POST = _comment({"id": "p1", "html": f"you moron {SECRET}", "author": "u1", "at": NOON.timestamp()})
FLAGS = [Flag("Insults", "moron", 4, 9)]


@pytest.fixture(autouse=True)
def _connected(database: Database, school: School) -> None:
    with database.begin() as tx:
        connect(tx, school)


def put(
    tx: Connection, actor: Actor, school: School, id_: str, *, thread: str, at: datetime = NOON
) -> str:
    post = replace(POST, external_id=id_, thread_id=thread, author_name=SECRET)
    post = replace(post, attachments=(f"{SECRET}.png",))
    return wordings.merge(tx, actor, school.id, "lms", post, now=at).id


def judge(tx: Connection, ben: Actor, comment_id: str, *, at: datetime = NOON) -> str:
    case = cases.flagged(tx, ben, comment_id, FLAGS, now=at)
    assert case is not None
    review.decide(tx, ben, case, "remove", reason="Insult", now=at)
    return case


def settle(tx: Connection) -> None:
    """Every removal was carried out, as far as these tests go."""
    tx.execute(text("UPDATE moderation_action SET state = 'verified', next_try_at = NULL"))


def said(database: Database) -> str:
    """All that the tables of moderation hold."""
    tables = ("comment", "comment_version", "comment_report", "moderation_action", "cases", "audit")
    with database.read() as tx:
        return "\n".join(
            str(tuple(row))
            for table in tables
            for row in tx.execute(text(f"SELECT * FROM {table}"))
        )


def test_what_nobody_judged_goes_whole_and_what_was_judged_leaves_its_decision(
    database: Database, school: School, ben: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        put(tx, ben, school, "calm", thread="t1")
        judge(tx, ben, put(tx, ben, school, "rude", thread="t2"))
        settle(tx)
    later = NOON + YEAR + timedelta(days=1)
    with database.begin() as tx:
        assert keeping.forget(tx, ada, school.id, before=later - YEAR, now=later) == 2
        assert keeping.forget(tx, ada, school.id, before=later - YEAR, now=later) == 0
        assert set(comments.known(tx, ben, "lms", ["calm", "rude"])) == {"rude"}
        assert comments.known(tx, ben, "lms", ["rude"])["rude"].sha256 == wordings.digest(
            POST.subject, POST.html, POST.text, [f"{SECRET}.png"]
        )
        assert metrics.cases(tx, ben, school.id) == {"decided": 1}
    assert SECRET not in said(database)


def test_a_discussion_stays_whole_while_one_of_its_cases_is_young_or_open(
    database: Database, school: School, ben: Actor, ada: Actor
) -> None:
    later = NOON + YEAR + timedelta(days=1)
    with database.begin() as tx:
        put(tx, ben, school, "before", thread="t1")
        waiting = put(tx, ben, school, "waits", thread="t1")
        cases.flagged(tx, ben, waiting, FLAGS, now=NOON)
        put(tx, ben, school, "beside", thread="t2")
        judge(tx, ben, put(tx, ben, school, "judged", thread="t2"), at=NOON + timedelta(days=30))
        judge(tx, ben, put(tx, ben, school, "on its way", thread="t3"))
        assert keeping.forget(tx, ada, school.id, before=later - YEAR, now=later) == 0


def test_old_evidence_goes_batch_by_batch(
    database: Database, school: School, ben: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        for number in range(5):
            put(tx, ben, school, f"c{number}", thread=f"t{number}")
    later = NOON + timedelta(days=2)
    went = []
    for _ in range(3):
        with database.begin() as tx:
            went.append(keeping.forget(tx, ada, school.id, before=later, now=later, limit=2))
    assert went == [2, 2, 1]


def test_erasure_takes_every_text_and_the_audit_still_verifies(
    database: Database, school: School, ben: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        comment = put(tx, ben, school, "p1", thread="t1")
        review.report_comment(
            tx, ben, school.id, comment, reporter="x", reason=f"rude {SECRET}", now=NOON
        )
        judge(tx, ben, comment)
        settle(tx)
        put(tx, ben, school, "p2", thread="t1")
        assert chain.seal(tx, KEY) > 0
    assert said(database).count(SECRET) > 5
    with database.begin() as tx:
        assert keeping.erase(tx, ada, school.id, [("lms", "u1")], now=NOON) == 2
        chain.seal(tx, KEY)
    assert SECRET not in said(database)
    with database.read() as tx:
        held = chain.verify(tx, KEY)
        assert held.broken is None
        assert held.entries >= 4


def test_the_same_wording_pulled_again_stays_erased_and_a_new_one_is_kept(
    database: Database, school: School, ben: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        put(tx, ben, school, "p1", thread="t1")
        keeping.erase(tx, ada, school.id, [("lms", "u1")], now=NOON)
        put(tx, ben, school, "p1", thread="t1")
    assert SECRET not in said(database)
    with database.begin() as tx:
        edited = replace(POST, html="hello", text="hello", author_name="Joe")
        wordings.merge(tx, ben, school.id, "lms", edited, now=NOON)
        assert comments.known(tx, ben, "lms", ["p1"])["p1"].text == "hello"
        assert keeping.erase(tx, ada, school.id, [("lms", "u1")], now=NOON) == 1


def test_nothing_is_erased_that_waits_and_nothing_erased_is_put_back(
    database: Database, school: School, ben: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        comment = put(tx, ben, school, "p1", thread="t1")
        case = cases.flagged(tx, ben, comment, FLAGS, now=NOON)
        with pytest.raises(ModerationError, match="1 of their comments wait"):
            keeping.erase(tx, ada, school.id, [("lms", "u1")], now=NOON)
    with database.begin() as tx:
        removal = review.decide(tx, ben, str(case), "remove", now=NOON).action_id
        with pytest.raises(ModerationError, match="Settle these first"):
            keeping.erase(tx, ada, school.id, [("lms", "u1")], now=NOON)
    with database.begin() as tx:
        settle(tx)
        keeping.erase(tx, ada, school.id, [("lms", "u1")], now=NOON)
    with database.begin() as tx, pytest.raises(ModerationError, match="cannot be put back"):
        actions.undo(tx, ben, str(removal), now=NOON)


def test_the_talk_around_an_alarm_stays_until_the_alarm_was_answered_long_ago(
    database: Database, school: School, ben: Actor, ada: Actor
) -> None:
    later = NOON + YEAR
    with database.begin() as tx:
        put(tx, ben, school, "bully", thread="t1")
        tx.execute(text("UPDATE comment SET author_external_id = 'u9'"))
        welfare.by_hand(tx, ben, waiting(tx, ben, school, "cry"), "self-harm", now=NOON)
        tx.execute(text("UPDATE cases SET state = 'decided', decided_at = 0"))
        assert keeping.forget(tx, ada, school.id, before=later, now=later) == 0
        with pytest.raises(ModerationError, match="an open alarm about a child"):
            keeping.erase(tx, ada, school.id, [("lms", "u9")], now=NOON)
    with database.begin() as tx:
        tx.execute(
            text("UPDATE welfare_alarm SET acknowledged_at = :at"), {"at": NOON + timedelta(days=9)}
        )
        young = NOON + timedelta(days=8)
        assert keeping.forget(tx, ada, school.id, before=young, now=later) == 0
        assert keeping.forget(tx, ada, school.id, before=later, now=later) == 2


def test_what_was_said_in_an_appeal_goes_as_long_after_it_as_evidence_does(
    database: Database, school: School, ben: Actor, ana: Actor, ada: Actor
) -> None:
    who = Subject(None, "lms", "u1")
    later = NOON + YEAR
    with database.begin() as tx:
        for kind in ("warning", "block"):
            measure = measures.impose(tx, ben, school.id, who, kind, now=NOON)
            appeal = appeals.write(tx, access.system(school.id), measure.id, SECRET, now=NOON)
            hearing.decide(tx, ana, appeal, "uphold", said="No.", now=NOON)
        keeping.forget(tx, ada, school.id, before=NOON, now=later)
        assert said_in_appeals(tx) == [SECRET, "No.", SECRET, "No."]
        keeping.forget(tx, ada, school.id, before=later, now=later)
        assert said_in_appeals(tx) == ["", "", SECRET, "No."]  # the block holds


def waiting(tx: Connection, ben: Actor, school: School, id_: str) -> str:
    """The case of one flagged comment in thread t1."""
    case = cases.flagged(tx, ben, put(tx, ben, school, id_, thread="t1"), FLAGS, now=NOON)
    assert case is not None
    return case


def said_in_appeals(tx: Connection) -> list[str]:
    rows = tx.execute(
        text("""
            SELECT said FROM appeal_message
            JOIN appeal ON appeal.id = appeal_message.appeal_id
            JOIN measure ON measure.id = appeal.measure_id
            ORDER BY measure.kind DESC, place
        """)
    )
    return list(rows.scalars())


def test_the_audit_names_no_account_by_its_address(
    database: Database, school: School, ben: Actor, ada: Actor
) -> None:
    with database.begin() as tx:
        put(tx, ben, school, "p1", thread="t1")
        tx.execute(text("UPDATE comment SET author_external_id = '@kolibri:chat.example'"))
        assert keeping.erase(tx, ada, school.id, [("lms", "@kolibri:chat.example")], now=NOON) == 1
        rows = tx.execute(text("SELECT subject FROM audit WHERE action = 'erase texts'"))
        assert list(rows.scalars()) == ["lms"]
