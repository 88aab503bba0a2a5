"""Erasure reaches every account that Pult ever knew of somebody, on screen and by command."""

from pathlib import Path

import pytest

from console.__main__ import main
from console.desk import erasure
from moderation import alarm_rows, measures, wordings
from moderation.model import Subject
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests.conftest import NOON
from tests.moderation_platform import _comment, connect


@pytest.fixture(autouse=True)
def _known(database: Database, school: School, ben: Actor) -> None:
    """Joe, with an account that is listed, one that is gone, and one of a connection removed."""
    with database.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO person (id, school_id, name, email, role, language, level, grp, fields,
                                    source, updated_at)
                VALUES ('joe', :school, 'Joe', '', 'student', '', '', '', '{}', '', :now)
            """),
            {"school": school.id, "now": NOON},
        )
        for place in ("lms", "chat", "old"):
            connect(tx, school, place)
            tx.execute(
                text("""
                    INSERT INTO platform_account (id, school_id, connection_id, external_id,
                        person_id, username, name, suspended, gone, updated_at)
                    VALUES (:place, :school, :place, 'u1', 'joe', 'joe', 'Joe', FALSE, FALSE, :now)
                """),
                {"school": school.id, "place": place, "now": NOON},
            )
            post = _comment({"id": "p1", "html": "kolibri", "author": "u1", "at": 0.0})
            wordings.merge(tx, ben, school.id, place, post, now=NOON)
        measures.impose(tx, ben, school.id, Subject("joe"), "warning", now=NOON)
        tx.execute(text("UPDATE platform_account SET gone = TRUE WHERE connection_id = 'chat'"))
        tx.execute(text("DELETE FROM connection WHERE id = 'old'"))


def left(tx: Connection) -> int:
    return int(tx.execute(text("SELECT COUNT(*) FROM comment WHERE text <> ''")).scalar_one())


def test_texts_of_accounts_that_are_gone_or_of_a_removed_connection_are_erased_too(
    database: Database, school: School, ada: Actor
) -> None:
    with database.begin() as tx:
        whose = erasure.accounts(tx, ada, school.id, "joe")
        assert sorted(place for place, _ in whose) == ["chat", "lms", "old"]
        assert erasure.erase(tx, ada, school.id, whose, now=NOON) == 3
        assert left(tx) == 0


def test_the_command_erases_what_an_account_without_a_person_wrote(
    database: Database,
    school: School,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PULT_DATA", str(database.folder or tmp_path / "data"))
    monkeypatch.setenv("PULT_VAULT_KEY_PATH", str(tmp_path / "vault.key"))
    if database.dialect == "postgresql":
        url = database.operations.url.render_as_string(hide_password=False)
        monkeypatch.setenv("PULT_DATABASE_URL", url.replace("+psycopg", "", 1))
    assert main(["erase", "OLD", "u1"]) == 1  # no connection is called so any more
    assert main(["erase", "old", "u1"]) == 0
    assert main(["erase", "LMS", "u1"]) == 0
    with database.begin() as tx:
        assert left(tx) == 1


def test_answered_reports_of_trouble_that_gave_the_address_go_and_open_ones_stay(
    database: Database, school: School, ada: Actor
) -> None:
    with database.begin() as tx:
        tx.execute(text("UPDATE person SET email = 'joe@s.example' WHERE id = 'joe'"))
        gave = ("Joe · Joe@s.example", "Zoe · zoe-joe@s.example", "Joe · <joe@s.example>, late")
        for number, who in enumerate(gave):
            written = alarm_rows.Evidence(
                school.id, str(number), None, "trouble", "", "I want to die", who
            )
            alarm_rows.put(tx, ada, written, "self-harm", [], now=NOON)
        tx.execute(
            text("UPDATE welfare_alarm SET acknowledged_at = :now WHERE sha256 <> '2'"),
            {"now": NOON},
        )
        erasure.mail(tx, ada, school.id, "joe", now=NOON)
        left = tx.execute(text("SELECT who, said FROM welfare_alarm ORDER BY sha256")).all()
        assert [(row.who, row.said != "") for row in left] == [
            ("", False), (gave[1], True), (gave[2], True)
        ]  # fmt: skip
        tx.execute(text("UPDATE welfare_alarm SET acknowledged_at = :now"), {"now": NOON})
        tx.execute(text("UPDATE person SET email = '' WHERE id = 'joe'"))
        erasure.address(tx, ada, school.id, "JOE@s.example", now=NOON)
        kept = tx.execute(text("SELECT who FROM welfare_alarm WHERE who <> ''")).scalars().all()
        assert kept == [gave[1]]
