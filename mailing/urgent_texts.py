"""Texts for an emergency: written in calm, agreed to by a second person, sent as they stand."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from mailing import recipients, templates
from mailing.model import MailingError
from mailing.records import by_language
from mailing.selecting import Guardians
from store import access, audit
from store.access import Actor
from store.db import Connection, moment, new_id, text
from store.words import N_

LONGEST = 100  # characters of a name
# Facts that every recipient's copy is filled with, beside the person's own fields.
FACTS = ("what", "lesson", "begins", "since", "link", "note")


@dataclass(frozen=True)
class UrgentText:
    """`guardians` says whether parents get it too, unless the sender chooses otherwise."""

    id: str
    school_id: str
    name: str
    guardians: Guardians
    subject: Mapping[str, str]  # by language
    body: Mapping[str, str]
    digest: str
    changed_by: str
    approved_by: str | None
    approved_at: datetime | None

    @property
    def approved(self) -> bool:
        return self.approved_by is not None

    def asks_for(self, field: str) -> bool:
        """Whether the text has a place for the field in any language."""
        return any(
            field in templates.compile_(self.subject[each], body, language=each, school="").names
            for each, body in self.body.items()
            if body.strip()
        )


def of(tx: Connection, actor: Actor, school_id: str) -> list[UrgentText]:
    """By name."""
    access.require(actor, "write", school_id)
    rows = tx.execute(
        text("SELECT * FROM urgent_text WHERE school_id = :school ORDER BY name, id"),
        {"school": school_id},
    )
    return [_text(row) for row in rows]


def get(tx: Connection, actor: Actor, text_id: str) -> UrgentText:
    """Raises Denied for one that is not there, or is another school's."""
    row = tx.execute(text("SELECT * FROM urgent_text WHERE id = :id"), {"id": text_id}).first()
    if row is None:
        raise access.Denied
    access.require(actor, "write", row.school_id)
    return _text(row)


# A changed letter has a new author; the same text keeps the one it has.
SAVE = """
    INSERT INTO urgent_text (id, school_id, name, guardians, subject, body, digest,
                             changed_by, changed_at)
    VALUES (:id, :school, :name, :guardians, :subject, :body, :digest, :actor, :now)
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, guardians = excluded.guardians,
        subject = excluded.subject, body = excluded.body, digest = excluded.digest,
        changed_at = excluded.changed_at,
        changed_by = CASE WHEN urgent_text.digest = excluded.digest
                          THEN urgent_text.changed_by ELSE excluded.changed_by END
"""


def save(
    tx: Connection,
    actor: Actor,
    school_id: str,
    *,
    name: str,
    subject: Mapping[str, str],
    body: Mapping[str, str],
    guardians: Guardians = "",
    text_id: str | None = None,
    now: datetime,
) -> str:
    """Keep a text, or change the one with this id; return its id.

    What somebody agreed to is void with the first changed letter. Raises MailingError for a
    name that is none or taken, and for a text that cannot be sent.
    """
    access.require(actor, "write", school_id)
    name = " ".join(name.split())
    if not name or len(name) > LONGEST:
        raise MailingError(N_("Give the text a name of at most {n} characters."), n=LONGEST)
    _check(subject, body)
    known = get(tx, actor, text_id) if text_id else None
    if known is not None and known.school_id != school_id:
        raise access.Denied
    values = {
        "id": known.id if known else new_id(),
        "school": school_id,
        "name": name,
        "guardians": guardians,
        "subject": by_language(subject),
        "body": by_language(body),
        "digest": _digest(subject, body, guardians),
        "actor": actor.account_id,
        "now": now,
    }
    _free(tx, school_id, name, str(values["id"]))
    tx.execute(text(SAVE), values)
    audit.record(tx, actor, "save urgent text", str(values["id"]), school_id=school_id, now=now)
    return str(values["id"])


def approve(tx: Connection, actor: Actor, text_id: str, digest: str, *, now: datetime) -> None:
    """Agree to the text as it was shown, which is what `digest` is of.

    Raises MailingError for its author, and when it was changed meanwhile.
    """
    known = get(tx, actor, text_id)
    access.require(actor, "send", known.school_id)
    if known.changed_by == actor.account_id:
        raise MailingError(N_("Somebody else must agree to it: it is you who wrote it."))
    changed = tx.execute(
        text("""
            UPDATE urgent_text SET approved_by = :actor, approved_at = :now,
                   approved_digest = digest
            WHERE id = :id AND digest = :digest
        """),
        {"id": text_id, "digest": digest, "actor": actor.account_id, "now": now},
    )
    if not changed.rowcount:
        raise MailingError(N_("The text has changed since it was shown. Read it again."))
    audit.record(tx, actor, "approve urgent text", text_id, school_id=known.school_id, now=now)


def remove(tx: Connection, actor: Actor, text_id: str, *, now: datetime) -> None:
    known = get(tx, actor, text_id)
    tx.execute(text("DELETE FROM urgent_text WHERE id = :id"), {"id": text_id})
    audit.record(tx, actor, "remove urgent text", text_id, school_id=known.school_id, now=now)


def _check(subject: Mapping[str, str], body: Mapping[str, str]) -> None:
    written = recipients.written(body)
    if not written:
        raise MailingError(N_("The text is empty. Write it in one language at least."))
    for language in written:
        if not subject.get(language, "").strip():
            raise MailingError(
                N_("The subject is missing in one language: {language}."), language=language
            )
        templates.compile_(subject[language], body[language], language=language, school="")


def _free(tx: Connection, school_id: str, name: str, text_id: str) -> None:
    taken = tx.execute(
        text("""
            SELECT 1 FROM urgent_text WHERE school_id = :school AND name = :name AND id <> :id
        """),
        {"school": school_id, "name": name, "id": text_id},
    ).first()
    if taken:
        raise MailingError(N_("There is a text of this name already; choose another."))


def _digest(subject: Mapping[str, str], body: Mapping[str, str], guardians: str) -> str:
    content = json.dumps([by_language(subject), by_language(body), guardians])
    return hashlib.sha256(content.encode()).hexdigest()


def _text(row: Row[Any]) -> UrgentText:
    """What was approved and changed since is not approved."""
    stands = row.approved_digest == row.digest
    return UrgentText(
        row.id,
        row.school_id,
        row.name,
        row.guardians,
        json.loads(row.subject),
        json.loads(row.body),
        row.digest,
        row.changed_by,
        row.approved_by if stands else None,
        moment(row.approved_at) if stands else None,
    )
