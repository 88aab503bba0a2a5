"""Every function with an actor looks who asks: strangers to a school get nothing of it."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from types import ModuleType
from typing import Any, get_args, get_type_hints

import pytest
from sqlalchemy import inspect as inspected
from sqlalchemy import text

from console.desk import accounts, doctor
from probes import metrics, modules, recurring, targets, windows
from store import access, audit, planning, schools, timetable
from store.access import Actor, Denied
from store.db import SCHEMAS, Connection, Database
from store.schools import School
from tests.calls import desk, mailing, moderation, probes, store
from tests.cast import LATER, MARK, Cast, lesson, never, settled
from tests.conftest import NOON

Function = Callable[..., object]
Row = tuple[object, ...]
PACKAGES = ("store", "probes", "moderation", "mailing", "console.desk", "console.campus")
CALLS = store.CALLS | probes.CALLS | moderation.CALLS | mailing.CALLS | desk.CALLS

NAMING_A_SCHOOL = [f for f in CALLS if "school_id" in inspect.signature(f).parameters]

NOT_A_CHECK: dict[Function, str] = {
    audit.record: "notes what the caller has checked and done, whoever did it",
}
ANSWERS: dict[Function, str] = {  # strangers are answered, with nothing of this school
    access.may: "the question itself: no",
    schools.in_scope: "the schools in scope",
    schools.found: "a new school, if an admin asks",
    modules.called: "the modules of the schools in scope",
    targets.called: "the targets of the schools in scope",
    targets.probed: "the targets of the schools in scope",
    windows.running: "the windows of the schools in scope",
    recurring.running: "what the rules of the schools in scope make of now",
    metrics.exposition: "the series of the schools in scope",
    doctor.look: "the house, and the connections of the schools in scope",
    accounts.set_language: "the actor's own account",
    accounts.language_of: "the actor's own account",
}


@pytest.fixture
def cast(database: Database, school: School) -> Iterator[tuple[Cast, list[str]]]:
    with settled(database, school.id) as made:
        yield made


@pytest.fixture(params=["zoe", "eve"])
def stranger(request: pytest.FixtureRequest) -> Actor:
    """Of another school, or without a role."""
    found: Actor = request.getfixturevalue(request.param)
    return found


def test_every_function_with_an_actor_is_called_here() -> None:
    found = {function for module in _modules() for function in _with_actor(module)}
    assert len(found) > 100
    assert _names(found - CALLS.keys() - NOT_A_CHECK.keys()) == []
    assert _names((CALLS.keys() | NOT_A_CHECK.keys()) - found) == []


def test_a_stranger_to_the_school_is_denied_everywhere(
    cast: tuple[Cast, list[str]], database: Database, stranger: Actor
) -> None:
    on, reached = cast
    before, seen = _rows(database, on.school), len(reached)
    on = replace(on, adapters=never)
    answered = {f: answer for f in CALLS if not isinstance(answer := _try(f, stranger, on), Denied)}
    assert _names(set(answered) - ANSWERS.keys()) == []
    assert [answer for answer in answered.values() if _tells(answer, on)] == []
    assert _rows(database, on.school) == before
    assert reached[seen:] == []


def test_an_administrator_of_the_school_is_denied_nowhere(
    cast: tuple[Cast, list[str]], ada: Actor
) -> None:
    on, _ = cast
    answers = {function: _try(function, ada, on) for function in CALLS}
    failed = {_name(f): answer for f, answer in answers.items() if isinstance(answer, Exception)}
    assert failed == {}


def test_a_viewer_of_the_school_changes_nothing(
    cast: tuple[Cast, list[str]], database: Database, school: School
) -> None:
    on, _ = cast
    before = _rows(database, on.school)
    viewer = Actor("vic", "Vic", "viewer", frozenset({school.id}))
    for function in CALLS:
        if not isinstance(_try(function, viewer, replace(on, adapters=never), keep=True), Denied):
            assert _rows(database, on.school) == before, _name(function)


def test_ones_own_school_tells_nothing_of_another(
    cast: tuple[Cast, list[str]], elsewhere: School, zoe: Actor
) -> None:
    """Zoe names her own school, and rows of the other."""
    ours, _ = cast
    on = replace(ours, school=elsewhere.id, adapters=never)
    told = {f for f in NAMING_A_SCHOOL if _tells(_try(f, zoe, on), ours)}
    assert _names(told) == []


def test_ones_own_school_changes_nothing_in_another(
    cast: tuple[Cast, list[str]], database: Database, elsewhere: School, zoe: Actor
) -> None:
    ours, _ = cast
    before = _rows(database, ours.school)
    on = replace(ours, school=elsewhere.id, adapters=never)
    for function in NAMING_A_SCHOOL:
        _try(function, zoe, on, keep=True)
        after = _rows(database, ours.school)
        assert before <= after, _name(function)
        assert [row for row in after - before if ours.school in row] == [], _name(function)


def test_a_lesson_tells_nothing_of_another_school_s_course_and_teacher(
    cast: tuple[Cast, list[str]], database: Database, elsewhere: School, zoe: Actor
) -> None:
    known = cast[0].roster
    with database.begin() as tx:
        planned = [lesson("l1", known.course, known.room, known.person)]
        planning.lessons(tx, zoe, elsewhere.id, planned, now=NOON)
        (found,) = timetable.lessons(tx, zoe, elsewhere.id, since=NOON, until=LATER)
    assert (found.teacher_name, found.expected) == ("", 0)


def _try(function: Function, who: Actor, on: Cast, *, keep: bool = False) -> object:
    """The answer, or what was raised; what is done in a transaction is undone unless kept."""
    try:
        with _first(function, on) as first:
            answer = CALLS[function](first, who, on)
            if isinstance(first, Connection) and not keep:
                first.rollback()
            return answer
    except Exception as error:
        return error


def _first(function: Function, on: Cast) -> AbstractContextManager[Any]:
    """What the function takes before the actor."""
    match next(iter(inspect.signature(function).parameters)):
        case "mtx":
            return on.console.db.begin("metrics")
        case "db":
            return nullcontext(on.console.db)
        case "console":
            return nullcontext(on.console)
        case _:
            return on.console.db.begin()


def _tells(answer: object, ours: Cast) -> bool:
    said = answer.decode() if isinstance(answer, bytes) else repr(answer)
    return MARK in said or any(id_ in said for id_ in ours.ids)


def _rows(database: Database, school: str) -> set[Row]:
    """The school's rows, and those of tables that belong to no school."""
    found: set[Row] = set()
    for schema in SCHEMAS:
        with database.read(schema) as tx:
            for table in inspected(tx).get_table_names():
                rows = tx.execute(text(f"SELECT * FROM {table}")).mappings()
                found |= {
                    (table, *row.values()) for row in rows if row.get("school_id", school) == school
                }
    return found


def _modules() -> Iterator[ModuleType]:
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield package
        for found in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
            yield importlib.import_module(found.name)


def _with_actor(module: ModuleType) -> Iterator[Function]:
    """The public functions, and the public methods of public classes, that take an actor."""
    for name, member in vars(module).items():
        if name.startswith("_") or getattr(member, "__module__", "") != module.__name__:
            continue
        inside = vars(member) if inspect.isclass(member) else {name: member}
        for own, held in inside.items():
            function = inspect.unwrap(getattr(held, "__func__", held))
            if inspect.isfunction(function) and not own.startswith("_") and _takes(function):
                yield function


def _takes(function: Function) -> bool:
    hints = get_type_hints(function)
    hints.pop("return", None)
    return any(hint is Actor or Actor in get_args(hint) for hint in hints.values())


def _name(function: Function) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def _names(functions: set[Function]) -> list[str]:
    return sorted(map(_name, functions))
