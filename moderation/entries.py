"""A school's rules one by one: each list, pattern and watched pace, and how it is switched."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from moderation.filters import Pattern, Rules, WordList
from moderation.watching import Pace, Watch

Kind = Literal["list", "pattern", "flood", "repeats", "newcomers", "links"]
Rule = WordList | Pattern | Watch


@dataclass(frozen=True)
class Entry:
    """`sha256` is of all that it finds and does, whether it is switched on or not.

    `welfare`: it raises alarms, so it never hides.
    """

    kind: Kind
    name: str
    on: bool
    hide: bool
    welfare: bool
    sha256: str


def of(rules: Rules) -> list[Entry]:
    """In the order of the file; what a school watches beside words comes last."""
    return [entry for entry, _ in pairs(rules)]


def pairs(rules: Rules) -> list[tuple[Entry, Rule]]:
    """Each with what it is of; a watched pace as a `Watch` of that one alone."""
    watched = [(each, _alone(rules.watch, each.kind)) for each in _watched(rules.watch)]
    lists = [(_list(each), each) for each in rules.lists]
    patterns = [(_pattern(each), each) for each in rules.patterns]
    return [*lists, *patterns, *watched]


def switched(rules: Rules, changed: Entry) -> Rules:
    """The rules with that one as `changed` has its `on` and `hide`; found by kind and name."""
    on, hide = changed.on, changed.hide and not changed.welfare
    if changed.kind == "list":
        lists = tuple(
            replace(each, on=on, hide=hide) if each.name == changed.name else each
            for each in rules.lists
        )
        return Rules(lists, rules.patterns, rules.watch)
    if changed.kind == "pattern":
        patterns = tuple(
            replace(each, on=on, hide=hide) if each.name == changed.name else each
            for each in rules.patterns
        )
        return Rules(rules.lists, patterns, rules.watch)
    kind = frozenset({changed.kind})
    hides = rules.watch.hides | kind if hide else rules.watch.hides - kind
    off = rules.watch.off - kind if on else rules.watch.off | kind
    return Rules(rules.lists, rules.patterns, replace(rules.watch, hides=hides, off=off))


def _list(words: WordList) -> Entry:
    said = [words.language, words.terms, words.benign, words.welfare]
    welfare = words.welfare is not None
    return _entry("list", words.name, words.on, words.hide, said, welfare=welfare)


def _pattern(pattern: Pattern) -> Entry:
    return _entry("pattern", pattern.name, pattern.on, pattern.hide, [pattern.expression])


def _watched(watch: Watch) -> Iterator[Entry]:
    said: dict[Kind, object] = {
        "flood": _pace(watch.flood),
        "repeats": _pace(watch.repeats),
        "newcomers": watch.newcomers.days if watch.newcomers else None,
        "links": None if watch.links is None else sorted(watch.links),
    }
    for kind, numbers in said.items():
        if numbers is not None:
            yield _entry(kind, kind, kind not in watch.off, kind in watch.hides, numbers)


def _alone(watch: Watch, kind: Kind) -> Watch:
    return Watch(
        flood=watch.flood if kind == "flood" else None,
        repeats=watch.repeats if kind == "repeats" else None,
        newcomers=watch.newcomers if kind == "newcomers" else None,
        links=watch.links if kind == "links" else None,
    )


def _pace(pace: Pace | None) -> list[float] | None:
    return [pace.count, pace.within.total_seconds()] if pace else None


def _entry(
    kind: Kind, name: str, on: bool, hide: bool, said: object, *, welfare: bool = False
) -> Entry:
    whole = json.dumps([kind, name, hide, said])
    return Entry(kind, name, on, hide, welfare, hashlib.sha256(whole.encode()).hexdigest())
