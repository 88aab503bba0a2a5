"""The welfare screen on a stage: the evidence, and an answer that is kept."""

import re
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from console.views import alarm_answer
from console.wiring import Console
from moderation import comments, judging, review, rules, safeguarding, welfare, wordings
from store import access
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import stage
from tests.stage import letters, press, rude, said, screen

CRY = "nobody cares, I want to die <img src=x>"
ANSWER = replace(rude(2, "what happened?"), thread_id="t1")


@pytest.fixture
def console(database: Database, school: School) -> Console:
    on = stage.console(database)
    shelf = stage.connect(on, school, "http://127.0.0.1:9", "none")
    pult = access.system(school.id)
    with on.db.begin() as tx:
        merged = wordings.merge(tx, pult, school.id, shelf, rude(1, CRY), now=on.now())
        kept = comments.get(tx, pult, merged.id)
        assert kept is not None
        judging.judge(tx, pult, rules.of(tx, pult, school.id), kept, now=on.now())
        wordings.merge(tx, pult, school.id, shelf, ANSWER, now=on.now())
    return on


def test_the_lead_reads_the_evidence_and_says_what_is_done(
    console: Console, school: School, ana: Actor
) -> None:
    at = screen("welfare", console, ana, school)
    assert CRY in letters(at)
    assert "Raised by the words: want to die" in said(at)
    with console.db.read() as tx:
        [alarm] = welfare.open_(tx, ana, school.id)
    at = stage.dialog(lambda: alarm_answer.ask(console, ana, alarm))
    assert CRY in letters(at)
    at = press(at, "Acknowledge")
    assert "Say in a sentence what is done" in said(at)
    at.text_area[0].input("called the parents")
    assert "The comment stays as evidence." in said(press(at, "Acknowledge"))
    at = screen("welfare", console, ana, school)
    assert "No alarm is open." in said(at)
    assert "→ called the parents" in letters(at)


def test_two_alarms_of_one_comment_stand_side_by_side(
    console: Console, school: School, ana: Actor
) -> None:
    raise_another(console, school, ana)
    at = screen("welfare", console, ana, school)
    assert not at.exception
    assert {"Self-harm", "Abuse"} <= {mark for mark in ("Self-harm", "Abuse") if mark in said(at)}
    assert len([each for each in at.button if each.label == "Acknowledge"]) == 2


def test_twenty_alarms_are_shown_and_the_others_counted(
    console: Console, school: School, ana: Actor
) -> None:
    pult = access.system(school.id)
    with console.db.begin() as tx:
        [alarm] = welfare.open_(tx, ana, school.id)
        assert alarm.comment
        shelf = alarm.comment.connection_id
        for n in range(2, 23):
            merged = wordings.merge(tx, pult, school.id, shelf, rude(n, CRY), now=console.now())
            kept = comments.get(tx, pult, merged.id)
            assert kept is not None
            judging.judge(tx, pult, rules.of(tx, pult, school.id), kept, now=console.now())
    at = screen("welfare", console, ana, school)
    assert len([each for each in at.button if each.label == "Acknowledge"]) == 20
    assert "2 more alarms wait" in said(at)


def test_the_lead_lets_moderators_judge_the_comment(
    console: Console, school: School, ana: Actor, ben: Actor
) -> None:
    press(screen("welfare", console, ana, school), "Also put it in the review queue")
    at = screen("review", console, ben, school)
    assert CRY in letters(at)
    assert "a welfare alarm is open" in said(at)


def test_a_moderator_who_is_no_lead_reads_nothing(
    console: Console, school: School, ben: Actor, eve: Actor
) -> None:
    for actor in (ben, eve):
        at = screen("welfare", console, actor, school)
        assert CRY not in letters(at) + said(at)
        assert not at.button


def test_a_named_lead_reads_it_whatever_the_coordinator_does(
    console: Console, school: School, ana: Actor, ben: Actor, ada: Actor
) -> None:
    with console.db.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO account (id, name, role, every_school, password_hash, disabled,
                    created_at) VALUES ('ben', 'ben', 'moderator', TRUE, '', FALSE, 0)
            """)
        )
        safeguarding.set_leads(tx, ada, school.id, ["ben"], now=console.now())
        assert welfare.open_(tx, ben, school.id)
    assert CRY in letters(screen("welfare", console, ben, school))
    assert CRY not in letters(screen("welfare", console, ana, school))


def test_the_next_alarm_is_put_first_by_a_key_and_back_by_another(
    console: Console, school: School, ana: Actor
) -> None:
    raise_another(console, school, ana)
    at = screen("welfare", console, ana, school)
    assert marks(at) == ["Self-harm", "Abuse"]
    at = press(at, "Next")
    assert marks(at) == ["Abuse", "Self-harm"]
    assert marks(press(at, "Back")) == ["Self-harm", "Abuse"]


def marks(at: AppTest) -> list[str]:
    """The kinds of the open alarms, as they stand one below another."""
    found = re.findall("Self-harm|Abuse", said(at))
    assert len(found) == 2
    return found


def test_a_moderator_tells_the_lead_of_a_case_in_two_clicks_and_the_case_stays(
    console: Console, school: School, ana: Actor, ben: Actor
) -> None:
    shelf = stage.connect(console, school, "http://127.0.0.1:9", "none", "Another")
    stage.queue(console, school, shelf, [rude(7, "what an idiot, says my uncle at night")])
    at = press(screen("review", console, ben, school), "A child may need help")
    assert "Why may a child need help?" in said(at)
    at = press(at, "Abuse")
    assert "The safeguarding lead is told." in said(at)
    assert "Safeguarding lead told: Abuse" in said(at)
    assert "says my uncle at night" in letters(at)
    at = screen("welfare", console, ana, school)
    assert "says my uncle at night" in letters(at)
    assert "Raised by a moderator" in said(at)


def raise_another(console: Console, school: School, ana: Actor) -> None:
    """The same comment, put into the queue, may tell of abuse as well."""
    press(screen("welfare", console, ana, school), "Also put it in the review queue")
    with console.db.begin() as tx:
        [case] = review.waiting(tx, ana, school.id, now=console.now())
        welfare.by_hand(tx, ana, case.id, "abuse", now=console.now())
