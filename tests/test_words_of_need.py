"""Words of need in appeals and in participants' reports raise an alarm in any case."""

from dataclasses import replace
from datetime import timedelta

import pytest

from console.desk import alarms
from console.views import alarm_answer
from console.web.appeals import BY_LINK
from console.wiring import Console
from moderation import (
    appeals,
    cases,
    hearing,
    keeping,
    measures,
    need,
    review,
    safeguarding,
    welfare,
    wordings,
)
from moderation.model import Flag, Measure, ModerationError, Penalty, Subject
from moderation.welfare import Alarm
from store import access, chain
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import stage
from tests.moderation_platform import _comment, connect
from tests.stage import letters, press, said, screen
from tests.test_shell_public import console, post, url

__all__ = ["console", "url"]  # fixtures
CRY = "nobody listens, I want to die"
MARKUP = f"<img src=x onerror=alert(1)> **{CRY}** \u202e"


def opened(console: Console, lead: Actor, school: School) -> list[Alarm]:
    with console.db.read() as tx:
        return welfare.open_(tx, lead, school.id)


def answered(console: Console, lead: Actor, school: School) -> None:
    for alarm in opened(console, lead, school):
        with console.db.begin() as tx:
            welfare.acknowledge(tx, lead, alarm.id, "called the parents", now=console.now())


@pytest.fixture
def case(console: Console, school: School, ben: Actor) -> str:
    """What u1 wrote waits in the queue."""
    at = console.now()
    rude = _comment({"id": "p1", "html": "you moron", "author": "u1", "at": at.timestamp()})
    with console.db.begin() as tx:
        connect(tx, school)
        kept = wordings.merge(tx, ben, school.id, "lms", rude, now=at)
        made = cases.flagged(tx, ben, kept.id, [Flag("Insults", "moron", 4, 9)], now=at)
    assert made
    return made


@pytest.fixture
def warned(console: Console, school: School, ben: Actor, case: str) -> Measure:
    with console.db.begin() as tx:
        return measures.impose(
            tx, ben, school.id, Subject(None, "lms", "u1"), "warning",
            reason="", rule="Insult", case_id=case, now=console.now(),
        )  # fmt: skip


@pytest.fixture
def link(console: Console, warned: Measure, url: str) -> str:
    return console.appeal_link(warned.id)


def test_a_cry_in_an_appeal_is_told_to_the_lead_with_its_words_and_flags_nothing(
    console: Console, link: str, school: School, ana: Actor, ben: Actor
) -> None:
    assert post(link, said=CRY).status_code == 200
    [alarm] = opened(console, ana, school)
    assert (alarm.kind, alarm.origin, alarm.said) == ("self-harm", "appeal", CRY)
    assert [flag.term for flag in alarm.flags] == ["want to die"]
    assert alarm.comment
    assert alarm.comment.text == "you moron"
    with console.db.read() as tx:
        [waits] = review.waiting(tx, ben, school.id, now=console.now())
    assert {flag.rule for flag in waits.flags} == {"Insults"}
    pult = access.system(school.id)
    assert alarms.follow(console.db, pult, school.id, now=console.now()) == 1


def test_so_is_one_in_the_conversation_afterwards_and_again_after_the_answer(
    console: Console, link: str, school: School, ana: Actor
) -> None:
    post(link, said="I was angry, you idiots")  # an insult raises nothing here
    assert not opened(console, ana, school)
    post(link, said=CRY)
    post(link, said=CRY)
    assert len(opened(console, ana, school)) == 1
    answered(console, ana, school)
    post(link, said=CRY)
    assert len(opened(console, ana, school)) == 1


def test_a_cry_is_heard_also_where_the_appeal_is_refused(
    console: Console, link: str, warned: Measure, school: School, ana: Actor, ada: Actor
) -> None:
    for number in range(appeals.IN_A_ROW):
        post(link, said=f"why {number}?")
    assert post(link, said=CRY).status_code == 422
    assert len(opened(console, ana, school)) == 1
    with console.db.begin() as tx:
        [appeal] = appeals.waiting(tx, ada, school.id)
        hearing.decide(tx, ada, appeal.id, "uphold", said="It stays.", now=console.now())
    assert post(link, said="then I will kill myself").status_code == 422
    assert len(opened(console, ana, school)) == 2


