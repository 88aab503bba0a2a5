"""Let letters to people leave, each once: by the school's relay, or as a platform's message."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from console.desk import handing, posting
from console.desk.handing import Begin
from console.desk.posting import Ways
from mailing.relay import WITHDRAWN, Outcome
from moderation.model import Adapters
from platforms.base import PlatformError
from platforms.capabilities import NoticeBoard
from store import access
from store.access import Actor
from store.db import Connection, Database, instant, text
from store.words import N_, Words

AT_ONCE = 20  # letters a round
PLATFORM_BYTES = 4000  # of a message; Moodle takes 4,096
BLANK = "UPDATE letter SET body = '', subject = '', address = ''"
UNREACHED = N_("The platform did not reach this account.")


@dataclass(frozen=True)
class Letter:
    """What became of one telling. `way` is mail, platform or none."""

    about: str
    way: str
    connection_id: str
    subject: str
    state: str
    why: Words | None
    at: datetime


def of_measures(
    tx: Connection, actor: Actor, school_id: str, measure_ids: Sequence[str]
) -> list[Letter]:
    """What the person was told of these measures, the newest first."""
    access.require(actor, "see people", school_id)
    named = {f"id{number}": id_ for number, id_ in enumerate(measure_ids)}
    if not named:
        return []
    rows = tx.execute(
        text(f"""
            SELECT * FROM letter WHERE school_id = :school
              AND measure_id IN ({", ".join(f":{name}" for name in named)})
            ORDER BY created_at DESC, id
        """),
        named | {"school": school_id},
    )
    return [
        Letter(
            row.about,
            row.way,
            row.connection_id,
            row.subject,
            row.state,
            Words.from_json(row.why) if row.why else None,
            instant(row.updated_at),
        )
        for row in rows
    ]


def forget(tx: Connection, actor: Actor, school_id: str, *, before: datetime) -> int:
    """Take texts and addresses out of old letters; that they went, and when, stays."""
    access.require(actor, "administer", school_id)
    return tx.execute(
        text(f"{BLANK} WHERE school_id = :school AND created_at < :before AND body <> ''"),
        {"school": school_id, "before": before},
    ).rowcount


def erase(
    tx: Connection, actor: Actor, school_id: str, accounts: Iterable[tuple[str, str]]
) -> None:
    """The same for all letters about these accounts (connection, external id)."""
    access.require(actor, "administer", school_id)
    for connection_id, external_id in accounts:
        tx.execute(
            text(f"""
                {BLANK} WHERE school_id = :school AND state NOT IN ('due', 'claimed', 'handing')
                AND measure_id IN (SELECT measure_id FROM measure_account
                    WHERE connection_id = :connection AND external_id = :external)
            """),
            {"school": school_id, "connection": connection_id, "external": external_id},
        )


def send_due(db: Database, ways: Ways, adapters: Adapters, *, clock: Callable[[], datetime]) -> int:
    """Send what is due; return how many left. Safe with several workers."""

    def send(row: Row[Any], begin: Begin) -> Outcome:
        if row.way == "mail":
            return posting.by_mail(ways, row, begin, now=clock())
        return _message(adapters, row, begin)

    return handing.send_due(db, "letter", send, clock=clock, limit=AT_ONCE)


def _message(adapters: Adapters, row: Row[Any], begin: Begin) -> Outcome:
    adapter = adapters(row.connection_id)
    if not isinstance(adapter, NoticeBoard):
        return Outcome("refused", Words(UNREACHED))
    if not begin():
        return WITHDRAWN
    said = shortened(f"{row.subject}\n\n{row.body}")
    try:
        reached = adapter.notify([row.external_id], said)
    except PlatformError as error:
        words = Words(error.template, error.params)
        if error.unsure:
            return Outcome("uncertain", words)
        return Outcome("refused" if error.permanent else "later", words)
    if reached.get(row.external_id):
        return Outcome("sent", Words(""))
    return Outcome("refused", Words(UNREACHED))


def shortened(said: str, most: int = PLATFORM_BYTES) -> str:
    """At most so many bytes: the longest line gives way, never the end, where the link stands."""
    over = len(said.encode()) - most
    if over <= 0:
        return said
    head, gap, end = said.rpartition("\n\n")
    lines = head.split("\n")
    longest = max(range(len(lines)), key=lambda place: len(lines[place]))
    lines[longest] = _cut(lines[longest], len(lines[longest].encode()) - over)
    return _cut("\n".join(lines), most - len((gap + end).encode())) + gap + end


def _cut(said: str, most: int) -> str:
    """The first `most` bytes, the sign that more was said among them."""
    if len(said.encode()) <= most:
        return said
    return said.encode()[: max(0, most - len("…".encode()))].decode("utf-8", "ignore") + "…"
