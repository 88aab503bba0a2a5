"""Keep blocks and mutes whole: rooms made since are found, and they are laid on there too."""

import logging
import threading
from datetime import timedelta

from console import rounds
from console.desk import connections
from console.wiring import Console
from moderation import later_rooms
from platforms.base import PlatformError
from store import access, leases, owners, schools
from store.vault import VaultError

LOG = logging.getLogger("pult.worker")
LOOK = timedelta(minutes=5)  # the longest that one look at a platform's rooms takes


def later(console: Console, stop: threading.Event) -> None:
    """Connection by connection, at most once a minute each, and where somebody is held alone."""
    with console.db.read() as tx:
        ids = sorted(schools.every_id(tx))
        known = [one for id_ in ids for one in connections.of(tx, access.system(id_), id_)]
    for connection in known:
        if not stop.is_set():
            _look(console, connection)


def _look(console: Console, connection: connections.Connection) -> None:
    with console.db.begin() as tx:
        name = f"rooms {connection.id}"
        lease = leases.take(tx, name, owners.mine(), now=console.now(), ttl=LOOK)
    if lease is None:
        return
    try:
        actor = access.system(connection.school_id)
        found = later_rooms.follow(
            console.db, actor, connection.id, console.adapters, now=console.now()
        )
        if found:
            LOG.info("rooms of connection %s: %s measures laid on again", connection.id, found)
    except (PlatformError, VaultError) as error:  # the others are looked at all the same
        LOG.warning("rooms of connection %s: %s", connection.id, type(error).__name__)
    except Exception as error:  # likewise, whatever this one's answers hold
        LOG.error(
            "rooms of connection %s: %s at %s",
            connection.id, type(error).__name__, rounds.place(error),
        )  # fmt: skip
    finally:
        with console.db.begin() as tx:
            leases.give_back(tx, lease)
