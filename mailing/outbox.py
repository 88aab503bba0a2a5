"""The delivery ledger: one row a person, made once, due again when a coordinator says so."""

import json
from collections.abc import Mapping
from datetime import datetime

from mailing import sums, timing
from mailing.headers import domain_of
from mailing.model import Campaign
from store.db import Connection, new_id, text
from store.words import N_, Words

ASSUMED = N_("Uncertain; a coordinator took it for sent.")
INSERT = text("""
    INSERT INTO delivery (id, campaign_id, school_id, person_id, name, email, language, fields,
                          state, attempt, next_at, message_id, reply, updated_at)
    VALUES (:id, :campaign, :school, :person, :name, :email, :language, :fields, :state, 0,
            :next, :message, :reply, :now)
    ON CONFLICT DO NOTHING
""")


def row(
    campaign: Campaign,
    *,
    person_id: str | None,
    name: str,
    email: str,
    language: str,
    fields: Mapping[str, str],
    why: Words | None,
    now: datetime,
) -> dict[str, object]:
    """The bind values of one delivery; with a `why` it is left out from the start."""
    id_ = new_id()
    domain = domain_of(campaign.sender)
    return {
        "id": id_,
        "campaign": campaign.id,
        "school": campaign.school_id,
        "person": person_id,
        "name": name,
        "email": email,
        "language": language,
        "fields": json.dumps(dict(fields), ensure_ascii=False),
        "state": "due" if why is None else "suppressed",
        "next": campaign.leaves_at or now,
        "message": f"{campaign.id[:12]}.{id_}@{domain}",
        "reply": None if why is None else why.to_json(),
        "now": now,
    }


def waits(tx: Connection, campaign_id: str) -> bool:
    """Whether anybody is still to get it."""
    found = tx.execute(
        text("SELECT 1 FROM delivery WHERE campaign_id = :id AND state = 'due' LIMIT 1"),
        {"id": campaign_id},
    )
    return found.first() is not None


def again(tx: Connection, campaign_id: str, state: str, *, now: datetime) -> int:
    """Make rows of a final state due once more: somebody wants them sent, whatever the hour.

    A line of a table that gives no address keeps its reason: there is nothing to try.
    """
    changed = tx.execute(
        text("""
            UPDATE delivery SET state = 'due', attempt = 0, doubts = 0, next_at = :now,
                   owner = NULL, lease_until = NULL, reply = NULL, updated_at = :now
            WHERE campaign_id = :campaign AND state = :state AND email <> ''
        """),
        {"campaign": campaign_id, "state": state, "now": now},
    )
    renew(tx, campaign_id, now=now)
    sums.forget(tx, campaign_id)
    return changed.rowcount


def take_as_sent(tx: Connection, campaign_id: str, *, now: datetime) -> int:
    why = Words(ASSUMED)
    changed = tx.execute(
        text("""
            UPDATE delivery SET state = 'sent', reply = :why, owner = NULL, lease_until = NULL,
                   updated_at = :now
            WHERE campaign_id = :campaign AND state = 'held'
        """),
        {"campaign": campaign_id, "why": why.to_json(), "now": now},
    )
    sums.forget(tx, campaign_id)
    return changed.rowcount


def renew(tx: Connection, campaign_id: str, *, now: datetime) -> None:
    """An end that is past keeps nothing back that somebody sends, or sends on, after it."""
    tx.execute(
        text("UPDATE campaign SET expires_at = :until WHERE id = :id AND expires_at < :until"),
        {"id": campaign_id, "until": now + timing.STALE},
    )


def unending(tx: Connection, campaign_id: str) -> None:
    """Somebody's own command sends it, for as long as it takes; a chosen time stays as it is."""
    tx.execute(
        text("UPDATE campaign SET expires_at = NULL WHERE id = :id AND scheduled_for IS NULL"),
        {"id": campaign_id},
    )


def put_off(tx: Connection, campaign_id: str, *, until: datetime, now: datetime) -> None:
    """What waits is due then: no relay takes it before, so nothing makes way for it."""
    tx.execute(
        text("""
            UPDATE delivery SET next_at = :until
            WHERE campaign_id = :id AND next_at < :until
              AND (state = 'due' OR state = 'sending' AND lease_until <= :now)
        """),
        {"id": campaign_id, "until": until, "now": now},
    )
