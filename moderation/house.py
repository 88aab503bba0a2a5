"""The rules of the house and its ladder: what is asked of people, and what follows when.

A rule of our own is kept in English and translated where it is shown; a school's own
rule stands in the languages that the school wrote it in.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, get_args

from moderation.model import PENALTIES, CommentKind, ModerationError, PenaltyKind
from store import access, audit
from store.access import Actor
from store.db import Connection, new_id, text
from store.schools import LANGUAGES
from store.words import N_

MOST_RULES = 9  # each has a key
MOST_FORMER = 200  # rules that the house has no more
LONGEST = 200  # characters of a rule
LONGEST_WORDS = 4000  # of a letter's text
ENDING = ("mute", "suspension")  # kinds that end by themselves
TOLD = (*PENALTIES, *get_args(CommentKind))  # kinds that have a letter of their own


@dataclass(frozen=True)
class HouseRule:
    """`name` is the id by which decisions are kept; `said` how people read it, by language.

    A rule of our own is named by its English words; a school's own by `own_rule`. The
    name never changes, however the rule is worded and wherever it stands.
    """

    name: str
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rung:
    kind: PenaltyKind
    days: int | None = None  # for kinds that end by themselves


@dataclass(frozen=True)
class House:
    """`words` are a school's own letters by kind and language, in place of ours.

    `tells_authors`: who lost a comment and nothing else is told too, and how to appeal.
    """

    rules: tuple[HouseRule, ...]
    ladder: tuple[Rung, ...]
    counts_days: int  # for so long a measure counts for the next one
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tells_authors: bool = True
    former: tuple[HouseRule, ...] = ()  # what decisions may still go by, the newest first

    def rule(self, name: str) -> HouseRule | None:
        """The rule that a decision was made by, also one that the house has no more."""
        return next((each for each in (*self.rules, *self.former) if each.name == name), None)


STARTER = House(
    rules=tuple(
        HouseRule(name)
        for name in (N_("Insult"), N_("Threat"), N_("Advertising"), N_("Another reason"))
    ),
    ladder=(
        Rung("word"),
        Rung("warning"),
        Rung("mute", 1),
        Rung("suspension", 7),
        Rung("block"),
    ),
    counts_days=180,
)


def own_rule(said: Mapping[str, str]) -> HouseRule:
    """A new one of the school's, with a name that no other ever had."""
    return HouseRule(new_id(), said)


def of(tx: Connection, actor: Actor, school_id: str) -> House:
    access.require(actor, "see people", school_id)
    row = tx.execute(
        text("SELECT kept FROM house WHERE school_id = :school"), {"school": school_id}
    ).first()
    return _read(json.loads(row.kept)) if row else STARTER


def save(tx: Connection, actor: Actor, school_id: str, house: House, *, now: datetime) -> None:
    """Put these in place of the school's. Raises ModerationError and changes nothing if bad.

    Rules that are left out are kept as former ones: what was decided by them stays right.
    """
    access.require(actor, "administer", school_id)
    _check_rules(house.rules)
    _check_ladder(house)
    _check_words(house.words)
    before, names = of(tx, actor, school_id), {rule.name for rule in house.rules}
    known = {rule.name: rule for rule in (*before.rules, *before.former)}
    former = tuple(rule for name, rule in known.items() if name not in names)[:MOST_FORMER]
    tx.execute(
        text("""
            INSERT INTO house (school_id, kept, changed_by, changed_at)
            VALUES (:school, :kept, :account, :now)
            ON CONFLICT (school_id) DO UPDATE SET kept = excluded.kept,
                changed_by = excluded.changed_by, changed_at = excluded.changed_at
        """),
        {
            "school": school_id,
            "kept": json.dumps(_written(replace(house, former=former))),
            "account": actor.account_id,
            "now": now,
        },
    )
    audit.record(tx, actor, "change house rules", school_id, school_id=school_id, now=now)


def _check_rules(rules: tuple[HouseRule, ...]) -> None:
    names = [rule.name for rule in rules]
    if not 0 < len(names) <= MOST_RULES:
        raise ModerationError(N_("A house has 1 to {most} rules."), most=MOST_RULES)
    if len(set(names)) != len(names) or not all(name.strip() for name in names):
        raise ModerationError(N_("Each rule needs a text of its own."))
    for rule in rules:
        if any(len(said) > LONGEST for said in (rule.name, *rule.said.values())):
            raise ModerationError(N_("A rule has at most {most} characters."), most=LONGEST)


def _check_ladder(house: House) -> None:
    if not house.ladder:
        raise ModerationError(N_("The ladder needs at least one step."))
    for rung in house.ladder:
        if rung.kind not in PENALTIES:
            raise ValueError(f"A step is one of {', '.join(PENALTIES)}.")
        if (rung.kind in ENDING) != (rung.days is not None):
            raise ModerationError(N_("A mute and a suspension last some days; the others do not."))
        if rung.days is not None and not 0 < rung.days <= 3660:
            raise ModerationError(N_("A step lasts 1 to 3660 days."))
    if not 0 < house.counts_days <= 3660:
        raise ModerationError(N_("A measure counts for 1 to 3660 days."))


def _check_words(words: Mapping[str, Mapping[str, str]]) -> None:
    for kind, written in words.items():
        if kind not in TOLD or not set(written) <= set(LANGUAGES):
            raise ValueError("Letters are kept by a measure's kind and one of our languages.")
        if any(len(said) > LONGEST_WORDS for said in written.values()):
            raise ModerationError(N_("A letter has at most {most} characters."), most=LONGEST_WORDS)


def _written(house: House) -> dict[str, Any]:
    return {
        "rules": [[rule.name, dict(rule.said)] for rule in house.rules],
        "ladder": [[rung.kind, rung.days] for rung in house.ladder],
        "counts_days": house.counts_days,
        "words": {kind: dict(said) for kind, said in house.words.items()},
        "tells_authors": house.tells_authors,
        "former": [[rule.name, dict(rule.said)] for rule in house.former],
    }


def _read(kept: dict[str, Any]) -> House:
    return House(
        tuple(HouseRule(name, said) for name, said in kept["rules"]),
        tuple(Rung(kind, days) for kind, days in kept["ladder"]),
        kept["counts_days"],
        kept["words"],
        kept.get("tells_authors", True),  # older ones said nothing of it
        tuple(HouseRule(name, said) for name, said in kept.get("former", ())),  # likewise
    )
