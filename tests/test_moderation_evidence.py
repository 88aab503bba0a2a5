"""What decisions rest on is named in the audit: nobody changes it unseen, erasure is told."""

from datetime import timedelta

import pytest

from console.desk import doctor
from moderation import actions, evidence, keeping, measures
from moderation.evidence import Examined
from moderation.model import Subject
from store import chain
from store.access import Actor
from store.db import Database, text
from store.schools import School
from store.vault import Vault
from tests.conftest import NOON
from tests.moderation_platform import Adapter, Site, connect, serving
from tests.stage import KEY
from tests.test_moderation_keeping import judge, put, settle

VAULT = Vault(KEY)
SEALING = VAULT.derive(chain.PURPOSE)


@pytest.fixture(autouse=True)
def _connected(database: Database, school: School) -> None:
    with database.begin() as tx:
        connect(tx, school)
        tx.execute(
            text("UPDATE connection SET secret_sealed = :one"), {"one": VAULT.seal("s3cret")}
        )


@pytest.fixture
def comment(database: Database, school: School, ben: Actor) -> str:
    """A comment whose removal was decided and, as far as this goes, done."""
    with database.begin() as tx:
        id_ = put(tx, ben, school, "p1", thread="t1")
        judge(tx, ben, id_)
        settle(tx)
        chain.seal(tx, SEALING)
    return id_


def found(database: Database, ada: Actor) -> dict[str, str]:
    with database.begin() as tx:
        chain.seal(tx, SEALING)
    looked = doctor.look(database, ada, VAULT, now=NOON)
    return {one.name: one.state for one in looked if one.name in ("audit", "evidence")}


def test_untouched_evidence_holds(database: Database, ada: Actor, comment: str) -> None:
    with database.read() as tx:
        named = set(tx.execute(text("SELECT evidence FROM audit WHERE evidence <> ''")).scalars())
        assert evidence.examine(tx) == Examined(kept=1, erased=0)
    assert {one.partition(" ")[0] for one in named} == {comment}
    assert found(database, ada) == {"audit": "ok", "evidence": "ok"}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE comment_version SET text = 'you are kind'",
        "UPDATE comment_version SET html = '', text = '', subject = '', attachments = '[]'",
        "UPDATE comment_version SET attachments = '[]'",
        "DELETE FROM comment_version",
        "DELETE FROM comment",
    ],
)
def test_evidence_changed_or_deleted_in_the_database_is_a_finding(
    database: Database, ada: Actor, comment: str, change: str
) -> None:
    with database.begin() as tx:
        for table in ("decision", "moderation_action", "cases"):
            tx.execute(text(f"DELETE FROM {table}"))
        tx.execute(text(change))
        assert evidence.examine(tx).changed == (comment,)
    assert found(database, ada) == {"audit": "ok", "evidence": "failing"}


def test_another_name_for_the_evidence_breaks_the_chain(
    database: Database, ada: Actor, comment: str
) -> None:
    with database.begin() as tx:
        tx.execute(
            text("UPDATE audit SET evidence = NULL WHERE evidence LIKE :of"), {"of": f"{comment} %"}
        )
    assert found(database, ada)["audit"] == "failing"


def test_what_is_erased_on_request_is_erased_and_all_holds(
    database: Database, school: School, ada: Actor, comment: str
) -> None:
    with database.begin() as tx:
        keeping.erase(tx, ada, school.id, [("lms", "u1")], now=NOON)
        assert evidence.examine(tx) == Examined(kept=0, erased=1)
        rows = tx.execute(text("SELECT subject FROM audit WHERE action = 'erase evidence'"))
        assert list(rows.scalars()) == [comment]
    assert found(database, ada) == {"audit": "ok", "evidence": "ok"}


def test_what_its_time_took_is_erased_and_what_nothing_rests_on_leaves_no_entry(
    database: Database, school: School, ben: Actor, ada: Actor, comment: str
) -> None:
    later = NOON + timedelta(days=400)
    with database.begin() as tx:
        put(tx, ben, school, "calm", thread="t2")
        keeping.forget(tx, ada, school.id, before=later - timedelta(days=1), now=later)
        assert evidence.examine(tx) == Examined(kept=0, erased=1)
        rows = tx.execute(text("SELECT subject FROM audit WHERE action = 'erase evidence'"))
        assert list(rows.scalars()) == [comment]
    with database.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM comment")).scalar_one() == 1


def test_a_removal_names_the_wording_that_stood_there_right_before_it(
    database: Database, school: School, ben: Actor
) -> None:
    site = Site()
    site.write("p1", "<p>much worse</p>", NOON)
    with database.begin() as tx:
        known = put(tx, ben, school, "p1", thread="t1")
        action = actions.request(
            tx, ben, "remove comment", school_id=school.id, connection_id="lms", external_id="p1",
            now=NOON,
        )  # fmt: skip
    with serving(site) as url:
        done = actions.perform(database, ben, action, lambda _: Adapter(url), clock=lambda: NOON)
    assert done.state == "verified"
    with database.read() as tx:
        rows = tx.execute(
            text("SELECT outcome, evidence FROM audit WHERE subject = :id"), {"id": action}
        )
        named = {row.outcome: row.evidence for row in rows}
        assert named["asked"] != named["verified"]
        assert {one.partition(" ")[0] for one in named.values()} == {known}
        assert evidence.examine(tx) == Examined(kept=2, erased=0)


def test_a_measure_rests_on_its_cases_comment(
    database: Database, school: School, ben: Actor, comment: str
) -> None:
    with database.begin() as tx:
        case = tx.execute(text("SELECT id FROM cases")).scalar_one()
        measure = measures.impose(
            tx, ben, school.id, Subject(None, "lms", "u1"), "warning", case_id=case, now=NOON
        )
        row = tx.execute(
            text("SELECT evidence FROM audit WHERE subject = :id"), {"id": measure.id}
        ).one()
    assert row.evidence.partition(" ")[0] == comment
