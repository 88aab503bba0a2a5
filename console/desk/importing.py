"""Bring people in from a table: first a plan that names every bad line, then all good rows."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from console.desk import reach, tables
from console.desk.calendars import LessonRow
from console.desk.people_columns import COLUMNS, LANGUAGES, LEVELS, ROLES
from console.desk.reach import ReachError
from console.desk.tables import Line, Plan, Problem, Unreadable
from console.desk.timetables import Planned, apply_timetable, moves, timetable
from mailing import ages, people_file, zones
from mailing.model import MailingError
from store import access, addresses, audit, guardians, names, roster
from store.access import Actor
from store.db import Connection, Database, text
from store.words import N_, Words

__all__ = [
    "LessonRow",
    "PersonRow",
    "Plan",
    "Planned",
    "Problem",
    "apply",
    "apply_timetable",
    "moves",
    "people_table",
    "sharing",
    "timetable",
]


Read = TypeVar("Read")
NO_CHILD = N_("Nobody here has the address {email}. Bring the child in, then this table again.")

SHARES = N_(
    "{name} has the address of {others}: both are kept. If they are one person, say so under "
    "People."
)
NAMELESS = N_(
    "{email} is the address of several people: {names}. Write the name of the one who is meant."
)


@dataclass(frozen=True)
class PersonRow:
    """A line that can be brought in; empty values leave what is known."""

    line: int
    name: str
    email: str
    role: str
    language: str
    level: str
    group: str
    fields: Mapping[str, str]
    guardian_of: tuple[str, ...] = ()  # addresses
    phone: str = ""
    ways: tuple[str, ...] = ()  # desk.reach.WAYS, in the person's own order
    born: str = ""  # mailing.ages
    minor: str = ""


@dataclass(frozen=True)
class Brought:
    """How many came in; a problem is a child that the school does not know, or whose address
    somebody else has, or a line that does not say who of several it is about."""

    people: int
    problems: list[Problem] = field(default_factory=list)


def people_table(
    content: str | bytes, *, encoding: str = "", language: str = ""
) -> Plan[PersonRow]:
    """What the table would bring in; nothing is written. Columns we do not know become fields.

    `encoding`: the one that somebody chose; else the likeliest for a school of this `language`.
    """
    plan: Plan[PersonRow] = Plan()
    seen: defaultdict[str, list[PersonRow]] = defaultdict(list)
    try:
        for line in tables.lines(content, COLUMNS, plan, encoding=encoding, language=language):
            if "email" not in line.cells:
                plan.refuse(1, N_("No column holds e-mail addresses. Call one of them: email."))
                break
            row = _person(line, plan)
            if row and (first := _told_before(row, seen[row.email])):
                plan.refuse(
                    row.line,
                    N_(
                        "{email} stands in line {first} already. Leave one of the two, or write "
                        "both names if they are two people."
                    ),
                    email=row.email,
                    first=first,
                )
            elif row:
                seen[row.email].append(row)
                plan.rows.append(row)
    except Unreadable as error:
        plan.problems.append(error.problem)
    if not plan.rows and not plan.problems:
        plan.refuse(1, N_("The table holds no people. Its first line names the columns."))
    return plan


def sharing(plan: Plan[PersonRow]) -> int:
    """How many of its people have one address with another of them."""
    often = Counter(row.email for row in plan.rows)
    return sum(count for count in often.values() if count > 1)


def _told_before(row: PersonRow, earlier: Iterable[PersonRow]) -> int | None:
    """The line with this address that is about the same person, as far as the names tell."""
    for one in earlier:
        if not (row.name and one.name) or names.agree(row.name, one.name):
            return one.line
    return None


def apply(
    db: Database, actor: Actor, school_id: str, plan: Plan[PersonRow], *, now: datetime
) -> Brought:
    """Bring in all good rows of the plan, in one transaction, and say what was not found."""
    access.require(actor, "write", school_id)
    brought = Brought(0)
    with db.begin() as tx:
        known = _by_address(tx, school_id)
        guardians_of: list[tuple[str, PersonRow]] = []
        taken: set[str] = set()
        for row in plan.rows:
            if not row.name and len(several := known.get(row.email, {})) > 1:
                params = {"email": row.email, "names": ", ".join(sorted(several.values()))}
                brought.problems.append(Problem(row.line, Words(NAMELESS, params)))
                continue
            person_id = roster.save_person(
                tx,
                actor,
                school_id,
                name=row.name or ("" if row.email in known else row.email),
                email=row.email,
                role=row.role,
                language=row.language,
                level=row.level,
                group=row.group,
                fields=row.fields,
                source="import",
                others=taken,
                now=now,
            )
            taken.add(person_id)
            guardians_of.append((person_id, row))
            others = known.get(row.email, {})
            if others and person_id not in others:
                params = {"name": row.name, "others": ", ".join(others.values())}
                brought.problems.append(Problem(row.line, Words(SHARES, params)))
        for person_id, row in guardians_of:
            if row.phone or row.ways:
                reach.bring(tx, actor, person_id, phone=row.phone, ways=row.ways, now=now)
            if row.born or row.minor:
                ages.bring(tx, actor, school_id, person_id, born=row.born, minor=row.minor, now=now)
        for person_id, row in guardians_of:  # the children may stand further down in the table
            for email in guardians.add(tx, actor, school_id, person_id, row.guardian_of):
                brought.problems.append(Problem(row.line, Words(NO_CHILD, {"email": email})))
        audit.record(tx, actor, "import people", school_id, school_id=school_id, now=now)
    return replace(brought, people=len(guardians_of))


def _by_address(tx: Connection, school_id: str) -> dict[str, dict[str, str]]:
    """The names of who has each address, by id."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    asked = text("SELECT id, name, email FROM person WHERE school_id = :school")
    for row in tx.execute(asked, {"school": school_id}):
        found[row.email][row.id] = row.name
    return dict(found)


