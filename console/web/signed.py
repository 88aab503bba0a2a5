"""Signed deliveries from outside: bounded bodies, and nobody who forges again and again."""

from abc import ABC, abstractmethod

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from console.web.limit import Limit

LARGEST = 1024 * 1024  # bytes of one delivery
MINUTE = 60.0  # seconds over which forged deliveries are counted
FORGED = 30  # of one address a minute, after which it is not listened to
NOT_FOUND = PlainTextResponse("Nothing is delivered to this address.\n", 404)


class SignedDeliveries(ABC):
    """`forgery`: what `believed` raises for a signature that does not hold."""

    path: str
    forgery: type[Exception]

    def __init__(self) -> None:
        self._forged = Limit(MINUTE)

    def routes(self) -> list[Route]:
        return [Route(self.path, self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        body = await _body_of(request)
        if body is None:
            return PlainTextResponse("Too large.\n", 413)
        return await run_in_threadpool(self._take, request, body)

    def _take(self, request: Request, body: bytes) -> Response:
        address = request.client.host if request.client else ""
        if self._forged.full((address, FORGED)):
            return PlainTextResponse("Too many forged deliveries came from here.\n", 429)
        try:
            return self.believed(request, body)
        except self.forgery:
            self._forged.allows((address, FORGED))
            return PlainTextResponse("The signature is wrong, or too old.\n", 403)

    @abstractmethod
    def believed(self, request: Request, body: bytes) -> Response:
        """The answer to what its signature holds for; the network may be asked here."""


async def _body_of(request: Request) -> bytes | None:
    """The body; None if it is larger than LARGEST."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return None
    return body
