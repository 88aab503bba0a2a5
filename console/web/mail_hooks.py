"""POST /hooks/mail/{provider}/{school}: what mail providers tell of a school's mail, signed."""

import logging

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from console.web.signed import NOT_FOUND, SignedDeliveries
from console.wiring import Console
from mailing import hooked, hooks
from mailing.hook_parts import Early, Forged, Posted, Unreadable
from mailing.hooks import PROVIDERS
from store.vault import VaultError

LOG = logging.getLogger("pult.public")


class MailHooks(SignedDeliveries):
    path, forgery = "/hooks/mail/{provider}/{school}", Forged

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console
        self.key = console.origin.key

    def believed(self, request: Request, body: bytes) -> Response:
        try:
            return self._heard(request, body)
        except Unreadable as error:
            return PlainTextResponse(f"{error}\n", 400)
        except (Early, VaultError) as error:  # the provider delivers again
            LOG.warning("a mail provider delivered in vain: %s", type(error).__name__)
            return PlainTextResponse("Not now.\n", 503)

    def _heard(self, request: Request, body: bytes) -> Response:
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
