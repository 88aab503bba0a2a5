"""Take what a mail provider delivers by itself: signed, once, about this school's own mail.

The same rules as for returned mail; a provider is believed about those mails alone that
left for the recipient whom it names.
"""

from collections import Counter
from datetime import datetime

from mailing import hook_formats, returned
from mailing.hook_formats import KEPT, Provider
from mailing.hook_parts import Early, Event, Posted
from mailing.returned import Taken
from mailing.sns import Amazon
from store import addresses
from store.db import Connection, Database, text
from store.words import N_


def take(
    db: Database,
    key: bytes,
    school_id: str,
    provider: Provider,
    posted: Posted,
    amazon: Amazon,
) -> Counter[Taken]:
    """Note what is told, all of it or nothing; what was delivered before changes nothing.

    `key` signs return paths, the secret in `posted` the delivery. Raises Forged, Unreadable, Early.
    """
    delivery = hook_formats.read(provider, posted, amazon)
    now = posted.now
    with db.begin() as tx:
        if not _first(tx, school_id, provider, delivery.once, now):
            return Counter()
        return Counter(_note(tx, key, school_id, event, now) for event in delivery.events)


def _note(tx: Connection, key: bytes, school_id: str, event: Event, now: datetime) -> Taken:
    mail = returned.meant(tx, key, event.told)
    if mail is None or mail.school_id != school_id or not mail.email:
        return "not ours"
    if addresses.normal(event.recipient) != mail.email:
        return "not ours"
    if mail.state == "sending":
        raise Early(N_("The mail is still leaving. Tell it again in a minute."))
    return returned.heed(tx, mail, event.told, now=now)


def _first(tx: Connection, school_id: str, provider: Provider, once: str, now: datetime) -> bool:
    """Note the delivery; False when it was taken before."""
    row = {"school": school_id, "provider": provider, "once": once, "now": now}
    tx.execute(text("DELETE FROM mail_hook_delivery WHERE at < :old"), {"old": now - KEPT})
    noted = tx.execute(
        text("""
            INSERT INTO mail_hook_delivery (school_id, provider, sha256, at)
            VALUES (:school, :provider, :once, :now) ON CONFLICT DO NOTHING
        """),
        row,
    )
    tx.execute(
        text("""
            UPDATE mail_hook SET heard_at = :now
            WHERE school_id = :school AND provider = :provider
        """),
        {name: row[name] for name in ("school", "provider", "now")},
    )
    return noted.rowcount == 1
