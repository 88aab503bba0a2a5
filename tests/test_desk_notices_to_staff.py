"""Those of the staff who are to be told are told: what, since when, whom it hurts, what to try."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from console.desk import (
    alerting,
    cards,
    channels,
    evening,
    incidents,
    owed,
    posting,
    relays,
    restoring,
)
from console.desk.channels import ChannelError
from console.desk.incidents import Source
from console.desk.posting import Ways
from mailing.model import MailingError
from mailing.transports import apprise
from probes import alerts, targets, windows
from probes import recurring as rules
from probes.model import Target
from probes.recurrence import Daily
from store import access
from store.access import Actor
from store.db import Database, text
from store.schools import School
from store.words import Words
from tests import smtp, stage
from tests.conftest import NOON
from tests.test_probes_targets import alert

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
SENDER = "School 14 <news@school.example>"


@dataclass
class Receiver:
    """A messenger's service on loopback: it answers as told, and keeps what came."""

    port: int = 0
    answers: list[int | None] = field(default_factory=list)  # None hangs up; then 200
    got: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"json://robot:hush-hush@127.0.0.1:{self.port}/hook"

    @property
    def titles(self) -> list[str]:
        return [each["title"] for each in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append(json.loads(body))
            status = kept.answers.pop(0) if kept.answers else 200
            if status is not None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


class Desk:
    """A school in which something fails, and those who are told of it."""

    def __init__(self, database: Database, school: School) -> None:
        self.database, self.school = database, school
        self.pult = access.system(school.id)
        self.console = stage.console(database, sender=SENDER)
        self.ways = Ways(
            self.console.vault, self.console.relay, self.console.sender, loopback_only=True
        )
        self.target = self._target()

    def _target(self) -> Target:
        with self.database.begin() as tx:
            target_id = targets.add(
                tx, self.pult, self.school.id, name="Media A", prober="tcp", now=NOON,
                address="127.0.0.1:80", runbook="Call Ivan.\nThen move lessons.",
            )  # fmt: skip
            return targets.get(tx, self.pult, target_id)

    def tell(self, address: str, transport: str = "apprise", **more: Any) -> str:
        wishes: dict[str, Any] = {"name": address[-20:], "language": "en", **more}
        with self.database.begin() as tx:
            return channels.add(
                tx, self.pult, self.school.id, self.console.vault,
                transport=transport, address=address, now=NOON, **wishes,
            )  # fmt: skip

    def fails(self, severity: str = "down", *, now: datetime = NOON, name: str = "a") -> str:
        with self.database.begin() as tx:
            tx.execute(
                text("UPDATE alert SET closed_at = :now WHERE closed_at IS NULL"), {"now": now}
            )
        alert(self.database, self.target, name)
        why = Words("{host} refuses the connection.", {"host": "media-a"}).to_json()
        with self.database.begin() as tx:
            tx.execute(text("UPDATE alert SET why = :why"), {"why": why})
            source = Source(
                f"target:{self.target.id}", Words("{name} does not answer", {"name": "Media A"}),
                severity, 34, self.target.id, name,
            )  # fmt: skip
            return incidents.raise_(tx, self.pult, self.school.id, source, now=now)

    def recovers(self, incident_id: str, *, now: datetime) -> None:
        with self.database.begin() as tx:
            tx.execute(text("UPDATE alert SET closed_at = :now"), {"now": now})
            incidents.recovered(tx, self.pult, incident_id, now=now)

    def round(self, now: datetime) -> int:
        owed.follow(self.database, self.pult, self.school.id, now=now)
        return self.send(now)

    def send(self, now: datetime) -> int:
        return posting.send_due(self.database, self.ways, clock=lambda: now)

    def states(self) -> list[tuple[str, int, str]]:
        with self.database.read() as tx:
            rows = tx.execute(
                text("SELECT kind, number, state FROM notice ORDER BY kind DESC, number")
            )
            return [tuple(row) for row in rows]

    def problem(self) -> str:
        with self.database.read() as tx:
            (channel,) = channels.of(tx, self.pult, self.school.id)
        return str(channel.problem)


@pytest.fixture
def desk(database: Database, school: School) -> Desk:
    return Desk(database, school)


def test_being_blind_is_told_and_an_end_without_an_answer_is_not_called_one(
    desk: Desk, receiver: Receiver
) -> None:
    alert(desk.database, desk.target)
    desk.tell(receiver.url)
    with desk.database.begin() as tx:
        tx.execute(text("UPDATE alert SET state = 'unknown', target_name = 'Media A'"))
    for minute in range(2):
        alerting.follow(desk.database, desk.pult, desk.school.id, now=NOON)
        desk.round(NOON + minute * MINUTE)
        if not minute:
            with desk.database.begin() as tx:
                targets.remove(tx, desk.pult, desk.target.id, now=NOON)
    told, over = receiver.got
    assert told["title"] == "[School 14] Media A has told nothing for long"
    assert over["message"].endswith("How it ended: It is probed no more.")


def test_a_messenger_is_told_what_fails_since_when_whom_it_hurts_and_what_to_try_once(
    desk: Desk, receiver: Receiver
) -> None:
    desk.tell(receiver.url)
    desk.fails()
    for second in range(5):
        desk.round(NOON + MINUTE + second * SECOND)
    (notice,) = receiver.got
    assert notice["title"] == "[School 14] Media A does not answer"
    assert notice["message"].splitlines() == [
        "What: Media A does not answer",
        "Why: media-a refuses the connection.",
        "Since: 15:00 (1 min)",
        "Who is affected: About 34 people, in lessons that run now",
        "What to try: Call Ivan.",
        "Then move lessons.",
        "Who has it: Nobody yet. Take the incident in Pult, and this is not repeated.",
    ]


@pytest.mark.parametrize(
    ("kind", "of", "title", "tried"),
    [
        ("flapping", "target", "Media A comes and goes", "Call Ivan."),
        ("offline", "line", "Pult itself is offline; what it says", "its cable, the router"),
    ],
)
def test_what_comes_and_goes_and_being_offline_are_said_so(
    desk: Desk, ana: Actor, receiver: Receiver, kind: str, of: str, title: str, tried: str
) -> None:
    alert(desk.database, desk.target)
    named = desk.target.id if of == "target" else f"line:{desk.school.id}"
    with desk.database.begin() as tx:
        tx.execute(
            text("UPDATE alert SET kind = :kind, target_id = :id, target_name = 'Media A'"),
            {"kind": kind, "id": named},
        )
    desk.tell(receiver.url)
    for _round in range(2):
        alerting.follow(desk.database, desk.pult, desk.school.id, now=NOON)
        desk.round(NOON)
    (notice,) = receiver.got
    assert notice["title"].startswith(f"[School 14] {title}")
    assert tried in notice["message"]
    seen = evening.read(desk.database, ana, desk.school.id, now=NOON)
    (card,) = cards.cards(seen, [], {})
    assert str(card.title).startswith(title)


def test_the_end_is_told_once_to_those_who_heard_of_the_beginning(
    desk: Desk, receiver: Receiver
) -> None:
    desk.tell(receiver.url)
    incident = desk.fails()
    desk.round(NOON + MINUTE)
    desk.recovers(incident, now=NOON + 5 * MINUTE)
    for minute in range(6, 60):
        desk.round(NOON + minute * MINUTE)
    assert receiver.titles == [
        "[School 14] Media A does not answer",
        "[School 14] Over: Media A does not answer",
    ]
    assert "It was so: from 15:00 to 15:05 (5 min)" in receiver.got[1]["message"]


STILL, OVER = (
    "[School 14] Still: Media A does not answer",
    "[School 14] Over: Media A does not answer",
)
FAILS = "[School 14] Media A does not answer"


@pytest.mark.parametrize("repeat", [timedelta(0), 30 * MINUTE])
def test_a_second_outage_of_an_incident_nobody_closed_is_told_though_one_had_taken_the_first(
    desk: Desk, ana: Actor, receiver: Receiver, repeat: timedelta
) -> None:
    desk.tell(receiver.url, repeat=repeat)
    incident = desk.fails()
    desk.round(NOON)
    with desk.database.begin() as tx:
        assert incidents.take(tx, ana, incident, now=NOON + MINUTE)
    desk.recovers(incident, now=NOON + 2 * MINUTE)
    desk.round(NOON + 3 * MINUTE)
    later = NOON + timedelta(hours=26)
    assert desk.fails(now=later, name="b") == incident
    desk.round(later)
    assert receiver.titles[2:] == [FAILS]
    with desk.database.read() as tx:
        found = incidents.get(tx, ana, incident)
        said = [str(entry.said) for entry in incidents.timeline(tx, ana, incident)]
    assert found is not None
    assert (found.state, found.owner_id, found.taken_at) == ("open", None, None)
    assert said[-1] == "It worked in between, so nobody has it any more."
    desk.recovers(incident, now=later + MINUTE)
    for minute in range(2, 5):
        desk.round(later + minute * MINUTE)
    assert receiver.titles == [FAILS, OVER] * 2


def test_a_second_outage_is_told_where_the_first_was_over_before_anybody_was_told(
    desk: Desk, ana: Actor, receiver: Receiver
) -> None:
    desk.tell(receiver.url, repeat=timedelta(0))
    incident = desk.fails()
    owed.follow(desk.database, desk.pult, desk.school.id, now=NOON)
    with desk.database.begin() as tx:
        assert incidents.take(tx, ana, incident, now=NOON)
    desk.recovers(incident, now=NOON + SECOND)
    desk.round(NOON + 2 * SECOND)
    desk.fails(now=NOON + MINUTE, name="b")
    desk.round(NOON + MINUTE)
    assert receiver.titles == [FAILS]


def test_a_suspicion_that_was_told_and_comes_true_is_told_at_once_and_once(
    desk: Desk, receiver: Receiver
) -> None:
    desk.tell(receiver.url, suspects=True, repeat=timedelta(0))
    desk.fails("suspect")
    desk.round(NOON)
    for name, severity in (("b", "down"), ("c", "suspect"), ("d", "down")):
        desk.fails(severity, now=NOON + MINUTE, name=name)
        desk.round(NOON + MINUTE)
    assert receiver.titles == [FAILS, STILL]


@pytest.mark.parametrize("weekly", [False, True])
def test_nothing_is_said_again_under_maintenance_and_nobody_hears_that_it_is_over(
    desk: Desk, receiver: Receiver, weekly: bool
) -> None:
    desk.tell(receiver.url)
    desk.fails()
    desk.round(NOON)
    with desk.database.begin() as tx:
        if weekly:
            rules.add(
                tx, desk.pult, desk.target.id, days=Daily(), starts=time(), length=DAY,
                reason="", now=NOON,
            )  # fmt: skip
        else:
            windows.maintenance(
                tx, desk.pult, desk.target.id, since=NOON, until=NOON + 50 * MINUTE,
                reason="", now=NOON,
            )  # fmt: skip
    desk.round(NOON + 40 * MINUTE)
    assert receiver.titles == [FAILS]


def test_who_is_told_is_changed_and_keeps_a_sealed_address_unless_told_in_another_way(
    desk: Desk, ana: Actor, ada: Actor, receiver: Receiver
) -> None:
    desk.tell(receiver.url, name="duty")
    with desk.database.read() as tx:
        (channel,) = channels.of(tx, ana, desk.school.id)
    wanted = replace(channel, name="night", suspects=True, repeat=timedelta(hours=1))
    vault = desk.console.vault
    with desk.database.begin() as tx:
        channels.change(tx, ada, wanted, vault, now=NOON)
        assert channels.of(tx, ada, desk.school.id) == [wanted]
        with pytest.raises(ChannelError, match="Enter the address anew"):
            channels.change(tx, ada, replace(wanted, transport="smtp"), vault, now=NOON)
    desk.fails("suspect")
    desk.round(NOON)
    assert receiver.titles == [FAILS]


def test_notices_of_what_is_long_over_are_forgotten_and_no_others(
    desk: Desk, receiver: Receiver
) -> None:
    desk.tell(receiver.url)
    desk.recovers(desk.fails(), now=NOON)
    desk.round(NOON)
    desk.fails(now=NOON + MINUTE, name="b")
    desk.round(NOON + MINUTE)
    with desk.database.begin() as tx:
        closed = "UPDATE incident SET closed_at = :now WHERE recovered_at IS NOT NULL"
        tx.execute(text(closed), {"now": NOON})
        before = len(desk.states())
        assert owed.forget(tx, before=NOON) == 0
        assert owed.forget(tx, before=NOON + SECOND) == before - 1
    assert desk.states() == [("trouble", 0, "sent")]


def test_what_was_over_before_anybody_was_told_is_not_told(desk: Desk, receiver: Receiver) -> None:
    desk.tell(receiver.url)
    incident = desk.fails()
    owed.follow(desk.database, desk.pult, desk.school.id, now=NOON)
    desk.recovers(incident, now=NOON + SECOND)
    assert desk.round(NOON + 2 * SECOND) == 0
    assert (receiver.got, desk.states()) == ([], [("trouble", 0, "withdrawn")])


def test_mail_goes_through_the_school_s_relay_in_the_colleague_s_language(
    desk: Desk, school: School
) -> None:
    with smtp.relay() as relay:
        with desk.database.begin() as tx:
            relays.save(
                tx, desk.pult, school.id, desk.console.vault, url=relay.url, sender=SENDER,
                now=NOON,
            )  # fmt: skip
        desk.tell("ivan@school.example", "smtp", language="ru")
        desk.fails()
        assert [desk.round(NOON + MINUTE) for _ in range(3)] == [1, 0, 0]
    (mail,) = relay.mails
    message = message_from_bytes(mail.data, policy=policy.default)
    assert (mail.recipient, message["To"]) == ("ivan@school.example", "ivan@school.example")
    assert message["From"] == SENDER
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"] == "[School 14] Media A не отвечает"
    body = message.get_body(("plain",))
    assert body is not None
    assert "Call Ivan." in body.get_content()
    assert "34" in body.get_content()


def test_what_was_not_taken_is_tried_again_until_it_is(desk: Desk, receiver: Receiver) -> None:
    desk.tell(receiver.url)
    desk.fails()
    receiver.answers = [503, 500]
    desk.round(NOON)
    assert desk.problem() == "The messenger's service does not take the notice."
    assert desk.round(NOON + 10 * SECOND) == 0, "too soon"
    assert desk.round(NOON + 20 * SECOND) == 0, "500"
    assert desk.round(NOON + 60 * SECOND) == 1
    assert desk.round(NOON + 9 * MINUTE) == 0
    assert (len(receiver.got), desk.states()) == (3, [("trouble", 0, "sent")])
    assert desk.problem() == "None"


def test_a_service_that_is_away_is_tried_again(desk: Desk, receiver: Receiver) -> None:
    desk.tell("json://127.0.0.1:9/")
    desk.fails()
    desk.round(NOON)
    assert desk.states() == [("trouble", 0, "due")]
    assert desk.problem() == "The messenger's service cannot be reached."


def test_what_may_have_arrived_is_never_sent_twice(desk: Desk, receiver: Receiver) -> None:
    desk.tell(receiver.url)
    desk.fails()
    receiver.answers = [None]
    for minute in range(20):
        desk.round(NOON + minute * MINUTE)
    assert (len(receiver.got), desk.states()) == (1, [("trouble", 0, "uncertain")])


def test_a_worker_that_died_while_sending_is_not_repeated_one_that_died_before_is(
    desk: Desk, receiver: Receiver
) -> None:
    desk.tell(receiver.url)
    desk.fails()
    owed.follow(desk.database, desk.pult, desk.school.id, now=NOON)
    for state, sent in (("claimed", 1), ("handing", 0)):
        with desk.database.begin() as tx:
            tx.execute(
                text("UPDATE notice SET state = :state, lease_until = :until"),
                {"state": state, "until": NOON + MINUTE},
            )
        assert desk.send(NOON + 59 * SECOND) == 0
        assert desk.send(NOON + MINUTE) == sent
    assert (len(receiver.got), desk.states()) == (1, [("trouble", 0, "uncertain")])


def test_two_workers_tell_it_once(desk: Desk, receiver: Receiver) -> None:
    for n in range(5):
        desk.tell(receiver.url, name=f"duty {n}")
    desk.fails()
    workers = [threading.Thread(target=desk.round, args=(NOON,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    desk.round(NOON + SECOND)
    assert (len(receiver.got), len(desk.states())) == (5, 5)


def test_it_is_said_again_while_nobody_has_it(desk: Desk, receiver: Receiver) -> None:
    desk.tell(receiver.url, repeat=30 * MINUTE)
    desk.fails()
    for minute in range(0, 61, 5):
        desk.round(NOON + minute * MINUTE)
    assert receiver.titles[1:] == ["[School 14] Still: Media A does not answer"] * 2


@pytest.mark.parametrize("hush", ["acknowledged", "taken", "silenced", "never repeated"])
def test_what_somebody_has_or_silenced_is_not_said_again(
    desk: Desk, ana: Actor, receiver: Receiver, hush: str
) -> None:
    desk.tell(receiver.url, repeat=timedelta(0) if hush == "never repeated" else 30 * MINUTE)
    incident = desk.fails()
    desk.round(NOON)
    with desk.database.begin() as tx:
        if hush == "acknowledged":
            assert alerts.acknowledge(tx, ana, "a", reason="on it", now=NOON)
        if hush == "taken":
            assert incidents.take(tx, ana, incident, now=NOON)
        if hush == "silenced":
            until = NOON + timedelta(hours=9)
            windows.silence(
                tx, ana, desk.target.id, since=NOON, until=until, reason="known", now=NOON
            )
    for minute in range(0, 240, 20):
        desk.round(NOON + minute * MINUTE)
    assert len(receiver.got) == 1
    desk.recovers(incident, now=NOON + timedelta(hours=5))
    desk.round(NOON + timedelta(hours=5))
    assert len(receiver.got) == 2, "the end is told all the same"


@pytest.mark.parametrize(("suspects", "told"), [(False, 0), (True, 1)])
def test_suspicions_are_told_to_those_who_want_them(
    desk: Desk, receiver: Receiver, suspects: bool, told: int
) -> None:
    desk.tell(receiver.url, suspects=suspects)
    desk.fails("suspect")
    desk.round(NOON)
    assert len(receiver.got) == told


def test_a_refused_mail_is_not_tried_again_and_says_so(desk: Desk, school: School) -> None:
    with smtp.relay(lambda verb, _: "550 5.1.1 no such user" if verb == "RCPT" else True) as relay:
        with desk.database.begin() as tx:
            relays.save(
                tx, desk.pult, school.id, desk.console.vault, url=relay.url, sender=SENDER,
                now=NOON,
            )  # fmt: skip
        desk.tell("nobody@school.example", "smtp")
        desk.fails()
        desk.round(NOON)
    assert desk.states() == [("trouble", 0, "failed")]
    assert desk.problem() == "The relay says: 550 5.1.1 no such user"


def test_without_a_relay_the_notice_waits_and_says_what_is_missing(desk: Desk) -> None:
    desk.tell("ivan@school.example", "smtp")
    desk.fails()
    desk.round(NOON)
    assert desk.states() == [("trouble", 0, "due")]
    assert desk.problem() == "No mail relay is set, or no sender. Enter them under Admin, Mail."


def test_an_address_is_sealed_and_never_logged(
    desk: Desk, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    desk.tell(receiver.url)
    desk.fails()
    with caplog.at_level("DEBUG"):
        desk.round(NOON)
    with desk.database.read() as tx:
        kept = repr(tx.execute(text("SELECT * FROM channel")).all())
        kept += repr(tx.execute(text("SELECT * FROM notice")).all())
    assert "hush-hush" not in kept + caplog.text + repr(apprise.relay(receiver.url))
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"address": "nonsense"}, "not the address of a messenger"),
        ({"transport": "smtp", "address": "ivan"}, "not an address that mail can reach"),
        ({"transport": "pigeon"}, "mail or a messenger"),
        ({"language": "fr"}, "one of Pult's languages"),
        ({"name": " "}, "Say who is told"),
        ({"name": "duty"}, "told already"),
        ({"repeat": MINUTE}, "five minutes or more"),
    ],
)
def test_what_cannot_be_told_is_refused_with_advice(
    desk: Desk, wishes: dict[str, Any], sentence: str
) -> None:
    desk.tell("json://127.0.0.1:9/", name="duty")
    given = {"address": "json://127.0.0.1:9/", "name": "night", **wishes}
    with pytest.raises((ChannelError, MailingError), match=sentence):
        desk.tell(**given)


@pytest.mark.parametrize(
    "address", ["tgram://123456789:abcdefghijklmnopqrstuvwxyz012345678/12345", "json://192.0.2.1/"]
)
def test_a_simulated_school_tells_nobody_outside_of_this_machine(address: str) -> None:
    apprise.relay(address)
    with pytest.raises(MailingError, match="out of this machine"):
        apprise.relay(address, loopback_only=True)


def test_after_a_restore_what_was_waiting_is_not_sent(desk: Desk, receiver: Receiver) -> None:
    desk.tell(receiver.url)
    desk.fails()
    owed.follow(desk.database, desk.pult, desk.school.id, now=NOON)
    with desk.database.begin() as tx:
        restoring.hold(tx, now=NOON)
    assert desk.send(NOON + MINUTE) == 0
    assert receiver.got == []


def test_a_trial_arrives_or_says_why_not(desk: Desk, ada: Actor, receiver: Receiver) -> None:
    channel = desk.tell(receiver.url)
    posting.try_out(desk.database, ada, channel, desk.ways, now=NOON)
    assert receiver.titles == ["[School 14] Trial"]
    receiver.answers = [403]
    with pytest.raises(MailingError, match="does not take the notice"):
        posting.try_out(desk.database, ada, channel, desk.ways, now=NOON)
