"""How a person is reached when mail is not enough, and the school's gateways for short messages."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from mailing.transports import apprise
from platforms import PLATFORMS
from store import access, audit, roster, schools
from store.access import Actor
from store.db import Connection, text
from store.vault import Vault
from store.words import N_, Refusal

SMS, MESSENGER = "sms", "messenger"
GATEWAYS = (SMS, MESSENGER)
NUMBER = "{number}"  # stands in a gateway's address where the person's number goes
PHONE = re.compile(r"\+?\d{5,15}")
BOARDS = tuple(  # those that could carry a message to an account, as set up
    name for name, platform in PLATFORMS.items() if hasattr(platform.adapter, "notify")
)
WAYS = (*BOARDS, SMS, MESSENGER)  # in the usual order


class ReachError(Refusal):
    """This is no way to reach anybody; the sentence says what to change."""


@dataclass(frozen=True)
class Reach:
    """What may be shown: never a messenger's address."""

    phone: str = ""
    has_messenger: bool = False
    ways: tuple[str, ...] = ()  # the person's own order

    @property
    def order(self) -> tuple[str, ...]:
        """All ways, the person's own first."""
        return tuple(dict.fromkeys((*self.ways, *WAYS)))


def of(tx: Connection, actor: Actor, person_id: str) -> Reach:
    person = roster.person(tx, actor, person_id)
    if person is None:
        raise access.Denied
    row = tx.execute(text("SELECT * FROM reach WHERE person_id = :id"), {"id": person_id}).first()
    return _reach(row.phone, row.messenger_sealed, row.ways) if row else Reach()


def save(
    tx: Connection,
    actor: Actor,
    person_id: str,
    vault: Vault,
    *,
    phone: str,
    ways: Iterable[str],
    messenger: str | None = None,
    now: datetime,
) -> None:
    """Keep how the person is reached; `messenger` None leaves its address, '' takes it away.

    Raises ReachError, and MailingError for a messenger's address that is none.
    """
    person = roster.person(tx, actor, person_id)
    if person is None:
        raise access.Denied
    access.require(actor, "write", person.school_id)
    simulated = schools.get(tx, actor, person.school_id).simulated
    if messenger:
        apprise.relay(messenger, loopback_only=simulated)
    stored = tx.execute(
        text("SELECT messenger_sealed FROM reach WHERE person_id = :id"), {"id": person_id}
    ).scalar()
    sealed = (stored or "") if messenger is None else vault.seal(messenger) if messenger else ""
    keep(tx, person.school_id, person_id, normal(phone), in_order(" ".join(ways)), sealed, now=now)
    audit.record(tx, actor, "change reach", person_id, school_id=person.school_id, now=now)


def keep(
    tx: Connection,
    school_id: str,
    person_id: str,
    phone: str,
    ways: Iterable[str],
    sealed: str,
    *,
    now: datetime,
) -> None:
    """Write the row, for those who have asked who may."""
    tx.execute(
        text("""
            INSERT INTO reach (person_id, school_id, phone, messenger_sealed, ways, changed_at)
            VALUES (:id, :school, :phone, :sealed, :ways, :now)
            ON CONFLICT (person_id) DO UPDATE SET phone = excluded.phone,
                messenger_sealed = excluded.messenger_sealed, ways = excluded.ways,
                changed_at = excluded.changed_at
        """),
        {
            "id": person_id,
            "school": school_id,
            "phone": phone,
            "sealed": sealed,
            "ways": " ".join(ways),
            "now": now,
        },
    )


def bring(
    tx: Connection, actor: Actor, person_id: str, *, phone: str, ways: tuple[str, ...],
    now: datetime,
) -> None:  # fmt: skip
    """Keep what a table says, in normal form already; empty values leave what is known."""
    person = roster.person(tx, actor, person_id)
    if person is None:
        raise access.Denied
    access.require(actor, "write", person.school_id)
    row = tx.execute(text("SELECT * FROM reach WHERE person_id = :id"), {"id": person_id}).first()
    known = _reach(row.phone, row.messenger_sealed, row.ways) if row else Reach()
    sealed = row.messenger_sealed if row else ""
    school = person.school_id
    keep(tx, school, person_id, phone or known.phone, ways or known.ways, sealed, now=now)


def normal(phone: str) -> str:
    """Digits with a plus before them, or ''. Raises ReachError for what is no number."""
    found = re.sub(r"[\s().\u2010-\u2015-]", "", phone)
    if found and not PHONE.fullmatch(found):
        raise ReachError(
            N_("“{phone}” is not a telephone number. Write it like {example}."),
            phone=phone[:40],
            example="+7 900 000 00 00",
        )
    return found


def in_order(written: str) -> tuple[str, ...]:
    """The ways named, with commas or blanks between them. Raises ReachError for one unknown."""
    found = tuple(dict.fromkeys(each.lower() for each in re.split(r"[,;\s>]+", written) if each))
    for each in found:
        if each not in WAYS and each != "mail":
            raise ReachError(
                N_("“{way}” is no way to reach people. Write some of: {known}."),
                way=each[:40],
                known=", ".join(("mail", *WAYS)),
            )
    return tuple(each for each in found if each != "mail")


def set_gateway(
    tx: Connection, actor: Actor, school_id: str, vault: Vault, kind: str, url: str, *,
    now: datetime,
) -> None:  # fmt: skip
    """Keep the address that short messages go to, sealed; '' takes it away.

    Raises ReachError where no number would stand in it, MailingError for what is none.
    """
    access.require(actor, "administer", school_id)
    if kind not in GATEWAYS:
        raise ReachError(N_("Choose SMS or a messenger."))
    simulated = schools.get(tx, actor, school_id).simulated
    if url:
        if NUMBER not in url:
            raise ReachError(N_("Write {number} where the person's number goes."), number=NUMBER)
        apprise.relay(url.replace(NUMBER, "79000000000"), loopback_only=simulated)
    tx.execute(
        text("""
            INSERT INTO setting (name, value, changed_at) VALUES (:name, :value, :now)
            ON CONFLICT (name) DO UPDATE SET
                value = excluded.value, changed_at = excluded.changed_at
        """),
        {
            "name": _name(school_id, kind),
            "value": json.dumps(vault.seal(url) if url else ""),
            "now": now,
        },
    )
    audit.record(tx, actor, "change gateway", kind, school_id=school_id, now=now)


def gateways(tx: Connection, actor: Actor, school_id: str) -> frozenset[str]:
    """Those of GATEWAYS that the school has."""
    access.require(actor, "see", school_id)
    return frozenset(kind for kind in GATEWAYS if sealed_gateway(tx, school_id, kind))


def sealed_gateway(tx: Connection, school_id: str, kind: str) -> str:
    stored = tx.execute(
        text("SELECT value FROM setting WHERE name = :name"), {"name": _name(school_id, kind)}
    ).scalar()
    return str(json.loads(stored)) if stored else ""


def addressed(gateway: str, phone: str) -> str:
    return gateway.replace(NUMBER, quote(phone.removeprefix("+"), safe=""))


def every_sealed(tx: Connection) -> list[str]:
    own = tx.execute(text("SELECT messenger_sealed FROM reach WHERE messenger_sealed <> ''"))
    kept = tx.execute(text("SELECT value FROM setting WHERE name LIKE 'gateway:%'")).scalars()
    return [*own.scalars(), *(sealed for value in kept if (sealed := json.loads(value)))]


def _reach(phone: str, sealed: str, ways: str) -> Reach:
    return Reach(phone, bool(sealed), tuple(ways.split()))


def _name(school_id: str, kind: str) -> str:
    return f"gateway:{kind}:{school_id}"
