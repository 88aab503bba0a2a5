"""Files go along with a letter whole, under harmless names; what mailboxes refuse is refused."""

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from console.wiring import PACKAGES
from mailing import approving, attachments, campaigns, enclosing, file_kinds, releasing, sender
from mailing.attachments import Room
from mailing.enclosing import Enclosed
from mailing.message import Addressee, Builder
from mailing.model import MailingError
from mailing.relay import Relay
from mailing.segments import Segment
from mailing.timing import Terms
from store import access, backup, roster
from store.access import Actor
from store.db import Database
from store.schools import LANGUAGES, School
from tests import smtp
from tests.cast import SENDER
from tests.conftest import NOON
from tests.strict_mail import faults
from tests.test_mailing_campaigns import agree
from tests.test_mailing_invitations import LESSON, MOSCOW
from tests.test_mailing_message import ORIGIN, campaign, parsed

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


@pytest.fixture
def draft(database: Database, ana: Actor, school: School) -> str:
    with database.begin() as tx:
        roster.save_person(
            tx, access.system(school.id), school.id, name="Pia", email="pia@school.test",
            source="test", now=NOON,
        )  # fmt: skip
        return campaigns.draft(
            tx, ana, school.id, subject={"en": "S"}, body={"en": "B"},
            segment=Segment(everyone=True), sender=SENDER, now=NOON,
        )  # fmt: skip


def add(database: Database, actor: Actor, id_: str, name: str, file: bytes, **room: int) -> str:
    with database.begin() as tx:
        return attachments.add(tx, actor, id_, name, file, room=Room(**room), now=NOON)


def enclosed(database: Database, school: School, id_: str) -> Enclosed:
    with database.read() as tx:
        return enclosing.of(tx, school, id_)


def built(with_: Enclosed, language: str = "ru") -> EmailMessage:
    about = campaign(subject="S", body="Привет, {{ name }}")
    builder = Builder(about, "School 14", language, ORIGIN, with_)
    person = Addressee(
        "d" * 32, "c.d@school.example", "Pia", "pia@school.test", "ru", {"name": "Pia"}
    )
    envelope = builder.build(person, now=NOON)
    assert faults(envelope.data) == []
    return parsed(envelope)


@pytest.mark.parametrize(
    "name",
    [
        "plan.pdf",
        "расписание на неделю.pdf",
        "课程表 第一周.pdf",
        "Ж" * 90 + ".pdf",
        "it's 100%.pdf",
    ],
)
def test_a_file_arrives_whole_under_its_name(
    database: Database, ana: Actor, school: School, draft: str, name: str
) -> None:
    add(database, ana, draft, name, PDF)
    read = built(enclosed(database, school, draft))
    (file,) = read.iter_attachments()
    assert file.get_filename() == name
    assert file.get_content_type() == "application/pdf"
    assert file.get_payload(decode=True) == PDF
    assert [each.get_content_type() for each in read.iter_parts()] == [
        "multipart/alternative", "application/pdf"
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_and_an_invitation_stand_in_one_letter(
    database: Database, ana: Actor, school: School, draft: str, language: str
) -> None:
    add(database, ana, draft, "a.txt", b"one\ntwo")
    add(database, ana, draft, "таблица.csv", "имя;класс".encode("cp1251"))
    files = enclosed(database, school, draft).files
    read = built(Enclosed(MOSCOW, LESSON, files), language)
    assert [each.get_filename() for each in read.iter_attachments()] == [
        "a.txt", "таблица.csv", "invite.ics"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "file", "why"),
    [
        ("run.exe", b"MZ\x90\0", "of no kind that is sent"),
        ("page.html", b"<html>", "of no kind that is sent"),
        ("noending", b"text", "of no kind that is sent"),
        ("plan.pdf", b"MZ\x90\0", "not what its name says"),
        ("photo.jpg", PDF, "not what its name says"),
        ("notes.txt", b"MZ\0\0", "not what its name says"),
        ("files.zip", zipped("a.txt", "b/run.js"), "holds “b/run.js”"),
        ("files.zip", zipped("more.zip"), "holds “more.zip”"),
        ("letter.docx", zipped("word/document.xml", "word/vbaProject.bin"), "vbaProject"),
        ("files.zip", b"PK\x03\x04broken", "is broken"),
        ("big.pdf", PDF * 10, "Put it where it can be loaded"),
    ],
)
def test_what_no_mailbox_takes_is_refused_and_said(
    database: Database, ana: Actor, draft: str, name: str, file: bytes, why: str
) -> None:
    with pytest.raises(MailingError, match=why):
        add(database, ana, draft, name, file, each=50_000)
    with database.read() as tx:
        assert attachments.of(tx, ana, draft) == []


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\ana\\plan.pdf", "plan.pdf"),
        ('a"b\r\nBcc: x.pdf', "a_b_Bcc_ x.pdf"),
        ("invoice\u202efdp.exe.pdf", "invoicefdp.exe.pdf"),
        (" .hidden.txt", "hidden.txt"),
        (".pdf", "pdf"),
        ("x" * 300 + ".pdf", "x" * 90 + ".pdf"),
    ],
)
def test_a_name_is_made_harmless(written: str, kept: str) -> None:
    assert file_kinds.harmless(written) == kept


