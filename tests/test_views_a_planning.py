"""What is planned for a service, who has its alert, who is told: on a stage, over real rows."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from console.desk import channels
from console.i18n import _, speaking
from console.sections import Mail, Settings
from console.views import admin_channels, planning, repeating
from console.wiring import Console
from probes import alerts, recurring, windows
from probes.model import Target
from probes.recurrence import LAST, Daily, OnDate, OnNth, Recurrence, Weekly
from probes.recurring import Rule
from store.access import Actor
from store.db import Database, text
from store.schools import LANGUAGES, School
from tests import smtp, stage
from tests.stage import letters, press, said, screen
from tests.test_probes_results import add
from tests.test_probes_targets import alert

SENDER = "School 14 <news@school.example>"


@pytest.fixture
def console(database: Database) -> Console:
    return stage.console(database, sender=SENDER)


@pytest.fixture
def target(database: Database, school: School, ana: Actor) -> Target:
    return add(database, ana, school)


def test_an_alert_is_acknowledged_with_a_reason_that_its_page_shows(
    console: Console, school: School, ana: Actor, target: Target
) -> None:
    alert(console.db, target)
    with console.db.read() as tx:
        (standing,) = alerts.open_(tx, ana, school.id)
    at = stage.dialog(lambda: planning.acknowledge(console, ana, standing))
    at = press(at, "Acknowledge")
    assert "Say in a few words who does what." in said(at)
    at.text_input(key="acknowledge-why").set_value("Ivan restarts it")
    press(at, "Acknowledge")
    with console.db.read() as tx:
        (standing,) = alerts.open_(tx, ana, school.id)
    assert (standing.acknowledged_by, standing.acknowledged_reason) == ("ana", "Ivan restarts it")
    page = screen("target", console, ana, school, id=target.id)
    assert "Acknowledged at" in said(page)
    assert "Ivan restarts it" in letters(page)


def test_a_maintenance_over_the_change_of_clocks_is_as_long_as_asked(
    console: Console, school: School, ana: Actor, target: Target
) -> None:
    with console.db.begin() as tx:
        tx.execute(text("UPDATE school SET time_zone = 'Europe/Berlin'"))
    berlin = replace(school, time_zone="Europe/Berlin")
    at = stage.dialog(lambda: planning.maintenance(console, ana, berlin, target))
    at.date_input(key="maintenance-day").set_value(date(2027, 3, 28))  # 02:00 is 03:00 then
    at.time_input(key="maintenance-from").set_value(time(1, 0))
    at.number_input(key="maintenance-hours").set_value(4.0)
    press(at, "Plan the maintenance")
    with console.db.read() as tx:
        (planned,) = windows.of(tx, ana, school.id, now=console.now())
    assert planned.since == datetime(2027, 3, 28, 0, 0, tzinfo=UTC)
    assert planned.until - planned.since == timedelta(hours=4)


def test_a_maintenance_is_planned_once_and_ended(
    console: Console, school: School, ana: Actor, target: Target
) -> None:
    at = stage.dialog(lambda: planning.maintenance(console, ana, school, target))
    at.number_input(key="maintenance-hours").set_value(2.0)
    at.text_input(key="maintenance-why").set_value("upgrade")
    press(at, "Plan the maintenance")
    with console.db.read() as tx:
        (planned,) = windows.of(tx, ana, school.id, now=console.now())
    assert planned.until - planned.since == timedelta(hours=2)
    assert (planned.kind, planned.reason) == ("maintenance", "upgrade")
    at = stage.dialog(lambda: planning.end(console, ana, school, target))
    at.multiselect(key="planned-end").set_value([planned.id])
    press(at, "End it")
    assert planning.planned(console, ana, school, target) == {}


def test_a_maintenance_of_every_week_is_planned_and_ended(
    console: Console, school: School, ana: Actor, target: Target
) -> None:
    at = stage.dialog(lambda: planning.maintenance(console, ana, school, target))
    at.segmented_control(key="maintenance-kind").set_value("weekly").run()
    at = press(at, "Plan the maintenance")
    assert "Choose at least one day" in said(at)
    at.pills(key="maintenance-days").set_value([6])
    at.time_input(key="maintenance-from").set_value(time(3))
    press(at, "Plan the maintenance")
    with console.db.read() as tx:
        (rule,) = recurring.of(tx, ana, school.id)
    assert (rule.days, rule.starts, rule.length) == (Weekly((6,)), time(3), timedelta(hours=1))
    (words,) = planning.planned(console, ana, school, target).values()
    assert "03:00" in words
    at = stage.dialog(lambda: planning.end(console, ana, school, target))
    at.multiselect(key="planned-end").set_value([rule.id])
    press(at, "End it")
    assert planning.planned(console, ana, school, target) == {}


def test_a_maintenance_of_every_month_is_planned_with_its_last_day_and_said_in_words(
    console: Console, school: School, ana: Actor, target: Target
) -> None:
    at = stage.dialog(lambda: planning.maintenance(console, ana, school, target))
    at.segmented_control(key="maintenance-kind").set_value("weekday").run()
    at.selectbox(key="maintenance-nth").set_value(1)
    at.number_input(key="maintenance-hours").set_value(48.0)
    at.date_input(key="maintenance-last").set_value(date(2036, 6, 30))
    press(at, "Plan the maintenance")
    with console.db.read() as tx:
        (rule,) = recurring.of(tx, ana, school.id)
    assert (rule.days, rule.last) == (OnNth(1, 6), date(2036, 6, 30))
    (words,) = planning.planned(console, ana, school, target).values()
    assert words.startswith("Every month: first Sunday, ")
    assert words.endswith("not after June 30, 2036")


def test_what_is_only_planned_is_not_said_to_run(
    console: Console, school: School, ana: Actor, target: Target
) -> None:
    """Some languages have one word for the plan and another for the state."""
    now, day = console.now(), timedelta(days=1)
    with console.db.begin() as tx:
        windows.maintenance(
            tx, ana, target.id, since=now + day, until=now + 2 * day, reason="", now=now
        )
    with speaking("zh_Hans"):
        (words,) = planning.planned(console, ana, school, target).values()
        running, ask = _("Maintenance"), _("Plan maintenance")
    assert running == "维护中"
    assert running not in words
    assert ask == "安排维护"


def test_a_rule_is_planned_until_what_began_on_its_last_day_is_over(
    console: Console, school: School, ana: Actor, target: Target
) -> None:
    now = console.now()
    began = (now - timedelta(hours=30)).astimezone(school.zone)
    rule: dict[str, Any] = {"days": Daily(), "starts": began.time(), "last": began.date()}
    with console.db.begin() as tx:
        recurring.add(tx, ana, target.id, **rule, length=timedelta(hours=40), reason="", now=now)
        (running,) = recurring.running(tx, ana, now=now)
    assert list(planning.planned(console, ana, school, target)) == [running.id]


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (OnDate(1), ("Every month: day 1", "Каждый месяц: 1-го числа", "每月：1 日")),
        (
            OnDate(LAST),
            ("Every month: last day", "Каждый месяц: в последний день", "每月：最后一天"),
        ),
        (
            OnNth(1, 2),
            ("Every month: first Wednesday", "Каждый месяц: первая среда", "每月：第一个星期三"),
        ),
        (
            OnNth(LAST, 6),
            (
                "Every month: last Sunday",
                "Каждый месяц: последнее воскресенье",
                "每月：最后一个星期日",
            ),
        ),
        (Weekly((5, 6)), ("Every week: Sat, Sun", "Каждую неделю: сб, вс", "每周：周六、周日")),
    ],
)
def test_a_rule_is_said_in_each_language(days: Recurrence, told: tuple[str, str, str]) -> None:
    rule = Rule("r", "s", "t", days, time(2), timedelta(hours=2), "", ZoneInfo("UTC"))
    said = []
    for language in LANGUAGES:
        with speaking(language):
            said.append(repeating.words(rule))
    assert [words.startswith(start) for words, start in zip(said, told, strict=True)] == [True] * 3


def test_who_is_told_is_added_tried_and_removed(
    console: Console, school: School, ada: Actor
) -> None:
    with smtp.relay() as relay:
        console.settings = Settings(mail=Mail(relay=relay.url, sender=SENDER))
        at = stage.dialog(lambda: admin_channels.edit(console, ada, school, None))
        at.text_input(key="channel-name").set_value("Night duty")
        at.text_input(key="channel-mail").set_value("night@school.example")
        press(at, "Save and test")
    assert relay.recipients == ["night@school.example"]
    with console.db.read() as tx:
        (channel,) = channels.of(tx, ada, school.id)
    assert (channel.name, channel.language, channel.repeat) == (
        "Night duty",
        "ru",
        timedelta(minutes=30),
    )
    at = screen("admin", console, ada, school)
    at.session_state["admin-tab"] = "Who is told"
    assert "Night duty" in said(at.run())


def test_who_is_told_is_changed_without_its_address_being_shown(
    console: Console, school: School, ada: Actor
) -> None:
    with smtp.relay() as relay:
        console.settings = Settings(mail=Mail(relay=relay.url, sender=SENDER))
        with console.db.begin() as tx:
            channels.add(
                tx, ada, school.id, console.vault, name="Duty", transport="smtp",
                address="duty@school.example", language="en", now=console.now(),
            )  # fmt: skip
            (channel,) = channels.of(tx, ada, school.id)
        at = stage.dialog(lambda: admin_channels.edit(console, ada, school, channel))
        assert at.text_input(key="channel-mail").value == ""
        at.text_input(key="channel-name").set_value("Night")
        at.toggle(key="channel-suspects").set_value(True)
        press(at, "Save and test")
    assert relay.recipients == ["duty@school.example"]
    with console.db.read() as tx:
        assert channels.of(tx, ada, school.id) == [replace(channel, name="Night", suspects=True)]


def test_a_messenger_s_address_goes_in_sealed_and_never_comes_out(
    console: Console, school: School, ada: Actor
) -> None:
    at = stage.dialog(lambda: admin_channels.edit(console, ada, school, None))
    at.text_input(key="channel-name").set_value("Hook")
    at.segmented_control(key="channel-way").set_value("apprise").run()
    at.text_input(key="channel-url").set_value("json://robot:hush-hush@127.0.0.1:9/")
    at = press(at, "Save and test")
    page = screen("admin", console, ada, school)
    page.session_state["admin-tab"] = "Who is told"
    page.run()
    assert "Hook" in said(page)
    assert "hush-hush" not in said(at) + said(page)
