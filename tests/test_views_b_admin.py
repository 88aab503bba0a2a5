"""Admin on a stage: what is entered is tried, secrets go in and never come out."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from console.desk import connections, reach
from console.views import (
    admin_accounts,
    admin_mail,
    admin_mail_hooks,
    admin_modules,
    connection_form,
    module_form,
    reaching,
    target_form,
)
from console.views.target_form import Known
from console.wiring import Console
from moderation import rules, wordings
from moderation.filters import Rules
from probes import modules, targets
from probes.model import NamedModule
from probes.probers import PROBERS
from store import timetable
from store.access import Actor
from store.db import Database
from store.schools import School
from tests import stage
from tests.cast import post
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.stage import letters, press, said, screen
from tests.wire import as_json, serving

NOTHING = Known([], [], [], [])
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
    at = stage.dialog(lambda: target_form.edit(console, ada, school, None, NOTHING))
    at.text_input(key="target-name").set_value("Moodle")
    at.text_input(key="target-address").set_value("http://127.0.0.1:9/")
    at.text_input(key="condition-http-contains").set_value("Log in")
    at.text_area(key="condition-http-json").set_value("[BODY].a == 1\n[BODY].b == 2")
    at.number_input(key="condition-http-slow").set_value(3.5)
    at.selectbox(key="condition-http-verify").set_value(False)
    press(at, "Save the target")
    with console.db.read() as tx:
        [target] = targets.of(tx, ada, school.id)
    assert target.name == "Moodle"
    assert target.module == {
        "contains": "Log in",
        "json": "[BODY].a == 1\n[BODY].b == 2",
        "slow": 3.5,
        "verify": False,
    }
    assert "Tick a target" in said(tab(console, ada, school, "Targets"))


def test_the_form_of_each_probe_has_its_conditions_and_saves_only_what_was_entered(
    console: Console, school: School, ada: Actor
) -> None:
    for prober in PROBERS:
        at = stage.dialog(lambda: module_form.edit(console, ada, school, None))
        at.selectbox(key="module-prober").set_value(prober).run()
        at.text_input(key="module-name").set_value(prober)
        press(at, "Save the module")
    with console.db.read() as tx:
        found = modules.of(tx, ada, school.id)
    assert [each.prober for each in found] == sorted(PROBERS)
    assert {(len(each.conditions), len(each.sealed)) for each in found} == {(0, 0)}


def test_a_condition_that_does_not_fit_is_told_in_the_form(
    console: Console, school: School, ada: Actor
) -> None:
    at = stage.dialog(lambda: target_form.edit(console, ada, school, None, NOTHING))
    at.text_input(key="target-name").set_value("Moodle")
    at.text_input(key="target-address").set_value("http://127.0.0.1:9/")
    at.text_input(key="condition-http-status").set_value("fine")
    assert "Write the expected status" in said(press(at, "Save the target"))


def test_a_module_s_secret_goes_in_sealed_and_never_comes_out(
    console: Console, school: School, ada: Actor
) -> None:
    at = stage.dialog(lambda: module_form.edit(console, ada, school, None))
    at.selectbox(key="module-prober").set_value("turn").run()
    at.text_input(key="module-name").set_value("TURN")
    at.text_input(key="condition-turn-password").set_value(SECRET)
    press(at, "Save the module")
    with console.db.read() as tx:
        [module] = modules.of(tx, ada, school.id)
    assert console.vault.open(module.sealed["password"]) == SECRET
    for again in (
        stage.dialog(lambda: module_form.edit(console, ada, school, module)),
        tab(console, ada, school, "Targets"),
    ):
        assert SECRET not in str(again)
        assert module.sealed["password"] not in str(again)
    at = stage.dialog(lambda: module_form.edit(console, ada, school, module))
    press(at, "Save the module")
    with console.db.read() as tx:
        assert modules.of(tx, ada, school.id) == [module]
    at = stage.dialog(lambda: module_form.edit(console, ada, school, module))
    at.checkbox(key="condition-turn-password-forget").check()
    press(at, "Save the module")
    with console.db.read() as tx:
        assert modules.of(tx, ada, school.id)[0].sealed == {}


def test_a_target_takes_its_probe_from_its_module_and_says_what_is_awaited(
    console: Console, school: School, ada: Actor
) -> None:
    with console.db.begin() as tx:
        made = NamedModule("", school.id, "TURN *1*", "turn", sealed={"password": ""})
        module = modules.get(tx, ada, modules.add(tx, ada, made, now=NOON))
    at = stage.dialog(
        lambda: target_form.edit(console, ada, school, None, Known([], [], [module], []))
    )
    at.text_input(key="target-name").set_value("Relay")
    at.text_input(key="target-address").set_value("turn.example")
    at.selectbox(key="target-Module").set_value(module.id).run()
    press(at, "Save the target")
    with console.db.read() as tx:
        [target] = targets.of(tx, ada, school.id)
    assert (target.prober, target.module_id, target.module) == ("turn", module.id, {})
    at = tab(console, ada, school, "Targets")
    assert [each.value for each in at.warning] == [
        "The module TURN \\*1\\* needs: password. Enter it under Admin, Targets."
    ]


def test_targets_come_in_from_a_file_after_it_said_what_would_be(
    console: Console, school: School, ada: Actor
) -> None:
    at = stage.dialog(lambda: admin_modules._import(console, ada, school))
    wrong = b'[[target]]\nname = "[x](http://evil.example)"\nprober = "gopher"\n'
    at.file_uploader(key="targets-file").upload("targets.toml", wrong, "application/toml").run()
    assert "0 added, 0 changed, 0 unchanged, 1 wrong" in said(at)
    assert "no probe named gopher" in said(at)
    assert "line 1, target, [x](http://evil.example)" in letters(at)
    assert "evil" not in said(at)
    at = press(at, "Bring these in")
    with console.db.read() as tx:
        assert targets.of(tx, ada, school.id) == []
    good = b'[[target]]\nname = "LMS"\nprober = "tcp"\naddress = "lms.example:1"\n'
    at = stage.dialog(lambda: admin_modules._import(console, ada, school))
    at.file_uploader(key="targets-file").upload("targets.toml", good, "application/toml").run()
    press(at, "Bring these in")
    with console.db.read() as tx:
        assert [target.name for target in targets.of(tx, ada, school.id)] == ["LMS"]


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
    assert "Not tried as it stands now: Ours." in said(at)
    assert at.button(key="rules-save").disabled
    at = press(at, "Try on the last 30 days")
    press(at, "Put these rules in place")
    with console.db.read() as tx:
        assert rules.text_of(tx, ada, school.id) == written


def test_a_rule_is_switched_and_made_to_hide_by_its_boxes(
    console: Console, school: School, ada: Actor
) -> None:
    at = tab(console, ada, school, "Watched words")
    written = '[[list]]\nname = "Ours"\nterms = ["turnip"]\n[flood]\ncomments = 5\nminutes = 1\n'
    at.text_area(key=f"rules-{school.id}").set_value(written).run()
    boxes = [each.label for each in at.checkbox]
    assert boxes == ["On", "Hides", "On", "Hides"]
    at.checkbox[1].check().run()
    at.checkbox[2].uncheck().run()
    shown = Rules.from_toml(at.text_area(key=f"rules-{school.id}").value or "")
    assert shown.lists[0].hide
    assert shown.watch.off == {"flood"}
    assert [each.value for each in at.checkbox] == [True, True, False, False]


def test_rules_are_tried_on_what_was_written_in_the_last_month(
    console: Console, school: School, ada: Actor
) -> None:
    with console.db.begin() as tx:
        connect(tx, school)
        made = replace(post(), text="you turnip", written_at=console.now())
        wordings.merge(tx, ada, school.id, "lms", made, now=console.now())
    at = tab(console, ada, school, "Watched words")
    at.text_area(key=f"rules-{school.id}").set_value(
        '[[list]]\nname="Ours"\nterms=["turnip"]'
    ).run()
    press(at, "Try on the last 30 days")
    assert [each.value for each in at.metric] == ["1", "1", "0"]
    by_rule, found = at.dataframe
    assert by_rule.value.iloc[0].tolist() == ["Ours", 1, 0, 0]
    assert found.value.iloc[0].tolist() == ["●", "turnip", "you turnip", ""]
    assert "Tried on 1 of 1 comments" in said(at)


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


def test_the_schools_mailbox_for_answers_is_entered_and_shown(
    console: Console, school: School, ada: Actor
) -> None:
    assert "Answers go to the sender" in said(tab(console, ada, school, "Mail"))
    at = stage.dialog(lambda: admin_mail._change_answers(console, ada, school, ""))
    at.text_input(key="replies-address").set_value("nobody")
    assert "is not an address" in said(press(at, "Keep it"))
    at.text_input(key="replies-address").set_value("office@school14.test")
    press(at, "Keep it")
    assert "office" in said(tab(console, ada, school, "Mail"))


def test_a_mail_provider_s_key_is_given_and_its_address_shown(
    console: Console, school: School, ada: Actor
) -> None:
    at = stage.dialog(lambda: admin_mail_hooks._change(console, ada, school))
    at.text_input(key="hook-secret-mailgun").set_value("short")
    assert "The key is too short" in said(press(at, "Save"))
    at.text_input(key="hook-secret-mailgun").set_value(SECRET * 8)
    press(at, "Save")
    at = tab(console, ada, school, "Mail")
    assert f"/hooks/mail/mailgun/{school.id}" in next(each.value for each in at.code)
    assert "Nothing came yet." in said(at)
    assert SECRET not in str(at)


def test_of_amazon_the_topic_is_asked_for(console: Console, school: School, ada: Actor) -> None:
    at = stage.dialog(lambda: admin_mail_hooks._change(console, ada, school))
    at.selectbox(key="hook-provider").select("ses").run()
    at.text_input(key="hook-secret-ses").set_value("a key of some length")
    assert "names no topic of SNS" in said(press(at, "Save"))
    at.text_input(key="hook-secret-ses").set_value("arn:aws:sns:eu-west-1:123456789012:bounces")
    press(at, "Save")
    at = tab(console, ada, school, "Mail")
    assert f"/hooks/mail/ses/{school.id}" in next(each.value for each in at.code)


def test_a_gateway_is_kept_by_who_leaves_its_address_empty(
    console: Console, school: School, ada: Actor
) -> None:
    def kept() -> bool:
        with console.db.read() as tx:
            return "sms" in reach.gateways(tx, ada, school.id)

    at = stage.dialog(lambda: reaching._gateway(console, ada, school, "sms", kept=False))
    at.text_input(key="gateway-url-sms").set_value(reaching.EXAMPLE["sms"])
    press(at, "Keep it")
    assert kept()
    at = stage.dialog(lambda: reaching._gateway(console, ada, school, "sms", kept=True))
    press(at, "Keep it")
    assert kept()
    at = stage.dialog(lambda: reaching._gateway(console, ada, school, "sms", kept=True))
    at.checkbox(key="gateway-gone-sms").check().run()
    press(at, "Keep it")
    assert not kept()


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


def test_a_lesson_that_the_new_table_moves_is_named_before_it_moves(
    console: Console, school: School, ada: Actor
) -> None:
    starts = console.now().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=2)
    for later, moved in ((0, False), (3, True)):
        start, end = (
            f"{starts + timedelta(hours=later + lasts):%Y-%m-%d %H:%M}" for lasts in (0, 1)
        )
        at = tab(console, ada, school, "Timetable")
        table = f"title,start,end\nAlgebra,{start},{end}\n".encode()
        at.file_uploader[0].set_value(("lessons.csv", table, "text/csv")).run()
        assert ("1 lesson has another hour" in said(at)) is moved
        press(at, "Import 1 lesson")
    with console.db.read() as tx:
        until = starts + timedelta(days=1)
        found = timetable.lessons(tx, ada, school.id, since=starts - timedelta(days=1), until=until)
    assert len(found) == 1


def lessons(console: Console, actor: Actor, school: School) -> list[str]:
    day = timedelta(days=1)
    with console.db.read() as tx:
        found = timetable.lessons(tx, actor, school.id, since=NOON - day, until=NOON + day)
    return [each.title for each in found]
