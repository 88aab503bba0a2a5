"""The queue: what waits, in which order, and who holds which case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row

from moderation import cases, comments, harm, likeness
from moderation.cases import report_comment
from moderation.context import author, similar, thread
from moderation.deciding import decide
from moderation.handing_on import MINE, SENIOR
from moderation.model import CLAIM, Case
from store import access
from store.access import Actor
from store.db import Connection, instant, moment, text

__all__ = [
    "alike",
    "author",
    "case",
    "claim",
    "count",
    "count_alike",
    "decide",
    "next_case",
    "release",
    "report_comment",
    "similar",
    "thread",
    "waiting",
]

RACERS = 20  # moderators who may ask at the same moment

SELECT = """
    SELECT cases.*, (
        SELECT COUNT(*) FROM comment_version WHERE comment_version.comment_id = cases.comment_id
    ) AS wordings
    FROM cases
"""

MOST_COUNTED = 1000  # of one sort; beyond, nobody needs to know how many more

# Each of them once. The branches are read by an index each, and no further than what is counted:
# in a wave of spam the alike ones are nearly all that waits.
LIKE = f"""
    SELECT cases.id, {{other}} AS other FROM cases
    WHERE cases.school_id = :school AND cases.state = 'waiting' AND {{which}}
      AND cases.id <> :case AND {MINE} {{order}} LIMIT {MOST_COUNTED + 1}