def _person(line: Line, plan: Plan[PersonRow]) -> PersonRow | None:
    before = len(plan.problems)
    name, email = " ".join(line["name"].split()), addresses.normal(line["email"])
    if not line["email"]:
        plan.refuse(
            line.number, N_("The e-mail address is missing. Enter it, or leave the line out.")
        )
    elif not email:
        plan.refuse(
            line.number,
            N_("{email} is not an e-mail address. Correct it, or leave the line out."),
            email=line["email"],
        )
    elif said := people_file.unwritable(name, email, _values(line)):
        plan.problems.append(Problem(line.number, said))
    zone = line.more.get(zones.FIELD, "")
    if zone and not zones.is_one(zone):
        plan.refuse(
            line.number,
            N_("“{zone}” is no time zone. Write it like Asia/Novosibirsk, or leave it out."),
            zone=zone,
        )
    row = PersonRow(
        line.number,
        name,
        email,
        _known(line, "role", ROLES, plan),
        _known(line, "language", LANGUAGES, plan),
        _known(line, "level", LEVELS, plan),
        line["group"],
        line.more,
        _children(line, plan),
        _read(line, plan, "phone", reach.normal) or "",
        _read(line, plan, "ways", reach.in_order) or (),
        _read(line, plan, "born", ages.born) or "",
        _read(line, plan, "minor", ages.minor) or "",
    )
    return row if len(plan.problems) == before else None


def _values(line: Line) -> Iterator[str]:
    yield from line.cells.values()
    yield from line.more.values()


def _read(
    line: Line, plan: Plan[PersonRow], column: str, read: Callable[[str], Read]
) -> Read | None:
    """What the column says, its fault named."""
    try:
        return read(line[column])
    except (ReachError, MailingError) as error:
        plan.problems.append(Problem(line.number, error.words))
        return None


def _children(line: Line, plan: Plan[PersonRow]) -> tuple[str, ...]:
    """Addresses with commas, semicolons or spaces between them."""
    written = re.split(r"[,;\s]+", line["guardian of"].strip())
    found = {each: addresses.normal(each) for each in written if each}
    for each, email in found.items():
        if not email:
            plan.refuse(
                line.number,
                N_("{email} is not an e-mail address. Correct it, or leave the line out."),
                email=each,
            )
    return tuple(found.values())


def _known(line: Line, column: str, names: Mapping[str, str], plan: Plan[PersonRow]) -> str:
    given = line[column]
    if given and given.lower() not in names:
        plan.refuse(
            line.number,
            N_("{value} is not known as a {column}. Write one of: {known}."),
            value=given,
            column=column,
            known=", ".join(dict.fromkeys(names.values())),
        )
    return names.get(given.lower(), "")
