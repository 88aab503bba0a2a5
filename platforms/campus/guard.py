"""Refuse what a strange web page makes a browser send: a foreign Host or Origin."""

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost")


class OwnPagesOnly:
    """Host must be this machine by name (against DNS rebinding), Origin the same or absent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _own(HTTPConnection(scope)):
            refused = PlainTextResponse("Requests from other pages are refused.\n", status_code=403)
            await refused(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _own(connection: HTTPConnection) -> bool:
    host = connection.headers.get("host", "")
    port = connection.scope["server"][1]
    if host not in [f"{name}:{port}" for name in NAMES]:
        return False
    return connection.headers.get("origin") in (None, f"http://{host}")
