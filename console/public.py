"""The listener for participants: unsubscribe, read, report, come in, see what works; no sign-in.

One-click unsubscription follows RFC 8058: a POST without cookies acts, a GET
only shows. The log never holds a token.
"""

import logging
import socket
import sys
import threading

import uvicorn
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.web.appeals import Appeals
from console.web.archive import Archive
from console.web.complaints import Complaints
from console.web.entering import Entering
from console.web.hooks import Hooks
from console.web.mail_hooks import MailHooks
from console.web.preferences import MailPreferences, nothing
from console.web.push import Push
from console.web.reports import Reports
from console.web.status import Status
from console.wiring import Console
from probes import beats

LOG = logging.getLogger("pult.public")
LAST_PORT = 65535
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def run(console: Console, stop: threading.Event, *, port: int | None = None) -> int:
    """Serve on 127.0.0.1 until told to end; return the exit code.

    1 when the port is taken, 2 when there is no such port.
    """
    port = console.settings.public.port if port is None else port
    if not 0 < port <= LAST_PORT:
        sys.stderr.write(f"There is no port {port}. Choose one from 1 to {LAST_PORT}.\n")
        return 2
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        sys.stderr.write(f"Port {port} is taken. Choose another with --port or public.port.\n")
        return 1
    config = uvicorn.Config(application(console), access_log=False, log_level="warning")
    server = uvicorn.Server(config)
    threading.Thread(target=_end, args=(server, stop), daemon=True).start()
    threading.Thread(target=_listen, args=(console, stop), daemon=True).start()
    server.run(sockets=[listener])
    return 0


def application(console: Console) -> Starlette:
    return Starlette(
        routes=[
            *MailPreferences(console).routes(),
            *Archive(console).routes(),
            *Entering(console).routes(),
            *Reports(console).routes(),
            *Complaints(console).routes(),
            *Appeals(console).routes(),
            *Status(console).routes(),
            *Push(console).routes(),
            *Hooks(console).routes(),
            *MailHooks(console).routes(),
            Route("/healthz", _alive),
        ],
        middleware=[Middleware(Gate)],
        exception_handlers={404: nothing},
    )


def _alive(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


class Gate:
    """Headers on every answer, and a log line without the token."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *own]
                LOG.info("%s %s %s", scope["method"], redacted(scope["path"]), message["status"])
            await send(message)

        await self.app(scope, receive, sending)


def redacted(path: str) -> str:
    """The path without what follows its first part: tokens stand there."""
    first, _slash, rest = path.lstrip("/").partition("/")
    return f"/{first}/…" if rest else f"/{first}"


def _listen(console: Console, stop: threading.Event) -> None:
    """Say again and again that signs of life are heard: what came while nobody did is not late."""
    while True:
        try:
            with console.db.begin() as tx:
                beats.listen(tx, now=console.now())
        except SQLAlchemyError as error:
            LOG.warning("no word that signs of life are heard: %s", type(error).__name__)
        if stop.wait(beats.TICK.total_seconds()):
            return


def _end(server: uvicorn.Server, stop: threading.Event) -> None:
    stop.wait()
    server.should_exit = True
