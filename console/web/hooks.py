"""POST /hooks/{connection}: what platforms deliver by themselves, in their own signed words."""

import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from console.web.limit import Limit
from console.wiring import Console
from moderation import hooked
from platforms.base import Forged, PlatformError
from store import access
from store.db import text
from store.vault import VaultError

LOG = logging.getLogger("pult.public")
LARGEST = 1024 * 1024  # bytes of one delivery
MINUTE = 60.0  # seconds over which forged deliveries are counted
FORGED = 30  # of one address a minute, after which it is not listened to
NOT_FOUND = PlainTextResponse("Nothing is delivered to this address.\n", 404)


class Hooks:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.forged = Limit(MINUTE)

    def routes(self) -> list[Route]:
        return [Route("/hooks/{connection}", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        body = await body_of(request)
        if body is None:
            return PlainTextResponse("Too large.\n", 413)
        return await run_in_threadpool(self._take, request, body)

    def _take(self, request: Request, body: bytes) -> Response:
        address = request.client.host if request.client else ""
        if self.forged.full((address, FORGED)):
            return PlainTextResponse("Too many forged deliveries came from here.\n", 429)
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
            self.forged.allows((address, FORGED))
            return PlainTextResponse("The signature is wrong.\n", 403)
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


async def body_of(request: Request) -> bytes | None:
    """The body; None if it is larger than LARGEST."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return None
    return body


def _later(connection_id: str, error: Exception) -> Response:
    """Not to be taken now: the platform delivers again."""
    LOG.warning("connection %s delivered in vain: %s", connection_id, type(error).__name__)
    return PlainTextResponse("Not now.\n", 503)