"""
SAME_WORDS = LIKE.format(
    other=0, which="cases.words = :words", order="ORDER BY cases.rank DESC, cases.id"
)
SAME_AUTHOR = (  # in other words: a range on each side of them, which "<>" would not be
    LIKE.format(other=1, which=f"cases.author = :author AND cases.words {side} :words", order="")
    for side in "<>"
)
ALIKE = " UNION ALL ".join(f"SELECT * FROM ({each}) AS one" for each in (SAME_WORDS, *SAME_AUTHOR))


def waiting(
    tx: Connection, actor: Actor, school_id: str, *, now: datetime, limit: int = 25
) -> list[Case]:
    """What waits for this actor's decision, the most due first; claimed cases included."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text(f"""
            {SELECT} WHERE cases.school_id = :school AND cases.state = 'waiting' AND {MINE}
            ORDER BY cases.rank DESC, cases.id LIMIT :limit
        """),
        _mine(actor) | {"school": school_id, "limit": limit},
    ).all()
    return _cases(tx, actor, rows, now)


def count(tx: Connection, actor: Actor, school_id: str) -> tuple[int, datetime | None]:
    """How many cases wait for this actor, and since when the oldest does."""
    access.require(actor, "see", school_id)
    row = tx.execute(
        text(f"""
            SELECT COUNT(*) AS waiting, MIN(created_at) AS oldest FROM cases
            WHERE cases.school_id = :school AND cases.state = 'waiting' AND {MINE}
        """),
        _mine(actor) | {"school": school_id},
    ).one()
    return int(row.waiting), moment(row.oldest)


def alike(
    tx: Connection, actor: Actor, case: Case, *, now: datetime, limit: int = 25
) -> list[Case]:
    """The others that wait for this actor with the same words, those first, or of one author.

    The most due first; of an author with more than MOST_COUNTED of them, of those that many.
    """
    access.require(actor, "see people", case.school_id)
    rows = tx.execute(
        text(f"""
            {SELECT} JOIN ({ALIKE}) AS found ON found.id = cases.id
            ORDER BY found.other, cases.rank DESC, cases.id LIMIT :limit
        """),
        _mine(actor) | _like(case) | {"limit": limit},
    ).all()
    return _cases(tx, actor, rows, now)


def count_alike(tx: Connection, actor: Actor, case: Case) -> tuple[int, int]:
    """How many others wait with the same words, and how many of its author in other words.

    Counted to MOST_COUNTED each: one more than that means more, nobody knows how many.
    """
    access.require(actor, "see people", case.school_id)
    row = tx.execute(
        text(f"""
            SELECT COUNT(*) AS found, COALESCE(SUM(found.other), 0) AS other
            FROM ({ALIKE}) AS found
        """),
        _mine(actor) | _like(case),
    ).one()
    return int(row.found) - int(row.other), min(int(row.other), MOST_COUNTED + 1)


def case(tx: Connection, actor: Actor, case_id: str, *, now: datetime | None = None) -> Case | None:
    """One case, decided or not; without `now` its `order` is that of its opening."""
    row = tx.execute(text(f"{SELECT} WHERE cases.id = :id"), {"id": case_id}).first()
    if row is None:
        return None
    access.require(actor, "see people", row.school_id)
    return _cases(tx, actor, [row], now)[0]


def claim(tx: Connection, actor: Actor, case_id: str, *, now: datetime) -> bool:
    """Hold a case for CLAIM, or hold it longer; False if another moderator got there first."""
    access.require(actor, "moderate", _school_of(tx, case_id))
    changed = tx.execute(
        text(f"""
            UPDATE cases SET claimed_by = :account, claimed_until = :until, version = version + 1
            WHERE id = :id AND state = 'waiting' AND {MINE}
              AND (claimed_by IS NULL OR claimed_by = :account OR claimed_until <= :now)
        """),
        _mine(actor) | {"id": case_id, "now": now, "until": now + CLAIM},
    )
    return changed.rowcount == 1


def release(tx: Connection, actor: Actor, case_id: str) -> bool:
    """Give the case back undecided; False if the actor does not hold it."""
    access.require(actor, "moderate", _school_of(tx, case_id))
    changed = tx.execute(
        text("""
            UPDATE cases SET claimed_by = NULL, claimed_until = NULL, version = version + 1
            WHERE id = :id AND state = 'waiting' AND claimed_by = :account
        """),
        {"id": case_id, "account": actor.account_id},
    )
    return changed.rowcount == 1


def next_case(
    tx: Connection, actor: Actor, school_id: str, *, now: datetime, after: Sequence[str] = ()
) -> Case | None:
    """Claim the most due case that nobody else holds; `after` names those to pass over.

    None when nothing is left for this actor.
    """
    access.require(actor, "moderate", school_id)
    for _ in range(RACERS):  # another may take the same one between the two statements
        row = tx.execute(text(_free(after)), _free_values(actor, school_id, after, now)).first()
        if row is None:
            return None
        if claim(tx, actor, row.id, now=now):
            return case(tx, actor, row.id, now=now)
    return None


def _free(after: Sequence[str]) -> str:
    passed = ", ".join(f":after{number}" for number in range(len(after)))
    return f"""
        SELECT id FROM cases
        WHERE school_id = :school AND state = 'waiting' AND {MINE}
          AND (claimed_by IS NULL OR claimed_by = :account OR claimed_until <= :now)
          {f"AND id NOT IN ({passed})" if after else ""}
        ORDER BY rank DESC, id LIMIT 1
    """


def _free_values(
    actor: Actor, school_id: str, after: Sequence[str], now: datetime
) -> dict[str, Any]:
    passed = {f"after{number}": case_id for number, case_id in enumerate(after)}
    return _mine(actor) | passed | {"school": school_id, "now": now}


def _like(case: Case) -> dict[str, Any]:
    said = case.comment
    author = (said.connection_id, said.author_external_id)
    like = likeness.of(said.subject, said.text, said.attachments, author)
    own = {"school": case.school_id, "case": case.id}
    return own | {"words": like.words, "author": like.author}


def _mine(actor: Actor) -> dict[str, Any]:
    return {"account": actor.account_id, "senior": actor.role in SENIOR}


def _school_of(tx: Connection, case_id: str) -> str:
    row = tx.execute(text("SELECT school_id FROM cases WHERE id = :id"), {"id": case_id}).first()
    if row is None:
        raise access.Denied
    return str(row.school_id)


def _cases(
    tx: Connection, actor: Actor, rows: Sequence[Row[Any]], now: datetime | None
) -> list[Case]:
    kept = comments.by_ids(tx, actor, [row.comment_id for row in rows])
    found = []
    for row in rows:
        flags, created = cases.flags_of(row.flags), instant(row.created_at)
        state: Literal["waiting", "decided"] = "waiting" if row.state == "waiting" else "decided"
        handed_on = row.handed_on_by is not None
        found.append(
            Case(
                id=row.id,
                school_id=row.school_id,
                comment=kept[row.comment_id],
                flags=flags,
                reports=row.reports,
                reasons=harm.reasons(
                    flags, row.reports, row.reach, handed_on=handed_on, edited=row.wordings > 1
                ),
                state=state,
                claimed_by=row.claimed_by,
                claimed_until=moment(row.claimed_until),
                version=row.version,
                created_at=created,
                order=harm.order(row.weight, created, now or created),
                explained=harm.explained(flags, row.reports, row.reach, created, now or created),
                handed_on=handed_on,
            )
        )
    return found
