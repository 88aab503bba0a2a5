"""Who is meant by a rule and gets nothing by another: those who left, and parents of adults."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from mailing import ages, selecting
from mailing.selecting import Segment, Values
from store import access
from store.access import Actor
from store.db import Connection, text
from store.words import N_, Words

LEFT = N_("No longer listed on any platform.")
CHILD_LEFT = N_("Their child is no longer listed on any platform.")
OF_AGE = N_("Their child is of age.")


def reasons(tx: Connection, school_id: str, segment: Segment, *, now: datetime) -> dict[str, Words]:
    """Those of the school whom the segment does not reach, by id; whoever is chosen by name is
    reached, and so are all to whom a letter that follows another goes."""
    if segment.meant or segment.had:
        return {}
    values: Values = {"school": school_id}
    gone = _gone(segment, values)
    found = {
        row.id: Words(LEFT if row.own else CHILD_LEFT)
        for row in tx.execute(text(_departed(gone)), values)
    }
    if segment.guardians:
        asked = _guardians(segment, gone, values, now)
        values["of_age_since"] = _of_age_since(tx, school_id, now)
        for row in tx.execute(text(asked), values):
            found.setdefault(row.guardian_id, Words(OF_AGE if row.adults else CHILD_LEFT))
    return {id_: words for id_, words in found.items() if id_ not in segment.people}


def unknown_ages(
    tx: Connection, actor: Actor, school_id: str, segment: Segment, *, now: datetime
) -> int:
    """How many of those whose guardians are meant count as minors because nobody said their age."""
    access.require(actor, "see people", school_id)
    if not segment.guardians:
        return 0
    values: Values = {"school": school_id}
    asked = f"""
        WITH meant AS ({selecting.meant(segment, values, now)})
        SELECT COUNT(DISTINCT ward.id) FROM guardian
        JOIN meant ON meant.id = guardian.person_id
        JOIN person AS ward ON ward.id = meant.id
        LEFT JOIN age ON age.person_id = ward.id
        WHERE {ages.UNKNOWN_NOW}
    """
    return int(tx.execute(text(asked), values).scalar_one())


def _gone(segment: Segment, values: Values) -> str:
    """All of whose accounts are gone. Whoever never had one, or came by a table, is not gone."""
    named = "".join(_bound(segment, values))
    return f"""
        SELECT DISTINCT was.person_id AS id FROM platform_account AS was
        JOIN person ON person.id = was.person_id
        WHERE was.school_id = :school AND was.gone AND person.source <> 'import' {named}
          AND NOT EXISTS (SELECT 1 FROM platform_account AS still
                          WHERE still.person_id = was.person_id AND NOT still.gone)
    """


def _bound(segment: Segment, values: Values) -> Iterator[str]:
    if segment.people:
        values |= {f"kept{n}": id_ for n, id_ in enumerate(segment.people)}
        yield f"AND person.id NOT IN ({', '.join(f':kept{n}' for n in range(len(segment.people)))})"


def _departed(gone: str) -> str:
    """These, and the guardians of such people alone who are nothing else in the school."""
    return f"""
        WITH gone AS ({gone}), theirs AS (
            SELECT guardian.guardian_id AS id FROM guardian
            JOIN person ON person.id = guardian.guardian_id
            LEFT JOIN gone ON gone.id = guardian.person_id
            WHERE person.school_id = :school AND person.role NOT IN ('teacher', 'staff')
            GROUP BY guardian.guardian_id HAVING COUNT(*) = COUNT(gone.id)
        )
        SELECT id, 1 AS own FROM gone
        UNION ALL
        SELECT id, 0 AS own FROM theirs
        WHERE id NOT IN (SELECT id FROM gone)
          AND NOT EXISTS (SELECT 1 FROM platform_account AS still
                          WHERE still.person_id = theirs.id AND NOT still.gone)
          AND NOT EXISTS (SELECT 1 FROM enrolment WHERE enrolment.person_id = theirs.id)
    """


def _guardians(segment: Segment, gone: str, values: Values, now: datetime) -> str:
    """Guardians who are meant for the sake of adults, and of those who left, alone."""
    besides = "WHERE guardian.guardian_id NOT IN (SELECT id FROM meant)"
    return f"""
        WITH meant AS ({selecting.meant(segment, values, now)}), gone AS ({gone})
        SELECT guardian.guardian_id, MIN(CASE WHEN {ages.OF_AGE_NOW} THEN 1 ELSE 0 END) AS adults
        FROM guardian JOIN meant ON meant.id = guardian.person_id
        JOIN person AS ward ON ward.id = meant.id
        LEFT JOIN age ON age.person_id = ward.id
        LEFT JOIN gone ON gone.id = ward.id
        {besides if segment.guardians == "too" else ""}
        GROUP BY guardian.guardian_id
        HAVING MIN(CASE WHEN {ages.OF_AGE_NOW} OR gone.id IS NOT NULL THEN 1 ELSE 0 END) = 1
    """


def _of_age_since(tx: Connection, school_id: str, now: datetime) -> str:
    zone = tx.execute(
        text("SELECT time_zone FROM school WHERE id = :school"), {"school": school_id}
    ).scalar_one()
    return ages.of_age_since(now.astimezone(ZoneInfo(zone)).date())
