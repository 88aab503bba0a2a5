"""An emergency: approved words with the facts, before all newsletters, to the same people again."""

import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest

from console import mail_rounds
from console.desk import affected, emergencies, incidents, relays
from console.desk.affected import Hit
from console.desk.emergencies import Cause, Choice
from console.i18n import say, speaking
from console.wiring import Console
from mailing import (
    campaigns,
    reached,
    releasing,
    segments,
    suppression,
    urgent,
    urgent_texts,
)
from mailing.model import MailingError, Totals
from mailing.segments import Segment
from mailing.timing import Quiet, Terms
from store import guardians, roster
from store.access import Actor, Denied
from store.db import Connection, Database, text
from store.schools import School
from store.words import Words
from tests import patience, smtp, stage
from tests.conftest import NOON
from tests.smtp import Relayed
from tests.test_desk_notices import incident, lesson
from tests.test_mailing_campaigns import EVERYONE, SENDER, person

SUBJECT = {"en": "{{ lesson }}: we are on it", "ru": "{{ lesson }}: разбираемся"}
BODY = {
    "en": "Hello {{ name }}, {{ what }} since {{ since }}. [Come in]({{ link }}) {{ note }}",
    "ru": "{{ name }}, {{ what }} с {{ since }}. [Войти]({{ link }}) {{ note }}",
}


@dataclass
class Desk:
    console: Console
    school: School
    relay: Relayed
    ana: Actor
    boris: Actor
    incident: str
    words: str

    def plan(self, tx: Connection, cause: Cause, **chosen: Any) -> emergencies.Plan:
        choice = Choice(**chosen)
        return emergencies.plan(
            tx, self.ana, cause, choice, lambda id_: f"https://pult.test/lesson/{id_}", now=NOON
        )

    def send(self, cause: Cause | None = None, again: Collection[str] = (), **chosen: Any) -> str:
        with self.console.db.begin() as tx:
            planned = self.plan(tx, cause or Cause("incident", self.incident), **chosen)
            written = urgent_texts.get(tx, self.ana, self.words)
            return emergencies.send(
                tx, self.ana, planned, self.words, written.digest, sender=SENDER, again=again,
                now=NOON,
            )  # fmt: skip

    def told(self, cause: Cause) -> list[tuple[str, str, int]]:
        with self.console.db.read() as tx:
            written = urgent_texts.get(tx, self.ana, self.words)
            found = emergencies.already_told(tx, self.ana, self.plan(tx, cause), written, now=NOON)
        return [(each.campaign_id, each.by, each.people) for each in found]

    def totals(self, campaign_id: str) -> Totals:
        with self.console.db.read() as tx:
            return campaigns.totals(tx, self.ana, campaign_id)


@pytest.fixture
def boris(school: School) -> Actor:
    return Actor("boris", "Boris", "coordinator", frozenset({school.id}))


def write(tx: Connection, actor: Actor, school: School, **changed: Any) -> str:
    return urgent_texts.save(
        tx, actor, school.id, now=NOON,
        **({"name": "Trouble", "subject": SUBJECT, "body": BODY} | changed),
    )  # fmt: skip


def agree(tx: Connection, actor: Actor, text_id: str) -> None:
    shown = urgent_texts.get(tx, actor, text_id)
    urgent_texts.approve(tx, actor, text_id, shown.digest, now=NOON)


@pytest.fixture
def desk(database: Database, school: School, ana: Actor, boris: Actor) -> Iterator[Desk]:
    console = stage.console(database)
    with smtp.relay(offers=("PIPELINING",)) as relay:
        with database.begin() as tx:
            room_id, _course = lesson(tx, school, "Algebra", ["lena", "oleg"])
            lesson(tx, school, "Physics", ["wei"])
            relays.save(
                tx, Actor("ada", "Ada", "admin", ana.schools), school.id, console.vault,
                url=relay.url, sender=SENDER, now=NOON,
            )  # fmt: skip
            words = write(tx, ana, school)
            agree(tx, boris, words)
            found = incident(tx, ana, school, room_id)
        yield Desk(console, school, relay, ana, boris, found, words)


