"""Measures as they are kept: whom they are about, which are in force, what came before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from moderation.calls import KINDS
from moderation.model import MEASURES, Measure, MeasureKind, ReceiptState, Subject
from store import access, roster
from store.access import Actor
from store.db import Connection, instant, moment, text
from store.roster import PlatformAccount

SELECT = """
    SELECT measure.*,
        EXISTS (SELECT 1 FROM person WHERE person.id = measure.person_id) AS known FROM measure
"""
NO: ReceiptState = "refused"
# What was imposed on the person, or on an account that is theirs now: a union, each part by an
# index. As one condition of the school's measures it would be tried on every one of them.
ABOUT = """
    SELECT id FROM measure WHERE person_id = :person
    UNION
    SELECT one.measure_id FROM platform_account AS account
    JOIN measure_account AS one ON one.connection_id = account.connection_id
        AND one.external_id = account.external_id
    WHERE account.person_id = :person
    UNION
    SELECT measure_id FROM measure_account
    WHERE connection_id = :connection AND external_id = :external
"""


def subject_of(
    tx: Connection, actor: Actor, school_id: str, connection_id: str, external_id: str
) -> Subject:
    """The person whose account it is; the account itself where the roster knows nobody."""
    access.require(actor, "see people", school_id)
    known = roster.account(tx, actor, connection_id, external_id)
    if known is not None and known.person_id is not None:
        return Subject(person_id=known.person_id)
    return Subject(connection_id=connection_id, external_id=external_id)


def accounts_of(
    tx: Connection, actor: Actor, school_id: str, subject: Subject
) -> list[PlatformAccount]:
    """The accounts that a measure is about; one that the roster does not list has no id."""
    access.require(actor, "see people", school_id)
    if subject.person_id is None:
        known = roster.account(tx, actor, subject.connection_id, subject.external_id)
        found = [known or _unlisted(tx, school_id, subject)]
    else:
        person = roster.person(tx, actor, subject.person_id)
        found = roster.accounts_of(tx, actor, person.id) if person else []
    if any(account.school_id != school_id for account in found):
        raise access.Denied
    return sorted(found, key=lambda account: (account.connection_id, account.external_id))


def in_force(
    tx: Connection, actor: Actor, school_id: str, subject: Subject, *, now: datetime
) -> list[Measure]:
    """The mutes, suspensions and blocks that stand now, the newest first.

    One that every platform refused stands nowhere.
    """
    found = _about(
        tx,
        actor,
        school_id,
        subject,
        """kind IN ('mute', 'suspension', 'block') AND lifted_at IS NULL
           AND (until IS NULL OR until > :now)""",
        {"now": now},
    )
    return [measure for measure in found if not measure.nowhere]


def history(
    tx: Connection,
    actor: Actor,
    school_id: str,
    subject: Subject,
    *,
    kinds: Sequence[MeasureKind] = MEASURES,
    limit: int = 50,
) -> list[Measure]:
    """All that was ever imposed, the newest first; of these kinds."""
    named = {f"kind{number}": kind for number, kind in enumerate(kinds)}
    which = f"kind IN ({', '.join(f':{name}' for name in named)})"
    return _about(tx, actor, school_id, subject, which, named | {"limit": limit}, "LIMIT :limit")


def get(tx: Connection, actor: Actor, measure_id: str) -> Measure | None:
    row = tx.execute(text(f"{SELECT} WHERE id = :id"), {"id": measure_id}).first()
    if row is None:
        return None
    access.require(actor, "see people", row.school_id)
    return _measures(tx, [row])[0]


def _about(
    tx: Connection,
    actor: Actor,
    school_id: str,
    subject: Subject,
    which: str,
    values: dict[str, object],
    most: str = "",
) -> list[Measure]:
    access.require(actor, "see people", school_id)
    ids = _ids(tx, subject)
    if not ids:
        return []
    rows = tx.execute(
        text(f"""
            {SELECT} WHERE school_id = :school AND id IN ({_named(ids)}) AND {which}
            ORDER BY imposed_at DESC, id {most}
        """),
        values | ids | {"school": school_id},
    ).all()
    return _measures(tx, rows)


def _ids(tx: Connection, subject: Subject) -> dict[str, str]:
    """The binds of all that was ever imposed on them, in any school."""
    values = {
        "person": subject.person_id or "",
        "connection": subject.connection_id,
        "external": subject.external_id,
    }
    return {f"id{n}": row.id for n, row in enumerate(tx.execute(text(ABOUT), values))}


def _named(binds: dict[str, str]) -> str:
    return ", ".join(f":{name}" for name in binds)


def _measures(tx: Connection, rows: Sequence[Row[Any]]) -> list[Measure]:
    """Two more questions for all of them, however many they are."""
    if not rows:
        return []
    ids = {f"id{number}": row.id for number, row in enumerate(rows)}
    subjects, acts = _accounts(tx, ids), _acts(tx, ids)
    return [
        _measure(row, _subject(row, subjects.get(row.id)), acts.get(row.id, [])) for row in rows
    ]


def _measure(row: Row[Any], subject: Subject, acts: Sequence[Row[Any]]) -> Measure:
    last = {  # of what was asked for on each account; the lifts are not it
        (act.connection_id, act.external_id): act.state for act in acts if KINDS[act.kind].forward
    }
    refused = tuple(dict.fromkeys(place for (place, _), state in last.items() if state == NO))
    return Measure(
        id=row.id,
        school_id=row.school_id,
        subject=subject,
        kind=row.kind,
        reason=row.reason,
        rule=row.rule,
        until=moment(row.until),
        case_id=row.case_id,
        imposed_by=row.imposed_by,
        imposed_at=instant(row.imposed_at),
        lifted_by=row.lifted_by,
        lifted_at=moment(row.lifted_at),
        lift_reason=row.lift_reason,
        replaced_by=row.replaced_by,
        action_ids=tuple(act.id for act in acts),
        refused=refused,
        nowhere=bool(last) and all(state == NO for state in last.values()),
    )


def _subject(row: Row[Any], account: Row[Any] | None) -> Subject:
    """The person; whose the account is now, where that person was merged into another."""
    if row.known:
        return Subject(person_id=row.person_id)
    if account is None:
        return Subject()
    if row.person_id is not None and account.owner is not None:
        return Subject(person_id=account.owner)
    return Subject(None, account.connection_id, account.external_id)


def _accounts(tx: Connection, ids: dict[str, str]) -> dict[str, Row[Any]]:
    """An account of each measure, and whose it is now."""
    rows = tx.execute(
        text(f"""
            SELECT one.measure_id, one.connection_id, one.external_id, account.person_id AS owner
            FROM measure_account AS one
            LEFT JOIN platform_account AS account ON account.connection_id = one.connection_id
                AND account.external_id = one.external_id
            WHERE one.measure_id IN ({_named(ids)})
            ORDER BY one.connection_id DESC, one.external_id DESC
        """),
        ids,
    )
    return {row.measure_id: row for row in rows}


def _acts(tx: Connection, ids: dict[str, str]) -> dict[str, list[Row[Any]]]:
    rows = tx.execute(
        text(f"""
            SELECT id, measure_id, connection_id, external_id, kind, state
            FROM moderation_action
            WHERE measure_id IN ({_named(ids)})
            ORDER BY requested_at, connection_id, external_id, id
        """),
        ids,
    )
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.measure_id, []).append(row)
    return found


def _unlisted(tx: Connection, school_id: str, subject: Subject) -> PlatformAccount:
    """An account that is known by what it wrote alone."""
    name = tx.execute(
        text("""
            SELECT author_name FROM comment
            WHERE connection_id = :connection AND author_external_id = :external
              AND school_id = :school
            ORDER BY written_at DESC LIMIT 1
        """),
        {
            "connection": subject.connection_id,
            "external": subject.external_id,
            "school": school_id,
        },
    ).scalar()
    return PlatformAccount(
        id="",
        school_id=school_id,
        connection_id=subject.connection_id,
        external_id=subject.external_id,
        person_id=None,
        username=str(name or ""),
        name=str(name or ""),
        suspended=False,
        last_seen_at=None,
    )
