"""A scripted SMTP server on a real socket: it answers as a test says, and keeps what it took."""

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Answer = str | None  # None breaks the connection off
Script = Callable[[str, str], Answer | bool]  # (verb, argument); True is the usual answer


@dataclass
class Mail:
    sender: str
    recipient: str
    data: bytes


@dataclass
class Relayed:
    port: int
    mails: list[Mail] = field(default_factory=list)
    encrypted: int = 0  # connections

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def recipients(self) -> list[str]:
        return sorted(mail.recipient for mail in self.mails)


@contextmanager
def relay(
    script: Script = lambda verb, argument: True,
    *,
    offers: Sequence[str] = (),
    tls: ssl.SSLContext | None = None,
    implicit: bool = False,
    injected: bytes = b"",
) -> Iterator[Relayed]:
    """`script` also sees the verbs BODY (when the first line of data came) and END.

    `offers`: what EHLO says, e.g. PIPELINING, CHUNKING, SMTPUTF8, STARTTLS. With `tls` and
    `implicit` TLS comes first, else after STARTTLS; `injected` follows the answer to that.
    """
    greeting = "\r\n".join([f"250-{line}" for line in ("relay", *offers)] + ["250 SIZE 10000000"])
    kept = Relayed(0)

    class Conversation(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def answer(self, verb: str, argument: str, usual: str) -> bool:
            """Say the script's answer or the usual; False when the command did not go through."""
            said = script(verb, argument)
            if said is None:
                raise ConnectionAbortedError
            line = usual if said is True else str(said)
            self.say(line)
            return line[0] in "23"

        def secure(self) -> None:
            if tls is None:
                raise ConnectionAbortedError
            self.request = tls.wrap_socket(self.request, server_side=True)
            self.rfile = self.request.makefile("rb")
            self.wfile = self.request.makefile("wb", buffering=0)
            kept.encrypted += 1

        def handle(self) -> None:
            try:
                if implicit:
                    self.secure()
                self.converse()
            except (ConnectionError, ssl.SSLError):
                return

        def converse(self) -> None:  # noqa: PLR0912 - one branch for each verb of SMTP
            if not self.answer("HELLO", "", "220 ready"):
                return
            sender = recipient = ""
            while line := self.rfile.readline().decode("utf-8", "replace").strip():
                verb, _, argument = line.partition(" ")
                match verb.upper():
                    case "EHLO":
                        self.answer("EHLO", argument, greeting)
                    case "MAIL":
                        sender, recipient = "", ""
                        if self.answer("MAIL", argument, "250 2.1.0 ok"):
                            sender = argument[6:].partition(">")[0]
                    case "RCPT" if not sender:
                        self.say("503 5.5.1 MAIL first")
                    case "RCPT":
                        if self.answer("RCPT", argument, "250 2.1.5 ok"):
                            recipient = argument[4:-1]
                    case "DATA" if not recipient:
                        self.say("503 5.5.1 nobody to send to")
                    case "DATA":
                        if self.answer("DATA", recipient, "354 go on"):
                            self.take(sender, recipient)
                            sender = recipient = ""
                    case "BDAT":
                        self.chunk(int(argument.split()[0]), sender, recipient)
                        sender = recipient = ""
                    case "STARTTLS":
                        self.wfile.write(b"220 go on\r\n" + injected)
                        self.secure()
                    case "RSET":
                        sender = recipient = ""
                        self.say("250 ok")
                    case "QUIT":
                        self.say("221 bye")
                        return
                    case _:
                        self.say("250 ok")

        def take(self, sender: str, recipient: str) -> None:
            lines: list[bytes] = []
            while (line := self.rfile.readline()) != b".\r\n":
                if not line:
                    raise ConnectionAbortedError
                if not lines and script("BODY", recipient) is None:
                    raise ConnectionAbortedError
                lines.append(line[1:] if line.startswith(b".") else line)
            self.end(sender, recipient, b"".join(lines))

        def chunk(self, size: int, sender: str, recipient: str) -> None:
            if script("BODY", recipient) is None:
                raise ConnectionAbortedError
            data = self.rfile.read(size)
            if recipient:
                self.end(sender, recipient, data)
            else:
                self.say("503 5.5.1 nobody to send to")

        def end(self, sender: str, recipient: str, data: bytes) -> None:
            said = script("END", recipient)
            if said in (True, None):
                kept.mails.append(Mail(sender, recipient, data))
            if said is None:
                raise ConnectionAbortedError
            self.say("250 2.0.0 queued" if said is True else str(said))

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: Any, client_address: Any) -> None:
            return

    with Server(("127.0.0.1", 0), Conversation) as server:
        kept.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()
