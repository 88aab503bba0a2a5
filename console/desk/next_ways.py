"""The ways beside mail by which each of the audience can be told, in their own order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from console.desk.reach import GATEWAYS, MESSENGER, SMS, WAYS, Reach, sealed_gateway
from mailing.model import Campaign
from moderation.model import Adapters
from platforms.base import PlatformError
from store.db import Connection, text
from store.vault import VaultError


@dataclass(frozen=True)
class Way:
    """One way to one person: `name` is one of WAYS, `place` the connection's name."""

    name: str
    connection_id: str = ""
    external_id: str = ""
    place: str = ""

    @property
    def key(self) -> str:
        return f"{self.name} {self.connection_id}".strip()


class Offered:
    """The ways that each person has, in the person's own order."""

    def __init__(self, tx: Connection, campaign: Campaign, adapters: Adapters) -> None:
        school_id = campaign.school_id
        self._gateways = {kind: bool(sealed_gateway(tx, school_id, kind)) for kind in GATEWAYS}
        rows = tx.execute(
            text("SELECT * FROM reach WHERE school_id = :school"), {"school": school_id}
        )
        self._reach = {
            row.person_id: Reach(row.phone, bool(row.messenger_sealed), tuple(row.ways.split()))
            for row in rows
        }
        self._boards = _boards(tx, school_id, adapters)
        self._accounts = _accounts(tx, campaign.id, self._boards)

    def of(self, person_id: str) -> Iterator[Way]:
        reach = self._reach.get(person_id, Reach())
        accounts = self._accounts.get(person_id, [])
        for name in reach.order:
            if name == SMS and reach.phone and self._gateways[SMS]:
                yield Way(SMS)
            elif name == MESSENGER and (
                reach.has_messenger or (reach.phone and self._gateways[MESSENGER])
            ):
                yield Way(MESSENGER)
            yield from (each for each in accounts if each.name == name)


def _boards(tx: Connection, school_id: str, adapters: Adapters) -> Mapping[str, Way]:
    """The school's connections that carry a message to one account, by id."""
    rows = tx.execute(
        text("SELECT id, platform, name FROM connection WHERE school_id = :school"),
        {"school": school_id},
    ).all()
    return {
        row.id: Way(row.platform, row.id, "", row.name)
        for row in rows
        if row.platform in WAYS and _takes_messages(adapters, row.id)
    }


def _takes_messages(adapters: Adapters, connection_id: str) -> bool:
    try:
        return "notice board" in adapters(connection_id).can
    except (VaultError, PlatformError, KeyError):  # sealed, or taken away since
        return False


def _accounts(tx: Connection, campaign_id: str, boards: Mapping[str, Way]) -> dict[str, list[Way]]:
    rows = tx.execute(
        text("""
            SELECT person_id, connection_id, external_id FROM platform_account
            WHERE NOT gone AND NOT suspended AND person_id IN (
                SELECT person_id FROM delivery WHERE campaign_id = :campaign AND state <> 'sent')
            ORDER BY connection_id, external_id
        """),
        {"campaign": campaign_id},
    )
    found: dict[str, list[Way]] = {}
    for row in rows:
        board = boards.get(row.connection_id)
        if board is not None:
            way = Way(board.name, board.connection_id, row.external_id, board.place)
            found.setdefault(row.person_id, []).append(way)
    return found
