"""A send file begins once, goes on after any crash, and names every line that cannot be sent."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography.fernet import Fernet

from mailing import (
    campaigns,
    lint,
    people_file,
    reached,
    readiness,
    releasing,
    send_file,
    suppression,
)
from mailing.attachments import MB
from mailing.model import MailingError, Origin, Totals
from mailing.readiness import NotReady
from mailing.relay import Relay
from mailing.releasing import OPEN
from mailing.send_file import Summary
from mailing.timing import Quiet, Terms
from store import access, roster
from store.access import Actor, Denied
from store.db import Connection, Database, instant, text
from store.schools import School
from store.vault import Vault
from store.words import Words
from tests import smtp
from tests.conftest import NOON
from tests.strict_mail import faults
from tests.test_mailing_campaigns import agree
from tests.test_mailing_invitations import parsed_bytes

ORIGIN = Origin(b"k" * 32, "https://pult.school.example")
HEAD = 'subject = "The room"\nbody = "Dear {{ name }}, go to {{ room }}."\n'
FROM = 'from = "School 14 <news@school.example>"\nrecipients = "people.csv"\n'
PEOPLE = "email,name,language,room\na@school.example,Alina,en,R1\nb@school.example,Boris,,R2\n"

CHILD = """
import sys, threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from mailing import send_file, sender, ledger
from mailing.model import Origin
from mailing.readiness import NotReady
from mailing.relay import Relay
from store import access, db
kind, where, school, toml = sys.argv[1:]
database = db.connect(Path(where)) if kind == "sqlite" else db.connect(url=where)
send_file.send(database, access.system(school), school, Path(toml), relay=None,
               origin=Origin(b"k" * 32), clock=lambda: datetime.now(UTC), wait=True,
               owner="child", stop=threading.Event(), connections=4)
