"""How large a mail is on its way, and how large a relay takes it (RFC 1870)."""

from collections.abc import Mapping

from mailing import recipients, templates
from mailing.lint import Finding
from mailing.model import Campaign, MailingError
from mailing.relay import Relay
from store import access
from store.access import Actor
from store.db import Connection, Database, text
from store.words import N_, Words

MB = 1_000_000
AROUND = 8_000  # bytes of headers, and of what stands between the parts
QUOTED = 1.25  # times as long a text leaves; of a text beyond ASCII thrice each byte
TOO_HEAVY = N_(
    "A mail of it weighs {mb} MB with its files, and the relay takes {most} MB: leave a file out, "
    "or link to it."
)


def learn(db: Database, said: Mapping[str, int]) -> None:
    """Keep what relays said that they take, by host and port."""
    if not said:
        return
    with db.read() as tx:
        known = {row.relay: row.most for row in tx.execute(text("SELECT * FROM relay_size"))}
    new = {name: most for name, most in said.items() if known.get(name) != most}
    if not new:
        return
    with db.begin() as tx:
        for name, most in new.items():
            tx.execute(
                text("""
                    INSERT INTO relay_size (relay, most) VALUES (:relay, :most)
                    ON CONFLICT (relay) DO UPDATE SET most = excluded.most
                """),
                {"relay": name, "most": most},
            )


def findings(
    tx: Connection, actor: Actor, campaign: Campaign, relay: Relay | None
) -> list[Finding]:
    """What stops a letter that its relay, and each that takes its place, would not take."""
    access.require(actor, "see people", campaign.school_id)
    most = _most(tx, relay)
    weight = _weight(tx, campaign) if most else 0
    if not most or weight <= most:
        return []
    said = {"mb": _mb(weight), "most": _mb(most)}
    return [Finding(Words(TOO_HEAVY, said), stops=True)]


def _mb(size: int) -> str:
    return f"{size / MB:.1f}"


def _most(tx: Connection, relay: Relay | None) -> int:
    """0 where one of them has not said."""
    sizes = []
    while relay is not None:
        found = text("SELECT most FROM relay_size WHERE relay = :relay")
        sizes.append(tx.execute(found, {"relay": relay.name}).scalar() or 0)
        relay = relay.otherwise
    return max(sizes) if sizes and all(sizes) else 0


def _weight(tx: Connection, campaign: Campaign) -> int:
    """Of the largest language, the readers' fields not counted; files stand as they leave."""
    files = tx.execute(
        text("SELECT COALESCE(SUM(LENGTH(content)), 0) FROM attachment WHERE campaign_id = :id"),
        {"id": campaign.id},
    ).scalar_one()
    written = (_written(campaign, each) for each in recipients.written(campaign.body))
    return int(files) + max(written, default=0) + AROUND


def _written(campaign: Campaign, language: str) -> int:
    try:
        letter = templates.render(
            templates.Message(campaign.subject, campaign.body), {}, language=language, school=""
        )
    except MailingError:
        return 0  # the lint says what is wrong with it
    return int(sum(_quoted(each) for each in (letter.html, letter.text)))


def _quoted(said: str) -> float:
    plain = len(said.encode("ascii", "ignore"))
    return plain * QUOTED + (len(said.encode()) - plain) * 3
