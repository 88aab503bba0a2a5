"""Modules and targets as TOML: out and in again the same, and what is wrong named."""

import tomllib
from dataclasses import replace
from datetime import timedelta

import pytest

from probes import exporting, fitting, importing, modules, targets
from probes.importing import Outcome
from probes.model import Target, TargetError
from probes.probers import PROBERS
from store import enrolling
from store.access import Actor
from store.db import Database
from store.enrolling import ListedRoom
from store.schools import School
from tests.conftest import NOON
from tests.test_probes_modules import VAULT, add_module, add_target, module
from tests.test_probes_results import connect

STRANGE = 'Call "Ivan" \\ Ива́н 伊万\n[[target]]\n\ttab\x7f\x1b"""\n\n'


def out(database: Database, actor: Actor, school: School) -> str:
    with database.read() as tx:
        return exporting.toml(tx, actor, school.id)


def bring(
    database: Database, actor: Actor, school: School, written: str, *, dry_run: bool = False
) -> Outcome:
    return importing.bring_in(database, actor, school.id, written, now=NOON, dry_run=dry_run)


def said(outcome: Outcome) -> list[str]:
    return [
        f"{problem.entry.line} {problem.entry.name}: {problem.what}" for problem in outcome.problems
    ]


def kept(database: Database, actor: Actor, school: School) -> list[Target]:
    """The targets without what is another school's: ids, and secrets that were not entered."""
    with database.read() as tx:
        found = targets.of(tx, actor, school.id)
        used = {each.id: each.name for each in modules.of(tx, actor, school.id)}
    names = {target.id: target.name for target in found}
    return [
        replace(
            target,
            id="",
            school_id="",
            parent_ids=tuple(sorted(names[parent] for parent in target.parent_ids)),
            connection_id=None,
            room_id=None,
            module_id=used.get(target.module_id or ""),
            sealed=dict.fromkeys(target.sealed, ""),
        )
        for target in found
    ]


def settle(database: Database, actor: Actor, school: School, connection: str) -> None:
    """A media server with one room."""
    connect(database, school, connection)
    with database.begin() as tx:
        room = [ListedRoom("physics", "7B", 30)]
        enrolling.rooms(tx, actor, school.id, connection, room, now=NOON)
        tx.exec_driver_sql(f"UPDATE connection SET name = 'BBB' WHERE id = '{connection}'")


def fill(database: Database, ada: Actor, school: School) -> None:
    settle(database, ada, school, "bbb")
    page = add_module(
        database, ada, module(school, "Página «входа»", conditions={"contains": STRANGE, "slow": 3})
    )
    turn = add_module(
        database, ada,
        module(school, "TURN", prober="turn", conditions={"username": "="},
               sealed={"password": VAULT.seal("s3cret")}),
    )  # fmt: skip
    lms = add_target(
        database, ada, school, name="LMS", runbook=STRANGE, module_id=page.id,
        module={"slow": 0.1 + 0.2, "redirects": 3, "verify": False, "lacks": "\\\r\n"},
        interval=timedelta(seconds=1.5),
    )  # fmt: skip
    relay = add_target(
        database, ada, school, "turn", name="Relay", address="turn.example:3478",
        module_id=turn.id, sealed={"shared_secret": ""}, parent_ids=[lms.id],
    )  # fmt: skip
    with database.begin() as tx:
        (room,) = tx.exec_driver_sql("SELECT id FROM room WHERE connection_id = 'bbb'").scalars()
    add_target(
        database, ada, school, "classroom", name="A meter", address="", connection_id="bbb",
        room_id=room, parent_ids=[relay.id, lms.id],
    )  # fmt: skip
    off = add_target(database, ada, school, "tcp", name="off", address="lms.example:443")
    with database.begin() as tx:
        targets.change(tx, ada, replace(off, enabled=False), now=NOON)


def test_what_goes_out_comes_in_the_same_in_an_empty_school(
    database: Database, school: School, elsewhere: School, ada: Actor, zoe: Actor
) -> None:
    fill(database, ada, school)
    settle(database, zoe, elsewhere, "other")
    written = out(database, ada, school)
    outcome = bring(database, zoe, elsewhere, written)
    assert said(outcome) == []
    assert len(outcome.added) == 6
    assert out(database, zoe, elsewhere) == written
    assert kept(database, zoe, elsewhere) == kept(database, ada, school)
    again = bring(database, zoe, elsewhere, written)
    assert (again.added, again.changed, len(again.unchanged)) == ([], [], 6)


def test_a_secret_is_never_written_and_is_asked_for(
    database: Database, school: School, elsewhere: School, ada: Actor, zoe: Actor
) -> None:
    fill(database, ada, school)
    settle(database, zoe, elsewhere, "other")
    written = out(database, ada, school)
    assert "s3cret" not in written
    with database.read() as tx:
        (sealed,) = [each.sealed for each in modules.of(tx, ada, school.id) if each.sealed]
    assert sealed["password"] not in written
    outcome = bring(database, zoe, elsewhere, written)
    assert [str(words) for words in outcome.awaited] == [
        "The module TURN needs: password. Enter it under Admin, Targets.",
        "The target Relay needs: shared_secret. Enter it under Admin, Targets.",
    ]
    bring(database, ada, school, written.replace("[module.conditions]", "[module.conditions]\n"))
    with database.read() as tx:  # what was entered here stays
        assert [m.sealed for m in modules.of(tx, ada, school.id) if m.sealed] == [sealed]


