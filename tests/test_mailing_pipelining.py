"""A relay that is kept busy gets each mail once, whatever it refuses or breaks in between."""

import time

import pytest

from mailing import releasing
from mailing.model import Totals
from store.access import Actor
from store.db import Database
from store.schools import School
from tests import smtp
from tests.conftest import NOON
from tests.test_mailing_sender import Clock, deliver, released, totals, why

NAMES = tuple(f"Person{n}" for n in range(12))
DATA = ("PIPELINING",)
BDAT = ("PIPELINING", "CHUNKING")
either = pytest.mark.parametrize("offers", [DATA, BDAT], ids=["data", "bdat"])


def addresses(*names: str) -> list[str]:
    return sorted(f"{name.lower()}@school.example" for name in names)


@either
@pytest.mark.parametrize("connections", [1, 4])
def test_everyone_gets_one_mail(
    database: Database, school: School, ana: Actor, offers: tuple[str, ...], connections: int
) -> None:
    id_ = released(database, ana, school, *NAMES)
    with smtp.relay(offers=offers) as relay:
        assert deliver(database, relay.url, Clock(), connections=connections).sent == 12
    assert relay.recipients == addresses(*NAMES)
    assert all(mail.sender.startswith("bounces+") for mail in relay.mails)
    assert all(mail.data.endswith(b"--\r\n") for mail in relay.mails)
    assert totals(database, ana, id_) == Totals(sent=12)


@either
def test_a_refusal_in_between_stops_nobody_else(
    database: Database, school: School, ana: Actor, offers: tuple[str, ...]
) -> None:
    id_ = released(database, ana, school, *NAMES)

    def picky(verb: str, argument: str) -> str | bool:
        if verb == "RCPT" and "person3" in argument:
            return "550 5.1.1 no such user"
        if verb == "RCPT" and "person5@" in argument:
            return "450 4.2.1 come back"
        return "554 5.7.1 spam" if verb == "END" and "person7" in argument else True

    with smtp.relay(picky, offers=offers) as relay:
        deliver(database, relay.url, Clock(), connections=1)
    assert relay.recipients == addresses(*(set(NAMES) - {"Person3", "Person5", "Person7"}))
    assert totals(database, ana, id_) == Totals(sent=9, failed=2, waiting=1)
    assert why(database, ana, id_) == {
        "Person3": "The relay says: 550 5.1.1 no such user",
        "Person5": "The relay says: 450 4.2.1 come back",
        "Person7": "The relay says: 554 5.7.1 spam",
    }


def test_a_relay_that_waits_for_a_body_after_a_refusal_delivers_no_empty_mail(
    database: Database, school: School, ana: Actor
) -> None:
    """RFC 2920, section 3.1: a server may say 354 although every recipient was refused."""
    id_ = released(database, ana, school, "Alina", "Boris")
    data: list[str] = []

    def late(verb: str, argument: str) -> str | bool:
        if verb == "DATA":
            data.append(argument)
        return "450 4.7.1 later" if verb == "DATA" and len(data) == 1 else True

    with smtp.relay(late, offers=DATA) as relay:
        deliver(database, relay.url, Clock(), connections=1)
    assert len(relay.mails) == 1
    assert totals(database, ana, id_) == Totals(sent=1, waiting=1)


@either
@pytest.mark.parametrize("moment", ["BODY", "END"])
def test_a_connection_that_breaks_leaves_one_uncertain_and_the_next_goes_on(
    database: Database, school: School, ana: Actor, offers: tuple[str, ...], moment: str
) -> None:
    id_ = released(database, ana, school, *NAMES)

    def cut(verb: str, argument: str) -> bool | None:
        return None if verb == moment and "person4" in argument else True

    with smtp.relay(cut, offers=offers) as relay:
        deliver(database, relay.url, Clock(), connections=1)
    assert totals(database, ana, id_) == Totals(sent=11, held=1)
    assert list(why(database, ana, id_)) == ["Person4"]
    got = set(relay.recipients)
    assert len(relay.mails) == len(got) == (11 if moment == "BODY" else 12)


@either
def test_a_pause_holds_what_has_not_begun_whatever_was_announced(
    database: Database, school: School, ana: Actor, offers: tuple[str, ...]
) -> None:
    id_ = released(database, ana, school, *NAMES)

    def pause(verb: str, argument: str) -> bool:
        if verb == "END":
            with database.begin() as tx:
                releasing.pause(tx, ana, id_, now=NOON)
            time.sleep(0.1)  # longer than one look at the campaign serves
        return True

    with smtp.relay(pause, offers=offers) as relay:
        deliver(database, relay.url, Clock(), connections=1)
        assert len(relay.mails) == 1
        assert totals(database, ana, id_) == Totals(sent=1, waiting=11)
        with database.begin() as tx:
            assert releasing.resume(tx, ana, id_, now=NOON)
    with smtp.relay(offers=offers) as relay:
        deliver(database, relay.url, Clock())
    assert len(relay.mails) == 11


@pytest.mark.parametrize("said", ["nonsense", "250-" + "x" * 5000, "250-x\r\n" * 200 + "250 x"])
def test_a_relay_that_speaks_no_smtp_is_left(
    database: Database, school: School, ana: Actor, said: str
) -> None:
    id_ = released(database, ana, school, "Alina")
    with smtp.relay(lambda verb, _: said if verb == "RCPT" else True, offers=DATA) as relay:
        deliver(database, relay.url, Clock(), connections=1)
    assert relay.mails == []
    assert totals(database, ana, id_) == Totals(waiting=1)
    assert "broke" in why(database, ana, id_)["Alina"]