def test_what_comes_too_often_from_one_link_is_not_read_at_all(
    console: Console, link: str, school: School, ana: Actor
) -> None:
    for number in range(BY_LINK):
        post(link, said=f"why {number}?")
    assert post(link, said=CRY).status_code == 429
    assert not opened(console, ana, school)


@pytest.mark.parametrize("field", ["reason", "words"])
def test_a_cry_in_a_report_of_a_comment_is_heard_whether_the_comment_is_found_or_not(
    console: Console, url: str, case: str, school: School, ana: Actor, field: str
) -> None:
    form = console.complaint_link(school.id)
    assert post(form, **{"reason": "x", field: CRY}).status_code == 422
    [lost] = opened(console, ana, school)
    assert (lost.origin, lost.comment) == ("report", None)
    assert CRY in lost.said


def test_a_report_of_a_comment_that_is_found_shows_the_lead_what_it_is_about(
    console: Console, url: str, case: str, school: School, ana: Actor, ben: Actor
) -> None:
    form = console.complaint_link(school.id)
    assert post(form, words="you moron", reason=CRY).status_code == 200
    [alarm] = opened(console, ana, school)
    assert (alarm.origin, alarm.said, alarm.who) == ("report", CRY, "")
    assert alarm.comment
    assert alarm.comment.text == "you moron"
    with console.db.begin() as tx:  # the one who cries is not its author: it may go at once
        assert not welfare.of_comment(tx, ben, alarm.comment)
        assert review.decide(tx, ben, case, "remove", now=console.now()).action_id
        with pytest.raises(access.Denied):
            welfare.to_queue(tx, ana, alarm.id, now=console.now())


@pytest.mark.parametrize(("stands", "heard"), [("you frog", 1), (f"so, {CRY}", 0)])
def test_words_copied_into_a_report_are_heard_unless_the_comment_says_them_itself(
    console: Console, url: str, case: str, school: School, ben: Actor, ana: Actor, stands: str,
    heard: int,
) -> None:  # fmt: skip
    at = console.now()
    comment = _comment({"id": "12", "html": stands, "author": "u2", "at": at.timestamp()})
    with console.db.begin() as tx:
        tx.execute(text("UPDATE connection SET url = 'https://moodle.example.org'"))
        wordings.merge(tx, ben, school.id, "lms", replace(comment, thread_id="7"), now=at)
    form = console.complaint_link(school.id)
    link = "https://moodle.example.org/mod/forum/discuss.php?d=7#p12"
    assert post(form, link=link, words=CRY.upper(), reason="help them").status_code == 200
    assert [alarm.said for alarm in opened(console, ana, school)] == [
        f"help them\n{CRY.upper()}"
    ] * heard


def test_a_cry_in_a_report_of_trouble_is_heard_and_the_report_stays_one(
    console: Console, url: str, school: School, ana: Actor
) -> None:
    form = console.report_link(school.id)
    assert post(form, said=CRY, name="Ivan", contact="ivan@a.test").status_code == 200
    [alarm] = opened(console, ana, school)
    assert (alarm.origin, alarm.said, alarm.who) == ("trouble", CRY, "Ivan · ivan@a.test")
    assert post(form, said="no sound", name="I want to die").status_code == 200
    assert len(opened(console, ana, school)) == 2
    with console.db.read() as tx:
        kept = tx.execute(text("SELECT COUNT(*) FROM trouble_report")).scalar_one()
    assert kept == 2


def test_nobody_is_punished_whose_cry_in_an_appeal_no_lead_has_answered(
    console: Console, link: str, case: str, school: School, ana: Actor, ben: Actor
) -> None:
    post(link, said=CRY)
    with pytest.raises(ModerationError, match="safeguarding lead"), console.db.begin() as tx:
        review.decide(tx, ben, case, "approve", penalties=[Penalty("warning")], now=console.now())
    answered(console, ana, school)
    with console.db.begin() as tx:
        review.decide(tx, ben, case, "approve", penalties=[Penalty("warning")], now=console.now())


