"""Who was not reached by an urgent campaign, why, and the next way in each person's own order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from console.desk.next_ways import Offered, Way
from mailing import campaigns, urgent
from mailing.model import Campaign
from moderation.model import Adapters
from store import access, addresses, audit
from store.access import Actor
from store.db import Connection, execute_many, instant, new_id, text
from store.words import N_, Words

LATE = timedelta(minutes=5)  # unless the settings say otherwise
Next = tuple[str, str, Way]  # of a delivery and its person
UNDER_WAY = ("due", "claimed", "handing")
WAITS = Words(N_("Not confirmed yet."))
BY_NOW = Words(N_("Told by the next way meanwhile."))


@dataclass(frozen=True)
class Attempt:
    """`state` as of notices; `confirmed`: it was read back on the platform."""

    way: str
    place: str
    state: str
    confirmed: bool
    why: Words | None
    at: datetime


@dataclass(frozen=True)
class Unreached:
    delivery_id: str
    person_id: str
    name: str
    email: str  # that the mail was for, or would have been
    why: Words
    since: datetime
    attempts: tuple[Attempt, ...]
    next_way: Way | None


@dataclass(frozen=True)
class Standing:
    """How far an urgent campaign came: `by_mail` and `otherwise` add up to those who have it."""

    audience: int
    by_mail: int
    otherwise: int
    under_way: int
    unreached: tuple[Unreached, ...]

    @property
    def count(self) -> int:
        """How many of the unreached have a next way."""
        return sum(each.next_way is not None for each in self.unreached)


def of(
    tx: Connection,
    actor: Actor,
    campaign_id: str,
    adapters: Adapters,
    *,
    late: timedelta = LATE,
    now: datetime,
) -> Standing:
    """Raises Denied for a campaign that is not there. Reads no platform."""
    campaign = campaigns.get(tx, actor, campaign_id)
    access.require(actor, "see people", campaign.school_id)
    rows = _without_it(tx, campaign_id)
    attempts = _attempts(tx, campaign_id)
    offered = Offered(tx, campaign, adapters)
    mailed = _mailed(tx, campaign_id) if any(row.email == "" for row in rows) else frozenset()
    unreached: list[Unreached] = []
    otherwise = under_way = shared = 0
    for row in rows:
        own = attempts.get(row.person_id, [])
        if any(each.state == "sent" for each in own):
            otherwise += 1
        elif row.email == "" and addresses.normal(row.address or "") in mailed:
            shared += 1  # the same mailbox has it
        elif _is_under_way(row, campaign, own, now - late):
            under_way += 1
        else:
            unreached.append(_unreached(row, own, offered))
    totals = campaign.totals
    sent = totals.sent + shared
    return Standing(totals.audience, sent, otherwise, under_way, tuple(unreached))


def try_next(
    tx: Connection,
    actor: Actor,
    campaign_id: str,
    adapters: Adapters,
    *,
    late: timedelta = LATE,
    now: datetime,
) -> int:
    """Tell everybody who was not reached by their next way; return how many.

    Each is told at most once by a way, whoever asks how often.
    """
    campaign = campaigns.get(tx, actor, campaign_id)
    access.require(actor, "send", campaign.school_id)
    if campaign.lane != urgent.LANE:
        raise access.Denied
    standing = of(tx, actor, campaign_id, adapters, late=late, now=now)
    following = [
        (each.delivery_id, each.person_id, each.next_way)
        for each in standing.unreached
        if each.next_way is not None
    ]
    _withdraw(tx, campaign_id, [person_id for _delivery, person_id, _way in following], now)
    told = _write(tx, campaign, following, now)
    audit.record(tx, actor, "try next way", campaign_id, school_id=campaign.school_id, now=now)
    return told


def carry_on(tx: Connection, actor: Actor, campaign_id: str, *, now: datetime) -> int:
    """Whoever had what came before by another way gets what follows by it too, at once."""
    campaign = campaigns.get(tx, actor, campaign_id)
    access.require(actor, "send", campaign.school_id)
    if campaign.follows is None:
        return 0
    rows = tx.execute(
        text("""
            SELECT DISTINCT telling.person_id, telling.way, telling.connection_id,
                   telling.external_id, delivery.id AS delivery_id
            FROM telling
            JOIN campaign AS earlier ON earlier.id = telling.campaign_id
            JOIN delivery ON delivery.campaign_id = :campaign
                         AND delivery.person_id = telling.person_id
            WHERE telling.state IN ('sent', 'uncertain') AND earlier.id <> :campaign
              AND (earlier.id = :first OR earlier.follows = :first)
        """),
        {"campaign": campaign_id, "first": campaign.follows},
    ).all()
    following = [
        (
            row.delivery_id,
            row.person_id,
            Way(row.way.partition(" ")[0], row.connection_id, row.external_id),
        )
        for row in rows
    ]
    return _write(tx, campaign, following, now)


def _without_it(tx: Connection, campaign_id: str) -> Sequence[Row[Any]]:
    return tx.execute(
        text("""
            SELECT delivery.*, COALESCE(person.email, '') AS address FROM delivery
            LEFT JOIN person ON person.id = delivery.person_id
            WHERE delivery.campaign_id = :campaign AND delivery.state <> 'sent'
            ORDER BY delivery.name, delivery.id
        """),
        {"campaign": campaign_id},
    ).all()


def _mailed(tx: Connection, campaign_id: str) -> frozenset[str]:
    rows = tx.execute(
        text("SELECT email FROM delivery WHERE campaign_id = :id AND state = 'sent'"),
        {"id": campaign_id},
    )
    return frozenset(rows.scalars())


def _attempts(tx: Connection, campaign_id: str) -> dict[str, list[Attempt]]:
    rows = tx.execute(
        text("""
            SELECT telling.*, COALESCE(connection.name, '') AS place FROM telling
            LEFT JOIN connection ON connection.id = telling.connection_id
            WHERE campaign_id = :campaign ORDER BY telling.created_at, telling.id
        """),
        {"campaign": campaign_id},
    )
    found: dict[str, list[Attempt]] = {}
    for row in rows:
        why = Words.from_json(row.why) if row.why else None
        attempt = Attempt(
            row.way, row.place, row.state, bool(row.confirmed), why, instant(row.updated_at)
        )
        found.setdefault(row.person_id, []).append(attempt)
    return found


def _is_under_way(
    row: Row[Any], campaign: Campaign, own: Sequence[Attempt], before: datetime
) -> bool:
    """Mail that waits, or another way that is tried, and not for too long yet."""
    if any(each.state in UNDER_WAY and each.at > before for each in own):
        return True
    fresh = (campaign.released_at or campaign.created_at) > before
    return not own and row.state in ("due", "sending") and fresh


def _unreached(row: Row[Any], own: Sequence[Attempt], offered: Offered) -> Unreached:
    tried = {each.way for each in own}
    following = next((way for way in offered.of(row.person_id) if way.key not in tried), None)
    why = Words.from_json(row.reply) if row.reply else WAITS
    since = instant(row.updated_at)
    email = row.email or addresses.normal(row.address or "")
    return Unreached(row.id, row.person_id, row.name, email, why, since, tuple(own), following)


def _withdraw(tx: Connection, campaign_id: str, person_ids: Sequence[str], now: datetime) -> None:
    """What was tried and did not leave is not tried any more."""
    why, at = BY_NOW.to_json(), now.timestamp()
    execute_many(
        tx,
        """UPDATE telling SET state = 'failed', why = COALESCE(why, ?), updated_at = ?
           WHERE campaign_id = ? AND person_id = ? AND state IN ('due', 'claimed')""",
        [(why, at, campaign_id, person_id) for person_id in person_ids],
    )


def _write(tx: Connection, campaign: Campaign, following: Sequence[Next], now: datetime) -> int:
    """How many are told by a way by which they were not told yet; all in one statement."""
    if not following:
        return 0  # of no rows the drivers count differently
    at = now.timestamp()
    return execute_many(
        tx,
        """INSERT INTO telling (id, school_id, campaign_id, delivery_id, person_id, way,
                                connection_id, external_id, confirmed, state, attempt, next_at,
                                created_at, updated_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, FALSE, 'due', 0, ?, ?, ?)
           ON CONFLICT DO NOTHING""",
        [
            (
                new_id(), campaign.school_id, campaign.id, delivery_id, person_id, way.key,
                way.connection_id, way.external_id, at, at, at,
            )
            for delivery_id, person_id, way in following
        ],
    )  # fmt: skip
