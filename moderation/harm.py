"""How soon a case is due: by harm, reach and age, and in words why."""

import math
from collections.abc import Sequence
from datetime import datetime

from moderation.model import Flag
from store.words import N_, Words

HOUR = 30.0  # points that an hour of waiting adds: as much as one more watched term and a bit
TERM, REPORT, DOUBLING, SIGNAL, WELFARE = 20.0, 15.0, 5.0, 15.0, 60.0
AT_MOST_TERMS = 4
AT_MOST_REPORTS = 5
WORDS = ("term", "pattern")

ALARM = N_("Somebody may need help: a welfare alarm is open")
HANDED_ON = N_("Handed on by a moderator")
REPORTS = N_("Reports from participants: {count}")
WATCHED = N_("Watched words of “{rule}”: {count}")
SIGNALS = {
    "flood": N_("A flood: {count} comments within minutes"),
    "repeats": N_("The same text {count} times"),
    "newcomer": N_("A link from an account that is new"),
    "links": N_("A link to {count}"),
    "returned": N_("It stands again after its removal"),
}
EDITED = N_("The author edited it since it was first seen")
REACH = N_("People in the course who can read it: {count}")


def weight(flags: Sequence[Flag], reports: int, reach: int) -> float:
    """Points of harm and reach; 0 to about 300."""
    return sum(_points(flags, reports, reach).values())


def rank(points: float, created_at: datetime) -> float:
    """The queue's order, the same at any time: what waits longer gains HOUR an hour."""
    return points - created_at.timestamp() / 3600 * HOUR


def order(points: float, created_at: datetime, now: datetime) -> float:
    """The weight at `now`."""
    return points + (now - created_at).total_seconds() / 3600 * HOUR


def explained(
    flags: Sequence[Flag], reports: int, reach: int, created_at: datetime, now: datetime
) -> list[Words]:
    """What puts the case where it is, the weightiest first, in points."""
    said = {
        "welfare": N_("somebody may need help: {points}"),
        "terms": N_("watched words: {points}"),
        "signals": N_("what stands out: {points}"),
        "reports": N_("reports: {points}"),
        "reach": N_("readers: {points}"),
        "age": N_("waiting: {points}"),
    }
    points = _points(flags, reports, reach)
    points["age"] = order(0.0, created_at, now)
    heaviest = sorted(points, key=lambda part: -points[part])
    return [
        Words(said[part], {"points": round(points[part])})
        for part in heaviest
        if round(points[part])
    ]


def _points(flags: Sequence[Flag], reports: int, reach: int) -> dict[str, float]:
    terms = len({(flag.rule, flag.term) for flag in flags if flag.kind in WORDS})
    signals = len({flag.kind for flag in flags if flag.kind not in WORDS})
    return {
        "welfare": WELFARE if any(flag.welfare for flag in flags) else 0.0,
        "terms": TERM * min(terms, AT_MOST_TERMS),
        "signals": SIGNAL * signals,
        "reports": REPORT * min(reports, AT_MOST_REPORTS),
        "reach": DOUBLING * math.log2(1 + reach),
    }


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
    if any(flag.welfare for flag in flags):
        said.append(Words(ALARM))
    if handed_on:
        said.append(Words(HANDED_ON))
    if reports:
        said.append(Words(REPORTS, {"count": reports}))
    said += _found(flags)
    if edited:
        said.append(Words(EDITED))
    if reach:
        said.append(Words(REACH, {"count": reach}))
    return said


def _found(flags: Sequence[Flag]) -> list[Words]:
    said = []
    for rule in dict.fromkeys(flag.rule for flag in flags if flag.kind in WORDS):
        terms = len({flag.term for flag in flags if flag.rule == rule and flag.kind in WORDS})
        said.append(Words(WATCHED, {"rule": rule, "count": terms}))
    for kind, template in SIGNALS.items():
        terms_of = dict.fromkeys(flag.term for flag in flags if flag.kind == kind)
        if terms_of:
            said.append(Words(template, {"count": ", ".join(terms_of)}))
    return said
