"""Bring a platform's people, courses and rooms into the roster, whole or not at all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from console.desk import connections, linked
from platforms.base import Account, Adapter, Course, Enrolment, PlatformError, Room
from platforms.capabilities import RosterSource
from platforms.metering import RoomMeter
from store import access, addresses, audit, enrolling, people_zones
from store.access import Actor
from store.db import Connection as Transaction
from store.db import Database, text
from store.enrolling import Kept, Listed, ListedRoom
from store.legibility import storable
from store.words import N_, Words

# Platforms name languages in many ways; ours by the first letters of theirs.
LANGUAGES = {"ru": "ru", "zh": "zh_Hans", "en": "en"}
ROLES = {"student", "teacher", "guardian", "staff"}
TOLD = 20  # of a sort that are named one by one
Record = TypeVar("Record", Account, Course, Enrolment, Room)


@dataclass(frozen=True)
class Synced:
    """What the roster holds from this connection now; `gone` counts what it lost this time."""

    people: int = 0
    courses: int = 0
    enrolments: int = 0
    rooms: int = 0
    gone: int = 0
    problems: tuple[Words, ...] = ()


@dataclass(frozen=True)
class Fetched:
    """Everything a platform lists, read before anything is written."""

    accounts: list[Account] | None
    courses: dict[str, str]
    roles: dict[tuple[str, str], str]
    rooms: list[ListedRoom] | None


def sync(
    db: Database,
    actor: Actor,
    connection_id: str,
    adapters: Callable[[str], Adapter],
    *,
    now: datetime,
) -> Synced:
    """Fetch all, then write all in one transaction; raises PlatformError having changed nothing.

    How it went is kept with the connection either way.
    """
    with db.read() as tx:
        school_id = connections.get(tx, actor, connection_id).school_id
    access.require(actor, "administer", school_id)
    try:
        fetched = fetch(adapters(connection_id))
        _believe(db, connection_id, fetched)
    except PlatformError as error:
        with db.begin() as tx:
            connections.note(tx, connection_id, Words(error.template, error.params), now=now)
        raise
    with db.begin() as tx:
        synced = _keep(tx, actor, school_id, connection_id, fetched, now)
        connections.note(tx, connection_id, None, now=now)
        tx.execute(
            text("UPDATE connection SET synced_at = :now WHERE id = :id"),
            {"now": now, "id": connection_id},
        )
        audit.record(tx, actor, "sync connection", connection_id, school_id=school_id, now=now)
    return synced


def fetch(adapter: Adapter) -> Fetched:
    """Read what the platform can give; None stands for what it has no list of."""
    accounts: list[Account] | None = None
    courses: dict[str, str] = {}
    roles: dict[tuple[str, str], str] = {}
    if isinstance(adapter, RosterSource) and "roster" in adapter.can:
        accounts = [_kept_by_any(account) for account in adapter.accounts()]
        for course in list(adapter.courses()):
            kept = _kept_by_any(course)
            courses[kept.external_id] = kept.name
            for enrolment in map(_kept_by_any, adapter.enrolments(course.external_id)):
                roles[kept.external_id, enrolment.account_external_id] = enrolment.role
    return Fetched(accounts, courses, roles, _rooms(adapter))


def _kept_by_any(record: Record) -> Record:
    """Without what a database refuses: one name of a list would keep back all others."""
    words = {name: said for name, said in vars(record).items() if isinstance(said, str)}
    cleaned: dict[str, Any] = {name: storable(said) for name, said in words.items()}
    return record if cleaned == words else replace(record, **cleaned)


def _rooms(adapter: Adapter) -> list[ListedRoom] | None:
    """None also for a meter that does not tell its rooms apart."""
    if not isinstance(adapter, RoomMeter) or "meter rooms" not in adapter.can:
        return None
    rooms = adapter.rooms()
    if rooms is None:
        return None
    return [ListedRoom(r.external_id, r.name, r.seats) for r in map(_kept_by_any, rooms)]


def _believe(db: Database, connection_id: str, fetched: Fetched) -> None:
    """Raise PlatformError if everybody has left every course: a permission was lost, not they."""
    if fetched.accounts is None or fetched.roles:
        return
    with db.read() as tx:
        if enrolling.enrolled(tx, connection_id):
            raise PlatformError(
                N_(
                    "The platform shows nobody in any course any more. Give the token's account "
                    "the permission to see participants, then sync again."
                ),
                permanent=True,
                code="empty",
            )


def _keep(
    tx: Transaction,
    actor: Actor,
    school_id: str,
    connection_id: str,
    fetched: Fetched,
    now: datetime,
) -> Synced:
    place = tx, actor, school_id, connection_id
    enrolled = gone = 0
    kept = Kept(0)
    if fetched.accounts is not None:
        roles: dict[str, set[str]] = {}
        for (_course, account_id), role in fetched.roles.items():
            roles.setdefault(account_id, set()).add(role)
        listed = [_listed(account, roles) for account in fetched.accounts]
        kept = enrolling.people(*place, listed, now=now)
        for parted in kept.parted:
            linked.part(tx, actor, connection_id, parted)
        gone += kept.gone
        gone += enrolling.courses(*place, fetched.courses, now=now)
        enrolled = enrolling.enrolments(*place, fetched.roles)
    if fetched.rooms is not None:
        gone += enrolling.rooms(*place, fetched.rooms, now=now)
    return Synced(
        people=len(fetched.accounts or ()),
        courses=len(fetched.courses),
        enrolments=enrolled,
        rooms=len(fetched.rooms or ()),
        gone=gone,
        problems=(*_problems(fetched.accounts or []), *_sharing(kept)),
    )


def _listed(account: Account, roles: dict[str, set[str]]) -> Listed:
    return Listed(
        external_id=account.external_id,
        username=account.username,
        name=account.name,
        email=addresses.normal(account.email),
        role=account.role if account.role in ROLES else _role(roles.get(account.external_id)),
        language=LANGUAGES.get(account.language[:2].lower(), ""),
        level=account.level,
        group=account.group,
        suspended=account.suspended,
        last_seen=account.last_seen,
        administers=account.administers,
        time_zone=account.time_zone if people_zones.named(account.time_zone) else "",
    )


def _role(roles: set[str] | None) -> str:
    """Whoever teaches one course is a teacher; nothing is known of who is in none."""
    if not roles:
        return ""
    return "teacher" if "teacher" in roles else "student"


def _problems(accounts: list[Account]) -> tuple[Words, ...]:
    """Whose address cannot be one: they are kept, and no mail reaches them."""
    bad = [one for one in accounts if one.email and not addresses.normal(one.email)]
    told = [
        Words(
            N_("The e-mail address of {name} cannot be right. Correct it on the platform."),
            {"name": account.name or account.username},
        )
        for account in bad[:TOLD]
    ]
    if len(bad) > TOLD:
        told.append(
            Words(N_("{count} more addresses cannot be right."), {"count": len(bad) - TOLD})
        )
    return tuple(told)


def _sharing(kept: Kept) -> Iterator[Words]:
    """Who has one address here: each gets what is meant for them, and somebody may know better."""
    for names in kept.sharing[:TOLD]:
        yield Words(
            N_("One e-mail address, several people: {names}. Each stays a person of their own."),
            {"names": ", ".join(names[:TOLD])},
        )
    if len(kept.sharing) > TOLD:
        more = len(kept.sharing) - TOLD
        yield Words(N_("{count} more addresses belong to several people."), {"count": more})
    if kept.parted:
        yield Words(
            N_(
                "Accounts that an address alone had joined to one person, and that are people of "
                "their own now: {count}. Their courses are apart; look at their groups."
            ),
            {"count": len(kept.parted)},
        )
