"""A mail that its relay would refuse for its size is stopped before anything leaves (RFC 1870)."""

import re
import threading

import pytest

from console import mail_rounds
from mailing import attachments, campaigns, lint, releasing, weight
from mailing.attachments import Room
from mailing.lint import Finding
from mailing.model import Totals
from mailing.segments import Segment
from mailing.transports import Relay
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import smtp, stage
from tests.conftest import NOON
from tests.smtp import Script
from tests.test_desk_outgoing import released as lately
from tests.test_desk_outgoing import titles
from tests.test_mailing_misbehaving import either, through
from tests.test_mailing_sender import released, totals

NAMES = tuple(f"Person{n}" for n in range(10))
Offers = tuple[str, ...]


def taking(most: int, verbs: list[str]) -> Script:
    """A relay that takes mails of so many bytes, and notes what it is asked."""

    def script(verb: str, argument: str) -> str | bool:
        verbs.append(f"{verb} {argument}")
        return f"250-relay\r\n250-PIPELINING\r\n250 SIZE {most}" if verb == "EHLO" else True

    return script


def begun(verbs: list[str]) -> list[str]:
    return [each for each in verbs if each.startswith("MAIL")]


@either
def test_the_relay_hears_beforehand_how_large_each_mail_is(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    released(database, ana, school, *NAMES)
    verbs: list[str] = []

    def noted(verb: str, argument: str) -> bool:
        verbs.append(f"{verb} {argument}")
        return True

    with smtp.relay(noted, offers=offers) as relay:
        assert through(database, relay.url).sent == 10
    said = [int(size) for each in begun(verbs) for size in re.findall(r" SIZE=(\d+)", each)]
    assert said == [len(mail.data) for mail in relay.mails]


def test_nothing_of_what_is_too_heavy_leaves_and_the_words_say_why(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES)
    verbs: list[str] = []
    with smtp.relay(taking(900, verbs)) as relay:
        done = through(database, relay.url, connections=3)
    assert (begun(verbs), relay.mails) == ([], [])
    assert done.too_heavy
    assert "the relay takes 0.0 MB: nothing of it leaves" in str(done.problem)
    assert totals(database, ana, id_) == Totals(waiting=10)


def test_a_larger_relay_takes_what_the_first_one_would_not(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES)
    with smtp.relay(taking(900, [])) as small, smtp.relay() as large:
        done = through(database, f"{small.url} {large.url}", connections=3)
    assert (done.sent, done.problem, done.too_heavy) == (10, None, False)
    assert len(set(large.recipients)) == len(large.mails) == 10
    assert totals(database, ana, id_) == Totals(sent=10)


def test_it_is_paused_with_an_incident_and_goes_on_when_the_relay_takes_more(
    database: Database, school: School, ana: Actor
) -> None:
    console = stage.console(database)
    id_ = lately(database, ana, school, *NAMES)
    most = [900]

    def script(verb: str, argument: str) -> str | bool | None:
        return taking(most[0], [])(verb, argument)

    with smtp.relay(script) as relay:
        with database.begin() as tx:
            campaigns.keep_relay(tx, ana, id_, console.vault.seal(relay.url))
        mail_rounds.mail(console, threading.Event())
        with database.read() as tx:
            assert campaigns.get(tx, ana, id_).state == "paused"
        (title,) = titles(database, ana, school)
        assert "nothing of it leaves" in title
        most[0] = 10_000_000
        with database.begin() as tx:
            tx.execute(text("UPDATE delivery SET next_at = 0"))
            releasing.resume(tx, ana, id_, now=console.now())
        mail_rounds.mail(console, threading.Event())
    assert totals(database, ana, id_) == Totals(sent=10)
    assert titles(database, ana, school) == []


@pytest.fixture
def draft(database: Database, school: School, ana: Actor) -> str:
    with database.begin() as tx:
        id_ = campaigns.draft(
            tx, ana, school.id, subject={"ru": "План"}, body={"ru": "Здравствуйте! " * 300},
            segment=Segment(everyone=True), sender="News <news@school.example>",
            now=NOON,
        )  # fmt: skip
        attachments.add(
            tx, ana, id_, "plan.pdf", b"%PDF-1.7\n" + bytes(300_000), room=Room(), now=NOON
        )
    return id_


@pytest.mark.parametrize(("most", "stops"), [(400_000, True), (500_000, False), (0, False)])
def test_a_draft_is_weighed_with_its_files_against_what_the_relay_said(
    database: Database, school: School, ana: Actor, draft: str, most: int, stops: bool
) -> None:
    relay = Relay.from_url("smtp://mail.school.example:587")
    if most:
        weight.learn(database, {relay.name: 1})
        weight.learn(database, {relay.name: most})
    with database.read() as tx:
        campaign = campaigns.get(tx, ana, draft)
        found: list[Finding] = weight.findings(tx, ana, campaign, relay)
    assert [each.stops for each in found] == [True] * stops
    assert lint.findings(campaign.subject, campaign.body) == []
    if stops:
        assert "weighs 0.5 MB with its files, and the relay takes 0.4 MB" in str(found[0].words)


def test_where_one_relay_of_two_has_not_said_or_takes_more_nothing_stops_it(
    database: Database, school: School, ana: Actor, draft: str
) -> None:
    relay = Relay.from_url("smtp://one.example smtp://two.example")
    weight.learn(database, {"one.example:25": 1000})
    with database.read() as tx:
        campaign = campaigns.get(tx, ana, draft)
        assert weight.findings(tx, ana, campaign, relay) == []
    weight.learn(database, {"two.example:25": 10_000_000})
    with database.read() as tx:
        assert weight.findings(tx, ana, campaign, relay) == []
    weight.learn(database, {"two.example:25": 2000})
    with database.read() as tx:
        assert len(weight.findings(tx, ana, campaign, relay)) == 1


def test_what_is_weighed_beforehand_is_what_leaves(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina")
    with database.read() as tx:
        campaign = campaigns.get(tx, ana, id_)
    with smtp.relay() as relay:
        through(database, relay.url)
        (mail,) = relay.mails[:1]
    with database.read() as tx:
        said = weight._weight(tx, campaign)
    assert len(mail.data) * 0.7 < said < len(mail.data) + 2 * weight.AROUND
