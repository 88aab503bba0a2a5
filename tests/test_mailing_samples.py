"""The notifications that the RFCs print, and those that mail systems write, are read right."""

from datetime import timedelta
from pathlib import Path

import pytest

from mailing import bounces, campaigns, reports, returned, suppression
from store import links
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import smtp
from tests.conftest import NOON
from tests.test_mailing_sender import ORIGIN, Clock, deliver, released

SAMPLES = Path(__file__).parent / "returned"
EMAIL = "olga@school.example"
PATH, MESSAGE = "bounces@school.example", "MESSAGE@school.example"  # stand in the samples
# Recipient, action, status, and whether the address is dead.
FOUND: dict[str, list[tuple[str, str, str, bool]]] = {
    "rfc3464-e1-simple": [("louisl@larry.slip.umd.edu", "failed", "4.0.0", False)],
    "rfc3464-e2-several": [
        ("arathib@vnet.ibm.com", "failed", "5.0.0", True),
        ("johnh@hpnjld.njd.hp.com", "delayed", "4.0.0", False),
        ("wsnell@sdcc13.ucsd.edu", "failed", "5.0.0", True),
    ],
    "rfc3464-e3-gateway": [("nair_s", "failed", "5.0.0", False)],
    "rfc3464-e4-delayed": [("thomas@de-montfort.ac.uk", "delayed", "4.0.0", False)],
    "rfc6533-global": [("ольга@school.example", "failed", "5.1.1", True)],
    "rfc6533-hidden": [("ольга@school.example", "failed", "5.1.1", True)],
    "postfix": [("gone@pupils.example", "failed", "5.1.1", True)],
    "postfix-sender-refused": [("olga@pupils.example", "failed", "5.1.7", False)],
    "exim-sender-refused": [("olga@pupils.example", "failed", "5.1.1", False)],
    "postfix-unlimited": [("anna@unlimited.example", "failed", "5.1.1", True)],
    "postfix-delayed": [("olga@pupils.example", "delayed", "4.4.1", False)],
    "dovecot-full": [("full@pupils.example", "failed", "5.2.2", False)],
    "exim": [("gone@pupils.example", "failed", "5.0.0", True)],
    "exim-prose": [("gone@pupils.example", "failed", "5.1.1", True)],
    "exchange": [("gone@pupils.example", "failed", "5.1.10", True)],
    "exchange-full": [("olga@pupils.example", "failed", "5.2.2", False)],
    "gmail": [("gone@gmail.example", "failed", "5.1.1", True)],
    "gmail-busy": [("olga@gmail.example", "failed", "5.2.1", False)],
    "yandex": [("gone@yandex.example", "failed", "5.7.1", True)],
    "refused-as-spam": [("olga@pupils.example", "failed", "5.7.1", False)],
    "qmail": [
        ("gone@pupils.example", "failed", "5.1.1", True),
        ("olga@pupils.example", "failed", "5.2.2", False),
    ],
}
COMPLAINTS = {"rfc5965-b1-abuse": "abuse", "rfc5965-b2-full": "abuse", "not-spam": "not-spam"}


def sample(name: str, path: str = PATH, message: str = MESSAGE) -> bytes:
    """The mail, as it comes by the wire, with the return path and Message-ID of our own mail."""
    written = (SAMPLES / f"{name}.eml").read_text(encoding="utf-8")
    return written.replace(PATH, path).replace(MESSAGE, message).replace("\n", "\r\n").encode()


def test_each_sample_is_looked_at() -> None:
    files = {path.stem for path in SAMPLES.glob("*.eml")}
    assert files == {*FOUND, *COMPLAINTS, "rfc8098-receipt"}


@pytest.mark.parametrize("name", FOUND)
def test_a_sample_says_who_what_and_why(name: str) -> None:
    read = reports.read(sample(name))
    assert read is not None
    assert [
        (each.recipient, each.action, each.status, bounces.is_dead(each.status, each.diagnostic))
        for each in read.reports
    ] == FOUND[name]
    assert not read.complaint


OUR_PATH = f"bounces+{'0' * 32}.0123456789@school.example"