def test_all_files_together_have_a_bound_and_one_name_stands_once(
    database: Database, ana: Actor, draft: str
) -> None:
    add(database, ana, draft, "a.pdf", PDF)
    first = add(database, ana, draft, "a.pdf", PDF + b"2", together=len(PDF) + 1)
    with pytest.raises(MailingError, match="a letter may carry"):
        add(database, ana, draft, "b.pdf", PDF, together=len(PDF) + 1)
    with database.begin() as tx:
        (kept,) = attachments.of(tx, ana, draft)
        assert (kept.id, kept.size) == (first, len(PDF) + 1)
        assert attachments.file(tx, ana, draft, first) == PDF + b"2"
        attachments.remove(tx, ana, draft, first, now=NOON)
        assert attachments.of(tx, ana, draft) == []


def test_what_was_released_keeps_its_files_and_the_second_person_agrees_to_them(
    database: Database, ana: Actor, ada: Actor, school: School, draft: str
) -> None:
    file = add(database, ana, draft, "a.pdf", PDF)
    terms = Terms(second_person_above=0)
    with database.begin() as tx:
        releasing.release(tx, ana, draft, terms=terms, now=NOON)
        with pytest.raises(MailingError, match="released"):
            attachments.add(tx, ana, draft, "b.pdf", PDF, room=Room(), now=NOON)
        with pytest.raises(MailingError, match="released"):
            attachments.remove(tx, ana, draft, file, now=NOON)
        approving.ask(tx, ana, campaigns.get(tx, ana, draft), now=NOON)
        tx.exec_driver_sql("UPDATE attachment SET digest = 'another'")
        with pytest.raises(MailingError, match="no longer what was asked about"):
            agree(tx, ada, draft, terms=terms, now=NOON)


def test_a_backup_has_the_files(
    database: Database, ana: Actor, school: School, draft: str, tmp_path: Path
) -> None:
    add(database, ana, draft, "план.pdf", PDF)
    backup.save(database, tmp_path / "b.zip", now=NOON)
    with database.begin() as tx:
        tx.exec_driver_sql("DELETE FROM attachment")
    backup.load(database, tmp_path / "b.zip", packages=PACKAGES, force=True, now=NOON)
    (file,) = built(enclosed(database, school, draft)).iter_attachments()
    assert file.get_payload(decode=True) == PDF


def test_a_test_letter_carries_the_files_too(
    database: Database, ana: Actor, school: School, draft: str
) -> None:
    add(database, ana, draft, "a.pdf", PDF)
    with smtp.relay() as relayed:
        relay = Relay.from_url(relayed.url, timeout=30)
        sender.send_test(database, ana, draft, "ana@school.test", relay, ORIGIN, now=NOON)
        (mail,) = relayed.mails
    assert faults(mail.data) == []
    assert b"a.pdf" in mail.data
