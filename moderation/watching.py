"""What a school's rules watch beside words: floods, repeats, newcomers and links.

In the rules' TOML these are tables of numbers, all of them optional:
`[flood] comments, minutes`, `[repeats] times, minutes`, `[newcomers] days` and
`[links] allowed`, the hosts that may be linked to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from moderation.model import ModerationError
from store.words import N_

WATCHED: dict[str, frozenset[str]] = {
    "flood": frozenset({"comments", "minutes"}),
    "repeats": frozenset({"times", "minutes"}),
    "newcomers": frozenset({"days"}),
    "links": frozenset({"allowed"}),
}
MOST = 10_000  # of any number
NO_NUMBER = N_("[{kind}] needs {key}, a whole number from 1 to {most}.")
NO_HOSTS = N_("[links] needs allowed, a list of hosts in quotes; an empty one allows none.")
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
    """None: not watched. `newcomers`: how long an account is new; its links are queued."""

    flood: Pace | None = None
    repeats: Pace | None = None
    newcomers: timedelta | None = None
    links: frozenset[str] | None = None


def watch_of(tables: Mapping[str, Any]) -> Watch:
    """Raises RulesError."""
    return Watch(
        flood=_pace(tables, "flood", "comments"),
        repeats=_pace(tables, "repeats", "times"),
        newcomers=_newcomers(tables),
        links=_links(tables),
    )


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
