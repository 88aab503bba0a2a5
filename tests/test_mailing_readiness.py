"""What stops a letter stops it wherever it is sent from; some of it a person may overrule."""

import pytest

from mailing import campaigns, readiness, releasing
from mailing.model import MailingError
from mailing.readiness import NotReady
from mailing.segments import Segment
from store import roster
from store.access import Actor
from store.db import Connection, Database
from store.schools import School
from store.words import Words
from tests.conftest import NOON
from tests.test_mailing_campaigns import EVERYONE, SENDER

ROOM = {"en": "Dear {{ name }}, go to {{ room }}."}


def person(tx: Connection, ana: Actor, school: School, name: str, **fields: str) -> str:
    language = fields.pop("language", "en")
    return roster.save_person(
        tx, ana, school.id, name=name, email=f"{name.lower()}@school.test",
        role=fields.pop("role", "student"), language=language, fields=fields, source="test",
        now=NOON,
    )  # fmt: skip


def drafted(
    tx: Connection,
    ana: Actor,
    school: School,
    body: dict[str, str],
    subject: dict[str, str] | None = None,
    segment: Segment = EVERYONE,
) -> str:
    return campaigns.draft(
        tx, ana, school.id, subject=subject or dict.fromkeys(body, "Room"), body=body,
        segment=segment, sender=SENDER, now=NOON,
    )  # fmt: skip


def refused(
    database: Database, ana: Actor, campaign_id: str, anyway: str = ""
) -> list[tuple[str, tuple[str, ...], bool]]:
    with pytest.raises(NotReady) as caught, database.begin() as tx:
        releasing.release(tx, ana, campaign_id, anyway=anyway, now=NOON)
    with database.read() as tx:
        found = campaigns.get(tx, ana, campaign_id)
    assert (found.state, found.totals.audience) == ("draft", 0), "nothing has begun"
    return [(str(each.words), each.who, each.forbids) for each in caught.value.findings]


