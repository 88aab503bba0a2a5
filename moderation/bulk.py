"""Decide many cases in one go: those that are alike, each still under its own version."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from moderation import deciding, previewing, review
from moderation.model import Case, ModerationError, Verdict
from moderation.previewing import Calls
from store import access
from store.access import Actor
from store.db import Connection
from store.words import Words

MOST = 100  # cases in one decision


@dataclass(frozen=True)
class Many:
    """What came of it: `missed` are cases that changed, or that somebody else holds.

    `left_out` wait as they did: their platform cannot do it, or this moderator must not;
    `whys` say which of them why, as the preview did.
    """

    decided: tuple[str, ...]
    missed: tuple[str, ...]
    action_ids: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    whys: tuple[tuple[Words, int], ...] = ()  # how many of each


@dataclass(frozen=True)
class Alike:
    """The other waiting cases with the same words, those first, or of the same author.

    `cases` are at most as many as one decision takes; the counts are of all that wait, up to
    review.MOST_COUNTED of each sort: one more than that means more.
    """

    cases: tuple[Case, ...]
    same_words: int
    same_author: int  # in other words

    @property
    def count(self) -> int:
        return self.same_words + self.same_author

    @property
    def more(self) -> bool:
        """Whether there are more than were counted."""
        return max(self.same_words, self.same_author) > review.MOST_COUNTED


def alike(tx: Connection, actor: Actor, case: Case, *, now: datetime) -> Alike:
    """What can be decided together with this case."""
    access.require(actor, "see people", case.school_id)
    found = review.alike(tx, actor, case, now=now, limit=MOST - 1)
    same_words, same_author = review.count_alike(tx, actor, case)
    return Alike(tuple(found), same_words, same_author)


def decide(
    tx: Connection,
    actor: Actor,
    school_id: str,
    chosen: Iterable[tuple[str, int]],
    verdict: Verdict,
    *,
    rule: str = "",
    now: datetime,
) -> Many:
    """Decide each chosen (case id, version as it was read); the others' are passed over.

    What a platform cannot do is left out; what it cannot take back waits for a second person.
    """
    access.require(actor, "moderate", school_id)
    wanted = list(chosen)[:MOST]
    left = _left_out(tx, actor, school_id, [case_id for case_id, _ in wanted], verdict)
    out = previewing.left_out(left)
    decided, missed, actions = [], [], []
    for case_id, version in wanted:
        if case_id in out:
            continue
        try:
            with tx.begin_nested():  # a refusal half way leaves nothing of it
                made = deciding.decide(
                    tx, actor, case_id, verdict, rule=rule, version=version, now=now
                )
        except ModerationError:
            missed.append(case_id)
            continue
        decided.append(case_id)
        actions += [made.action_id] if made.action_id else []
    whys = tuple((calls.why, len(calls.case_ids)) for calls in left if calls.why)
    return Many(tuple(decided), tuple(missed), tuple(actions), tuple(sorted(out)), whys)


def _left_out(
    tx: Connection, actor: Actor, school_id: str, ids: Sequence[str], verdict: Verdict
) -> list[Calls]:
    known = [review.case(tx, actor, case_id) for case_id in ids]
    cases = [case for case in known if case is not None and case.school_id == school_id]
    planned = previewing.of(tx, actor, school_id, cases, verdict)
    return [calls for calls in planned if calls.left_out]


def as_read(cases: Sequence[Case]) -> tuple[tuple[str, int], ...]:
    """What `decide` needs of the cases that were read."""
    return tuple((case.id, case.version) for case in cases)
