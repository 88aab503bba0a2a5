"""The two steps on the screen: an approved text looked at, then said back and sent."""

import threading

import pytest
from streamlit.testing.v1 import AppTest

from console.desk import emergencies, reach, telling
from console.desk.emergencies import Cause, Choice
from console.views import emergency, unreached
from mailing import campaigns, urgent_texts
from mailing.model import Campaign, Totals
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import stage
from tests.conftest import NOON
from tests.test_desk_emergencies import Desk, boris, desk, write  # noqa: F401 -- fixtures
from tests.test_desk_unreached import gateway


def shown(on: Desk, **cause: str) -> AppTest:
    """The fixed noon of the rows is long ago, so the lesson is made to run now."""
    later = on.console.now().timestamp()
    with on.console.db.begin() as tx:
        tx.execute(
            text("UPDATE lesson SET starts_at = :now - 60, ends_at = :now + 3600"), {"now": later}
        )
    return stage.screen("emergency", on.console, on.ana, on.school, **cause)


def test_two_steps_from_the_incident_to_the_people(desk: Desk) -> None:  # noqa: F811
    at = shown(desk, id=desk.incident)
    assert "2 people get it" in stage.said(at)
    assert "Trouble" in [str(each) for each in at.radio[0].options]
    assert campaigns_of(desk) == []
    with desk.console.db.begin() as tx:
        planned = emergencies.plan(
            tx, desk.ana, Cause("incident", desk.incident), Choice(), str, now=desk.console.now()
        )
        written = urgent_texts.get(tx, desk.ana, desk.words)
    at = stage.dialog(lambda: emergency._ask(desk.console, desk.ana, planned, written, []))
    assert "at once, before all newsletters, also at night" in stage.letters(at)
    stage.press(at, "Send to 2 people now")
    (sent,) = campaigns_of(desk)
    assert sent.totals == Totals(waiting=2)
    assert (sent.lane, sent.incident_id) == ("urgent", desk.incident)


def test_the_dialog_says_who_was_told_already_and_asks_for_a_tick(desk: Desk) -> None:  # noqa: F811
    first = desk.send()
    at = shown(desk, id=desk.incident)
    assert "Already told: " in stage.said(at)
    with desk.console.db.begin() as tx:
        now = desk.console.now()
        cause = Cause("incident", desk.incident)
        planned = emergencies.plan(tx, desk.ana, cause, Choice(), str, now=now)
        written = urgent_texts.get(tx, desk.ana, desk.words)
        before = emergencies.already_told(tx, desk.ana, planned, written, now=now)
    at = stage.dialog(lambda: emergency._ask(desk.console, desk.ana, planned, written, before))
    assert "by ana, 2 people" in stage.letters(at)
    (send,) = [each for each in at.button if each.label == "Send to 2 people now"]
    assert send.disabled
    at = at.checkbox(key="confirm-agree").check().run()
    stage.press(at, "Send to 2 people now")
    assert {each.id for each in campaigns_of(desk)} > {first}


def campaigns_of(on: Desk) -> list[Campaign]:
    with on.console.db.read() as tx:
        return emergencies.of_incident(tx, on.ana, on.incident)


def test_without_an_approved_text_the_screen_says_what_to_do(desk: Desk) -> None:  # noqa: F811
    with desk.console.db.begin() as tx:
        write(tx, desk.ana, desk.school, text_id=desk.words, guardians="too")
    at = shown(desk, id=desk.incident)
    assert "A second person agrees to one" in stage.said(at)
    assert not [each for each in at.button if each.label == "Send it now"]


def test_texts_are_begun_and_agreed_to_by_somebody_else(
    database: Database,
    school: School,
    desk: Desk,  # noqa: F811
) -> None:
    with database.begin() as tx:
        tx.execute(text("DELETE FROM urgent_text"))
    at = stage.screen("urgent", desk.console, desk.ana, school)
    at = stage.press(at, "Begin with three texts")
    agree = [each for each in at.button if each.label == "Agree to it"]
    assert [each.disabled for each in agree] == [True] * 3
    at = stage.screen("urgent", desk.console, desk.boris, school)
    next(each for each in at.button if each.label == "Agree to it").click().run()
    with database.read() as tx:
        approved = tx.execute(
            text("SELECT COUNT(*) FROM urgent_text WHERE approved_digest = digest")
        ).scalar_one()
    assert approved == 1


@pytest.mark.parametrize("module", ["emergency", "urgent"])
def test_moderators_see_neither(desk: Desk, ben: Actor, module: str) -> None:  # noqa: F811
    at = stage.screen(module, desk.console, ben, desk.school)
    assert "Your role does not allow this" in stage.said(at)


def test_those_not_reached_are_told_by_one_click(desk: Desk, ada: Actor) -> None:  # noqa: F811
    """Lena has no address and a telephone; the school has a gateway."""
    on = desk.console
    with gateway() as (url, asked):
        with on.db.begin() as tx:
            lena = tx.execute(text("SELECT id FROM person WHERE name = 'lena'")).scalar_one()
            tx.execute(text("UPDATE person SET email = '' WHERE id = :id"), {"id": lena})
            reach.save(tx, desk.ana, lena, on.vault, phone="79001234567", ways=(), now=NOON)
            reach.set_gateway(
                tx, ada, desk.school.id, on.vault, "sms", f"{url}/{{number}}", now=NOON
            )
        campaign_id = desk.send()
        with on.db.begin() as tx:
            tx.execute(text("UPDATE delivery SET state = 'sent' WHERE name = 'oleg'"))
            campaign = campaigns.get(tx, desk.ana, campaign_id)
        at = stage.screen("delivery", on, desk.ana, desk.school, id=campaign_id)
        assert "No address is known" in stage.said(at)
        assert "Next way for 1 person" in [each.label for each in at.button]
        found = unreached.standing(on, desk.ana, campaign)
        at = stage.dialog(lambda: unreached._ask(on, desk.ana, campaign, found))
        assert "SMS: 1" in stage.letters(at)
        stage.press(at, "Tell 1 person")
        telling.send_due(on.db, on.ways, on.adapters, clock=on.now, stop=threading.Event())
    assert len(asked) == 1
    at = stage.screen("delivery", on, desk.ana, desk.school, id=campaign_id)
    assert "Everybody was reached" in stage.said(at)


def test_how_a_person_is_reached_stands_on_their_page(desk: Desk) -> None:  # noqa: F811
    with desk.console.db.begin() as tx:
        lena = tx.execute(text("SELECT id FROM person WHERE name = 'lena'")).scalar_one()
        reach.save(
            tx, desk.ana, lena, desk.console.vault, phone="79001234567", ways=("sms",), now=NOON
        )
    at = stage.screen("person", desk.console, desk.ana, desk.school, id=lena)
    assert "Order of ways: SMS → " in stage.said(at)
    assert "79001234567" in stage.letters(at)
