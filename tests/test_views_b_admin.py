"""Admin on a stage: what is entered is tried, secrets go in and never come out."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from console.desk import connections
from console.views import admin_accounts, admin_mail, connection_form, target_form
from console.wiring import Console
from moderation import comments, rules
from probes import targets
from store import roster
from store.access import Actor
from store.db import Database
from store.schools import School
from tests import stage
from tests.cast import post
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.stage import letters, press, said, screen
from tests.wire import as_json, serving

SECRET = "t0ken-that-nobody-reads-back"


@pytest.fixture
def console(database: Database) -> Console:
    return stage.console(database)


def tab(console: Console, actor: Actor, school: School, name: str) -> AppTest:
    at = screen("admin", console, actor, school)
    at.session_state["admin-tab"] = name
    return at.run()


def test_a_failing_connection_says_what_to_do_and_keeps_its_secret(
    console: Console, school: School, ada: Actor
) -> None:
    refused = as_json({"exception": "x", "errorcode": "invalidtoken", "message": "no"})
    with serving(refused) as wire:
        at = stage.dialog(lambda: connection_form.add(console, ada, school))
        at.text_input(key="connection-name").set_value("Moodle")
        at.text_input(key="connection-url").set_value(wire.url)
        at.text_input(key="secret-moodle").set_value(SECRET)
        press(at, "Add and test")
    at = screen("admin", console, ada, school)
    assert "does not know the token" in said(at)
    assert "Fix" in [button.label for button in at.button]
    assert SECRET not in said(at) + letters(at)


def test_the_form_of_a_connection_never_shows_its_secret(
    console: Console, school: School, ada: Actor
) -> None:
    id_ = stage.connect(console, school, "http://127.0.0.1:9", SECRET)
    with console.db.read() as tx:
        connection = connections.get(tx, ada, id_)
    at = stage.dialog(partial(connection_form.change, console, ada, connection))
    assert at.text_input(key="secret-moodle").value == ""
    assert SECRET not in str(at)


def test_a_bad_address_is_told_in_the_form_and_nothing_is_kept(
    console: Console, school: School, ada: Actor
) -> None:
    at = stage.dialog(lambda: connection_form.add(console, ada, school))
    at.text_input(key="connection-name").set_value("Moodle")
    at.text_input(key="connection-url").set_value("not an address")
    at.text_input(key="secret-moodle").set_value(SECRET)
    at = press(at, "Add and test")
    assert "not the address of a site" in said(at)
    with console.db.read() as tx:
        assert connections.of(tx, ada, school.id) == []


def test_a_target_is_added_with_its_conditions(
    console: Console, school: School, ada: Actor
) -> None:
    at = stage.dialog(lambda: target_form.edit(console, ada, school, None, [], []))
    at.text_input(key="target-name").set_value("Moodle")
    at.text_input(key="target-address").set_value("http://127.0.0.1:9/")
    at.text_area(key="target-module").set_value('status = "200-299"')
    press(at, "Save the target")
    with console.db.read() as tx:
        [target] = targets.of(tx, ada, school.id)
    assert (target.name, target.module) == ("Moodle", {"status": "200-299"})
    assert "Tick a target" in said(tab(console, ada, school, "Targets"))


def test_conditions_that_are_no_toml_are_told(console: Console, school: School, ada: Actor) -> None:
    at = stage.dialog(lambda: target_form.edit(console, ada, school, None, [], []))
    at.text_input(key="target-name").set_value("Moodle")
    at.text_area(key="target-module").set_value("status 200")
    assert "The conditions are not TOML" in said(press(at, "Save the target"))


def test_rules_are_tried_before_they_are_put_in_place(
    console: Console, school: School, ada: Actor
) -> None:
    at = tab(console, ada, school, "Watched words")
    written = '[[list]]\nname = "Ours"\nlanguage = "en"\nterms = ["turnip"]\n'
    at.text_area(key=f"rules-{school.id}").set_value(written)
    at.text_area(key="rules-trial").set_value("you t u r n i p").run()
    [found] = at.dataframe
    assert found.value.iloc[0].tolist() == ["Ours", "turnip", "t u r n i p"]
    with console.db.read() as tx:
        assert rules.text_of(tx, ada, school.id) == rules.starter()
    press(at, "Put these rules in place")
    with console.db.read() as tx:
        assert rules.text_of(tx, ada, school.id) == written


def test_rules_are_tried_on_what_was_written_in_the_last_month(
    console: Console, school: School, ada: Actor
) -> None:
    with console.db.begin() as tx:
        connect(tx, school)
        made = replace(post(), text="you turnip", written_at=console.now())
        comments.merge(tx, ada, school.id, "lms", made, now=console.now())
    at = tab(console, ada, school, "Watched words")
    at.text_area(key=f"rules-{school.id}").set_value(
        '[[list]]\nname="Ours"\nterms=["turnip"]'
    ).run()
    press(at, "Try on the last 30 days")
    assert [each.value for each in at.metric] == ["1", "1", "0"]
    [found] = at.dataframe
    assert found.value.iloc[0].tolist() == ["●", "turnip", "you turnip", ""]


def test_rules_that_cannot_be_read_cannot_be_put_in_place(
    console: Console, school: School, ada: Actor
) -> None:
    at = tab(console, ada, school, "Watched words")
    at.text_area(key=f"rules-{school.id}").set_value("[[list").run()
    assert "The rules cannot be read" in said(at)
    [save] = [each for each in at.button if each.label == "Put these rules in place"]
    assert save.disabled


def test_an_account_is_added_and_the_trail_tells_by_whom(
    console: Console, school: School, ada: Actor
) -> None:
    at = stage.dialog(lambda: admin_accounts._add(console, ada, school))
    at.text_input(key="account-name").set_value("Cleo")
    at.text_input(key="account-password").set_value("short")
    at = press(at, "Add the account")
    assert "The password needs at least" in said(at)
    at.text_input(key="account-password").set_value("long enough for Cleo")
    press(at, "Add the account")
    [listed] = tab(console, ada, school, "Accounts").dataframe
    assert "Cleo" in listed.value["name"].tolist()
    [trail] = tab(console, ada, school, "Audit trail").dataframe
    assert ["ada", "added an account"] in trail.value[["who", "action"]].values.tolist()


def test_the_relay_s_password_is_never_shown_back(
    console: Console, school: School, ada: Actor
) -> None:
    at = stage.dialog(lambda: admin_mail._change(console, ada, school, None))
    at.text_input(key="relay-sender").set_value("School 14 <news@school14.test>")
    at.text_input(key="relay-url").set_value(f"smtp://pult:{SECRET}@127.0.0.1:9")
    press(at, "Save and test")
    at = tab(console, ada, school, "Mail")
    assert "127" in said(at)
    assert SECRET not in str(at)


@pytest.mark.parametrize("who", ["ana", "ben", "eve", "zoe"])
def test_only_an_administrator_of_the_school_sees_admin(
    console: Console, school: School, request: pytest.FixtureRequest, who: str
) -> None:
    stage.connect(console, school, "http://127.0.0.1:9", SECRET)
    at = screen("admin", console, request.getfixturevalue(who), school)
    assert "Your role does not allow this." in said(at)
    assert "Moodle" not in said(at)


def test_a_timetable_is_planned_with_every_bad_line_before_lessons_come_in(
    console: Console, school: School, ada: Actor
) -> None:
    at = tab(console, ada, school, "Timetable")
    table = (
        b"title,start,end\n"
        b"Algebra,2026-03-10 18:00,2026-03-10 18:45\n"
        b"Physics,sometime,2026-03-10 18:45\n"
    )
    at.file_uploader[0].set_value(("lessons.csv", table, "text/csv")).run()
    assert "1 line cannot come in" in said(at)
    assert lessons(console, ada, school) == []
    assert "1 lesson is in." in said(press(at, "Import 1 lesson"))
    assert lessons(console, ada, school) == ["Algebra"]


def lessons(console: Console, actor: Actor, school: School) -> list[str]:
    day = timedelta(days=1)
    with console.db.read() as tx:
        found = roster.lessons(tx, actor, school.id, since=NOON - day, until=NOON + day)
    return [each.title for each in found]
