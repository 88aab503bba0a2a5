"""One HTTP server on one loopback port, which can go away and come back."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"
BACKLOG = 256


class Quiet(uvicorn.Server):
    """Leaves the process's signals to the campus."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Site:
    """`port` stays the same when the server stops and starts again."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener: socket.socket | None = listener
        self.port: int = listener.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self.wanted = asyncio.Event()
        self.wanted.set()
        self.server: Quiet | None = None

    async def run(self, app: ASGIApp) -> None:
        """Serve while wanted; ends only when cancelled."""
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        while True:
            await self.wanted.wait()
            listener, self.listener = self.listener or listen(self.port), None
            self.server = Quiet(config)
            await self.server.serve(sockets=[listener])

    def stop(self) -> None:
        """Refuse connections from now on, and close those that are open."""
        self.wanted.clear()
        if self.server:
            self.server.should_exit = True

    def start(self) -> None:
        self.wanted.set()


def listen(port: int) -> socket.socket:
    """A listening TCP socket on loopback; 0 picks a free port."""
    # asyncio sends at once (TCP_NODELAY) only where the protocol is said; else each answer,
    # which goes out in two pieces, waits 40 ms for the other side's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener
