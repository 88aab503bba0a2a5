"""The listener for participants: unsubscribe, report, come in, see what works; no sign-in.

One-click unsubscription follows RFC 8058: a POST without cookies acts, a GET
only shows. The log never holds a token.
"""

import logging
import socket
import sys
import threading
from html import escape

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.i18n import _, speaking
from console.web import pages
from console.web.appeals import Appeals
from console.web.complaints import Complaints
from console.web.entering import Entering
from console.web.forms import language_of, posted
from console.web.hooks import Hooks
from console.web.push import Push
from console.web.reports import Reports
from console.web.status import Status
from console.wiring import Console
from mailing import unsubscribe
from mailing.unsubscribe import Subscription

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
    server.run(sockets=[listener])
    return 0


def application(console: Console) -> Starlette:
    unsubscribing = Unsubscribing(console)
    return Starlette(
        routes=[
            *unsubscribing.routes(),
            *Entering(console).routes(),
            *Reports(console).routes(),
            *Complaints(console).routes(),
            *Appeals(console).routes(),
            *Status(console).routes(),
            *Push(console).routes(),
            *Hooks(console).routes(),
            Route("/healthz", _alive),
        ],
        middleware=[Middleware(Gate)],
        exception_handlers={404: _nothing},
    )


class Unsubscribing:
    """/u/{token}: the token says who, of which school, from which topic."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.key = console.origin.key

    def routes(self) -> list[Route]:
        return [
            Route("/u/{token}", self.show, methods=["GET"]),
            Route("/u/{token}", self.act, methods=["POST"]),
        ]

    def show(self, request: Request) -> Response:
        with self.console.db.read() as tx:
            found = unsubscribe.show(tx, self.key, request.path_params["token"])
        return _subscription(request, found)

    async def act(self, request: Request) -> Response:
        fields = await posted(request)
        return await run_in_threadpool(self._act, request, every_topic=fields.get("every") == "1")

    def _act(self, request: Request, *, every_topic: bool) -> Response:
        with self.console.db.begin() as tx:
            found = unsubscribe.act(
                tx,
                self.key,
                request.path_params["token"],
                every_topic=every_topic,
                now=self.console.now(),
            )
        return _subscription(request, found)


def _subscription(request: Request, found: Subscription | None) -> Response:
    if found is None:
        return _nothing(request, None)
    language = language_of(request, found.language)
    with speaking(language):
        if found.active:
            said = _("You get mail of the topic “{topic}” from {school} at {email}.")
            form = pages.form(request.url.path, "", _("Unsubscribe"), token="")
        else:
            said = _("{school} sends no more mail of the topic “{topic}” to {email}.")
            every = pages.hidden("every", "1")
            form = pages.form(request.url.path, every, _("Unsubscribe from everything"), token="")
        words = said.format(topic=found.topic, school=found.school_name, email=found.email)
        body = f"<section><p>{escape(words)}</p>{form}</section>"
        html = pages.page(_("Your mail"), body, language=language, here=request.url.path)
    return HTMLResponse(html)


def _nothing(request: Request, _error: object) -> Response:
    language = language_of(request)
    with speaking(language):
        words = escape(_("There is nothing here. Perhaps the link was cut: copy it whole."))
        html = pages.page(
            _("Not found"), f"<section><p>{words}</p></section>", language=language, here="/status"
        )
    return HTMLResponse(html, 404)


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


def _end(server: uvicorn.Server, stop: threading.Event) -> None:
    stop.wait()
    server.should_exit = True
