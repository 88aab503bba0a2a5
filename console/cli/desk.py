"""Commands about the desk itself: migrate, doctor, user, backup, restore, mailed."""

import argparse
import getpass
import os
import sys
import tempfile
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
    the_school,
)
from console.desk import accounts, audit_checks, doctor, erasure, people, remembering, restoring
from console.settings import load
from console.wiring import PACKAGES, Console, open_databases
from mailing import relay_log
from store import addresses, anchor, audit_marks, backup, chain, heartbeats, lock, restores
from store.access import ROLES, system
from store.db import Connection, Database


def add(commands: Any) -> None:
    """Add the commands to the parser's table."""
    words = "Bring the databases forward to this version."
    command = commands.add_parser("migrate", help=words, description=words)
    command.set_defaults(run=migrate)

    words = "Examine databases, processes, vault, connections and mail; exit 1 for what is wrong."
    command = commands.add_parser("doctor", help=words, description=words)
    command.add_argument("--json", action="store_true")
    words = (
        "first take the audit as it stands for the true one: an older copy was put there by hand"
    )
    command.add_argument("--accept-audit", action="store_true", help=words)
    command.set_defaults(run=examine)

    _add_users(commands)
    _add_backups(commands)
    _add_erasure(commands)


def _add_users(commands: Any) -> None:
    words = "Accounts of the console."
    users = commands.add_parser("user", help=words, description=words)
    user = users.add_subparsers(dest="what", required=True)
    words = "Add an account; its password is read from standard input."
    command = user.add_parser("add", help=words, description=words)
    command.add_argument("name")
    command.add_argument("--role", required=True, choices=ROLES)
    command.add_argument("--school", help="name or id; without it: every school")
    command.set_defaults(run=add_user)


def _add_backups(commands: Any) -> None:
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

    words = "count held mails as sent that a relay's log (Postfix, Sendmail, Exim) says it took"
    command = commands.add_parser("mailed", help=words, description=words)
    command.add_argument("file", type=Path)
    command.set_defaults(run=mailed)


def _add_erasure(commands: Any) -> None:
    words = (
        "Erase what an account wrote, where Pult knows no person for it; or, with an address "
        "alone, what it got by mail. Cannot be undone."
    )
    command = commands.add_parser("erase", help=words, description=words)
    command.add_argument("connection", help="name or id, or the id of one removed; or an address")
    command.add_argument("account", nargs="?", help="its id on that platform; none for an address")
    command.add_argument("--school", help="name or id; needed where there are several")
    command.set_defaults(run=erase_texts)


def migrate(_given: argparse.Namespace) -> int:
    with opened() as console:
        say(f"The databases are up to date ({console.db.dialect}).")
    return DONE


def examine(given: argparse.Namespace) -> int:
    try:
        with opened() as console:
            if given.accept_audit:
                accept_audit(console)
            findings = console.examine(everywhere(console))
    except OperationalError:
        findings = [doctor.DATABASE_AWAY]
    wrong = list(doctor.problems(findings))
    if given.json:
        state = "failing" if wrong else "ok"
        show({"state": state, "findings": [finding.to_json() for finding in findings]})
        return FINDING if wrong else DONE
    for finding in findings:
        parts = (finding.problem, finding.advice, finding.note)
        told = " ".join(str(words) for words in parts if words)
        say(f"{finding.name}: {told or 'ok'}")
    return FINDING if wrong else DONE


def accept_audit(console: Console) -> None:
    path = console.anchor
    if path is None:
        raise Refused("The campus keeps nothing that its audit is compared with.")
    try:
        audit_checks.accept(console.db, path, now=console.now())
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error


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


def erase_texts(given: argparse.Namespace) -> int:
    if given.account is None:
        return _erase_mail(given)
    with opened() as console:
        school = the_school(console, given.school)
        with console.db.begin() as tx:
            names = people.connection_names(tx, system(school.id), school.id)
            named = [id_ for id_, name in names.items() if given.connection in (id_, name)]
            whose = [(id_, given.account) for id_ in named or [given.connection]]
            gone = erasure.erase(tx, system(school.id), school.id, whose, now=console.now())
    say(f"Comments erased: {gone}.")
    return DONE if gone else FINDING


def _erase_mail(given: argparse.Namespace) -> int:
    if not addresses.normal(given.connection):
        raise Refused(f"{given.connection} is no address; of a connection, name an account too.")
    with opened() as console:
        school = the_school(console, given.school)
        try:
            with console.db.begin() as tx:
                gone = erasure.address(
                    tx, system(school.id), school.id, given.connection, now=console.now()
                )
        except erasure.Shared as error:
            raise Refused(str(error)) from error
    say(f"Mails erased: {gone.mails}. No mail reaches this address any more.")
    if gone.under_way:
        say(f"Leaving this moment: {gone.under_way}. Erase once more in a minute.")
    return FINDING if gone.under_way else DONE


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

        with told(), tempfile.TemporaryFile("w+", encoding="utf-8") as known:

            def hold(tx: Connection) -> None:
                nonlocal held
                held = restoring.hold(tx, known, now=now)

            if given.force:
                made = backup.made_at(given.file)
                remembering.remember(target, made, known, still=not given.while_running, now=now)
            backup.load(
                target, given.file, packages=PACKAGES, force=given.force, now=now, unseen=hold
            )
        with opened() as console:  # which brings the tables forward
            note_turn(console, given.file)
    finally:
        target.close()
        if lead:
            lead.close()
    say(f"{given.file} is restored. Sending is paused; {held} unfinished mails are held.")
    if held:
        say("The relay's log tells which of them left: python -m console mailed LOG")
    return DONE


def note_turn(console: Console, file: Path) -> None:
    """So that nobody takes the older audit for one that was cut, here or on another machine."""
    made, now = backup.made_at(file), console.now()
    with console.db.begin() as tx:
        restores.note(tx, console.vault.derive(restores.PURPOSE), made, now=now)
        while chain.seal(tx, console.vault.derive(chain.PURPOSE)) == chain.BATCH:
            pass  # what the backup held unsealed goes before it
        audit_marks.keep(tx, now=now)
    path = console.anchor
    if path is None:
        return
    try:
        with console.db.read() as tx:
            anchor.turn(tx, path, "restored", made_at=made, now=now)
    except OSError as error:
        say(f"{path} cannot be written ({error.strerror}): doctor will miss entries.")


def mailed(given: argparse.Namespace) -> int:
    """Held mails that the relay's own log names are counted as sent."""
    with opened() as console:
        try:
            with given.file.open(encoding="utf-8", errors="replace") as lines:
                ids = list(relay_log.taken(lines, console.origin.key))
        except OSError as error:
            raise Refused(f"{given.file} cannot be read: {error.strerror}.") from error
        actor = everywhere(console)
        with console.db.begin() as tx:
            count = relay_log.settle(tx, actor, ids, now=console.now())
    say(f"The log names {len(set(ids))} mails of ours; {count} held ones count as sent now.")
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