@pytest.mark.parametrize(
    ("reply", "hard"),
    [
        # Our return path is refused; whoever was to get the mail lives.
        (
            f"Verification failed for <{OUR_PATH}>\nCalled:   192.0.2.1\n"
            f"Sent:     RCPT TO:<{OUR_PATH}>\nResponse: 550 5.1.1 <{OUR_PATH}>: Recipient address"
            " rejected: User unknown in virtual mailbox table\nSender verify failed",
            False,
        ),
        (
            f"5.1.7 <{OUR_PATH}>: Sender address rejected: undeliverable address: host"
            f" mx[192.0.2.1] said: 550 5.1.1 <{OUR_PATH}>: User unknown",
            False,
        ),
        (f"5.1.1 <{OUR_PATH}>: User unknown", False),
        ("5.1.8 <news@school.example>: Sender address rejected: Domain not found", False),
        ("5.7.1 <news@school.example>: User unknown", False),
        ("5.7.23 No such user may send here", False),
        ("Sender address does not exist", False),
        ("Sender's mailbox not found\nsender address rejected", False),
        ("Callback: user unknown", False),
        ("5.2.1 The user you are trying to contact is receiving mail at a rate that", False),
        # Names and machines say nothing of quotas, rates or spam.
        ("5.1.1 <anna@unlimited.example>: Recipient address rejected: User unknown", True),
        ("5.1.1 <spamova@school.example>: Recipient address rejected: User unknown", True),
        ("No such user: quota@school.example (antispam.school.example)", True),
        ("5.1.1 <verification@school.example>: User unknown", True),
        ("5.1.1 No such user, see https://mail.example/policy?p=limits", True),
        ("5.7.1 No such user! 1795342800-aB3dE", True),
        ("This user doesn't have a mail.example account (anna@mail.example)", True),
        ("5.1.10 RESOLVER.ADR.RecipientNotFound; not found by SMTP address lookup", True),
    ],
)
def test_a_relay_s_answer_is_hard_only_if_it_is_about_the_reader(reply: str, hard: bool) -> None:
    assert bounces.is_hard(550, reply) is hard


def test_an_endless_answer_is_looked_at_to_a_limit() -> None:
    assert not bounces.is_hard(550, "<" + "@" * 400_000 + "a." * 200_000)


def test_who_lives_is_not_barred_because_our_return_path_is_refused(
    database: Database, school: School, ana: Actor
) -> None:
    released(database, ana, school, "Olga")

    def verify(verb: str, argument: str) -> str | bool:
        said = f"550 5.1.7 <{OUR_PATH}>: Sender address rejected: User unknown"
        return said if verb == "RCPT" else True

    with smtp.relay(verify) as server:
        assert deliver(database, server.url, Clock()).retried == 1
    assert kept_back(database, school, "service") == {}
    with smtp.relay() as server:
        assert deliver(database, server.url, Clock(NOON + timedelta(hours=2))).sent == 1


@pytest.mark.parametrize("name", sorted({*FOUND, *COMPLAINTS} - {"rfc6533-hidden"}))
def test_a_sample_names_the_mail_that_it_is_about(name: str) -> None:
    read = reports.read(sample(name))
    assert read is not None
    assert PATH in read.addresses or f"<{MESSAGE}>" in read.message_ids


@pytest.mark.parametrize(("name", "kind"), COMPLAINTS.items())
def test_feedback_is_told_from_returned_mail(name: str, kind: str) -> None:
    read = reports.read(sample(name))
    assert read is not None
    assert (read.complaint, read.reports) == (kind, ())


def test_a_receipt_for_reading_says_nothing_of_delivery() -> None:
    assert reports.read(sample("rfc8098-receipt")) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
            for n in range(5000)
        ),
        b"Hi. This is the\n\n" + b"<a@b.example>:\nx\n\n" * 50_000,
        b"Content-Type: message/delivery-status\r\n\r\n" + b" \n" * 300_000,
        b"Content-Type: message/feedback-report\r\n\r\n" + b"Feedback-Type" * 70_000,
    ],
)
def test_what_is_made_to_hurt_is_read_to_a_limit(raw: bytes) -> None:
    read = reports.read(raw)
    assert read is None or len(read.reports) <= reports.REPORTS


@pytest.fixture
def left(database: Database, school: School, ana: Actor) -> tuple[str, str]:
    """Return path and Message-ID of a mail to Olga that the relay has taken."""
    released(database, ana, school, "Olga")
    with smtp.relay() as server:
        deliver(database, server.url, Clock())
    with database.read() as tx:
        message_id = tx.execute(text("SELECT message_id FROM delivery")).scalar_one()
    return server.mails[0].sender, message_id


