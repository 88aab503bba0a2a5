"""What is fair, on a stage: texts erased on request, appeals heard."""

from datetime import timedelta

import pytest

from console import i18n
from console.desk import measure_letters as told
from console.desk import measure_words, people
from console.views import erasing, figures
from console.wiring import Console
from moderation import (
    appeals,
    comments,
    hearing,
    house,
    ladder,
    measures,
    repeats,
    review,
)
from moderation.model import Subject
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import stage
from tests.moderation_platform import colleague
from tests.stage import letters, press, rude, said, screen


@pytest.fixture
def console(database: Database) -> Console:
    return stage.console(database)


@pytest.fixture
def shelf(console: Console, school: School) -> str:
    """A connection whose comments are only ever read here."""
    return stage.connect(console, school, "http://127.0.0.1:9", "none")


def test_an_administrator_erases_what_a_person_wrote_and_a_moderator_is_not_offered_it(
    console: Console, school: School, ada: Actor, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    with console.db.begin() as tx:
        [found] = people.find(tx, ben, school.id)
        [case] = review.waiting(tx, ben, school.id, now=console.now())
        review.decide(tx, ben, case.id, "approve", now=console.now())
    at = screen("person", console, ben, school, id=found.person.id)
    assert "Erase texts and mail" not in [button.label for button in at.button]
    at = screen("person", console, ada, school, id=found.person.id)
    assert "Erase texts and mail" in [button.label for button in at.button]
    with console.db.read() as tx:
        [found] = people.find(tx, ada, school.id)
    at = press(
        stage.dialog(lambda: erasing.ask(console, ada, school, found)), "Erase texts and mail"
    )
    assert "1 comment erased" in said(at)
    with console.db.read() as tx:
        assert comments.known(tx, ben, shelf, ["p1"])["p1"].text == ""


@pytest.fixture
def appeal(console: Console, school: School, ben: Actor, shelf: str) -> str:
    """Kim was warned by Ben and says that it was a joke; the id of the appeal."""
    stage.queue(console, school, shelf, [rude(1)])
    with console.db.begin() as tx:
        [found] = people.find(tx, ben, school.id)
        measure = measures.impose(
            tx, ben, school.id, Subject(found.person.id), "warning", rule="Insult",
            now=console.now(),
        )  # fmt: skip
        return appeals.write(tx, ben, measure.id, "It was a joke", now=console.now())


def test_an_appeal_is_answered_and_decided_by_somebody_else(
    console: Console, school: School, ben: Actor, ana: Actor, appeal: str
) -> None:
    with console.db.read() as tx:
        [found] = people.find(tx, ben, school.id)
    told.follow(
        console.db, ben, school.id, console.adapters, console.appeal_link, now=console.now()
    )
    at = screen("person", console, ben, school, id=found.person.id)
    assert "**Warning** · Insult" in said(at)
    assert "Appeal: not decided yet" in said(at)
    assert "on its way" in said(at)
    at = screen("appeals", console, ben, school)
    assert "Somebody else decides" in said(at)
    assert "It was a joke" in letters(at)
    at = screen("appeals", console, ana, school)
    at.text_area[0].set_value("Whose joke?")
    at = press(at, "Send the answer")
    assert "Whose joke?" in letters(at)
    at.text_area[0].set_value("You were right.")
    at = press(at.run(), "Lift it")
    at = press(at, "Decide: Lift it")
    assert "It was lifted" in said(at)
    assert "No appeal is open" in said(at)
    with console.db.read() as tx:
        kept = appeals.get(tx, ana, appeal)
    assert kept is not None
    assert (kept.outcome, kept.decided_by) == ("lift", "ana")


def test_who_decides_an_appeal_sees_what_else_holds_and_lifts_it_too(
    console: Console, school: School, ben: Actor, ana: Actor, appeal: str
) -> None:
    with console.db.begin() as tx:
        [found] = people.find(tx, ben, school.id)
        until = console.now() + timedelta(days=9)
        person = Subject(found.person.id)
        block = measures.impose(tx, ben, school.id, person, "block", until=until, now=console.now())
    at = screen("appeals", console, ana, school)
    assert "Also in force against them: Account blocked (until" in said(at)
    assert not at.checkbox
    at.text_area[0].set_value("You were right.")
    at = press(at.run(), "Lift it")
    [also] = at.checkbox
    assert "Lift this too: Account blocked" in also.label
    assert not also.value
    also.check().run()
    press(at, "Decide: Lift it")
    with console.db.read() as tx:
        assert measures.in_force(tx, ana, school.id, person, now=console.now()) == []
        kept = measures.get(tx, ana, block.id)
    assert kept is not None
    assert kept.lifted_by == "ana"


def test_a_moderator_is_told_in_the_queue_who_decides_what_they_wrote(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    with console.db.begin() as tx:
        colleague(tx, "ben", "moderator")
        colleague(tx, "ada", "admin")
        tx.execute(text("UPDATE account SET email = 'ua1@school.test' WHERE id = 'ben'"))
    at = screen("review", console, ben, school)
    assert "This is about you. Somebody else decides it: ada." in said(at)
    buttons = {button.label: button.disabled for button in at.button}
    assert buttons["Approve"]
    assert buttons["Remove"]
    assert not buttons["Hand on"]


def test_figures_say_how_long_it_took_and_a_share_only_of_many(
    console: Console, school: School, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(n) for n in range(3)])
    with console.db.begin() as tx:
        for case in review.waiting(tx, ben, school.id, now=console.now()):
            review.decide(tx, ben, case.id, "approve", now=console.now())
    at = screen("figures", console, ben, school)
    decided, took, *shares = [each.value for each in at.metric]
    assert (decided, shares) == ("3", ["0 of 3", "—"])
    assert took.removesuffix(" s").isdigit()  # as long as a busy machine needs
    assert at.dataframe[0].value["name"].tolist() == ["ben"]


def test_the_house_is_changed_in_the_admin_s_own_words(
    console: Console, school: School, ada: Actor
) -> None:
    at = screen("admin", console, ada, school)
    at.session_state["admin-tab"] = "House rules"
    at = at.run()
    at.text_input(key="house-rule-Insult-en").set_value("Rudeness")
    at.text_input(key="house-rule-Insult-ru").set_value("Грубость")
    at = at.button(key="house-up-Threat").click().run()
    for name in ("Advertising", "Another reason"):
        at = at.button(key=f"house-out-{name}").click().run()
    at = press(at, "Add a rule")
    [own] = [each for each in at.text_input if (each.key or "").endswith("-en") and not each.value]
    own.set_value("No links").run()
    at.number_input(key=f"house-steps-{school.id}").set_value(1)
    at.selectbox(key=f"house-kind-0-{school.id}").set_value("mute").run()
    at.number_input(key=f"house-days-0-{school.id}").set_value(3)
    at.text_area(key=f"house-words-word-en-{school.id}").set_value("{{ name }}, {{ mark }}")
    at = press(at, "Put these rules in place")
    assert "not mark" in said(at)
    at.text_area(key=f"house-words-word-en-{school.id}").set_value("{{ name }}, please.")
    press(at, "Put these rules in place")
    with console.db.read() as tx:
        kept = house.of(tx, ada, school.id)
    threat, insult, links = kept.rules
    assert (threat.name, threat.said["ru"]) == ("Threat", "Угроза")
    assert (insult.name, insult.said["ru"], insult.said["en"]) == ("Insult", "Грубость", "Rudeness")
    assert links.said == {"en": "No links"}
    assert links.name != "No links"
    assert [rule.name for rule in kept.former] == ["Advertising", "Another reason"]
    assert kept.ladder == (house.Rung("mute", 3),)
    assert kept.words == {"word": {"en": "{{ name }}, please."}}


def test_reasons_of_ours_and_a_condition_s_end_are_said_in_the_reader_s_language(
    console: Console, school: School, ben: Actor, ana: Actor, appeal: str
) -> None:
    now = console.now()
    with console.db.begin() as tx:
        hearing.decide(
            tx, ana, appeal, "conditional", said="So", condition="No jokes",
            ends_at=now + timedelta(days=30), now=now,
        )  # fmt: skip
        [found] = people.find(tx, ben, school.id)
        step = ladder.suggest(tx, ben, school.id, Subject(found.person.id), now=now)
        kept = house.of(tx, ben, school.id)
    for language, approved in (
        ("en", "the same was approved before"),
        ("ru", "такое же уже одобряли"),
        ("zh_Hans", "相同内容此前已通过"),
    ):
        with i18n.speaking(language):
            end = i18n.escape(i18n.day(now + timedelta(days=30), school.zone))
            assert end in measure_words.why(step, school)
            assert measure_words.reason(kept, repeats.REASON) == approved
            assert measure_words.reason(kept, "rude *again*") == "rude *again*"


def test_figures_name_the_rules_that_are_no_lists_in_the_reader_s_language() -> None:
    with i18n.speaking("ru"):
        assert figures._named("rule", "returned") == "Вернулся"
        assert figures._named("rule", "newcomers") != "newcomers"
        assert figures._named("rule", "Insults") == "Insults"
        assert figures._named("moderator", "flood") == "flood"