def parent(desk: Desk, child: str, name: str = "mum") -> None:
    with desk.console.db.begin() as tx:
        email = f"{name}@parents.test"
        guardian = roster.save_person(
            tx, desk.ana, desk.school.id, name=name, email=email, role="guardian",
            source="t", now=NOON,
        )  # fmt: skip
        guardians.add(tx, desk.ana, desk.school.id, guardian, [f"{child}@pupils.test"])


def delivered(desk: Desk) -> None:
    """One round of the urgent lane, a minute later: the fixed clock of the tests stands at noon."""
    mail_rounds.urgent_mail(desk.console, threading.Event())


def test_an_approved_text_carries_each_persons_facts_over_night_and_opt_outs(desk: Desk) -> None:
    with desk.console.db.begin() as tx:
        for topic in ("", "announcements"):
            suppression.add(
                tx, desk.ana, desk.school.id, "lena@pupils.test", topic=topic,
                reason=suppression.UNSUBSCRIBED, now=NOON,
            )  # fmt: skip
    campaign = desk.send(note="Room 12.")
    delivered(desk)
    assert desk.totals(campaign) == Totals(sent=2)
    read = [message_from_bytes(each.data, policy=policy.default) for each in desk.relay.mails]
    assert {str(each["Subject"]) for each in read} == {"Algebra: разбираемся"}
    page = read[0].get_body(("html",))
    assert page is not None
    said = str(page.get_content())
    with speaking("ru"):
        assert say(Words("{name} has stopped", {"name": "Algebra"}), markdown=False) in said
    assert "с 15:00" in said  # noon UTC by the school's clock
    assert "Room 12." in said
    assert 'href="https://pult.test/lesson/' in said
    with desk.console.db.read() as tx:
        told = incidents.timeline(tx, desk.ana, desk.incident)[-1]
        assert (told.kind, str(told.said)) == ("told", "2 people are told by mail.")


def test_it_never_goes_over_a_dead_address(desk: Desk) -> None:
    with desk.console.db.begin() as tx:
        suppression.add(
            tx, desk.ana, desk.school.id, "lena@pupils.test", topic="x", reason="hard bounce",
            now=NOON,
        )  # fmt: skip
    campaign = desk.send()
    delivered(desk)
    assert desk.totals(campaign) == Totals(sent=1, suppressed=1)
    assert desk.relay.recipients == ["oleg@pupils.test"]


def test_only_what_a_second_person_agreed_to_is_sent(desk: Desk) -> None:
    with desk.console.db.begin() as tx:
        changed = BODY | {"en": "Other words"}
        urgent_texts.save(
            tx, desk.boris, desk.school.id, name="Trouble", subject=SUBJECT, body=changed,
            text_id=desk.words, now=NOON,
        )  # fmt: skip
        assert not urgent_texts.get(tx, desk.ana, desk.words).approved
        with pytest.raises(MailingError, match="you who wrote it"):
            agree(tx, desk.boris, desk.words)
    with pytest.raises(MailingError, match="Nobody else has agreed"):
        desk.send()
    with desk.console.db.begin() as tx:
        agree(tx, desk.ana, desk.words)
        with pytest.raises(MailingError, match="changed since it was shown"):
            urgent_texts.approve(tx, desk.ana, desk.words, "another", now=NOON)
        planned = desk.plan(tx, Cause("incident", desk.incident))
        with pytest.raises(MailingError, match="changed since it was shown"):
            emergencies.send(tx, desk.ana, planned, desk.words, "another", sender=SENDER, now=NOON)
    assert desk.send()


def test_changing_back_to_what_was_agreed_is_still_agreed(desk: Desk) -> None:
    with desk.console.db.begin() as tx:
        write(tx, desk.ana, desk.school, text_id=desk.words, guardians="too")
        assert not urgent_texts.get(tx, desk.ana, desk.words).approved
        write(tx, desk.ana, desk.school, text_id=desk.words)
        assert urgent_texts.get(tx, desk.ana, desk.words).approved


def test_parents_come_as_chosen_with_their_childs_lesson(desk: Desk) -> None:
    parent(desk, "lena")
    with desk.console.db.read() as tx:
        too = desk.plan(tx, Cause("incident", desk.incident), guardians="too")
        instead = desk.plan(tx, Cause("incident", desk.incident), guardians="instead")
    assert sorted(each.name for each in too.people.people) == ["lena", "mum", "oleg"]
    assert [(each.name, each.fields["lesson"]) for each in instead.people.people] == [
        ("mum", "Algebra")
    ]


