"""Who is meant: people of the roster by what they are, did and got, or one by one, as one query."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row

from mailing.moved import SUPERSEDED
from store.db import Connection, windows
from store.roster import Person, literal
from store.words import Words

LANGUAGE = """COALESCE(
    (SELECT chosen_language.language FROM chosen_language
     WHERE chosen_language.school_id = person.school_id AND chosen_language.email = person.email),
    NULLIF(person.language, ''), school.language)"""
SHARING = """AND email IN (SELECT email FROM person WHERE school_id = :school AND email <> ''
    GROUP BY email HAVING COUNT(*) > 1)"""
BY_NAME, BY_ID = "name, id", "id"
Values = dict[str, object]
Guardians = Literal["", "too", "instead"]


@dataclass(frozen=True)
class Segment:
    """Kinds narrow each other, values of one kind add up; `people` come on top.

    An empty segment is nobody; `everyone` is the whole address book. `got`,
    `missed` and `meant` are campaigns' ids: who has the mail, who was meant and has
    it not, whoever stands in the ledger. `unseen_days`: on no platform for so long.
    `guardians` of all these come beside them ("too") or in their place ("instead");
    `leaving` leaves out those of adults.
    `had`: campaigns whose mail they have, or may have (it is held), or wait for, or waited for
    until a newer letter took its place (moved).
    `absent_from`, `present_in`: that the `people` were missing from the lesson there, or in it
    (room, course, when that was asked for).
    `about`: of all these, only whom one of the courses concerns: her own, or a child's.
    """

    courses: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    search: str = ""
    everyone: bool = False
    got: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()
    unseen_days: int = 0
    guardians: Guardians = ""
    absent_from: tuple[str, ...] = ()
    present_in: tuple[str, ...] = ()
    had: tuple[str, ...] = ()
    about: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[str, ...]:
        """The lesson whose people they are: room, course, as of when; () of other groups."""
        return self.absent_from or self.present_in

    def to_json(self) -> str:
        """Without what is empty and came later: digests of send files under way rest on it."""
        values = asdict(self)
        for name in ("absent_from", "present_in", "had", "about"):
            if not values[name]:
                del values[name]
        return json.dumps(values, ensure_ascii=False)

    @classmethod
    def from_json(cls, stored: str) -> "Segment":
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in json.loads(stored).items()
        }
        return cls(**values)


EVERYBODY = Segment(everyone=True)  # who need not be looked up one by one


def matching(
    tx: Connection,
    school_id: str,
    segment: Segment,
    *,
    order: str = BY_NAME,
    sharing: bool = False,
    now: datetime,
) -> Iterator[Iterator[Person]]:
    """Whoever is meant, reachable or not, in windows; the caller has asked whether she may.

    `sharing`: of them, those alone whose address somebody else of the school has too.

    All of it is as of one moment, whatever is written in between: who is meant is known before
    the first of them is told.
    """
    values: Values = {"school": school_id}
    chosen = meant(segment, values, now)
    everybody = replace(segment, about=()) == EVERYBODY
    among = "" if everybody else f"AND id IN ({_with_guardians(segment)})"
    statement = f"""
        WITH meant AS ({chosen})
        SELECT id, school_id, name, email, role, language, level, grp, fields FROM person
        WHERE school_id = :school {among} {_concerned(segment.about, values)}
              {SHARING if sharing else ""}
        ORDER BY {order}
    """
    for window in windows(tx, statement, values):
        yield map(_person, window)


def meant(segment: Segment, values: Values, now: datetime) -> str:
    """A query for the ids of those who are meant themselves, without guardians; adds its values."""
    return f"""
        SELECT person.id FROM person JOIN school ON school.id = person.school_id
        WHERE person.school_id = :school
          AND (({_by_rule(segment, values, now)}) OR {_by_name(segment, values)})
    """


def _person(row: Row[Any]) -> Person:
    values: tuple[Any, ...] = tuple(row)
    id_, school, name, email, role, language, level, group, kept = values
    fields = json.loads(kept) if kept != "{}" else {}
    return Person(id_, school, name, email, role, language, level, group, fields)


def _by_rule(segment: Segment, values: Values, now: datetime) -> str:
    conditions = [
        _among("person.role", segment.roles, "role", values),
        _among("person.level", segment.levels, "level", values),
        _among("person.grp", segment.groups, "grp", values),
        _among(LANGUAGE, segment.languages, "language", values),
        _enrolled(segment.courses, values),
        _unseen(segment.unseen_days, values, now),
        _delivered(segment.got, "got", "= 'sent'", "= 'sent'", values),
        _had(segment.had, values),
        _missed(segment.missed, values),
        _meant(segment.meant, values),
        _named(segment.search, values),
    ]
    narrowing = [condition for condition in conditions if condition]
    if narrowing:
        return " AND ".join(narrowing)
    return "1 = 1" if segment.everyone else "1 = 0"


def _by_name(segment: Segment, values: Values) -> str:
    return _among("person.id", segment.people, "person", values) or "1 = 0"


def _with_guardians(segment: Segment) -> str:
    guardians = """SELECT guardian.guardian_id FROM guardian
                   JOIN meant ON meant.id = guardian.person_id"""
    if segment.guardians == "instead":
        return guardians
    return "SELECT id FROM meant" + (f" UNION {guardians}" if segment.guardians == "too" else "")


def _named(search: str, values: Values) -> str:
    if not search:
        return ""
    values["like"] = f"%{literal(search.lower())}%"
    return """(LOWER(person.name) LIKE :like ESCAPE '!'
               OR LOWER(person.email) LIKE :like ESCAPE '!')"""


def _enrolled(courses: Sequence[str], values: Values) -> str:
    among = _among("enrolment.course_id", courses, "course", values)
    if not among:
        return ""
    return f"""EXISTS (SELECT 1 FROM enrolment
                       WHERE enrolment.person_id = person.id AND {among})"""


def _concerned(courses: Sequence[str], values: Values) -> str:
    among = _among("course_id", courses, "about", values)
    if not among:
        return ""
    return f"""AND id IN (
        SELECT person_id FROM enrolment WHERE {among}
        UNION SELECT guardian.guardian_id FROM guardian
        JOIN enrolment ON enrolment.person_id = guardian.person_id WHERE {among})"""


def _unseen(days: int, values: Values, now: datetime) -> str:
    """On no platform since then. Whoever has no account anywhere was never there either."""
    if not days:
        return ""
    values["unseen_since"] = now - timedelta(days=days)
    return """NOT EXISTS (SELECT 1 FROM platform_account AS seen
                          WHERE seen.person_id = person.id
                            AND seen.last_seen_at >= :unseen_since)"""


def _delivered(
    campaigns: Sequence[str], prefix: str, states: str, through: str, values: Values
) -> str:
    """`through`: the states of the letter that went to her address for somebody else."""
    among = _among("delivery.campaign_id", campaigns, prefix, values)
    if not among:
        return ""
    return f"""EXISTS (SELECT 1 FROM delivery
                       WHERE delivery.person_id = person.id AND {among}
                         AND (delivery.state {states} OR {_through(through)}))"""


def _had(campaigns: Sequence[str], values: Values) -> str:
    if campaigns:
        values["superseded"] = Words(SUPERSEDED).to_json()
    having = "IN ('sent', 'held', 'due', 'sending')"
    states = f"""{having}
                         OR delivery.state = 'suppressed' AND delivery.reply = :superseded"""
    return _delivered(campaigns, "had", states, having, values)


def _missed(campaigns: Sequence[str], values: Values) -> str:
    """Meant by one of them, and it did not reach them: left out, failed, held or waiting. Who
    shares an address that it reached has it."""
    among = _among("delivery.campaign_id", campaigns, "missed", values)
    if not among:
        return ""
    return f"""EXISTS (SELECT 1 FROM delivery
                       WHERE delivery.person_id = person.id AND delivery.state <> 'sent'
                         AND {among} AND NOT {_through("= 'sent'")})"""


def _through(states: str) -> str:
    """Left out, because the same letter went to her address for somebody else."""
    return f"""(delivery.state = 'suppressed' AND delivery.email = '' AND person.email <> ''
                AND EXISTS (SELECT 1 FROM delivery AS same
                            WHERE same.campaign_id = delivery.campaign_id
                              AND same.email = person.email AND same.email <> ''
                              AND NOT same.shares AND same.state {states}))"""


def _meant(campaigns: Sequence[str], values: Values) -> str:
    """Frozen: whoever left a course since is still among them."""
    among = _among("delivery.campaign_id", campaigns, "meant", values)
    return f"person.id IN (SELECT delivery.person_id FROM delivery WHERE {among})" if among else ""


def _among(column: str, chosen: Sequence[str], prefix: str, values: Values) -> str:
    if not chosen:
        return ""
    values |= {f"{prefix}{n}": value for n, value in enumerate(chosen)}
    return f"{column} IN ({', '.join(f':{prefix}{n}' for n in range(len(chosen)))})"