def test_a_field_that_some_lack_stops_the_letter_and_they_are_counted_and_named(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina", room="R1")
        person(tx, ana, school, "Boris")
        campaign_id = drafted(tx, ana, school, ROOM)
    told = [("Field room is empty: 1 of 2.", ("Boris",), False)]
    assert refused(database, ana, campaign_id) == told
    assert refused(database, ana, campaign_id, anyway="  ") == told


def test_a_reason_lets_it_out_and_stays_with_what_was_open(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Boris")
        campaign_id = drafted(tx, ana, school, ROOM)
        releasing.release(tx, ana, campaign_id, anyway="He has no room yet", now=NOON)
        found = readiness.overruled(tx, ana, campaign_id)
    assert found is not None
    assert (found.account_name, found.reason) == (readiness.NOBODY, "He has no room yet")
    assert [str(each) for each in found.points] == ["Field room is empty: 1 of 1."]


def test_what_is_mended_after_it_was_called_back_needs_no_reason_and_leaves_none(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Boris")
        campaign_id = drafted(tx, ana, school, ROOM)
        releasing.release(tx, ana, campaign_id, anyway="A trial", now=NOON)
        assert releasing.cancel(tx, ana, campaign_id, now=NOON)
        campaigns.save(
            tx, ana, campaign_id, subject={"en": "S"}, body={"en": "Come"}, segment=EVERYONE,
            sender=SENDER, now=NOON,
        )  # fmt: skip
        assert releasing.release(tx, ana, campaign_id, now=NOON)
        assert readiness.overruled(tx, ana, campaign_id) is None


@pytest.mark.parametrize(
    ("subject", "body", "said", "who"),
    [
        ("S", "{% if role = teacher %}Come{% end %}", "an empty letter", ("Boris",)),
        ("S", "{{ note }}", "an empty letter", ("Alina", "Boris")),
        ("{% if role = teacher %}S{% end %}", "Come", "without one", ("Boris",)),
        ("{{ note }}", "Come", "without one", ("Alina", "Boris")),
    ],
)
def test_no_reason_lets_an_empty_letter_out(
    database: Database,
    school: School,
    ana: Actor,
    subject: str,
    body: str,
    said: str,
    who: tuple[str, ...],
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina", role="teacher")
        person(tx, ana, school, "Boris")
        campaign_id = drafted(tx, ana, school, {"en": body}, {"en": subject})
    [(words, names, forbids)] = refused(database, ana, campaign_id, anyway="I want it so")
    assert said in words
    assert f"{len(who)} of 2" in words
    assert (sorted(names), forbids) == ([*who], True)


def test_conditions_that_leave_everybody_a_text_stop_nothing(
    database: Database, school: School, ana: Actor
) -> None:
    body = {"en": "{% if room %}Go to {{ room }}.{% else %}Wait.{% end %}"}
    with database.begin() as tx:
        person(tx, ana, school, "Alina", room="R1")
        person(tx, ana, school, "Boris")
        campaign_id = drafted(tx, ana, school, body)
        assert releasing.release(tx, ana, campaign_id, now=NOON)


def test_whoever_is_left_out_lacks_nothing(database: Database, school: School, ana: Actor) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina", room="R1")
        roster.save_person(
            tx, ana, school.id, name="Nemo", email="", language="en", source="test", now=NOON
        )
        assert releasing.release(tx, ana, drafted(tx, ana, school, ROOM), now=NOON)


def test_a_reader_without_a_text_in_her_language_gets_the_schools_and_nothing_is_stopped(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Li", language="zh_Hans")
        assert releasing.release(tx, ana, drafted(tx, ana, school, {"en": "Come"}), now=NOON)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("[Plan](https://bit.ly/x)", "hides where a link leads"),
        ("[bank.example](https://fraud.example)", "that is how frauds look"),
        ("[](https://school.example)", "no words to press on"),
        ("word " * 30_000, "weighs"),
    ],
)
def test_what_spam_filters_and_readers_stumble_over_stops_it_until_she_says_why(
    database: Database, school: School, ana: Actor, body: str, said: str
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina")
        campaign_id = drafted(tx, ana, school, {"en": body})
    [(words, _who, forbids)] = refused(database, ana, campaign_id)
    assert said in words
    assert not forbids
    with database.begin() as tx:
        assert releasing.release(tx, ana, campaign_id, anyway="They know it", now=NOON)


def test_a_link_found_dead_stops_it_while_it_stands_in_the_text(
    database: Database, school: School, ana: Actor
) -> None:
    dead = Words("Nothing answers at {address}.", {"address": "http://a.example/"})
    with database.begin() as tx:
        person(tx, ana, school, "Alina")
        campaign_id = drafted(tx, ana, school, {"en": "[Plan](http://a.example/)"})
        readiness.keep_look(tx, ana, campaign_id, [dead], now=NOON)
    assert refused(database, ana, campaign_id)[0][0] == "Nothing answers at http://a.example/."
    with database.begin() as tx:
        campaigns.save(
            tx, ana, campaign_id, subject={"en": "S"}, body={"en": "[Plan](http://b.example/)"},
            segment=EVERYONE, sender=SENDER, now=NOON,
        )  # fmt: skip
        assert releasing.release(tx, ana, campaign_id, now=NOON)


def test_a_text_or_a_subject_that_is_missing_is_refused_whatever_the_reason(
    database: Database, school: School, ana: Actor
) -> None:
    with database.begin() as tx:
        person(tx, ana, school, "Alina")
        bare = drafted(tx, ana, school, {"en": "  "})
        untitled = drafted(tx, ana, school, {"en": "Come"}, {"en": " "})
    for campaign_id, said in ((bare, "is empty"), (untitled, "subject is missing")):
        with pytest.raises(MailingError, match=said), database.begin() as tx:
            releasing.release(tx, ana, campaign_id, anyway="I want it so", now=NOON)
