"""Commands by which people and targets come in and go out: export, import."""

import argparse
import sys
from pathlib import Path
from typing import Any

from console.cli.common import DONE, FINDING, Refused, known_school, opened, say, tell, the_school
from console.desk import encodings, exporting, importing, workbooks
from console.wiring import Console
from probes import exporting as probing
from probes.importing import Outcome, bring_in, rehearse
from store import access, schools
from store.access import system

TARGETS = "targets"  # what is exported and imported as TOML


def add(commands: Any) -> None:
    """Add the commands to the parser's table."""
    words = (
        "On standard output: people, incidents, audit, cases, decisions or measures as CSV, "
        "or targets as TOML."
    )
    command = commands.add_parser("export", help=words, description=words)
    command.add_argument("name", metavar="NAME", choices=[*sorted(exporting.EXPORTS), TARGETS])
    command.add_argument("--school", help="name or id; needed when there are several")
    command.set_defaults(run=export)

    words = "Bring in people from a table, or targets from a TOML file."
    imports = commands.add_parser("import", help=words, description=words)
    kinds = imports.add_subparsers(dest="what", required=True)
    words = (
        "People from a CSV file or an Excel workbook: email, name, role, language, level, group, "
        "guardian of, other fields."
    )
    command = kinds.add_parser("people", help=words, description=words)
    _of_a_file(command, "say what is wrong, change nothing")
    words = "how a CSV file was saved, where it does not say so itself"
    command.add_argument("--encoding", choices=encodings.ENCODINGS, default="", help=words)
    command.set_defaults(run=import_people)
    words = "Modules and targets from a TOML file, as export writes it: all of it or nothing."
    command = kinds.add_parser(TARGETS, help=words, description=words)
    _of_a_file(command, "say what would be, change nothing")
    command.set_defaults(run=import_targets)


def _of_a_file(command: argparse.ArgumentParser, trial: str) -> None:
    command.add_argument("file", type=Path)
    command.add_argument("--dry-run", action="store_true", help=trial)
    command.add_argument("--school", help="name or id; needed where there are several")


def export(given: argparse.Namespace) -> int:
    with opened() as console:
        school = the_school(console, given.school)
        with console.db.read() as tx:
            if given.name == TARGETS:
                sys.stdout.write(probing.toml(tx, system(school.id), school.id))
                return DONE
            exporting.write(given.name, tx, system(school.id), school, sys.stdout)
    return DONE


def import_people(given: argparse.Namespace) -> int:
    content = read(given.file)
    encoding = given.encoding or encodings.guess(content, "")
    if not given.encoding and not workbooks.is_workbook(content) and not encodings.certain(content):
        tell(f"{given.file} is read as {encoding}; --encoding names another.")
    plan = importing.people_table(content, encoding=encoding)
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
        if given.dry_run:
            outcome = _rehearsed(console, given.school, written)
        else:
            school = the_school(console, given.school, make=True)
            actor = system(school.id)
            outcome = bring_in(console.db, actor, school.id, written, now=console.now())
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


def _rehearsed(console: Console, named: str | None, written: str) -> Outcome:
    """What would be brought in; a desk without any school gets one for the trial alone."""
    now = console.now()
    with console.db.begin() as tx:
        school = known_school(tx, named) or schools.found(
            tx, access.system(), "School", time_zone="UTC", language="en", now=now
        )
        outcome = rehearse(tx, system(school.id), school.id, written, now=now)
        tx.rollback()
    return outcome


def read(path: Path) -> bytes:
    """Raises Refused when the file cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
