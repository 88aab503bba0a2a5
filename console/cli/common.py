"""What the commands share: exit codes, sentences, the school that is meant."""

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from console.wiring import Console, open_console
from store import access, schools
from store.access import Actor
from store.db import CACHE, Connection
from store.schools import School

DONE, FINDING, WRONG_USE = 0, 1, 2  # exit codes


class Refused(Exception):
    """A command cannot do what was asked; the message is one sentence for whoever typed it."""

    def __init__(self, sentence: str, code: int = WRONG_USE) -> None:
        super().__init__(sentence)
        self.code = code


@contextmanager
def opened(*, cache: int = CACHE) -> Iterator[Console]:
    """The world of this environment, closed at the end; its warnings go to standard error."""
    console = open_console(os.environ, cache=cache)
    try:
        for warning in console.settings.warnings:
            tell(warning)
        yield console
    finally:
        console.close()


def everywhere(console: Console) -> Actor:
    """Pult itself, in all schools: whoever may run commands here owns the machine."""
    with console.db.read() as tx:
        return access.system(*schools.every_id(tx))


def the_school(console: Console, named: str | None, *, make: bool = False) -> School:
    """The school of that name or id, else the only one; with `make`, one is made when none is.

    Raises Refused.
    """
    with console.db.read() as tx:
        found = known_school(tx, named)
    if found is not None:
        return found
    if not make:
        raise Refused("There is no school yet.")
    tell("There was no school yet: one called School is made.")
    with console.db.begin() as tx:
        return schools.found(
            tx, access.system(), "School", time_zone="UTC", language="en", now=console.now()
        )


def known_school(tx: Connection, named: str | None) -> School | None:
    """The school of that name or id, else the only one; None where there is none at all.

    Raises Refused for a name that none has, and when nobody says which of several.
    """
    known = schools.in_scope(tx, access.system(*schools.every_id(tx)))
    found = [school for school in known if not named or named in (school.name, school.id)]
    if len(found) == 1:
        return found[0]
    if not known and not named:
        return None
    listed = ", ".join(school.name for school in known) or "none yet"
    raise Refused(f"Name the school with --school. Known: {listed}.")


def show(value: Mapping[str, Any]) -> None:
    """The one object of --json."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")


def tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def log_to_stderr() -> None:
    """Logs of the processes that run long: one line per outcome."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("pymorphy3").setLevel(logging.WARNING)  # it tells of every dictionary
