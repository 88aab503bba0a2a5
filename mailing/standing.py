"""Newsletters drawn up by rule: when each issue is due, each once, and what became of it."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from mailing.model import MailingError
from mailing.segments import Segment
from store import access, audit
from store.access import Actor
from store.db import Connection, instant, new_id, text
from store.words import N_

Content = Literal["lessons", "changes", "materials"]
CONTENT: tuple[Content, ...] = get_args(Content)
LEAD = timedelta(hours=24)  # so long before it leaves an issue is drawn, to be looked at
RELEASE_BY = timedelta(hours=6)  # after its time nobody releases it any more
LONGEST = 100  # characters of a name


@dataclass(frozen=True)
class Standing:
    """`weekday` 0 is Monday, None every day; `at` is by the school's clock."""

    id: str
    school_id: str
    name: str
    segment: Segment
    content: tuple[Content, ...]
    weekday: int | None
    at: time
    paused: bool = False

    @property
    def span(self) -> timedelta:
        """What an issue looks ahead."""
        return timedelta(days=1 if self.weekday is None else 7)

    def next(self, after: datetime, zone: ZoneInfo) -> datetime:
        """When the next issue leaves, later than `after`, whatever the clocks' changes."""
        day = after.astimezone(zone).date()
        for ahead in range(9):
            on = day + timedelta(days=ahead)
            at = datetime.combine(on, self.at, zone).astimezone(UTC)
            if at > after and self.weekday in (None, on.weekday()):
                return at
        raise AssertionError("a week has every weekday")


@dataclass(frozen=True)
class Issue:
    """`campaign_id` None: there was nothing to tell, so nothing is sent."""

    id: str
    period: datetime  # in the school's own time
    campaign_id: str | None
    seen: str
    drawn_at: datetime


def of(tx: Connection, actor: Actor, school_id: str) -> list[Standing]:
    """By name."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text("SELECT * FROM standing WHERE school_id = :school ORDER BY name, id"),
        {"school": school_id},
    )
    return [_standing(row) for row in rows]


def save(tx: Connection, actor: Actor, wanted: Standing, *, now: datetime) -> str:
    """Keep the rule in its school; without an id it is a new one. Return the id.

    Raises MailingError for a name that is none or taken, without content, for nobody.
    """
    if wanted.id:
        _load(tx, actor, wanted.id, wanted.school_id)
    access.require(actor, "write", wanted.school_id)
    name = " ".join(wanted.name.split())
    _check(tx, wanted, name)
    id_ = wanted.id or new_id()
    tx.execute(
        text("""
            INSERT INTO standing (id, school_id, name, segment, content, weekday, minute, paused,
                                  changed_by, changed_at)
            VALUES (:id, :school, :name, :segment, :content, :weekday, :minute, :paused, :actor,
                    :now)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, segment = excluded.segment,
                content = excluded.content, weekday = excluded.weekday, minute = excluded.minute,
                paused = excluded.paused, changed_by = excluded.changed_by,
                changed_at = excluded.changed_at
        """),
        {
            "id": id_,
            "school": wanted.school_id,
            "name": name,
            "segment": wanted.segment.to_json(),
            "content": json.dumps([each for each in CONTENT if each in wanted.content]),
            "weekday": wanted.weekday,
            "minute": wanted.at.hour * 60 + wanted.at.minute,
            "paused": wanted.paused,
            "actor": actor.account_id,
            "now": now,
        },
    )
    audit.record(tx, actor, "save newsletter", id_, school_id=wanted.school_id, now=now)
    return id_


def pause(tx: Connection, actor: Actor, standing_id: str, *, paused: bool, now: datetime) -> None:
    """Draw no more issues, or go on with the next one; what is drawn stays a draft."""
    known = _load(tx, actor, standing_id)
    tx.execute(
        text("UPDATE standing SET paused = :paused WHERE id = :id"),
        {"id": standing_id, "paused": paused},
    )
    action = "pause newsletter" if paused else "resume newsletter"
    audit.record(tx, actor, action, standing_id, school_id=known.school_id, now=now)


def remove(tx: Connection, actor: Actor, standing_id: str, *, now: datetime) -> None:
    """What was drawn from it stays."""
    known = _load(tx, actor, standing_id)
    tx.execute(text("DELETE FROM standing WHERE id = :id"), {"id": standing_id})
    audit.record(tx, actor, "remove newsletter", standing_id, school_id=known.school_id, now=now)


def last(tx: Connection, actor: Actor, standing_id: str) -> Issue | None:
    """The newest issue, empty ones too."""
    return _newest(tx, actor, standing_id, "")


def told(tx: Connection, actor: Actor, standing_id: str) -> Issue | None:
    """The newest whose readers know all that was to tell: it was released, or was empty."""
    return _newest(
        tx,
        actor,
        standing_id,
        """AND (campaign_id IS NULL OR campaign_id IN (
                   SELECT id FROM campaign WHERE state IN ('released', 'paused')))""",
    )


def _newest(tx: Connection, actor: Actor, standing_id: str, narrowed: str) -> Issue | None:
    row = tx.execute(
        text(f"""
            SELECT * FROM standing_issue WHERE standing_id = :id {narrowed}
            ORDER BY period DESC LIMIT 1
        """),
        {"id": standing_id},
    ).first()
    if row is None:
        return None
    access.require(actor, "see people", row.school_id)
    return Issue(row.id, instant(row.period), row.campaign_id, row.seen, instant(row.drawn_at))


def enter(
    tx: Connection, actor: Actor, rule: Standing, period: datetime, *, seen: str, now: datetime
) -> str | None:
    """Take the period for this transaction's issue; None if another worker has drawn it."""
    access.require(actor, "write", rule.school_id)
    row = tx.execute(
        text("""
            INSERT INTO standing_issue (id, standing_id, school_id, period, seen, drawn_at)
            VALUES (:id, :standing, :school, :period, :seen, :now)
            ON CONFLICT (standing_id, period) DO NOTHING RETURNING id
        """),
        {
            "id": new_id(),
            "standing": rule.id,
            "school": rule.school_id,
            "period": period,
            "seen": seen,
            "now": now,
        },
    ).first()
    return str(row.id) if row else None


