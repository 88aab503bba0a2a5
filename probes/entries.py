"""Read a TOML file of modules and targets into entries, each with the line where it begins."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

from probes.model import TargetError
from store.words import N_, Words

Kind = Literal["module", "target"]
LARGEST = 4 * 1024 * 1024  # letters of a file
LONGEST = 86_400.0  # seconds between two checks

KEYS: dict[Kind, dict[str, type]] = {
    "module": {"name": str, "prober": str, "conditions": dict, "secrets": list},
    "target": {
        "name": str,
        "prober": str,
        "module": str,
        "address": str,
        "interval_seconds": float,
        "depends_on": list,
        "connection": str,
        "room": dict,
        "runbook": str,
        "enabled": bool,
        "conditions": dict,
        "secrets": list,
    },
}
TYPES = {
    str: N_("{name} must be text in quotes."),
    float: N_("{name} must be a number of seconds."),
    bool: N_("{name} must be true or false."),
    list: N_("{name} must be a list of names in quotes."),
    dict: N_("{name} must be a table."),
}


@dataclass(frozen=True)
class Entry:
    """One [[module]] or [[target]]; `line` is None where the file does not show it."""

    kind: Kind
    name: str
    line: int | None
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """What is wrong with an entry, by the line where it begins and its name."""

    entry: Entry
    what: Words


def read(written: str) -> tuple[list[Entry], list[Problem]]:
    """The entries in their order, and those that cannot be read.

    Raises TargetError when the file as a whole cannot.
    """
    if len(written) > LARGEST:
        raise TargetError(N_("The file is longer than {n} letters."), {"n": LARGEST})
    try:
        tree = tomllib.loads(written)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise TargetError(N_("The file is not TOML: {problem}"), {"problem": str(error)}) from error
    for key in tree:
        if key not in KEYS:
            raise TargetError(
                N_("There is no {key} in such a file. It has [[module]] and [[target]]."),
                {"key": key},
            )
    entries = [entry for kind in KEYS for entry in _entries(kind, tree.get(kind, []), written)]
    return entries, list(_problems(entries))


def _entries(kind: Kind, found: Any, written: str) -> Iterator[Entry]:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise TargetError(
            N_("Write each {kind} under a line of its own: [[{kind}]]."), {"kind": kind}
        )
    heading = re.compile(rf"\s*\[\[\s*{kind}\s*\]\]")
    lines = [n for n, line in enumerate(written.splitlines(), start=1) if heading.match(line)]
    shown = len(lines) == len(found)  # a runbook may hold such a line as well
    for place, fields in enumerate(found):
        yield Entry(kind, str(fields.get("name", "")), lines[place] if shown else None, fields)


def _problems(entries: list[Entry]) -> Iterator[Problem]:
    seen: set[tuple[Kind, str]] = set()
    for entry in entries:
        key = (entry.kind, entry.name.strip())
        if not key[1]:
            yield Problem(entry, Words(N_("It has no name.")))
        elif key in seen:
            yield Problem(entry, Words(N_("Its name stands twice in the file.")))
        seen.add(key)
        for name, value in entry.fields.items():
            what = _misfit(entry.kind, name, value)
            if what is not None:
                yield Problem(entry, what)


def _misfit(kind: Kind, key: str, value: object) -> Words | None:
    if key not in KEYS[kind]:
        known = ", ".join(KEYS[kind])
        return Words(N_("There is no {key} here. Known: {known}."), {"key": key, "known": known})
    wanted = KEYS[kind][key]
    fits = isinstance(value, (int, float) if wanted is float else wanted)
    if wanted is float and fits:
        fits = not isinstance(value, bool) and _seconds(value)
    if isinstance(value, list):
        fits = fits and all(isinstance(each, str) for each in value)
    return None if fits else Words(TYPES[wanted], {"name": key})


def _seconds(value: Any) -> bool:
    return isfinite(value) and 0 < value <= LONGEST
