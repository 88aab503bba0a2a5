"""What somebody chose of our mail, behind the signed link in each: topics, and a language.

Whoever holds the link chooses for its address alone, a guardian for the guardian's own. A look
changes nothing.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailing import suppression, unsubscribe
from mailing.model import SERVICE
from mailing.suppression import COMPLAINT, EVERY_TOPIC, UNSUBSCRIBED
from store import access, addresses, audit, links
from store.db import Connection, text
from store.roster import Person
from store.schools import LANGUAGES, School

MOST_TOPICS = 50


@dataclass(frozen=True)
class Preferences:
    """`topics`: whether mail of each comes; `locked`: the school itself sends nothing there.

    `left`: nothing comes, of topics that are still to come either.
    """

    school_name: str
    email: str
    topic: str  # of the mail that held the link
    topics: Mapping[str, bool]
    language: str
    locked: bool
    left: bool
    people: int  # of the school who have the address


def show(tx: Connection, key: bytes, token: str) -> Preferences | None:
    """What the link's person gets; None if we never made it, or the school is gone."""
    opened = links.opened(key, unsubscribe.PURPOSE, token)
    subscription = unsubscribe.show(tx, key, token)
    if opened is None or subscription is None:
        return None
    school_id, email, topic = opened
    off = _off(tx, school_id, email)
    everything = off.get(EVERY_TOPIC, set())
    topics = {
        each: not everything and each not in off
        for each in sorted({*_topics(tx, school_id), topic})
    }
    locked = bool(everything - {UNSUBSCRIBED, COMPLAINT})
    language = languages(tx, school_id, [email]).get(email, subscription.language)
    return Preferences(
        subscription.school_name,
        email,
        topic,
        topics,
        language,
        locked,
        bool(everything),
        subscription.people,
    )


def choose(
    tx: Connection,
    key: bytes,
    token: str,
    *,
    wanted: Collection[str],
    language: str,
    now: datetime,
) -> Preferences | None:
    """Get mail of these topics from now on, and of no other that is known; None as in `show`.

    What a coordinator took off, or a dead address, stays off. Who left everything, or complained,
    gets topics that are still to come only after wanting one.
    """
    opened = links.opened(key, unsubscribe.PURPOSE, token)
    known = show(tx, key, token)
    if opened is None or known is None:
        return None
    school_id, email, _topic = opened
    ticked = known.topics.keys() & set(wanted)
    if ticked or not known.left:
        _want(tx, school_id, email, ticked, now=now, off=known.topics.keys() - ticked)
    if language in LANGUAGES:
        _keep_language(tx, school_id, email, language, now)
    person = access.system(school_id)
    audit.record(tx, person, "choose mail by link", "", school_id=school_id, now=now)
    return show(tx, key, token)


def _want(
    tx: Connection,
    school_id: str,
    email: str,
    topics: Collection[str],
    *,
    off: Collection[str],
    now: datetime,
) -> None:
    values = {f"t{n}": topic for n, topic in enumerate((EVERY_TOPIC, *topics))}
    tx.execute(
        text(f"""
            DELETE FROM suppression WHERE school_id = :school AND email = :email
              AND reason IN ('unsubscribed', 'complaint')
              AND topic IN ({", ".join(f":{name}" for name in values)})
        """),
        values | {"school": school_id, "email": email},
    )
    for topic in off:
        suppression.keep(
            tx,
            school_id,
            email,
            topic=topic,
            reason=UNSUBSCRIBED,
            detail="preferences",
            now=now,
        )


def spoken(tx: Connection, school: School, person: Person) -> str:
    """The language that the person chose, else has on the platform, else the school's."""
    email = addresses.normal(person.email) if person.email else ""
    chosen = languages(tx, school.id, [email]).get(email)
    return chosen or person.language or school.language


def languages(
    tx: Connection, school_id: str, emails: Collection[str] | None = None
) -> dict[str, str]:
    """The languages that people chose, by address; of all, or of some."""
    values: dict[str, object] = {"school": school_id}
    narrowed = ""
    if emails is not None:
        values |= {f"e{n}": email for n, email in enumerate(emails)}
        narrowed = f"AND email IN ({', '.join(f':e{n}' for n in range(len(emails)))})"
    rows = tx.execute(
        text(f"SELECT email, language FROM chosen_language WHERE school_id = :school {narrowed}"),
        values,
    )
    return {row.email: row.language for row in rows}


def follow(tx: Connection, campaign_id: str) -> None:
    """In the language that each has chosen while it waited for a second person; for Pult's own use.

    As long as it waits, nothing of what was shown to that person changes.
    """
    rows = tx.execute(
        text("""
            SELECT delivery.id, delivery.fields, chosen_language.language
            FROM delivery JOIN chosen_language
              ON chosen_language.school_id = delivery.school_id
             AND chosen_language.email = delivery.email
            WHERE delivery.campaign_id = :id AND delivery.state = 'due'
        """),
        {"id": campaign_id},
    )
    _speak(tx, [(row.id, row.fields, row.language) for row in rows])


def _topics(tx: Connection, school_id: str) -> list[str]:
    """Of which the school has sent mail; nobody can leave mandatory mail."""
    rows = tx.execute(
        text("""
            SELECT DISTINCT topic FROM campaign
            WHERE school_id = :school AND topic <> :service AND state <> 'draft'
            ORDER BY topic LIMIT :most
        """),
        {"school": school_id, "service": SERVICE, "most": MOST_TOPICS},
    )
    return [row.topic for row in rows]


def _off(tx: Connection, school_id: str, email: str) -> dict[str, set[str]]:
    """The reasons why mail of a topic does not come, by topic; '' is every topic."""
    rows = tx.execute(
        text("SELECT topic, reason FROM suppression WHERE school_id = :school AND email = :email"),
        {"school": school_id, "email": email},
    )
    off: dict[str, set[str]] = {}
    for row in rows:
        off.setdefault(row.topic, set()).add(row.reason)
    return off


def _keep_language(
    tx: Connection, school_id: str, email: str, language: str, now: datetime
) -> None:
    """From now on, also for mail that is released and has yet to leave (`follow`)."""
    values = {"school": school_id, "email": email, "language": language}
    rows = tx.execute(
        text("""
            SELECT id, fields FROM delivery
            WHERE email = :email AND state = 'due' AND campaign_id IN (
                SELECT id FROM campaign WHERE school_id = :school
                  AND state IN ('released', 'paused'))
        """),
        {"school": school_id, "email": email},
    )
    _speak(tx, [(row.id, row.fields, language) for row in rows])
    tx.execute(
        text("""
            INSERT INTO chosen_language (school_id, email, language, changed_at)
            VALUES (:school, :email, :language, :now)
            ON CONFLICT (school_id, email) DO UPDATE
            SET language = excluded.language, changed_at = excluded.changed_at
        """),
        values | {"now": now},
    )


def _speak(tx: Connection, chosen: Sequence[tuple[str, str, str]]) -> None:
    """Letters that wait, each with its frozen fields, in another language.

    What is for the readers of one language alone follows the choice as well.
    """
    values = []
    for id_, kept, language in chosen:
        known = json.loads(kept)
        if "language" in known:
            known["language"] = language
        fields = json.dumps(known, ensure_ascii=False)
        values.append({"id": id_, "language": language, "fields": fields})
    if values:
        tx.execute(
            text("""
                UPDATE delivery SET language = :language, fields = :fields
                WHERE id = :id AND state = 'due'
            """),
            values,
        )