def take(database: Database, raw: bytes) -> str:
    with database.begin() as tx:
        return returned.take(tx, ORIGIN.key, raw, now=NOON)


def kept_back(database: Database, school: School, topic: str) -> dict[str, str]:
    with database.read() as tx:
        return dict(suppression.reasons(tx, school.id, topic))


def standing(database: Database, school: School, ana: Actor) -> tuple[int, int, dict[str, str]]:
    """How many were sent, how many failed, and who gets no more announcements."""
    with database.read() as tx:
        totals = campaigns.totals(tx, ana, campaigns.of(tx, ana, school.id)[0].id)
    return totals.sent, totals.failed, kept_back(database, school, "announcements")


def test_each_effect_is_the_right_one(
    database: Database, school: School, ana: Actor, left: tuple[str, str]
) -> None:
    path, message = left
    for name in (*FOUND, "rfc8098-receipt", "not-spam"):
        with database.begin() as tx:
            tx.execute(text("DELETE FROM suppression"))
            tx.execute(text("UPDATE delivery SET state = 'sent'"))
        take(database, sample(name, path, message))
        failed = [each for each in FOUND.get(name, []) if each[1] == "failed"]
        dead = bool(failed) and failed[0][3]
        assert kept_back(database, school, "service") == ({EMAIL: "hard bounce"} if dead else {})
        with database.read() as tx:
            totals = campaigns.totals(tx, ana, campaigns.of(tx, ana, school.id)[0].id)
        assert (totals.failed, totals.sent) == ((1, 0) if failed else (0, 1)), name


def test_without_a_return_path_of_ours_the_message_id_names_it_and_bars_nobody(
    database: Database, school: School, ana: Actor, left: tuple[str, str]
) -> None:
    raw = sample("exim-prose", message=left[1]).replace(b"gone@pupils.example", EMAIL.encode())
    assert take(database, raw) == "returned"
    assert take(database, raw) == "nothing new"
    assert standing(database, school, ana) == (0, 1, {})


@pytest.mark.parametrize("name", [*FOUND, *COMPLAINTS])
def test_who_knows_a_message_id_fails_no_mail_of_others_and_bars_nobody(
    database: Database, school: School, ana: Actor, left: tuple[str, str], name: str
) -> None:
    """All of them name another recipient, or none."""
    assert take(database, sample(name, message=left[1])) in ("nothing new", "not ours")
    assert standing(database, school, ana) == (1, 0, {})


def test_a_complaint_keeps_back_all_but_mandatory_mail(
    database: Database, school: School, ana: Actor, left: tuple[str, str]
) -> None:
    with_path = sample("rfc5965-b2-full", path=left[0])
    for raw in (with_path, sample("not-spam", path=left[0])):
        take(database, raw)
    assert kept_back(database, school, "announcements") == {EMAIL: "complaint"}
    assert kept_back(database, school, "service") == {}
    with database.begin() as tx:
        suppression.remove(tx, ana, school.id, EMAIL, now=NOON)
    assert take(database, sample("rfc5965-b1-abuse", message=left[1])) == "nothing new"
    assert kept_back(database, school, "announcements") == {}
    assert take(database, with_path) == "complaint"
    assert take(database, with_path) == "nothing new"


def test_what_is_made_up_suppresses_nobody(
    database: Database, school: School, left: tuple[str, str]
) -> None:
    """The forger knows the forms, an address, a campaign and even the row, but not the mail."""
    path, message = left
    delivery = message.partition("@")[0].rpartition(".")[2]
    signed = links.sign(b"other", "bounce", delivery)[:10]
    for forged in (
        ("bounces+ж.ж@school.example", "x"),
        (f"bounces+{delivery}.{signed}@school.example", f"0.{delivery}@school.example"),
        (path.replace("bounces+", "bounces+0"), message.replace("@", "0@")),
        (path.replace("@", "0@"), message[1:]),
    ):
        for name in ("postfix", "gmail", "qmail", "rfc5965-b1-abuse", "rfc5965-b2-full"):
            assert take(database, sample(name, *forged)) == "not ours"
    assert kept_back(database, school, "announcements") == {}