def test_the_words_go_with_retention_and_on_request_but_never_while_nobody_has_answered(
    console: Console, link: str, school: School, ana: Actor, ada: Actor, ben: Actor
) -> None:
    post(link, said=CRY)
    now = console.now()
    with console.db.begin() as tx:
        [appeal] = appeals.waiting(tx, ana, school.id)
        hearing.decide(tx, ada, appeal.id, "uphold", said="It stays.", now=now)
        [waits] = review.waiting(tx, ben, school.id, now=now)
        review.decide(tx, ben, waits.id, "approve", now=now)
    with console.db.begin() as tx:
        keeping.forget(tx, ada, school.id, before=now + timedelta(days=1), now=now)
        with pytest.raises(ModerationError, match="alarm"), tx.begin_nested():
            keeping.erase(tx, ada, school.id, [("lms", "u1")], now=now)
    [alarm] = opened(console, ana, school)
    assert alarm.said == CRY
    answered(console, ana, school)
    with console.db.begin() as tx:
        keeping.erase(tx, ada, school.id, [("lms", "u1")], now=now)
        assert [each.said for each in welfare.lately(tx, ana, school.id)] == [""]
    need.in_trouble(console.db, access.system(school.id), school.id, CRY, who="Ivan", now=now)
    with console.db.begin() as tx:
        [again] = welfare.open_(tx, ana, school.id)
        keeping.forget(tx, ada, school.id, before=now + timedelta(days=1), now=now)
        assert welfare.open_(tx, ana, school.id) == [again]
        welfare.acknowledge(tx, ana, again.id, "found him", now=now)
        keeping.forget(tx, ada, school.id, before=now + timedelta(days=1), now=now)
        late = {(each.said, each.who) for each in welfare.lately(tx, ana, school.id)}
    assert late == {("", "")}


def test_the_audit_names_the_alarm_and_none_of_the_words(
    console: Console, link: str, school: School, ana: Actor
) -> None:
    post(link, said=CRY)
    [alarm] = opened(console, ana, school)
    with console.db.begin() as tx:
        rows = tx.execute(text("SELECT * FROM audit WHERE action = 'raise alarm'")).all()
        chain.seal(tx, b"k" * 32)
        assert chain.verify(tx, b"k" * 32).broken is None
    assert [row.subject for row in rows] == [alarm.id]
    assert "want to die" not in str(rows)


def test_another_school_and_who_leads_nothing_read_none_of_it(
    console: Console, link: str, school: School, ben: Actor, zoe: Actor
) -> None:
    post(link, said=CRY)
    with console.db.read() as tx:
        for actor in (ben, zoe):
            with pytest.raises((ModerationError, access.Denied)):
                welfare.open_(tx, actor, school.id)
        with pytest.raises(access.Denied):
            safeguarding.require(tx, zoe, school.id)


def test_the_welfare_screen_shows_the_words_as_text_and_whose_they_are(
    database: Database, school: School, ana: Actor
) -> None:
    on = stage.console(database)
    pult = access.system(school.id)
    need.in_trouble(on.db, pult, school.id, MARKUP, who="*Ivan*", now=on.now())
    need.in_report(on.db, pult, school.id, ["он меня бьёт ремнём"], comment_id=None, now=on.now())
    with on.db.read() as tx:
        found = welfare.open_(tx, ana, school.id)
    at = screen("welfare", on, ana, school)
    assert CRY in letters(at)
    assert "Written in a report of trouble" in said(at)
    assert "Who wrote it gave no name." in said(at)
    assert "Also put it in the review queue" not in [each.label for each in at.button]
    cry = next(each for each in found if each.origin == "trouble")
    at = stage.dialog(lambda: alarm_answer.ask(on, ana, cry))
    at.text_area[0].input("called the parents")
    assert "What was written stays as evidence." in said(press(at, "Acknowledge"))


def test_whoever_decides_the_appeal_sees_that_the_lead_is_told(
    database: Database, school: School, ana: Actor, ben: Actor
) -> None:
    on = stage.console(database)
    shelf = stage.connect(on, school, "http://127.0.0.1:9", "none")
    with on.db.begin() as tx:
        measure = measures.impose(
            tx, ben, school.id, Subject(None, shelf, "u1"), "warning",
            reason="", rule="Insult", now=on.now(),
        )  # fmt: skip
        appeals.write(tx, access.system(school.id), measure.id, CRY, now=on.now())
    need.in_appeal(on.db, access.system(school.id), measure.id, CRY, now=on.now())
    assert "Safeguarding lead told: Self-harm" in said(screen("appeals", on, ana, school))
    assert CRY in letters(screen("welfare", on, ana, school))


def test_an_empty_form_raises_nothing(console: Console, url: str, school: School) -> None:
    assert post(console.report_link(school.id), said="").status_code == 422
    with console.db.read() as tx:
        assert not welfare.unanswered(tx, access.system(school.id), school.id)