def test_a_trial_run_says_what_would_be_and_changes_nothing(
    database: Database, school: School, ada: Actor
) -> None:
    fill(database, ada, school)
    before = out(database, ada, school)
    written = before.replace("interval_seconds = 1.5", "interval_seconds = 30.0") + (
        '\n[[target]]\nname = "New"\nprober = "tcp"\naddress = "new.example:1"\n'
    )
    outcome = bring(database, ada, school, written, dry_run=True)
    assert (outcome.added, outcome.changed) == (["New"], ["LMS"])
    assert out(database, ada, school) == before
    bring(database, ada, school, written)
    assert tomllib.loads(out(database, ada, school))["target"][1]["interval_seconds"] == 30.0


WRONG = """
[[module]]
name = "Page"
prober = "http"
conditions = { contians = "x" }

[[target]]
name = "Loop"
prober = "tcp"
address = "a.example:1"
depends_on = ["Loop"]

[[target]]
name = "Lost"
prober = "tcp"
address = "a.example:2"
depends_on = ["Nobody"]

[[target]]
name = "Lost"
prober = "tcp"
address = "a.example:3"

[[target]]
name = "Open"
prober = "turn"
address = "turn.example"
conditions = { password = "s3cret" }

[[target]]
name = "Meter"
prober = "classroom"
connection = "Nowhere"

[[target]]
name = "Typed"
prober = "tcp"
address = 7
interval_seconds = "often"
adress = "a.example:1"

[[target]]
prober = "gopher"

[[target]]
name = "Gopher"
prober = "gopher"

[[target]]
name = "Good"
prober = "tcp"
address = "a.example:4"
"""


def test_each_wrong_entry_is_named_with_its_line_and_nothing_is_kept(
    database: Database, school: School, ada: Actor
) -> None:
    outcome = bring(database, ada, school, WRONG)
    assert sorted(said(outcome), key=lambda told: int(told.split()[0])) == [
        "2 Page: The probe http has no condition contians. It has: "
        f"{', '.join(fitting.conditions_of('http'))}.",
        "7 Loop: A target cannot depend on itself, not even by a detour.",
        "13 Lost: It depends on Nobody, and there is no such target.",
        "19 Lost: Its name stands twice in the file.",
        "24 Open: password is a secret: enter it in the console, where it is sealed.",
        "30 Meter: There is no connection Nowhere: connect that platform first.",
        "35 Typed: address must be text in quotes.",
        "35 Typed: interval_seconds must be a number of seconds.",
        "35 Typed: There is no adress here. Known: name, prober, module, address, "
        "interval_seconds, depends_on, connection, room, runbook, enabled, conditions, secrets.",
        "42 : It has no name.",
        f"45 Gopher: There is no probe named gopher. Use one of {', '.join(PROBERS)}.",
    ]
    assert out(database, ada, school) == ""


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("[[target]\n", r"not TOML: .*line 1"),
        ("[server]\nport = 1\n", "There is no server in such a file"),
        ('target = "x"\n', r"under a line of its own: \[\[target\]\]"),
        ("a=" + "[" * 9000, "not TOML"),
    ],
)
def test_what_is_no_such_file_is_refused_whole(
    database: Database, school: School, ada: Actor, written: str, sentence: str
) -> None:
    with pytest.raises(TargetError, match=sentence):
        bring(database, ada, school, written)


def test_a_secret_does_not_follow_a_target_to_another_server(
    database: Database, school: School, ada: Actor
) -> None:
    sealed = {"password": VAULT.seal("x")}
    add_target(database, ada, school, "turn", address="turn.example", sealed=sealed)
    written = out(database, ada, school)
    outcome = bring(database, ada, school, written.replace("turn.example", "turn.thief.example"))
    assert len(outcome.awaited) == 1
    (moved,) = kept(database, ada, school)
    assert moved.address == "turn.thief.example"
    with database.read() as tx:
        assert targets.of(tx, ada, school.id)[0].sealed == {"password": ""}


def test_a_secret_is_awaited_where_a_file_makes_its_way_less_safe(
    database: Database, school: School, ada: Actor
) -> None:
    sealed = {"authorization": VAULT.seal("x")}
    made = module(school, conditions={"verify": True}, sealed=sealed)
    add_module(database, ada, made)
    add_target(database, ada, school, address="https://lms.example/", sealed=sealed)
    written = out(database, ada, school)
    for safe, less in (("https://lms", "http://lms"), ("verify = true", "verify = false")):
        outcome = bring(database, ada, school, written.replace(safe, less), dry_run=True)
        assert (len(outcome.awaited), said(outcome)) == (1, [])


def test_what_a_target_depends_on_may_stand_below_it(
    database: Database, school: School, ada: Actor
) -> None:
    names = ["one", "two", "three", "four"]
    written = "".join(
        f'[[target]]\nname = "{name}"\nprober = "tcp"\naddress = "a.example:1"\n'
        f"depends_on = {names[place + 1 :]}\n"
        for place, name in enumerate(names)
    )
    assert said(bring(database, ada, school, written)) == []
    found = {target.name: target.parent_ids for target in kept(database, ada, school)}
    assert found == {name: tuple(sorted(names[n + 1 :])) for n, name in enumerate(names)}
    circle = written.replace("depends_on = []", 'depends_on = ["one"]')
    (problem,) = said(bring(database, ada, school, circle))
    assert "cannot depend on itself" in problem
