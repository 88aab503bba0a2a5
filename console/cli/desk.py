"""Commands about the desk itself: migrate, doctor, user, import, backup, restore."""

import argparse
import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from console.cli.common import (
    DONE,
    FINDING,
    Refused,
    everywhere,
    opened,
    say,
    show,
    tell,
    the_school,
)
from console.desk import accounts, doctor, exporting, importing, restoring
from console.settings import load
from console.wiring import PACKAGES, open_databases
from probes import exporting as probing
from probes.importing import bring_in
from store import backup, heartbeats, lock
from store.access import ROLES, system
from store.db import Connection, Database

TARGETS = "targets"  # what is exported and imported as TOML


def add(commands: Any) -> None:
    """Add the commands to the parser's table."""
    words = "Bring the databases forward to this version."
    command = commands.add_parser("migrate", help=words, description=words)
    command.set_defaults(run=migrate)

    words = "Examine databases, processes, vault, connections and mail; exit 1 for what is wrong."
    command = commands.add_parser("doctor", help=words, description=words)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=examine)

    words = "Accounts of the console."
    users = commands.add_parser("user", help=words, description=words)
    user = users.add_subparsers(dest="what", required=True)
    words = "Add an account; its password is read from standard input."
    command = user.add_parser("add", help=words, description=words)
    command.add_argument("name")
    command.add_argument("--role", required=True, choices=ROLES)
    command.add_argument("--school", help="name or id; without it: every school")
    command.set_defaults(run=add_user)

    words = "On standard output: people, incidents or audit as CSV, or targets as TOML."
    command = commands.add_parser("export", help=words, description=words)
    command.add_argument("name", metavar="NAME", choices=[*sorted(exporting.EXPORTS), TARGETS])
    command.add_argument("--school", help="name or id; needed when there are several")
    command.set_defaults(run=export)

    words = "Bring in people from a table, or targets from a TOML file."
    imports = commands.add_parser("import", help=words, description=words)
    kinds = imports.add_subparsers(dest="what", required=True)
    words = "People from a CSV file: email, name, role, language, level, group, other fields."
    command = kinds.add_parser("people", help=words, description=words)
    command.add_argument("file", type=Path)
    command.add_argument("--dry-run", action="store_true", help="say what is wrong, change nothing")
    command.add_argument("--school", help="name or id; needed where there are several")
    command.set_defaults(run=import_people)
    words = "Modules and targets from a TOML file, as export writes it: all of it or nothing."
    command = kinds.add_parser(TARGETS, help=words, description=words)
    command.add_argument("file", type=Path)
    command.add_argument("--dry-run", action="store_true", help="say what would be, change nothing")
    command.add_argument("--school", help="name or id; needed where there are several")
    command.set_defaults(run=import_targets)

    words = "Copy both databases into one file, while Pult runs. The vault's key is not in it."
    command = commands.add_parser("backup", help=words, description=words)
    command.add_argument("file", type=Path)
    command.set_defaults(run=make_backup)

    words = "Put a backup in place; all sending is paused after it. Stop the console first."
    command = commands.add_parser("restore", help=words, description=words)
    command.add_argument("file", type=Path)
    command.add_argument("--force", action="store_true", help="over databases that hold something")
    words = "although the console runs: everybody is signed out, and unfinished mail is held"
    command.add_argument("--while-running", action="store_true", help=words)
    command.set_defaults(run=restore)


def migrate(_given: argparse.Namespace) -> int:
    with opened() as console:
        say(f"The databases are up to date ({console.db.dialect}).")
    return DONE


def examine(given: argparse.Namespace) -> int:
    try:
        with opened() as console:
            findings = console.examine(everywhere(console))
    except OperationalError:
        findings = [doctor.DATABASE_AWAY]
    wrong = list(doctor.problems(findings))
    if given.json:
        state = "failing" if wrong else "ok"
        show({"state": state, "findings": [finding.to_json() for finding in findings]})
        return FINDING if wrong else DONE
    for finding in findings:
        told = " ".join(str(words) for words in (finding.problem, finding.advice) if words)
        say(f"{finding.name}: {told or 'ok'}")
    return FINDING if wrong else DONE