def test_what_follows_goes_to_exactly_the_same_people(desk: Desk) -> None:
    first = desk.send()
    with desk.console.db.begin() as tx:
        tx.execute(text("DELETE FROM enrolment"))
        roster.save_person(
            tx, desk.ana, desk.school.id, name="late", email="late@pupils.test", source="t",
            now=NOON,
        )  # fmt: skip
    second = desk.send(Cause("campaign", first), note="It is over.")
    third = desk.send(Cause("campaign", second), note="Really.")
    with desk.console.db.begin() as tx:
        tx.execute(
            text("UPDATE delivery SET state = 'failed' WHERE campaign_id = :id AND name = 'oleg'"),
            {"id": first},
        )
    with desk.console.db.read() as tx:
        counted = desk.plan(tx, Cause("campaign", third), note="So be it.").first
    assert (counted.waiting, counted.failed) == (1, 1), "said back before more is told"
    with desk.console.db.begin() as tx:
        tx.execute(text("UPDATE delivery SET state = 'due' WHERE name = 'oleg'"))
    delivered(desk)
    assert desk.relay.recipients == ["lena@pupils.test"] * 3 + ["oleg@pupils.test"] * 3
    with desk.console.db.read() as tx:
        assert {campaigns.get(tx, desk.ana, each).follows for each in (second, third)} == {first}
        found = emergencies.of_incident(tx, desk.ana, desk.incident)
    assert {each.id for each in found} == {first, second, third}
    assert sum(b"Algebra" in each.data for each in desk.relay.mails) == 6


