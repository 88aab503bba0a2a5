"""Stand between Pult and a real server, and fail in the ways that networks and servers fail."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Fault = Literal[
    "",  # none
    "unreached",  # the connection ends before the server has heard anything
    "lost",  # the server does it, and its answer is lost
    "torn",  # the server does it, and half of its answer comes
    "ignored",  # 200, and the server has heard nothing
    "forbidden",  # 403, by something before the server
    "limited",  # 429
    "unavailable",  # 503
    "slow",  # the server is asked late
    "restarted",  # the server does it and is restarted, its answer is lost
]
REFUSED: dict[Fault, int] = {"forbidden": 403, "limited": 429, "unavailable": 503}
SLOWNESS = 0.2  # seconds
DROPPED = {"connection", "host", "transfer-encoding", "content-length", "date", "server"}
Plan = Callable[[str, str], Fault]  # what happens to a request, by its method and path


class Faults:
    """`plan` decides for each request; `made` counts what was done to them.

    `heard` is what came through to the server, in its order.
    """

    def __init__(self, port: int, yes: bytes, restart: Callable[[], None]) -> None:
        self.url = ""
        self.plan: Plan = lambda _method, _path: ""
        self.made: Counter[str] = Counter()
        self.heard: list[tuple[str, str, bytes]] = []
        self.yes, self.restart = yes, restart
        self._port, self._lock = port, threading.Lock()

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> "Answer":
        with self._lock:
            self.heard.append((method, path, body))
        passed = {name: value for name, value in headers.items() if name.lower() not in DROPPED}
        server = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            server.request(method, path, body or None, passed)
            said = server.getresponse()
            return said.status, said.getheader("Content-Type") or "", said.read()
        finally:
            server.close()

    def decide(self, method: str, path: str) -> Fault:
        with self._lock:
            fault = self.plan(method, path)
            self.made[fault] += 1
            return fault


Answer = tuple[int, str, bytes]


@contextmanager
def before(port: int, *, yes: bytes, restart: Callable[[], None]) -> Iterator[Faults]:
    """Faults before the server on this port; `yes` is the body of its answers that lie."""
    faults = Faults(port, yes, restart)

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:  # Pult had enough, or the server is down
                self.close_connection = True

        def fail(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            fault = faults.decide(self.command, self.path)
            if fault in REFUSED:
                return self.answer((REFUSED[fault], "text/html", b"<h1>No</h1>"))
            if fault == "ignored":
                return self.answer((200, "application/json", faults.yes))
            if fault == "unreached":
                return None
            if fault == "slow":
                time.sleep(SLOWNESS)
            answer = faults.forward(self.command, self.path, dict(self.headers), body)
            if fault == "restarted":
                faults.restart()
            if fault in ("lost", "restarted"):
                return None
            return self.answer(answer, torn=fault == "torn")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = fail

        def answer(self, answer: Answer, *, torn: bool = False) -> None:
            status, kind, body = answer
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if torn else body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    faults.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield faults
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
