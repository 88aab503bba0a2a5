"""Make the platform behind a connection, its secret opened for Pult's own use alone."""

import json

from platforms import PLATFORMS
from platforms.base import N_, Adapter, PlatformError
from store.db import Connection as Transaction
from store.db import Database, text
from store.vault import Vault


def adapter(tx: Transaction, vault: Vault, connection_id: str) -> Adapter:
    """The platform behind a connection, for Pult's own use.

    Raises PlatformError for one that is gone, VaultError when the secret cannot be opened.
    """
    row = tx.execute(
        text("SELECT * FROM connection WHERE id = :id"), {"id": connection_id}
    ).one_or_none()
    if row is None:
        raise PlatformError(
            N_("This connection was removed. Connect the platform again."),
            permanent=True,
            code="removed",
        )
    made = PLATFORMS[row.platform].adapter
    return made(row.url, vault.open(row.secret_sealed), json.loads(row.options))


class Adapters:
    """Adapters by connection id; one is kept until its connection is changed.

    Kept, so that its open sockets and what it found out about the server are used again.
    """

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db, self._vault = db, vault
        self._kept: dict[str, tuple[tuple[str, ...], Adapter]] = {}

    def __call__(self, connection_id: str) -> Adapter:
        with self._db.read() as tx:
            row = tx.execute(
                text("SELECT url, secret_sealed, options FROM connection WHERE id = :id"),
                {"id": connection_id},
            ).one_or_none()
            mark = tuple(row) if row else ()
            kept = self._kept.get(connection_id)
            if kept is None or kept[0] != mark:
                kept = mark, adapter(tx, self._vault, connection_id)
                self._kept[connection_id] = kept
            return kept[1]