@pytest.mark.parametrize(("chosen", "says"), [("en", "has stopped"), ("zh_Hans", "остановил")])
def test_facts_are_in_the_language_that_the_letter_has(desk: Desk, chosen: str, says: str) -> None:
    """Chosen behind the link; the text is not written in Chinese, and the school's is Russian."""
    with desk.console.db.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO chosen_language (school_id, email, language, changed_at)
                VALUES (:school, 'lena@pupils.test', :language, 0)
            """),
            {"school": desk.school.id, "language": chosen},
        )
        planned = desk.plan(tx, Cause("incident", desk.incident), written=tuple(BODY))
    lena, oleg = planned.people.people
    assert says in lena.fields["what"]
    assert "остановил" in oleg.fields["what"]


def test_who_was_told_already_is_told_again_only_on_purpose(desk: Desk) -> None:
    first = desk.send()
    assert desk.told(Cause("incident", desk.incident)) == [(first, "ana", 2)]
    with pytest.raises(MailingError, match=r"2 of them were told at 15:00 already, by ana"):
        desk.send(note="Other words.")
    second = desk.send(again={first})
    with pytest.raises(MailingError, match="told at 15:00 already"):
        desk.send(again={first})  # somebody was faster: she has not seen the second one
    assert desk.send(again={first, second})


def test_who_was_not_reached_does_not_count_as_told(desk: Desk) -> None:
    first = desk.send()
    with desk.console.db.begin() as tx:
        tx.execute(text("UPDATE delivery SET state = 'failed' WHERE name = 'lena'"))
    assert desk.told(Cause("incident", desk.incident)) == [(first, "ana", 1)]
    with desk.console.db.begin() as tx:
        tx.execute(text("UPDATE delivery SET state = 'failed'"))
    assert desk.send()


def test_another_incident_of_the_same_lesson_is_the_same_trouble(desk: Desk) -> None:
    with desk.console.db.begin() as tx:
        lessons = {row.title: row for row in tx.execute(text("SELECT * FROM lesson"))}
        room_id = lessons["Physics"].room_id
        source = incidents.Source("y", Words("Physics"), "down", 1, room_id=room_id)
        other = incidents.raise_(tx, desk.ana, desk.school.id, source, now=NOON)
    first = desk.send()
    assert desk.told(Cause("lesson", lessons["Algebra"].id)) == [(first, "ana", 2)]
    assert desk.told(Cause("lesson", lessons["Physics"].id)) == []
    assert desk.told(Cause("incident", other)) == []
    with desk.console.db.begin() as tx:
        tx.execute(text("UPDATE campaign SET created_at = created_at - 86400"))
    assert desk.told(Cause("lesson", lessons["Algebra"].id)) == []
    assert desk.told(Cause("incident", desk.incident)) == [(first, "ana", 2)]


def test_what_follows_is_not_told_twice_in_the_same_words(desk: Desk) -> None:
    first = desk.send()
    over = Cause("campaign", first)
    second = desk.send(over, note="It is over.")
    with pytest.raises(MailingError, match="already"):
        desk.send(over, note="It is over.")
    assert desk.send(over, note="Room 12.")
    assert desk.send(over, again={second}, note="It is over.")


def test_two_who_tell_at_the_same_moment_tell_once(desk: Desk) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def tell() -> None:
        start.wait()
        try:
            desk.send()
        except MailingError as error:
            outcomes.append(str(error))
        else:
            outcomes.append("sent")

    both = [threading.Thread(target=tell) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    refused, sent = sorted(outcomes)
    assert refused.startswith("2 of them were told")
    assert sent == "sent"


def test_the_live_lesson_is_a_cause_of_its_own(desk: Desk) -> None:
    with desk.console.db.read() as tx:
        id_ = tx.execute(text("SELECT id FROM lesson WHERE title = 'Physics'")).scalar_one()
        planned = desk.plan(tx, Cause("lesson", id_))
    assert [(p.name, p.fields["lesson"]) for p in planned.people.people] == [("wei", "Physics")]


def test_a_cause_that_names_nobody_asks_for_people(desk: Desk) -> None:
    with desk.console.db.begin() as tx:
        nobody = incident(tx, desk.ana, desk.school, None)
        tx.execute(text("UPDATE lesson SET ends_at = starts_at"))
        with pytest.raises(incidents.IncidentError, match="Choose the people"):
            desk.plan(tx, Cause("incident", nobody))
        everybody = emergencies.plan(
            tx, desk.ana, Cause("incident", nobody), Choice(segment=EVERYONE), str, now=NOON
        )
    assert everybody.mailed == 3


def test_only_those_who_send_may(desk: Desk, ben: Actor, eve: Actor, zoe: Actor) -> None:
    with desk.console.db.begin() as tx:
        planned = desk.plan(tx, Cause("incident", desk.incident))
        for actor in (ben, eve, zoe):
            with pytest.raises(Denied):
                emergencies.send(tx, actor, planned, desk.words, "x", sender=SENDER, now=NOON)


def test_a_newsletter_of_thousands_in_flight_makes_way(
    database: Database, school: School, ana: Actor, boris: Actor
) -> None:
    """The relay takes a hundred a second over all its connections; the urgent one goes between."""
    turn = threading.Lock()

    def slow(verb: str, _argument: str) -> bool:
        if verb == "END":
            with turn:
                time.sleep(0.005)
        return True

    console, stop = stage.console(database), threading.Event()
    with smtp.relay(slow, offers=("PIPELINING",)) as relay:
        with database.begin() as tx:
            room_id, _course = lesson(tx, school, "Algebra", ["lena", "oleg"])
            ada = Actor("ada", "Ada", "admin", ana.schools)
            relays.save(tx, ada, school.id, console.vault, url=relay.url, sender=SENDER, now=NOON)
            for n in range(3000):
                roster.save_person(
                    tx, ana, school.id, name=f"p{n}", email=f"p{n}@many.test", source="t", now=NOON
                )
            news = campaigns.draft(
                tx, ana, school.id, subject={"en": "News"}, body={"en": "Dear {{ name }}"},
                segment=EVERYONE, sender=SENDER, now=NOON,
            )  # fmt: skip
            releasing.release(tx, ana, news, now=datetime.now(UTC) - timedelta(hours=1))
            words = write(tx, ana, school)
            agree(tx, boris, words)
            found = incident(tx, ana, school, room_id)
        worker = threading.Thread(target=mail_rounds.mail, args=(console, stop))
        worker.start()
        patience.until(lambda: len(relay.mails) >= 100)
        desk = Desk(console, school, relay, ana, boris, found, words)
        before = len(relay.mails)
        alarm = desk.send()
        worker.join(60)  # it makes way without being told
        assert not worker.is_alive()
        mail_rounds.mail(console, stop)  # and does not begin again before
        delivered(desk)
        stop.set()
        taken = [mail.recipient for mail in relay.mails]
        assert desk.totals(alarm) == Totals(sent=2)
        urgent_at = [n for n, each in enumerate(taken) if each.endswith("@pupils.test")]
        assert len(urgent_at) >= 2
        assert desk.totals(news).waiting > 2000, (before, len(taken))
        assert desk.totals(news).held == 0


def test_quiet_hours_are_no_matter(desk: Desk) -> None:
    quiet = Terms(quiet=Quiet.parse("00:00-23:59"))
    campaign = desk.send()
    with desk.console.db.read() as tx:
        found = campaigns.get(tx, desk.ana, campaign)
    assert quiet.quiet is not None
    assert found.leaves_at == NOON
    assert (found.lane, found.uncertain) == (urgent.LANE, "resend")


def test_those_without_an_address_stand_in_the_ledger(desk: Desk) -> None:
    with desk.console.db.begin() as tx:
        tx.execute(text("UPDATE person SET email = '' WHERE name = 'lena'"))
    campaign = desk.send()
    with desk.console.db.read() as tx:
        missing = reached.undelivered(tx, desk.ana, campaign)
    assert {each.name: each.state for each in missing} == {
        "lena": "suppressed",
        "oleg": "waiting",
    }


def test_siblings_with_one_address_are_told_each_of_their_lesson_and_once_of_the_same(
    desk: Desk, school: School
) -> None:
    with desk.console.db.begin() as tx:
        tx.execute(text("UPDATE person SET email = 'mama@mail.ru', fields = '{}'"))
    campaign = desk.send()  # both have Algebra
    with desk.console.db.read() as tx:
        missing = {each.name: str(each.why) for each in reached.undelivered(tx, desk.ana, campaign)}
    assert missing["oleg"] == "Shares the address with lena, who gets it."
    hits = [Hit("a", "algebra", "Algebra", "11:00"), Hit("p", "physics", "Physics", "12:00")]
    told = {"lena": affected._facts(hits[:1], str), "oleg": affected._facts(hits[1:], str)}
    with desk.console.db.read() as tx:
        ids = {each.name: each.id for each in roster.people(tx, desk.ana, school.id)}
        found = segments.audience(
            tx, desk.ana, school.id, Segment(people=(ids["lena"], ids["oleg"])), topic="service",
            letters=affected.letters({ids[name]: facts for name, facts in told.items()}), now=NOON,
        )  # fmt: skip
    assert [each.name for each in found.people] == ["lena", "oleg"]
    assert [each.shares for each in found.meant()] == [False, True]


def test_a_parent_of_two_is_told_of_both_lessons_and_her_own_comes_first(desk: Desk) -> None:
    hits = [
        Hit("", "physics", "Physics", "10:00"),
        Hit("a", "algebra", "Algebra", "11:00"),
        Hit("b", "algebra", "Algebra", "12:00"),
    ]
    with desk.console.db.begin() as tx:
        for table in ("enrolment", "guardian"):
            tx.execute(text(f"DELETE FROM {table}"))
        mother, older, younger = (
            person(tx, desk.ana, desk.school, name) for name in ("Mother", "Older", "Younger")
        )
        for course in ("physics", "algebra"):
            tx.execute(
                text("""
                    INSERT INTO course (id, school_id, external_id, name, gone, updated_at)
                    VALUES (:id, :school, :id, :id, FALSE, 0)
                """),
                {"id": course, "school": desk.school.id},
            )
        for child, course in ((older, "physics"), (younger, "algebra")):
            tx.execute(
                text("""
                    INSERT INTO enrolment (course_id, person_id, school_id, role)
                    VALUES (:course, :child, :school, 'student')
                """),
                {"course": course, "child": child, "school": desk.school.id},
            )
            tx.execute(
                text("INSERT INTO guardian (person_id, guardian_id) VALUES (:c, :m)"),
                {"c": child, "m": mother},
            )
        found = affected.told(tx, desk.school, hits, lambda lesson: f"/{lesson}")
    assert found[older] == {"lesson": "Physics", "begins": "10:00", "link": ""}
    assert found[younger] == {"lesson": "Algebra", "begins": "11:00, 12:00", "link": "/a"}
    assert set(found[mother]["lesson"].split(", ")) == {"Physics", "Algebra"}
    assert set(found[mother]["begins"].split(", ")) == {"10:00", "11:00", "12:00"}
    assert found[mother]["link"] == "/a"
