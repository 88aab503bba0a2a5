"""POST /hooks/{connection}: what platforms deliver by themselves, in their own signed words."""

import logging

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from console.web.signed import NOT_FOUND, SignedDeliveries
from console.wiring import Console
from moderation import hooked
from platforms.base import Forged, PlatformError
from store import access
from store.db import text
from store.vault import VaultError

LOG = logging.getLogger("pult.public")


class Hooks(SignedDeliveries):
    path, forgery = "/hooks/{connection}", Forged

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console

    def believed(self, request: Request, body: bytes) -> Response:
        connection_id = request.path_params["connection"]
        actor = self._actor(connection_id)
        if actor is None:
            return NOT_FOUND
        try:
            taken = hooked.take(
                self.console.db,
                actor,
                connection_id,
                self.console.adapters,
                request.headers,
                body,
                now=self.console.now(),
            )
        except Forged:
            raise
        except PlatformError as error:
            return NOT_FOUND if error.code == "no hook" else _later(connection_id, error)
        except VaultError as error:
            return _later(connection_id, error)
        LOG.info("connection %s delivered: %s taken", connection_id, taken)
        return PlainTextResponse("ok\n")

    def _actor(self, connection_id: str) -> access.Actor | None:
        with self.console.db.read() as tx:
            school_id = tx.execute(
                text("SELECT school_id FROM connection WHERE id = :id"), {"id": connection_id}
            ).scalar_one_or_none()
        return access.system(school_id) if school_id else None


def _later(connection_id: str, error: Exception) -> Response:
    """Not to be taken now: the platform delivers again."""
    LOG.warning("connection %s delivered in vain: %s", connection_id, type(error).__name__)
    return PlainTextResponse("Not now.\n", 503)
