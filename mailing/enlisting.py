"""The people of a send file's table as rows of the ledger, and what is wrong with its lines."""

from dataclasses import replace
from datetime import datetime

from mailing import conditions, outbox, people_file, preferences, recipients, suppression
from mailing.campaign_file import SendFile
from mailing.model import Campaign, MailingError
from mailing.readers import Readers
from store.db import Connection, text
from store.words import N_, Words

CHUNK = 1000  # rows of one INSERT


def enlist(
    tx: Connection,
    campaign: Campaign,
    language: str,
    file: SendFile,
    people: bytes,
    readers: Readers,
    now: datetime,
) -> list[tuple[int, Words]]:
    """Write the CSV's people into the ledger; return the lines with something wrong.

    A line that can get no mail stands there as failed, so that the list of those
    not reached is whole. `readers` sees everybody who is to get it.
    """
    _require_columns(file, people_file.columns(people, file=file.people_name))
    reasons = suppression.reasons(tx, campaign.school_id, campaign.topic)
    chosen = preferences.languages(tx, campaign.school_id)
    written = recipients.written(campaign.body)
    problems: list[tuple[int, Words]] = []
    values: list[dict[str, object]] = []
    for row in people_file.rows(people, file=file.people_name):
        if row.repeated:
            problems.append((row.line, Words(N_("The address stands in an earlier line too."))))
            continue
        if row.problem is not None:
            problems.append((row.line, row.problem))
        own = chosen.get(row.email) or row.language
        known = {**row.fields, "language": own} if "language" in row.fields else row.fields
        spoken = recipients.variant(own, language, written)
        reason = reasons.get(row.email)
        if row.problem is None and reason is None:
            readers.see(row.name or row.email, spoken, known)
        values.append(_delivery(campaign, replace(row, fields=known), spoken, reason, now))
        if len(values) >= CHUNK:
            tx.execute(outbox.INSERT, values)
            values = []
    if values:
        tx.execute(outbox.INSERT, values)
    _link_people(tx, campaign.id)
    return problems


def _delivery(
    campaign: Campaign, row: people_file.Row, language: str, reason: str | None, now: datetime
) -> dict[str, object]:
    """A line of the file as the ledger keeps it; `reason`: why its address gets no mail."""
    return outbox.row(
        campaign,
        person_id=None,
        name=row.name,
        email=row.email,
        language=language,
        fields=row.fields,
        why=Words(suppression.WHY[reason]) if reason else None,
        now=now,
    ) | ({"state": "failed", "reply": row.problem.to_json()} if row.problem else {})


def _link_people(tx: Connection, campaign_id: str) -> None:
    """People of the roster find the mail in their history: of several with an address, the one
    whom it names."""
    tx.execute(
        text("""
            UPDATE delivery SET person_id = COALESCE(
                (SELECT MIN(person.id) FROM person
                 WHERE person.school_id = delivery.school_id AND person.email = delivery.email
                   AND person.email <> '' AND person.name = delivery.name),
                (SELECT MIN(person.id) FROM person
                 WHERE person.school_id = delivery.school_id AND person.email = delivery.email
                   AND person.email <> ''))
            WHERE campaign_id = :campaign
        """),
        {"campaign": campaign_id},
    )


def _require_columns(file: SendFile, columns: list[str]) -> None:
    for written in (*file.subject.values(), *file.body.values()):
        for name in conditions.asked(written):
            if name not in columns:
                raise MailingError(
                    N_("The text asks for {place}, and the file {file} has no such column."),
                    place=f"{{{{ {name} }}}}",
                    file=file.people_name,
                )