"""


def written(folder: Path, *, head: str = HEAD, people: str = PEOPLE, more: str = "") -> Path:
    (folder / "people.csv").write_text(people)
    path = folder / "campaign.toml"
    path.write_text(head + FROM + more)
    return path


def send(
    database: Database,
    actor: Actor,
    school: School,
    path: Path,
    *,
    relay: str | None = None,
    wait: bool = True,
    now: datetime = NOON,
    terms: Terms = OPEN,
    origin: Origin = ORIGIN,
    tell: Callable[[Words], None] = print,
) -> Summary:
    return send_file.send(
        database,
        actor,
        school.id,
        path,
        relay=Relay.from_url(relay) if relay else None,
        origin=origin,
        clock=lambda: now,
        wait=wait,
        owner="test",
        stop=threading.Event(),
        terms=terms,
        tell=tell,
    )


def test_everyone_in_the_file_gets_it_and_a_second_run_sends_nothing(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    path = written(tmp_path)
    with smtp.relay() as relay:
        first = send(database, ana, school, path, relay=relay.url)
        second = send(database, ana, school, path, relay=relay.url)
    assert relay.recipients == ["a@school.example", "b@school.example"]
    assert first.to_json() == second.to_json()
    assert first.to_json() == {
        "campaign": first.campaign,
        "audience": 2,
        "sent": 2,
        "failed": 0,
        "held": 0,
        "suppressed": 0,
        "waiting": 0,
    }


def test_a_file_says_where_answers_go(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    wrong = written(tmp_path, more='replies = "nobody"\n')
    with pytest.raises(MailingError, match="is not an address"):
        send(database, ana, school, wrong, wait=False)
    path = written(tmp_path, more='replies = "office@school.example"\n')
    with smtp.relay() as relay:
        send(database, ana, school, path, relay=relay.url)
    assert len(relay.mails) == 2
    assert all(b"\r\nReply-To: office@school.example\r\n" in each.data for each in relay.mails)


def test_a_line_without_an_address_keeps_its_reason_when_the_failed_are_tried_again(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    people = PEOPLE + "no address,Clara,en,R3\n"
    with smtp.relay() as relay:
        id_ = send(
            database, ana, school, written(tmp_path, people=people), relay=relay.url
        ).campaign
        with database.begin() as tx:
            before = reached.undelivered(tx, ana, id_)
            assert releasing.retry_failed(tx, ana, id_, now=NOON) == 0
            assert reached.undelivered(tx, ana, id_) == before
    assert [(each.name, each.state) for each in before] == [("Clara", "failed")]
    assert "“no address” is not an address" in str(before[0].why)


def test_a_stray_quotation_mark_costs_only_the_lines_that_are_named() -> None:
    table = b'email,name\na@x.test,Anna\n\nb@x.test,"Boris\nv@x.test,Vera\ng@x.test,"Gleb"\n'
    rows = list(people_file.rows(table + b"d@x.test,Dora\n", file="people.csv"))
    assert [(row.line, row.email) for row in rows] == [(2, "a@x.test"), (4, ""), (7, "d@x.test")]
    assert "takes in all lines from here to line 6" in str(rows[1].problem)


def test_a_file_with_a_segment_is_sent_to_its_people(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    path = tmp_path / "campaign.toml"
    path.write_text(
        'from = "news@school.example"\nsubject = {en = "x"}\nbody = {en = "y"}\n'
        'segment = {roles = ["teacher"]}\n'
    )
    with pytest.raises(MailingError, match="Nobody"):
        send(database, ana, school, path, wait=False)
    with database.read() as tx:
        assert campaigns.of(tx, ana, school.id) == []
    with database.begin() as tx:
        for role in ("teacher", "student"):
            roster.save_person(
                tx,
                ana,
                school.id,
                name=role,
                email=f"{role}@school.example",
                role=role,
                source="test",
                now=NOON,
            )
    with smtp.relay() as relay:
        assert send(database, ana, school, path, relay=relay.url).totals == Totals(sent=1)
    assert relay.recipients == ["teacher@school.example"]


@pytest.mark.parametrize("change", ["body", "people"])
def test_changed_content_is_refused_after_the_start(
    database: Database, school: School, ana: Actor, tmp_path: Path, change: str
) -> None:
    send(database, ana, school, written(tmp_path), wait=False)
    changed = (
        written(tmp_path, head=HEAD.replace("go to", "run to"))
        if change == "body"
        else written(tmp_path, people=PEOPLE + "c@school.example,Clara,,R3\n")
    )
    with pytest.raises(MailingError, match="changed after"):
        send(database, ana, school, changed, wait=False)


def test_lines_that_cannot_be_sent_are_named_and_stand_in_the_ledger(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    people = PEOPLE + (
        "nonsense,Clara,,R3\n"
        "A@school.example,Alina again,,R4\n"
        '"d@school.example","Dora\nBcc: x@y.example",,R5\n'
        "out@school.example,Otto,,R6\n"
        "e@school.example,Emil,,R7,surplus\n"
    )
    with database.begin() as tx:
        suppression.add(tx, ana, school.id, "out@school.example", now=NOON)
    with smtp.relay() as relay:
        done = send(database, ana, school, written(tmp_path, people=people), relay=relay.url)
    assert relay.recipients == ["a@school.example", "b@school.example"]
    assert done.totals == Totals(sent=2, failed=3, suppressed=1)
    assert [line for line, _ in done.problems] == [4, 5, 6, 9]  # where each begins
    with database.read() as tx:
        listed = reached.undelivered(tx, ana, done.campaign)
    assert {u.name for u in listed} == {"Clara", "Dora·Bcc: x@y.example", "Otto", "Emil"}


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("subject = 1", "Say who"),
        (HEAD + FROM + 'segment = {}\nrecipients2 = "x"', "recipients2"),
        (HEAD + FROM.replace("people.csv", "none.csv"), "none.csv"),
        (HEAD.replace("room", "hall") + FROM, "no such column"),
        (HEAD.replace("{{ name }}", "{{ 7*7 }}") + FROM, "not a field"),
        (HEAD + FROM.replace("<news@school.example>", ""), "not"),
        (HEAD + FROM + 'uncertain = "maybe"', "hold, resend"),
        ("subject = [", "not TOML"),
        (HEAD + FROM + 'files = "plan.txt"', "list of paths"),
        (HEAD + FROM + "files = [1]", "list of paths"),
        (HEAD + FROM + 'files = ["none.pdf"]', "no file none.pdf"),
        (HEAD + FROM + 'files = ["pipe.txt"]', "no file pipe.txt"),
        (HEAD + FROM + 'files = ["."]', "no file"),
        (HEAD + FROM + 'files = ["run.exe"]', "no kind"),
        (HEAD + FROM + 'files = ["fake.pdf"]', "not what its name says"),
        (HEAD + FROM + 'files = ["plan.txt", "other/plan.txt"]', "Two of the files"),
        (HEAD + FROM + 'files = ["large.txt"]', "a file may have"),
        (HEAD + FROM + 'files = ["half.txt", "half2.txt", "half3.txt"]', "a letter may carry"),
    ],
)
def test_a_wrong_file_says_what_to_mend_and_begins_nothing(
    database: Database, school: School, ana: Actor, tmp_path: Path, toml: str, sentence: str
) -> None:
    path = written(tmp_path)
    path.write_text(toml)
    (tmp_path / "other").mkdir()
    for name in ("plan.txt", "other/plan.txt", "run.exe", "fake.pdf"):
        (tmp_path / name).write_text("words")
    os.mkfifo(tmp_path / "pipe.txt")
    for name, size in (("large", 6), ("half", 4), ("half2", 4), ("half3", 4)):
        (tmp_path / f"{name}.txt").write_bytes(b"x" * size * MB)
    with pytest.raises(MailingError, match=sentence):
        send(database, ana, school, path, wait=False)
    with database.read() as tx:
        assert campaigns.of(tx, ana, school.id) == []


def test_the_files_that_it_names_go_along_and_may_not_change(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "hall.pdf").write_bytes(b"%PDF-1.7 hall")
    (tmp_path / "план.txt").write_text("words")
    path = written(tmp_path, more='files = ["maps/hall.pdf", "план.txt"]')
    with smtp.relay() as relay:
        done = send(database, ana, school, path, relay=relay.url)
        assert send(database, ana, school, path, relay=relay.url).campaign == done.campaign
    assert len(relay.mails) == 2
    for mail in relay.mails:
        assert faults(mail.data) == []
        enclosed = parsed_bytes(mail.data).iter_attachments()
        assert {each.get_filename(): each.get_payload(decode=True) for each in enclosed} == {
            "hall.pdf": b"%PDF-1.7 hall",
            "план.txt": b"words",
        }
    (tmp_path / "план.txt").write_text("other words")
    with pytest.raises(MailingError, match="changed after"):
        send(database, ana, school, path, wait=False)


def test_a_table_with_a_mark_left_open_begins_nothing(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    people = 'email,name,room\na@school.example,"Anna,7\n' + "b@school.example,Ben,7\n" * 10_000
    with pytest.raises(MailingError, match="breaks off"):
        send(database, ana, school, written(tmp_path, people=people), wait=False)
    with database.read() as tx:
        assert campaigns.of(tx, ana, school.id) == []


def test_a_relay_that_is_down_is_said_and_keeps_everyone_waiting(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    with smtp.relay() as relay:
        pass
    done = send(database, ana, school, written(tmp_path), relay=relay.url)
    assert done.totals == Totals(waiting=2)
    assert "does not answer" in str(done.relay_problem)


def test_only_those_who_may_send_can_send_a_file(
    database: Database,
    school: School,
    ben: Actor,
    eve: Actor,
    zoe: Actor,
    tmp_path: Path,
) -> None:
    for who in (ben, eve, zoe):
        with pytest.raises(Denied):
            send(database, who, school, written(tmp_path), wait=False)


def test_a_sender_killed_again_and_again_loses_nobody_and_mails_nobody_twice(
    database: Database, school: School, tmp_path: Path
) -> None:
    count = 400
    people = "email,name,room\n" + "".join(f"p{n}@school.example,P{n},R\n" for n in range(count))
    dice = random.Random(14)
    pult = access.system(school.id)
    where = (
        str(tmp_path / "data")
        if database.dialect == "sqlite"
        else database.operations.url.render_as_string(False).replace("+psycopg", "")
    )
    kills = 0
    with smtp.relay(_slowly) as relay:
        path = written(tmp_path, people=people, more=f'relay = "{relay.url}"\n')
        for _ in range(4):
            child = subprocess.Popen(
                [sys.executable, "-c", CHILD, database.dialect, where, school.id, str(path)],
                cwd=Path(__file__).parent.parent,
            )
            before = len(relay.mails)
            while child.poll() is None and len(relay.mails) < before + 30:
                time.sleep(0.01)
            time.sleep(dice.random() * 0.05)
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            kills += 1
            with database.begin() as tx:
                (campaign,) = campaigns.of(tx, pult, school.id)
                assert campaign.totals.audience == count
                assert campaign.totals.waiting > 0  # or the kill came too late to prove anything
                _expire(tx)
        done = send(database, pult, school, path, now=datetime.now().astimezone())
    delivered = relay.recipients
    assert len(delivered) == len(set(delivered))
    assert done.totals.waiting == 0
    assert done.totals.sent + done.totals.held == count
    assert done.totals.held <= kills * 4
    with database.read() as tx:
        held = {u.email for u in reached.undelivered(tx, pult, done.campaign)}
    assert {f"p{n}@school.example" for n in range(count)} == set(delivered) | held


def _slowly(verb: str, argument: str) -> bool:
    if verb == "END":
        time.sleep(0.01)
    return True


def _expire(tx: Connection) -> None:
    """The leases of the killed run out now, not in twenty seconds."""
    tx.execute(text("UPDATE delivery SET lease_until = 0 WHERE lease_until IS NOT NULL"))


NIGHT = Terms(quiet=Quiet.parse("22:00-07:00"))
FAR = "email,name,room,time_zone\na@school.example,A,1,\nb@school.example,B,1,Asia/Vladivostok\n"


def at(hour: int, day: int = 10) -> datetime:
    """By the school's clock."""
    return datetime(2026, 3, day, hour, tzinfo=ZoneInfo("Europe/Moscow"))


