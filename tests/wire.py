"""A server on loopback that speaks the exact bytes a test gives it, and keeps what it was asked."""

import json
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, cast
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request: its target with the query, its form, or its body and headers as they came."""

    method: str
    target: str
    form: dict[str, str]
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case

    @property
    def query(self) -> dict[str, str]:
        return _first(urlsplit(self.target).query)

    @property
    def call(self) -> str:
        """The Moodle function, or the last part of the path."""
        return self.form.get("wsfunction") or urlsplit(self.target).path.rsplit("/", 1)[-1]


Answer = bytes | Callable[[Asked], bytes]


@dataclass
class Wire:
    url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def serving(answer: Answer) -> Iterator[Wire]:
    """Answer every request with these bytes, or with what the function makes of it."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = _read(cast("BinaryIO", self.rfile))
            if asked is None:
                return
            wire.asked.append(asked)
            try:
                self.wfile.write(answer(asked) if callable(answer) else answer)
            except OSError:  # the client had enough
                return

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        wire = Wire(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield wire
        finally:
            server.shutdown()
            thread.join()


def reply(
    body: bytes | str, *, status: str = "200 OK", kind: str = "text/html", more: str = ""
) -> bytes:
    content = body.encode() if isinstance(body, str) else body
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
        f"Connection: close\r\n{more}\r\n"
    )
    return head.encode() + content


def as_json(value: object) -> bytes:
    return reply(json.dumps(value), kind="application/json; charset=utf-8")


def _read(stream: BinaryIO) -> Asked | None:
    first = stream.readline().decode("latin-1").split()
    if len(first) < 2:
        return None
    headers = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    return Asked(first[0], first[1], _first(body.decode()), body, headers)


def _first(encoded: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(encoded, True).items()}