def hold(
    tx: Connection,
    actor: Actor,
    issue_id: str,
    campaign_id: str,
    *,
    leaves: datetime,
) -> None:
    """The drawn draft waits for a person: it is to leave then, and is over soon after."""
    row = tx.execute(
        text("SELECT school_id FROM standing_issue WHERE id = :id"), {"id": issue_id}
    ).first()
    access.require(actor, "write", row.school_id if row else "")
    tx.execute(
        text("UPDATE standing_issue SET campaign_id = :campaign WHERE id = :id"),
        {"id": issue_id, "campaign": campaign_id},
    )
    tx.execute(
        text("""
            UPDATE campaign SET scheduled_for = :leaves, release_by = :until WHERE id = :id
        """),
        {"id": campaign_id, "leaves": leaves, "until": leaves + RELEASE_BY},
    )


def waiting(tx: Connection, actor: Actor, school_id: str, *, now: datetime) -> int:
    """How many drawn issues wait for somebody to release them."""
    access.require(actor, "see people", school_id)
    count = tx.execute(
        text("""
            SELECT COUNT(*) FROM standing_issue
            JOIN campaign ON campaign.id = standing_issue.campaign_id
            WHERE standing_issue.school_id = :school AND campaign.state = 'draft'
              AND campaign.release_by > :now
        """),
        {"school": school_id, "now": now},
    ).scalar_one()
    return int(count)


def _check(tx: Connection, wanted: Standing, name: str) -> None:
    if not name or len(name) > LONGEST:
        raise MailingError(N_("Give the newsletter a name of at most {n} characters."), n=LONGEST)
    if not _known(wanted.content):
        raise MailingError(N_("Choose what an issue is about."))
    if wanted.segment == Segment():
        raise MailingError(N_("Nobody is meant. Choose who gets it."))
    taken = tx.execute(
        text("SELECT 1 FROM standing WHERE school_id = :school AND name = :name AND id <> :id"),
        {"school": wanted.school_id, "name": name, "id": wanted.id},
    ).first()
    if taken:
        raise MailingError(N_("There is a newsletter of this name already; choose another."))


def _known(content: Collection[str]) -> bool:
    return bool(content) and set(content) <= set(CONTENT)


def _load(tx: Connection, actor: Actor, standing_id: str, school_id: str = "") -> Standing:
    row = tx.execute(text("SELECT * FROM standing WHERE id = :id"), {"id": standing_id}).first()
    if row is None or (school_id and row.school_id != school_id):
        raise access.Denied
    access.require(actor, "write", row.school_id)
    return _standing(row)


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        row.id,
        row.school_id,
        row.name,
        Segment.from_json(row.segment),
        tuple(json.loads(row.content)),
        row.weekday,
        time(*divmod(row.minute, 60)),
        bool(row.paused),
    )
