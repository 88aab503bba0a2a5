"""What a school's rules watch beside words: floods, repeats, newcomers and links.

In the rules' TOML these are tables of numbers, all of them optional:
`[flood] comments, minutes`, `[repeats] times, minutes`, `[newcomers] days` and
`[links] allowed`, the hosts that may be linked to; each with `on` and `hide`, if wanted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self

from moderation.model import ModerationError
from store.words import N_

WATCHED: dict[str, frozenset[str]] = {
    "flood": frozenset({"comments", "minutes", "on", "hide"}),
    "repeats": frozenset({"times", "minutes", "on", "hide"}),
    "newcomers": frozenset({"days", "on", "hide"}),
    "links": frozenset({"allowed", "on", "hide"}),
}
MOST = 10_000  # of any number
NO_NUMBER = N_("[{kind}] needs {key}, a whole number from 1 to {most}.")
NO_HOSTS = N_("[links] needs allowed, a list of hosts in quotes; an empty one allows none.")
NO_SWITCH = N_("The {key} of “{name}” is true or false, without quotes.")
NO_KEY = N_("There is no {key} in [{kind}].")


class RulesError(ModerationError):
    """These rules cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Pace:
    """So many within such a time."""

    count: int
    within: timedelta


@dataclass(frozen=True)
class Watch:
    """None: not watched. `newcomers`: how long an account is new; its links are queued.

    `hides` and `off` name those that take a comment down, and those that are switched off.
    """

    flood: Pace | None = None
    repeats: Pace | None = None
    newcomers: timedelta | None = None
    links: frozenset[str] | None = None
    hides: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()

    def switched_on(self) -> Self:
        """What is watched in fact."""
        return replace(
            self,
            flood=None if "flood" in self.off else self.flood,
            repeats=None if "repeats" in self.off else self.repeats,
            newcomers=None if "newcomers" in self.off else self.newcomers,
            links=None if "links" in self.off else self.links,
        )


def watch_of(tables: Mapping[str, Any]) -> Watch:
    """Raises RulesError."""
    return Watch(
        flood=_pace(tables, "flood", "comments"),
        repeats=_pace(tables, "repeats", "times"),
        newcomers=_newcomers(tables),
        links=_links(tables),
        hides=frozenset(kind for kind in WATCHED if switch(_given(tables, kind), kind, "hide")),
        off=frozenset(kind for kind in WATCHED if not switch(_given(tables, kind), kind, "on")),
    )


def switch(table: Mapping[str, Any], name: str, key: str) -> bool:
    """A rule's `on`, true unless it is said, or its `hide`. Raises RulesError."""
    found = table.get(key, key == "on")
    if not isinstance(found, bool):
        raise RulesError(NO_SWITCH, key=key, name=name)
    return found


def _given(tables: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    return _table(tables, kind) or {}


def _pace(tables: Mapping[str, Any], kind: str, count: str) -> Pace | None:
    table = _table(tables, kind)
    if table is None:
        return None
    minutes = _number(table, kind, "minutes")
    return Pace(_number(table, kind, count), timedelta(minutes=minutes))


def _newcomers(tables: Mapping[str, Any]) -> timedelta | None:
    table = _table(tables, "newcomers")
    return None if table is None else timedelta(days=_number(table, "newcomers", "days"))


def _links(tables: Mapping[str, Any]) -> frozenset[str] | None:
    table = _table(tables, "links")
    if table is None:
        return None
    hosts = table.get("allowed")
    if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        raise RulesError(NO_HOSTS)
    return frozenset(host.strip().casefold() for host in hosts)


def _table(tables: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    table = tables.get(kind)
    if table is None:
        return None
    if not isinstance(table, dict):
        raise RulesError(NO_KEY, kind=kind, key="[[...]]")
    for key in table:
        if key not in WATCHED[kind]:
            raise RulesError(NO_KEY, kind=kind, key=key)
    return table


def _number(table: Mapping[str, Any], kind: str, key: str) -> int:
    found = table.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= MOST:
        raise RulesError(NO_NUMBER, kind=kind, key=key, most=MOST)
    return found
