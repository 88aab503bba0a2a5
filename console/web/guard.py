"""The guard before every request: no session, no screen; and the headers of every answer.

Streamlit's own assets hold nothing of the school's and pass; its websocket is
the screen and must come from our own origin with a session, which is looked at
again at every message, because an open socket outlives a session that ended.
"""

import hashlib
import re
import time
from base64 import b64encode
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.web.house import COOKIE, House, Session

OPEN = ("/login", "/setup", "/healthz", "/metrics", "/sd", "/probe", "/_stcore/health")
ASSETS = ("/static/", "/favicon.png")
INNER = ("/_stcore/", "/media/", "/component/", "/vendor/")  # answered 403, never redirected
LOOK_AGAIN = 1.0  # seconds that an answer about an open socket's session holds
ENDED = 1008  # websocket close: policy violation (RFC 6455, section 7.4.1)


POLICY = (
    "default-src 'self'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "frame-src 'self' data: blob:; worker-src 'self' blob:; frame-ancestors 'none'; "
    "form-action 'self'; base-uri 'self'; object-src 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """ASGI middleware around everything the console serves."""

    def __init__(self, app: ASGIApp, house: House, page: str) -> None:
        """`page`: Streamlit's own, whose inline scripts may run."""
        self.app = app
        self.house = house
        self.headers = {**HEADERS, "Content-Security-Policy": POLICY.format(scripts=_hashes(page))}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, self._with_headers(send))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path in OPEN or path.startswith(ASSETS):
            await self.app(scope, receive, send)
            return
        session = await self._session(scope)
        if session is not None:
            scope["session_of_pult"] = session
            await self.app(scope, receive, send)
        elif path.startswith(INNER):
            await PlainTextResponse("Sign in first.", 403)(scope, receive, send)
        else:
            await RedirectResponse(await self._entrance(scope), 303)(scope, receive, send)

    async def _entrance(self, scope: Scope) -> str:
        if await run_in_threadpool(self.house.fresh):
            return "/setup"
        wanted = scope["path"] + (f"?{query.decode()}" if (query := scope["query_string"]) else "")
        return "/login" if wanted in ("/", "/logout") else f"/login?next={quote(wanted)}"

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = await self._session(scope)
        if session is None or not same_origin(Headers(scope=scope)):
            await receive()  # websocket.connect
            await send({"type": "websocket.close", "code": ENDED})  # before accept: 403
            return
        watch = Watch(self.house, session, receive, send)
        await self.app(scope, watch.receive, send)

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        return sending

    async def _session(self, scope: Scope) -> Session | None:
        cookie = cookies(Headers(scope=scope)).get(COOKIE, "")
        return await run_in_threadpool(self.house.who, cookie) if cookie else None


@dataclass
class Watch:
    """An open socket whose session is looked at again as messages come in."""

    house: House
    session: Session
    upstream: Receive
    send: Send
    looked: float = 0.0

    async def receive(self) -> Message:
        message = await self.upstream()
        if message["type"] != "websocket.receive" or await self._holds():
            return message
        await self.send({"type": "websocket.close", "code": ENDED})
        return {"type": "websocket.disconnect", "code": ENDED}

    async def _holds(self) -> bool:
        """Whether the session stands, with the role and schools that it began with."""
        if time.monotonic() - self.looked > LOOK_AGAIN:
            if await run_in_threadpool(self.house.who, self.session.cookie) != self.session:
                return False
            self.looked = time.monotonic()
        return True


def same_origin(headers: Headers) -> bool:
    """Whether a browser sent this from a page of ours; a missing Origin is not enough."""
    return urlsplit(headers.get("origin", "")).netloc == headers.get("host", "-")


def cookies(headers: Headers) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _hashes(page: str) -> str:
    return "".join(
        f" 'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    )
