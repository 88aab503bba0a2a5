"""The shell on a stage: its menu by role, the school switcher, the language kept."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from console.desk import accounts
from console.sections import Settings
from console.wiring import Console
from store import access
from store.access import Actor
from store.db import Database
from store.schools import School
from store.vault import Vault
from tests.conftest import NOON
from tests.stage import KEY, WAIT, said


@pytest.fixture
def console(database: Database) -> Console:
    return Console(Settings(), database, Vault(KEY))


def _script(on: "Console", actor: "Actor") -> None:
    from console import app

    app.main(on, actor)


def shell(console: Console, actor: Actor) -> AppTest:
    at = AppTest.from_function(_script, args=(console, actor), default_timeout=WAIT).run()
    assert not at.exception
    return at


def menu(at: AppTest) -> list[str]:
    """The screens offered, by the words of their links."""
    return [link.proto.label for link in at.sidebar.get("page_link")]


def test_a_coordinator_is_offered_what_her_role_opens(console: Console, ana: Actor) -> None:
    assert menu(shell(console, ana)) == [
        "Overview",
        "Classrooms",
        "Services",
        "Incidents",
        "Review queue",
        "Appeals",
        "Welfare alarms",
        "People",
        "Campaigns",
        "Recipients",
        "Figures",
    ]


def test_a_viewer_is_offered_the_boards_alone(console: Console, school: School) -> None:
    viewer = Actor("vic", "Vic", "viewer", frozenset({school.id}))
    assert menu(shell(console, viewer)) == ["Overview", "Classrooms", "Services", "Incidents"]


def test_an_account_without_a_role_is_told_whom_to_ask(console: Console, eve: Actor) -> None:
    at = shell(console, eve)
    assert menu(at) == []
    assert "no role in any school" in said(at)


def test_the_campus_is_marked_and_the_real_school_is_not(console: Console, ana: Actor) -> None:
    assert "Simulation" not in said(shell(console, ana))
    campus = Console(replace(console.settings, simulation=True), console.db, console.vault)
    assert "Simulation · no real people" in said(shell(campus, ana))


def test_the_switcher_holds_the_schools_in_scope_alone(
    console: Console, school: School, elsewhere: School, ana: Actor
) -> None:
    one = shell(console, ana)
    assert one.sidebar.selectbox(key="school-switch").options == [school.name]
    both = replace(ana, schools=frozenset({school.id, elsewhere.id}))
    at = shell(console, both)
    switch = at.sidebar.selectbox(key="school-switch")
    assert sorted(switch.options) == sorted([school.name, elsewhere.name])
    switch.set_value(elsewhere.id).run()
    assert at.sidebar.selectbox(key="school-switch").value == elsewhere.id


def test_a_chosen_language_is_kept_with_the_account(console: Console, school: School) -> None:
    with console.db.begin() as tx:
        account = accounts.add(
            tx,
            access.system(school.id),
            "Ana",
            "a long enough password",
            role="coordinator",
            school_ids=frozenset({school.id}),
            now=NOON,
        )
    actor = Actor(account, "Ana", "coordinator", frozenset({school.id}))
    at = shell(console, actor)
    at.selectbox(key="language-choice").set_value("ru").run()
    assert "Обзор" in menu(at)
    assert "Обзор" in menu(shell(console, actor))  # the next sign-in
    with console.db.read() as tx:
        assert accounts.language_of(tx, actor) == "ru"
