"""POST /hooks/mail/{provider}/{school}: what mail providers tell of a school's mail, signed."""

import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from console.web.hooks import FORGED, MINUTE, NOT_FOUND, body_of
from console.web.limit import Limit
from console.wiring import Console
from mailing import hooked, hooks
from mailing.hook_parts import Early, Forged, Posted, Unreadable
from mailing.hooks import PROVIDERS
from store.vault import VaultError

LOG = logging.getLogger("pult.public")


class MailHooks:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.key = console.origin.key
        self.forged = Limit(MINUTE)

    def routes(self) -> list[Route]:
        return [Route("/hooks/mail/{provider}/{school}", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        body = await body_of(request)
        if body is None:
            return PlainTextResponse("Too large.\n", 413)
        return await run_in_threadpool(self._take, request, body)

    def _take(self, request: Request, body: bytes) -> Response:
        address = request.client.host if request.client else ""
        if self.forged.full((address, FORGED)):
            return PlainTextResponse("Too many forged deliveries came from here.\n", 429)
        try:
            return self._believed(request, body)
        except Forged:
            self.forged.allows((address, FORGED))
            return PlainTextResponse("The signature is wrong, or too old.\n", 403)
        except Unreadable as error:
            return PlainTextResponse(f"{error}\n", 400)
        except (Early, VaultError) as error:  # the provider delivers again
            LOG.warning("a mail provider delivered in vain: %s", type(error).__name__)
            return PlainTextResponse("Not now.\n", 503)

    def _believed(self, request: Request, body: bytes) -> Response:
        """Raises Forged, Unreadable, Early, VaultError."""
        provider = PROVIDERS.get(request.path_params["provider"])
        school_id = request.path_params["school"]
        if provider is None:
            return NOT_FOUND
        with self.console.db.read() as tx:
            secret = hooks.secret(tx, self.console.vault, school_id, provider)
        if secret is None:
            return NOT_FOUND
        posted = Posted(secret, request.headers, body, self.console.now())
        found = hooked.take(
            self.console.db, self.key, school_id, provider, posted, self.console.amazon
        )
        for taken, count in found.items():
            LOG.info("%s told of mail: %s, %s times", provider, taken, count)
        return PlainTextResponse("ok\n")
