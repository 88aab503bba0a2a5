"""How soon a case is due: by harm, reach and age, and in words why."""

import math
from collections.abc import Sequence
from datetime import datetime

from moderation.model import Flag
from store.words import N_, Words

HOUR = 30.0  # points that an hour of waiting adds: as much as one more watched term and a bit
AT_MOST_TERMS = 4
AT_MOST_REPORTS = 5


def weight(flags: Sequence[Flag], reports: int, reach: int) -> float:
    """Points of harm and reach; 0 to about 200."""
    terms = min(len({(flag.rule, flag.term) for flag in flags}), AT_MOST_TERMS)
    heard = min(reports, AT_MOST_REPORTS)
    return 20.0 * terms + 15.0 * heard + 5.0 * math.log2(1 + reach)


def rank(points: float, created_at: datetime) -> float:
    """The queue's order, the same at any time: what waits longer gains HOUR an hour."""
    return points - created_at.timestamp() / 3600 * HOUR


def order(points: float, created_at: datetime, now: datetime) -> float:
    """The weight at `now`."""
    return points + (now - created_at).total_seconds() / 3600 * HOUR


def reasons(
    flags: Sequence[Flag],
    reports: int,
    reach: int,
    *,
    handed_on: bool = False,
    edited: bool = False,
) -> list[Words]:
    """Why the case is in the queue and where it stands, the gravest first."""
    said: list[Words] = []
    if handed_on:
        said.append(Words(N_("Handed on by a moderator")))
    if reports:
        said.append(Words(N_("Reports from participants: {count}"), {"count": reports}))
    for rule in dict.fromkeys(flag.rule for flag in flags):
        terms = len({flag.term for flag in flags if flag.rule == rule})
        said.append(Words(N_("Watched words of “{rule}”: {count}"), {"rule": rule, "count": terms}))
    if edited:
        said.append(Words(N_("The author edited it since it was first seen")))
    if reach:
        said.append(Words(N_("People in the course who can read it: {count}"), {"count": reach}))
    return said
