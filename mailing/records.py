"""Campaigns as rows: what an author writes goes in, a Campaign comes out."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from mailing import sums
from mailing.model import Campaign, Totals
from mailing.segments import Segment
from store import access
from store.access import Actor, Permission
from store.db import Connection, instant, moment, text


def load(tx: Connection, actor: Actor, campaign_id: str, permission: Permission) -> Campaign:
    """Raises Denied without the permission there, and for a campaign that is not there."""
    found = content(tx, actor, campaign_id, permission)
    return replace(found, totals=sums.of(tx, [found.id]).get(found.id, Totals()))


def content(
    tx: Connection, actor: Actor, campaign_id: str, permission: Permission = "see people"
) -> Campaign:
    """The campaign as `load` gives it, without the sums, which cost a look at every row."""
    row = tx.execute(text("SELECT * FROM campaign WHERE id = :id"), {"id": campaign_id}).first()
    if row is None:
        raise access.Denied
    access.require(actor, permission, row.school_id)
    return campaign(row, Totals())


def values(
    subject: Mapping[str, str],
    body: Mapping[str, str],
    segment: Segment,
    sender: str,
    topic: str,
    uncertain: str,
) -> dict[str, object]:
    """The bind values of what an author writes, with the digest of it."""
    bound: dict[str, object] = {
        "subject": by_language(subject),
        "body": by_language(body),
        "segment": segment.to_json(),
        "sender": sender,
        "topic": topic,
        "uncertain": uncertain,
    }
    content = json.dumps([*bound.values()], ensure_ascii=False)
    return bound | {"digest": hashlib.sha256(content.encode()).hexdigest()}


def by_language(written: Mapping[str, str]) -> str:
    """The same words are the same text, in whatever order they were given: digests rest on it."""
    return json.dumps(dict(written), ensure_ascii=False, sort_keys=True)


def campaign(row: Row[Any], sums: Totals) -> Campaign:
    return Campaign(
        row.id,
        row.school_id,
        row.topic,
        row.sender,
        json.loads(row.subject),
        json.loads(row.body),
        row.segment,
        row.incident_id,
        row.uncertain,
        row.state,
        row.created_by,
        instant(row.created_at),
        instant(row.updated_at),
        moment(row.released_at),
        moment(row.leaves_at),
        moment(row.scheduled_for),
        moment(row.expires_at),
        row.asked_by,
        row.lane,
        row.follows,
        moment(row.release_by),
        bool(row.by_zone),
        row.asked_digest or "",
        row.replies,
        moment(row.reduced_at),
        sums,
    )
