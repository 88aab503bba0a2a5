"""How moderation does: how long it takes, what is overturned, where moderators disagree.

By moderator, by rule and by language, never as a ranking: small numbers say little, and
a moderator sees her own row only. Approvals without a reader are no decisions of hers.
"""

import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row

from moderation.records import RESTORED
from store import access
from store.access import Actor
from store.db import Connection, text

Group = Literal["moderator", "rule", "language"]
REPORTED = "reports"  # the group of cases that no rule flagged
MOST = 100_000  # decisions looked at, the newest
CYRILLIC, HAN = range(0x400, 0x530), range(0x4E00, 0xA000)
SCRIPT = 200  # letters that tell the language


@dataclass(frozen=True)
class Figure:
    """`seconds` is the median from a case's opening to its decision; shares are of `decisions`.

    Overturned: an appeal ended other than as decided, the removal was taken back, or the
    case was decided otherwise later. Disagreed: somebody else decided the same wording
    otherwise; `compared` are the decisions on wordings that somebody else decided too.
    """

    name: str
    decisions: int
    seconds: float | None
    overturned: int
    compared: int
    disagreed: int


@dataclass(frozen=True)
class _Decided:
    case_id: str
    by: str
    decision: str
    seconds: float | None  # None: the case was opened again since
    overturned: bool
    rules: tuple[str, ...]
    language: str
    wording: str


KEYS: dict[Group, Callable[[_Decided], Iterable[str]]] = {
    "moderator": lambda one: (one.by,),
    "rule": lambda one: one.rules or (REPORTED,),
    "language": lambda one: (one.language,),
}


@dataclass(frozen=True)
class Figures:
    """The school's own figure, and one for each moderator, rule and language, by name."""

    whole: Figure
    groups: Mapping[Group, list[Figure]]


def of(
    tx: Connection, actor: Actor, school_id: str, *, since: datetime, until: datetime
) -> Figures:
    """All figures of the period, of one look at its decisions."""
    access.require(actor, "moderate", school_id)
    decided = _decided(tx, school_id, since, until)
    other = _otherwise(decided)
    names = _names(tx, {one.by for one in decided})
    groups = {group: _grouped(decided, other, group, names) for group in KEYS}
    if not access.may(actor, "write", school_id):  # a moderator sees her own row only
        own = [one for one in decided if one.by == actor.account_id]
        groups["moderator"] = _grouped(own, other, "moderator", names)
    return Figures(_figure("", decided, other), groups)


def _grouped(
    decided: list[_Decided],
    other: dict[str, set[tuple[str, str]]],
    group: Group,
    names: dict[str, str],
) -> list[Figure]:
    members: dict[str, list[_Decided]] = defaultdict(list)
    for one in decided:
        for key in KEYS[group](one):
            members[key].append(one)
    called = names if group == "moderator" else {}
    found = [_figure(called.get(key, key), each, other) for key, each in members.items()]
    return sorted(found, key=lambda figure: figure.name)


def language_of(words: str) -> str:
    """ru, zh_Hans or en, by the script that most of its letters are in."""
    head = words[:SCRIPT]
    cyrillic = sum(ord(letter) in CYRILLIC for letter in head)
    han = sum(ord(letter) in HAN for letter in head)
    latin = sum(letter.isascii() and letter.isalpha() for letter in head)
    if han * 2 > max(latin, cyrillic):  # a Chinese character is a word of its own
        return "zh_Hans"
    return "ru" if cyrillic > latin else "en"


def _figure(name: str, found: list[_Decided], other: dict[str, set[tuple[str, str]]]) -> Figure:
    times = [one.seconds for one in found if one.seconds is not None]
    compared = [one for one in found if any(by != one.by for by, _ in other[one.wording])]
    return Figure(
        name=name,
        decisions=len(found),
        seconds=statistics.median(times) if times else None,
        overturned=sum(one.overturned for one in found),
        compared=len(compared),
        disagreed=sum(
            any(by != one.by and said != one.decision for by, said in other[one.wording])
            for one in compared
        ),
    )


def _otherwise(decided: list[_Decided]) -> dict[str, set[tuple[str, str]]]:
    """Who decided what, by the wording; a wording is compared as its letters, in one case."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for one in decided:
        found[one.wording].add((one.by, one.decision))
    return found


def _decided(tx: Connection, school_id: str, since: datetime, until: datetime) -> list[_Decided]:
    rows = tx.execute(
        text(f"""
            SELECT decision.case_id, decision.decided_by, decision.decision, decision.decided_at,
                   cases.created_at, cases.flags, comment.text, comment.sha256,
                   comment.erased_at, {OVERTURNED} AS overturned
            FROM decision
            JOIN cases ON cases.id = decision.case_id
            JOIN comment ON comment.id = cases.comment_id
            WHERE decision.school_id = :school AND decision.decision <> 'hand on'
              AND decision.decided_by <> 'system'
              AND decision.decided_at >= :since AND decision.decided_at < :until
            ORDER BY decision.decided_at DESC LIMIT :most
        """),
        {"school": school_id, "since": since, "until": until, "most": MOST},
    )
    return [_one(row) for row in rows]


OVERTURNED = f"""
    (EXISTS (SELECT 1 FROM appeal JOIN measure ON measure.id = appeal.measure_id
             WHERE measure.case_id = decision.case_id
               AND measure.imposed_by = decision.decided_by
               AND appeal.outcome NOT IN ('', 'uphold'))
     OR {RESTORED}
     OR EXISTS (SELECT 1 FROM decision AS later
                WHERE later.case_id = decision.case_id AND later.decision <> 'hand on'
                  AND later.decision <> decision.decision
                  AND later.decided_at > decision.decided_at))
"""


def _one(row: Row[Any]) -> _Decided:
    flat = " ".join(row.text.casefold().split())
    taken = row.decided_at - row.created_at
    return _Decided(
        case_id=row.case_id,
        by=row.decided_by,
        decision=row.decision,
        seconds=taken if taken >= 0 else None,
        overturned=bool(row.overturned),
        rules=tuple(dict.fromkeys(flag["rule"] for flag in json.loads(row.flags))),
        language=language_of(row.text),
        wording=flat if row.erased_at is None else row.sha256,
    )


def _names(tx: Connection, ids: set[str]) -> dict[str, str]:
    if not ids:
        return {}
    named = {f"id{number}": one for number, one in enumerate(sorted(ids))}
    places = ", ".join(f":{name}" for name in named)
    rows = tx.execute(text(f"SELECT id, name FROM account WHERE id IN ({places})"), named)
    return {row.id: row.name for row in rows}