def test_the_command_line_keeps_the_quiet_hours_of_each_reader(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    path = written(tmp_path, people=FAR)
    told: list[str] = []

    def run(now: datetime) -> Summary:
        return send(
            database, ana, school, path, wait=False, now=now, terms=NIGHT,
            tell=lambda words: told.append(str(words)),
        )  # fmt: skip

    run(at(18))  # one in the morning in Vladivostok
    with database.begin() as tx:
        rows = tx.execute(text("SELECT email, next_at FROM delivery")).all()
        due = {row.email[0]: instant(row.next_at) for row in rows}
        assert due == {"a": at(18), "b": at(0, day=11)}
        tx.execute(text("DELETE FROM delivery"))
        tx.execute(text("DELETE FROM campaign"))
    assert told == []
    with smtp.relay() as relay:
        send(database, ana, school, path, relay=relay.url, wait=False, now=at(23), terms=NIGHT,
             tell=lambda words: told.append(str(words)))  # fmt: skip
        assert relay.mails == []
    assert told == ["Quiet hours: nothing leaves before 2026-03-11 00:00."]


def test_a_retry_in_the_night_waits_for_the_morning_at_the_command_line_too(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    """It began before the quiet hours, and is gone on with in them."""
    path = written(tmp_path)
    send(database, ana, school, path, wait=False, now=at(21), terms=NIGHT)
    stop = threading.Event()
    with smtp.relay() as relay:
        timer = threading.Timer(3, stop.set)
        timer.start()
        summary = send_file.send(
            database, ana, school.id, path, relay=Relay.from_url(relay.url), origin=ORIGIN,
            clock=lambda: at(23), wait=True, owner="test", stop=stop, terms=NIGHT,
        )  # fmt: skip
        timer.cancel()
        assert (summary.totals.waiting, relay.mails) == (2, [])


def test_so_many_need_a_second_person_at_the_command_line_too(
    database: Database, school: School, ana: Actor, ada: Actor, tmp_path: Path
) -> None:
    path, told = written(tmp_path), list[str]()
    terms = Terms(second_person_above=1)
    with smtp.relay() as relay:
        first = send(
            database, ana, school, path, relay=relay.url, terms=terms,
            tell=lambda words: told.append(str(words)),
        )  # fmt: skip
        assert (first.totals.waiting, relay.mails) == (2, [])
        assert ["second person" in each for each in told] == [True]
        with database.begin() as tx:
            assert agree(tx, ada, first.campaign, terms=terms, now=NOON)
        after = NOON + timedelta(minutes=1)
        last = send(database, ana, school, path, relay=relay.url, terms=terms, now=after)
        assert (last.totals.sent, len(relay.mails)) == (2, 2)


@pytest.mark.parametrize(("topic", "warned"), [("news", 1), ("service", 0)])
def test_a_link_to_unsubscribe_that_nobody_can_open_is_told(
    database: Database, school: School, ana: Actor, tmp_path: Path, topic: str, warned: int
) -> None:
    told: list[Words] = []
    path = written(tmp_path, more=f'topic = "{topic}"\n')
    origin = replace(ORIGIN, reachable=False)
    summary = send(database, ana, school, path, wait=False, origin=origin, tell=told.append)
    assert summary.totals.waiting == 2
    assert [each.template for each in told] == [lint.NO_WAY_OUT] * warned


def test_a_relay_of_the_files_own_is_kept_sealed(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    path = written(tmp_path, more='relay = "smtp://u:secret@127.0.0.1:2525"\n')
    vault = Vault(Fernet.generate_key())
    send_file.send(
        database,
        ana,
        school.id,
        path,
        relay=None,
        origin=ORIGIN,
        clock=lambda: NOON,
        wait=False,
        owner="test",
        stop=threading.Event(),
        seal=vault.seal,
    )
    with database.read() as tx:
        (kept,) = tx.execute(text("SELECT relay_sealed FROM campaign")).scalars()
    assert "secret" not in kept
    assert vault.open(kept) == "smtp://u:secret@127.0.0.1:2525"


def test_a_file_that_leaves_some_with_a_gap_is_refused_until_it_says_why(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    people = PEOPLE + "c@school.example,Cid,en,\n"
    path = written(tmp_path, people=people)
    with pytest.raises(NotReady, match="Field room is empty: 1 of 3") as caught:
        send(database, ana, school, path, wait=False)
    assert caught.value.findings[0].who == ("Cid",)
    with database.read() as tx:
        assert campaigns.of(tx, ana, school.id) == [], "nothing has begun"
    path = written(tmp_path, people=people, more='anyway = "Cid stays at home"\n')
    summary = send(database, ana, school, path, wait=False)
    assert summary.totals.audience == 3
    with database.read() as tx:
        found = readiness.overruled(tx, ana, summary.campaign)
    assert found is not None
    assert found.reason == "Cid stays at home"


def test_a_file_that_would_leave_somebody_an_empty_letter_is_refused_whatever_it_says(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    head = 'subject = "S"\nbody = "{% if room = R1 %}Come{% end %}"\n'
    path = written(tmp_path, head=head, more='anyway = "I want it so"\n')
    with pytest.raises(NotReady, match="1 of 2 would get an empty letter"):
        send(database, ana, school, path, wait=False)
