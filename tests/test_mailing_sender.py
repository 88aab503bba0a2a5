"""Every recipient ends as the operator would want, whatever the relay does, and once."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from mailing import campaigns, claiming, intents, ledger, reached, releasing, sender, suppression
from mailing.claiming import Claimed
from mailing.intents import BEGUN, SENT, Intents
from mailing.model import UNDO, Origin, Totals
from mailing.relay import RelayError
from mailing.segments import Segment
from mailing.sender import Delivered
from mailing.transports import Relay
from store import roster
from store.access import Actor, Denied
from store.db import Database, text
from store.schools import School
from tests import smtp
from tests.conftest import NOON

ORIGIN = Origin(b"k" * 32, "https://pult.school.example")


@dataclass
class Clock:
    """A clock that the test turns."""

    now: datetime = NOON + UNDO

    def __call__(self) -> datetime:
        return self.now


def released(
    database: Database,
    ana: Actor,
    school: School,
    *names: str,
    uncertain: str = "hold",
    now: datetime = NOON,
) -> str:
    with database.begin() as tx:
        for name in names:
            email = f"{name.lower()}@school.example"
            roster.save_person(tx, ana, school.id, name=name, email=email, source="test", now=now)
        id_ = campaigns.draft(
            tx,
            ana,
            school.id,
            subject={"ru": "Класс переехал"},
            body={"ru": "Здравствуйте, {{ name }}!"},
            segment=Segment(everyone=True),
            sender="Школа 14 <news@school.example>",
            uncertain=uncertain,
            now=now,
        )
        releasing.release(tx, ana, id_, now=now)
    return id_


def deliver(database: Database, url: str, clock: Clock, *, connections: int = 8) -> Delivered:
    return sender.deliver(
        database,
        Relay.from_url(url, timeout=30, connections=connections),
        ORIGIN,
        owner="test",
        clock=clock,
        stop=threading.Event(),
    )


def totals(database: Database, ana: Actor, id_: str) -> Totals:
    with database.read() as tx:
        return campaigns.totals(tx, ana, id_)


def why(database: Database, ana: Actor, id_: str) -> dict[str, str]:
    with database.read() as tx:
        return {u.name: str(u.why) for u in reached.undelivered(tx, ana, id_)}


def test_everyone_gets_one_mail_that_parses(database: Database, school: School, ana: Actor) -> None:
    names = [f"Person{n}" for n in range(30)]
    id_ = released(database, ana, school, *names)
    with smtp.relay() as relay:
        assert deliver(database, relay.url, Clock()).sent == 30
        assert deliver(database, relay.url, Clock()).sent == 0
    assert relay.recipients == sorted(f"{n.lower()}@school.example" for n in names)
    assert totals(database, ana, id_) == Totals(sent=30)
    read = message_from_bytes(relay.mails[0].data, _class=EmailMessage, policy=policy.default)
    assert read["Subject"] == "Класс переехал"
    assert not read.defects
    body = read.get_body(("plain",))
    assert body is not None
    assert f"Здравствуйте, {read['To'].addresses[0].display_name}!" in body.get_content()


def test_nothing_leaves_before_the_undo_is_over(
    database: Database, school: School, ana: Actor
) -> None:
    released(database, ana, school, "Alina")
    with smtp.relay() as relay:
        assert deliver(database, relay.url, Clock(NOON + timedelta(seconds=29))).moved == 0
        assert deliver(database, relay.url, Clock(NOON + timedelta(seconds=30))).sent == 1


def test_a_greylisted_mail_is_tried_again_later(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina")
    seen: list[str] = []

    def grey(verb: str, argument: str) -> str | bool:
        if verb == "RCPT":
            seen.append(argument)
            return True if len(seen) > 1 else "451 4.7.1 greylisted, come back"
        return True

    clock = Clock()
    with smtp.relay(grey) as relay:
        assert deliver(database, relay.url, clock).retried == 1
        assert "greylisted" in why(database, ana, id_)["Alina"]
        assert deliver(database, relay.url, clock).moved == 0
        clock.now += timedelta(seconds=60)
        assert deliver(database, relay.url, clock).sent == 1
    assert totals(database, ana, id_) == Totals(sent=1)


def test_a_refused_address_fails_in_words_and_is_suppressed_when_it_is_dead(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina", "Full", "Gone")

    def refuse(verb: str, argument: str) -> str | bool:
        if verb == "RCPT" and "gone" in argument:
            return "550 5.1.1 no such user"
        return "552 5.2.2 mailbox full" if verb == "RCPT" and "full" in argument else True

    with smtp.relay(refuse) as relay:
        deliver(database, relay.url, Clock(), connections=1)
    assert totals(database, ana, id_) == Totals(sent=1, failed=2)
    assert why(database, ana, id_)["Gone"] == "The relay says: 550 5.1.1 no such user"
    with database.begin() as tx:
        listed = suppression.of(tx, ana, school.id)
        assert [(s.email, s.reason) for s in listed] == [("gone@school.example", "hard bounce")]
        assert releasing.retry_failed(tx, ana, id_, now=NOON) == 2
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())
    assert relay.recipients == ["full@school.example"]
    assert totals(database, ana, id_) == Totals(sent=2, suppressed=1)


@pytest.mark.parametrize("moment", ["BODY", "END"])
def test_a_mail_cut_off_in_its_body_is_held_until_someone_decides(
    database: Database, school: School, ana: Actor, moment: str
) -> None:
    id_ = released(database, ana, school, "Alina", "Boris")

    def cut(verb: str, argument: str) -> bool | None:
        return None if verb == moment and "boris" in argument else True

    with smtp.relay(cut) as relay:
        deliver(database, relay.url, Clock(), connections=1)
    assert totals(database, ana, id_) == Totals(sent=1, held=1)
    assert "broke" in why(database, ana, id_)["Boris"]
    with database.begin() as tx:
        assert releasing.decide_held(tx, ana, id_, resend=True, now=NOON) == 1
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())
    assert relay.recipients == ["boris@school.example"]
    assert totals(database, ana, id_) == Totals(sent=2)


def test_an_uncertain_mail_of_an_emergency_is_sent_again(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina", uncertain="resend")
    clock = Clock()
    with smtp.relay(lambda verb, argument: None if verb == "END" else True) as relay:
        assert deliver(database, relay.url, clock).retried == 1
    clock.now += timedelta(minutes=1)
    with smtp.relay() as relay:
        assert deliver(database, relay.url, clock).sent == 1
    assert totals(database, ana, id_) == Totals(sent=1)


@pytest.mark.parametrize(
    ("scheme", "sentence"), [("smtp+tls", "offers no TLS"), ("smtps", "does not answer")]
)
def test_a_relay_without_the_tls_that_is_required_gets_nothing(
    database: Database, school: School, ana: Actor, scheme: str, sentence: str
) -> None:
    id_ = released(database, ana, school, "Alina")
    with smtp.relay() as relay:
        done = deliver(database, relay.url.replace("smtp", scheme, 1), Clock())
    assert sentence in str(done.problem)
    assert relay.mails == []
    assert totals(database, ana, id_) == Totals(waiting=1)


def test_a_relay_that_is_down_keeps_everyone_waiting(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina", "Boris")
    clock = Clock()
    with smtp.relay() as relay:
        pass
    assert "does not answer" in str(deliver(database, relay.url, clock).problem)
    assert totals(database, ana, id_) == Totals(waiting=2)
    clock.now += timedelta(seconds=30)
    with smtp.relay() as relay:
        assert deliver(database, relay.url, clock).sent == 2


def test_a_simulated_school_reaches_no_other_machine(
    database: Database, school: School, ana: Actor
) -> None:
    released(database, ana, school, "Alina")
    relay = Relay.from_url("smtp://192.0.2.1:25", loopback_only=True, timeout=2)
    done = sender.deliver(database, relay, ORIGIN, owner="t", clock=Clock(), stop=threading.Event())
    assert "simulated" in str(done.problem)


def test_a_pause_holds_what_has_not_begun(database: Database, school: School, ana: Actor) -> None:
    id_ = released(database, ana, school, *(f"Person{n}" for n in range(10)))

    def pause(verb: str, argument: str) -> bool:
        if verb == "END":
            with database.begin() as tx:
                releasing.pause(tx, ana, id_, now=NOON)
        return True

    with smtp.relay(pause) as relay:
        deliver(database, relay.url, Clock(), connections=1)
        assert len(relay.mails) == 1
        assert totals(database, ana, id_) == Totals(sent=1, waiting=9)
        with database.begin() as tx:
            assert releasing.resume(tx, ana, id_, now=NOON)
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())
    assert len(relay.mails) == 9


def test_who_unsubscribes_after_the_release_is_left_out(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina", "Boris")
    with database.begin() as tx:
        suppression.add(tx, ana, school.id, "boris@school.example", now=NOON)
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())
    assert relay.recipients == ["alina@school.example"]
    assert totals(database, ana, id_) == Totals(sent=1, suppressed=1)


def test_what_a_killed_sender_had_begun_is_held_and_the_rest_goes_on(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina", "Boris", "Clara")
    clock = Clock()
    rows = {row.name: row.id for row in claimed(database, "dead", clock)}
    file = Intents(intents.folder(database), "dead")
    file.note(intents.line(BEGUN, rows["Alina"]))
    file.note(intents.line(BEGUN, rows["Clara"]) + intents.line(SENT, rows["Clara"]))
    with smtp.relay() as relay:
        assert deliver(database, relay.url, clock).moved == 0  # its lock says that it lives
        file.close(settled=False)  # as a kill does
        assert deliver(database, relay.url, clock).sent == 1
    assert relay.recipients == ["boris@school.example"]
    assert totals(database, ana, id_) == Totals(sent=2, held=1)
    assert list(why(database, ana, id_)) == ["Alina"]
    assert not list(intents.folder(database).iterdir())


def test_after_a_loss_of_power_the_files_silence_proves_nothing(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina", "Boris")
    rows = {row.name: row.id for row in claimed(database, "dead", Clock())}
    file = Intents(intents.folder(database), "dead")
    file.note(intents.line(BEGUN, rows["Alina"]) + intents.line(SENT, rows["Alina"]))
    file.close(settled=False)
    (path,) = intents.folder(database).glob("*.log")
    head, _, rest = path.read_text().partition("\n")
    path.write_text(f'["dead", "another start of the machine"]\n{rest}')
    assert head.startswith('["dead", ')
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())
    assert relay.mails == []
    assert totals(database, ana, id_) == Totals(sent=1, held=1)


@pytest.mark.parametrize(("uncertain", "sent"), [("hold", 0), ("resend", 2)])
def test_rows_of_a_sender_on_another_machine_wait_for_its_lease(
    database: Database, school: School, ana: Actor, uncertain: str, sent: int
) -> None:
    id_ = released(database, ana, school, "Alina", "Boris", uncertain=uncertain)
    clock = Clock()
    assert len(claimed(database, "elsewhere", clock)) == 2
    with smtp.relay() as relay:
        assert deliver(database, relay.url, clock).moved == 0
        clock.now += ledger.LEASE + timedelta(seconds=1)
        assert deliver(database, relay.url, clock).sent == sent
    assert totals(database, ana, id_) == Totals(sent=sent, held=2 - sent)


def claimed(database: Database, owner: str, clock: Clock) -> list[Claimed]:
    with database.begin() as tx:
        return claiming.claim(
            tx,
            owner,
            campaign_id=None,
            now=clock(),
            limit=9,
            lease=ledger.LEASE,
        )


def test_several_senders_share_the_work_and_send_nothing_twice(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *(f"Person{n}" for n in range(60)))
    with smtp.relay() as relay:

        def work() -> None:
            while sender.deliver(
                database,
                Relay.from_url(relay.url, connections=2),
                ORIGIN,
                owner="w",
                clock=Clock(),
                stop=threading.Event(),
                limit=7,
            ).moved:
                pass

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(relay.mails) == len(set(relay.recipients)) == 60
    assert totals(database, ana, id_) == Totals(sent=60)


def test_a_test_goes_to_one_address_and_into_no_ledger(
    database: Database, school: School, ana: Actor, eve: Actor, zoe: Actor, ben: Actor
) -> None:
    with database.begin() as tx:
        id_ = campaigns.draft(
            tx,
            ana,
            school.id,
            subject={"ru": "Проба"},
            body={"ru": "{{ name }}!"},
            segment=Segment(),
            sender="news@school.example",
            now=NOON,
        )
    with smtp.relay() as relay:
        target = Relay.from_url(relay.url)
        outcome = sender.send_test(
            database, ana, id_, "ana@school.example", target, ORIGIN, now=NOON
        )
        assert outcome.kind == "sent"
        for who in (eve, zoe, ben):
            with pytest.raises(Denied):
                sender.send_test(database, who, id_, "x@school.example", target, ORIGIN, now=NOON)
    assert relay.recipients == ["ana@school.example"]
    assert totals(database, ana, id_).audience == 0
    with pytest.raises(RelayError, match="does not answer"):
        sender.send_test(database, ana, id_, "a@school.example", target, ORIGIN, now=NOON)


def test_a_row_that_no_header_can_carry_fails_by_name(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina", "Boris")
    with database.begin() as tx:
        tx.execute(
            text("UPDATE delivery SET name = :name WHERE name = 'Boris'"),
            {"name": "Boris\r\nBcc: all@school.example"},
        )
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())
    assert relay.recipients == ["alina@school.example"]
    assert totals(database, ana, id_) == Totals(sent=1, failed=1)