def export(given: argparse.Namespace) -> int:
    with opened() as console:
        school = the_school(console, given.school)
        with console.db.read() as tx:
            if given.name == TARGETS:
                sys.stdout.write(probing.toml(tx, system(school.id), school.id))
                return DONE
            exporting.write(given.name, tx, system(school.id), school, sys.stdout)
    return DONE


def add_user(given: argparse.Namespace) -> int:
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    with opened() as console:
        school = the_school(console, given.school) if given.school else None
        with console.db.begin() as tx:
            accounts.add(
                tx,
                system(),
                given.name,
                password,
                role=given.role,
                school_ids=frozenset({school.id}) if school else frozenset(),
                every_school=school is None,
                now=console.now(),
            )
    say(f"{given.name} may sign in.")
    return DONE


def import_people(given: argparse.Namespace) -> int:
    content = read(given.file)
    plan = importing.people_table(content)
    for problem in plan.problems:
        tell(f"{given.file}, line {problem.line}: {problem.what}")
    if given.dry_run:
        say(f"{len(plan.rows)} people would be brought in.")
        return FINDING if plan.problems else DONE
    if not plan.rows:
        return FINDING
    with opened() as console:
        school = the_school(console, given.school, make=True)
        actor = system(school.id)
        brought = importing.apply(console.db, actor, school.id, plan, now=console.now())
    for problem in brought.problems:
        tell(f"{given.file}, line {problem.line}: {problem.what}")
    say(f"{brought.people} people are brought in.")
    return FINDING if plan.problems or brought.problems else DONE


def import_targets(given: argparse.Namespace) -> int:
    written = read(given.file).decode("utf-8", "replace")
    with opened() as console:
        school = the_school(console, given.school, make=not given.dry_run)
        outcome = bring_in(
            console.db,
            system(school.id),
            school.id,
            written,
            now=console.now(),
            dry_run=given.dry_run,
        )
    for problem in outcome.problems:
        entry = problem.entry
        place = f", line {entry.line}" if entry.line else ""
        tell(f"{given.file}{place}, {entry.kind} {entry.name}: {problem.what}")
    if outcome.problems:
        tell("Nothing was brought in.")
        return FINDING
    counts = (
        f"{len(outcome.added)} added, {len(outcome.changed)} changed, "
        f"{len(outcome.unchanged)} unchanged"
    )
    say(f"It would be: {counts}." if given.dry_run else f"{counts}.")
    for awaited in outcome.awaited:
        tell(str(awaited))
    return FINDING if outcome.awaited else DONE


@contextmanager
def told() -> Iterator[None]:
    """What a backup refuses was asked wrongly: its own sentence says why."""
    try:
        yield
    except backup.BackupError as error:
        raise Refused(str(error)) from error


def make_backup(given: argparse.Namespace) -> int:
    with opened() as console, told():
        backup.save(console.db, given.file, now=console.now())
    say(f"{given.file} is written. Keep the vault's key beside it, not in it.")
    return DONE


def restore(given: argparse.Namespace) -> int:
    settings = load(os.environ)
    target = open_databases(settings)
    lead = lock.take(settings.data / "console.lock")
    try:
        now, held = datetime.now(UTC), 0
        if not given.while_running:
            refuse_while_alive(target, lead, now=now)

        def hold(tx: Connection) -> None:
            nonlocal held
            held = restoring.hold(tx, now=now)

        with told():
            backup.load(
                target, given.file, packages=PACKAGES, force=given.force, now=now, unseen=hold
            )
        with opened():  # which brings the tables forward
            pass
    finally:
        target.close()
        if lead:
            lead.close()
    say(f"{given.file} is restored. Sending is paused; {held} unfinished mails are held.")
    return DONE


def refuse_while_alive(target: Database, lead: object, *, now: datetime) -> None:
    """Raises Refused while a console, prober or worker, here or elsewhere, uses the databases."""
    if lead is None:
        raise Refused(
            "The console runs on these databases. Stop it, then restore, or add --while-running."
        )
    for beat in restoring.alive(target, now=now):
        raise Refused(
            f"A {beat.part} (process {beat.pid}) works on these databases. Stop it, wait "
            f"{heartbeats.SILENT.seconds} seconds, then restore, or add --while-running."
        )


def read(path: Path) -> bytes:
    """Raises Refused when the file cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
