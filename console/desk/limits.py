"""The servers that rooms stand on, and what each bears: by its machine and by its licence."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from platforms import PLATFORMS
from probes.capacity import Limit, Pool
from store import access
from store.access import Actor
from store.db import Connection, text
from store.words import N_

LIMITS: Mapping[str, str] = {  # options of a connection beside its platform's own: their words
    "seats": N_("People at once on this server, as its machine bears"),
    "licence": N_("People at once on all servers of this platform, by licence"),
}


@dataclass(frozen=True)
class Server:
    """A connection that rooms stand on. `licence` counts over all servers of its platform."""

    id: str
    name: str
    platform: str
    seats: int | None
    licence: int | None = None
    url: str = ""


def servers(tx: Connection, actor: Actor, school_id: str) -> dict[str, Server]:
    """By connection; of several licences of one platform the smallest holds."""
    access.require(actor, "see", school_id)
    rows = tx.execute(
        text("SELECT id, name, platform, url, options FROM connection WHERE school_id = :school"),
        {"school": school_id},
    ).all()
    options = {row.id: json.loads(row.options) for row in rows}
    licences: dict[str, int] = {}
    for row in rows:
        if said := _number(options[row.id], "licence"):
            licences[row.platform] = min(said, licences.get(row.platform, said))
    return {
        row.id: Server(
            row.id,
            row.name,
            row.platform,
            _number(options[row.id], "seats"),
            licences.get(row.platform),
            row.url,
        )
        for row in rows
    }


def pools(known: Mapping[str, Server]) -> dict[Pool, Limit]:
    """The seats that the rooms of a server, or of all servers of a platform, share."""
    found = {}
    for server in known.values():
        if server.seats:
            limit = Limit("server", server.name, server.seats, of=server.id)
            found[limit.kind, limit.of] = limit
        if server.licence:
            limit = Limit("licence", server.platform, server.licence, of=server.platform)
            found[limit.kind, limit.of] = limit
    return found


def under(known: Mapping[str, Server], pool: Pool) -> frozenset[str]:
    """The servers whose people take those seats."""
    kind, whose = pool
    if kind == "server":
        return frozenset({whose})
    return frozenset(each.id for each in known.values() if each.platform == whose)


def of(platform: str) -> Mapping[str, str]:
    """The limits that a connection to this platform may have: only rooms have any."""
    return LIMITS if "meter rooms" in getattr(PLATFORMS[platform].adapter, "can", ()) else {}


def _number(options: Mapping[str, str], name: str) -> int | None:
    said = str(options.get(name, ""))
    return int(said) if said.isdecimal() and int(said) > 0 else None
