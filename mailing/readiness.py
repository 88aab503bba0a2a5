"""Whether a letter may go out as it is: what stops it is overruled by a person, with her reason."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailing import lint
from mailing.lint import Finding
from mailing.model import Campaign, MailingError
from mailing.readers import Readers
from mailing.records import content
from store import access, audit
from store.access import Actor
from store.db import Connection, instant, text
from store.words import Words

LONGEST = 300  # characters of a reason
NOBODY = "—"  # an account that is no more


class NotReady(MailingError):
    """The letter does not go out like this; `findings` say why, the first one in the words."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0].words
        super().__init__(first.template, **first.params)
        self.findings = tuple(findings)


@dataclass(frozen=True)
class Overruling:
    """Who let it out all the same, and what that reader knew of it."""

    account_name: str
    reason: str
    points: tuple[Words, ...]
    at: datetime


def require(
    tx: Connection,
    actor: Actor,
    campaign: Campaign,
    readers: Readers,
    *,
    anyway: str = "",
    beside: Iterable[Finding] = (),
    now: datetime,
) -> None:
    """Let the released campaign pass, or raise NotReady; `anyway` is her reason to overrule.

    `beside`: what only the caller can know of it. A letter that would be empty for somebody
    passes with no reason.
    """
    access.require(actor, "send", campaign.school_id)
    found = [*readers.findings(), *beside, *lint.findings(campaign.subject, campaign.body)]
    found += led_nowhere(tx, campaign)
    stopping = [each for each in found if each.stops]
    forbidden = [each for each in stopping if each.forbids]
    reason = " ".join(anyway.split())[:LONGEST]
    if forbidden or (stopping and not reason):
        raise NotReady(forbidden or stopping)
    tx.execute(text("DELETE FROM overruling WHERE campaign_id = :id"), {"id": campaign.id})
    if stopping:
        _keep(tx, actor, campaign, reason, stopping, now)


def overruled(tx: Connection, actor: Actor, campaign_id: str) -> Overruling | None:
    """Why it went out although something stopped it; None where nothing did."""
    content(tx, actor, campaign_id)
    row = tx.execute(
        text("""
            SELECT overruling.*, account.name AS account_name FROM overruling
            LEFT JOIN account ON account.id = overruling.account_id WHERE campaign_id = :id
        """),
        {"id": campaign_id},
    ).first()
    if row is None:
        return None
    points = tuple(Words(*each) for each in json.loads(row.findings))
    who = "Pult" if row.account_id == "system" else row.account_name or NOBODY
    return Overruling(who, row.reason, points, instant(row.at))


def keep_look(
    tx: Connection, actor: Actor, campaign_id: str, dead: Sequence[Words], *, now: datetime
) -> None:
    """Remember what a look at the links of the text as it stands found."""
    campaign = content(tx, actor, campaign_id, "write")
    tx.execute(
        text("""
            INSERT INTO link_look (campaign_id, school_id, links, dead, at)
            VALUES (:id, :school, :links, :dead, :now)
            ON CONFLICT (campaign_id) DO UPDATE SET
                links = excluded.links, dead = excluded.dead, at = excluded.at
        """),
        {
            "id": campaign_id,
            "school": campaign.school_id,
            "links": json.dumps(lint.links(campaign.body)),
            "dead": _listed(dead),
            "now": now,
        },
    )


def led_nowhere(tx: Connection, campaign: Campaign) -> list[Finding]:
    """What the last look found; nothing once other links stand in the text. For Pult's own use.

    A link that nobody looked at stops nothing.
    """
    row = tx.execute(
        text("SELECT links, dead FROM link_look WHERE campaign_id = :id"), {"id": campaign.id}
    ).first()
    if row is None or json.loads(row.links) != lint.links(campaign.body):
        return []
    found = [Words(*each) for each in json.loads(row.dead)]
    return [Finding(words, stops=words.template != lint.UNCHECKED) for words in found]


def _keep(
    tx: Connection,
    actor: Actor,
    campaign: Campaign,
    reason: str,
    stopping: Sequence[Finding],
    now: datetime,
) -> None:
    tx.execute(
        text("""
            INSERT INTO overruling (campaign_id, school_id, account_id, reason, findings, at)
            VALUES (:id, :school, :actor, :reason, :findings, :now)
        """),
        {
            "id": campaign.id,
            "school": campaign.school_id,
            "actor": actor.account_id,
            "reason": reason,
            "findings": _listed([each.words for each in stopping]),
            "now": now,
        },
    )
    audit.record(tx, actor, "send all the same", campaign.id, school_id=campaign.school_id, now=now)


def _listed(words: Sequence[Words]) -> str:
    """As JSON that holds any stranger's letters."""
    return json.dumps([[each.template, dict(each.params)] for each in words])
