"""Notices that do not arrive are told where she looks: on the incident, and on the overview."""

from datetime import datetime, timedelta
from functools import partial

import pytest

from console.desk import alerting, cards, channels, evening, incidents, posting, unheard
from console.desk.incidents import Incident
from console.desk.unheard import Unheard
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import stage
from tests.conftest import NOON
from tests.test_desk_notices_to_staff import Desk, Receiver, receiver

__all__ = ["receiver"]

MINUTE = timedelta(minutes=1)
SHUT = "json://robot:hush-hush@127.0.0.1:9/hook"


@pytest.fixture
def desk(database: Database, school: School) -> Desk:
    return Desk(database, school)


def missed(desk: Desk, incident_id: str) -> Unheard | None:
    with desk.database.read() as tx:
        return unheard.of(tx, desk.pult, incident_id)


def minutes(desk: Desk, count: int, *, since: datetime = NOON) -> datetime:
    """As many minutes of a worker's rounds; when the last one was."""
    now = since
    for _ in range(count):
        now += MINUTE
        desk.round(now)
        unheard.follow(desk.database, desk.pult, desk.school.id, now=now)
    return now


def standing(desk: Desk) -> list[Incident]:
    with desk.database.read() as tx:
        found = incidents.open_(tx, desk.pult, desk.school.id)
    return [each for each in found if each.source == unheard.SOURCE and not each.recovered_at]


def test_while_nothing_failed_nothing_is_said(desk: Desk, receiver: Receiver) -> None:
    incident = desk.fails()
    assert missed(desk, incident) is None  # nobody is to be told
    desk.tell(receiver.url)
    minutes(desk, 3)
    assert missed(desk, incident) is None
    assert standing(desk) == []


def test_one_try_in_vain_is_no_news_and_three_are(desk: Desk) -> None:
    desk.tell(SHUT, name="Ivan")
    incident = desk.fails()
    now = minutes(desk, 1)
    assert missed(desk, incident) is None
    minutes(desk, 4, since=now)
    found = missed(desk, incident)
    assert found is not None
    assert (found.names, found.nobody, found.again) == (("Ivan",), True, True)
    assert found.why is not None


def test_what_one_has_heard_is_not_said_to_have_reached_nobody(
    desk: Desk, receiver: Receiver
) -> None:
    desk.tell(SHUT, name="Ivan")
    desk.tell(receiver.url, name="Olga")
    incident = desk.fails()
    minutes(desk, 6)
    found = missed(desk, incident)
    assert found is not None
    assert (found.names, found.nobody) == (("Ivan",), False)
    assert standing(desk) == []


def test_that_nobody_can_be_told_needs_a_hand_until_a_notice_arrives(
    desk: Desk, ana: Actor, receiver: Receiver
) -> None:
    receiver.answers = [500] * 4
    desk.tell(receiver.url)
    desk.fails()
    now = minutes(desk, 5)
    (found,) = standing(desk)
    assert alerting.advice(found) == unheard.ADVICE
    page = partial(stage.screen, "incident", desk.console, ana, desk.school, id=found.id)
    assert unheard.ADVICE in stage.said(page())
    seen = evening.read(desk.database, ana, desk.school.id, now=now)
    titles = [str(card.title) for card in cards.cards(seen, [], {})]
    assert str(unheard.TITLE) in titles
    minutes(desk, 20, since=now)
    assert standing(desk) == []
    assert unheard.ADVICE not in stage.said(page())  # over, and closed by itself
    assert not any("Nobody can be told" in title for title in receiver.titles)


def fails_in_vain(desk: Desk) -> tuple[str, datetime]:
    """An incident of which a channel will never be told, and when that stands on the overview."""
    incident = desk.fails()
    now = minutes(desk, 1)
    with desk.database.begin() as tx:
        tx.execute(text("UPDATE notice SET state = 'failed', attempt = 60"))
    now = minutes(desk, 1, since=now)
    assert len(standing(desk)) == 1
    return incident, now


def test_a_trial_that_arrives_ends_it_also_where_nothing_is_owed_any_more(
    desk: Desk, ana: Actor, ada: Actor, receiver: Receiver
) -> None:
    channel = desk.tell(SHUT, name="Ivan", repeat=timedelta())
    incident, now = fails_in_vain(desk)
    with desk.database.begin() as tx:
        incidents.take(tx, ana, incident, now=now)
        (told,) = channels.of(tx, ada, desk.school.id)
        vault = desk.console.vault
        channels.change(tx, ada, told, vault, address=receiver.url, now=now)
    now = minutes(desk, 1, since=now)
    assert len(standing(desk)) == 1  # an address is no proof
    posting.try_out(desk.database, ada, channel, desk.ways, now=now)
    assert standing(desk) == []
    minutes(desk, 9, since=now)
    assert standing(desk) == []
    assert receiver.titles == ["[School 14] Trial"]  # somebody has the other


def test_who_was_not_told_is_told_anew_once_the_channel_is_another(
    desk: Desk, ada: Actor, receiver: Receiver
) -> None:
    desk.tell(SHUT, name="Ivan", repeat=timedelta())
    incident, now = fails_in_vain(desk)
    with desk.database.begin() as tx:
        (told,) = channels.of(tx, ada, desk.school.id)
        vault = desk.console.vault
        channels.change(tx, ada, told, vault, address=receiver.url, now=now)
    minutes(desk, 2, since=now)
    assert standing(desk) == []
    assert missed(desk, incident) is None
    assert len(receiver.titles) == 1


def test_while_the_channel_still_fails_it_can_be_closed_by_who_has_the_rest(
    desk: Desk, ana: Actor
) -> None:
    desk.tell(SHUT, name="Ivan")
    incident, now = fails_in_vain(desk)
    (found,) = standing(desk)
    with desk.database.begin() as tx:
        incidents.take(tx, ana, incident, now=now)
        incidents.close(tx, ana, found.id, "told by hand", now=now)
    minutes(desk, 3, since=now)
    assert standing(desk) == []


def test_the_incident_s_page_says_whom_it_did_not_reach_and_why(
    desk: Desk, school: School, ana: Actor
) -> None:
    desk.tell(SHUT, name="Ivan [x](http://y)")
    incident = desk.fails()
    minutes(desk, 5)
    at = stage.screen("incident", desk.console, ana, school, id=incident)
    assert not at.exception
    said = stage.said(at)
    assert ":red[▲] Nobody could be told: the notices to " in said
    assert "It is tried again." in said
    assert "[x](http://y)" not in said
