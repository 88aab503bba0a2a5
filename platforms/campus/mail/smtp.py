"""The relay's SMTP (RFC 5321) with PIPELINING, 8BITMIME, SIZE and DSN (RFC 3461)."""

import asyncio
import re
from dataclasses import replace

from platforms.campus.mail.delivery import Delivery, Envelope
from platforms.campus.mail.dsn import HOST
from platforms.campus.switches import Switch

LINE = 4096  # octets of a command line
LONGEST = 10 * 1024 * 1024  # octets of a mail
RECIPIENTS = 100  # a mail
IDLE = 300  # seconds
EXTENSIONS = ("PIPELINING", f"SIZE {LONGEST}", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN")
PATH = re.compile(r"^<([^<>\s]*)>((?: [^\s]+)*)$")
OPTIONS = {"MAIL": ("SIZE", "BODY", "RET", "ENVID"), "RCPT": ("NOTIFY", "ORCPT")}


class Relay:
    def __init__(self, delivery: Delivery, refuses: Switch) -> None:
        self.delivery = delivery
        self.refuses = refuses

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await Session(self, reader, writer).run()
        except (
            ConnectionError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            TimeoutError,
        ):
            pass  # the client went away, or never ends its line
        finally:
            writer.close()


class Session:
    """One connection; an envelope is built up by MAIL and RCPT and used up by DATA."""

    def __init__(
        self, relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.relay = relay
        self.reader = reader
        self.writer = writer
        self.greeted = False
        self.envelope: Envelope | None = None

    async def run(self) -> None:
        self._say(f"220 {HOST} ESMTP")
        while True:
            await self.writer.drain()
            line = await asyncio.wait_for(self.reader.readuntil(b"\r\n"), IDLE)
            verb, _, rest = line[:-2].decode("utf-8", "replace").partition(" ")
            verb = verb.upper()
            if verb == "QUIT":
                self._say("221 2.0.0 Bye")
                return
            if len(line) > LINE:
                self._say("500 5.5.2 Line too long")
            elif verb == "DATA":
                await self._data()
            else:
                self._say(self._answer(verb, rest.strip()))

    def _answer(self, verb: str, rest: str) -> str:
        if verb in ("EHLO", "HELO"):
            return self._hello(verb, rest)
        if verb == "MAIL":
            return self._mail(rest)
        if verb == "RCPT":
            return self._rcpt(rest)
        if verb == "RSET":
            self.envelope = None
        if verb == "VRFY":
            return "252 2.5.0 Cannot VRFY user"
        return "250 2.0.0 Ok" if verb in ("RSET", "NOOP") else "502 5.5.2 Command not recognized"

    def _hello(self, verb: str, rest: str) -> str:
        if not rest:
            return f"501 5.5.4 Syntax: {verb} hostname"
        self.greeted, self.envelope = True, None
        if verb == "HELO":
            return f"250 {HOST}"
        lines = (HOST, *EXTENSIONS)
        return "\r\n".join(f"250{'-' if line != lines[-1] else ' '}{line}" for line in lines)

    def _mail(self, rest: str) -> str:
        if not self.greeted:
            return "503 5.5.1 Send EHLO first"
        if self.envelope:
            return "503 5.5.1 Nested MAIL command"
        if self.relay.refuses.on:
            return refusal(int(self.relay.refuses.number("code")))
        address, options, problem = _path("MAIL", "FROM:", rest)
        if problem:
            return problem
        size = options.get("SIZE", "0")
        if not size.isdigit() or int(size) > LONGEST:
            return "552 5.3.4 Message size exceeds fixed limit"
        self.envelope = Envelope(address, options, {})
        return "250 2.1.0 Ok"

    def _rcpt(self, rest: str) -> str:
        if not self.envelope:
            return "503 5.5.1 Need MAIL command"
        address, options, problem = _path("RCPT", "TO:", rest)
        if problem:
            return problem
        if "@" not in address:
            return "553 5.1.3 The address has no domain"
        if len(self.envelope.recipients) >= RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        refused = self.relay.delivery.refusal(address)
        if not refused:
            recipients = {**self.envelope.recipients, address: options}
            self.envelope = replace(self.envelope, recipients=recipients)
        return refused or "250 2.1.5 Ok"

    async def _data(self) -> None:
        if not self.envelope:
            return self._say("503 5.5.1 Need MAIL command")
        if not self.envelope.recipients:
            return self._say("554 5.5.1 No valid recipients")
        self._say("354 End data with <CR><LF>.<CR><LF>")
        await self.writer.drain()
        mail = await self._read_mail()
        envelope, self.envelope = self.envelope, None
        if mail is None:
            return self._say("552 5.3.4 Message size exceeds fixed limit")
        self.relay.delivery.take(envelope, mail)
        return self._say("250 2.0.0 Ok: taken")

    async def _read_mail(self) -> bytes | None:
        """Undo the dots of section 4.5.2; None when the mail is too long."""
        lines: list[bytes] = []
        size = 0
        while True:
            line = await asyncio.wait_for(self.reader.readuntil(b"\r\n"), IDLE)
            if line == b".\r\n":
                return b"".join(lines) if size <= LONGEST else None
            size += len(line)
            if size <= LONGEST:
                lines.append(line[1:] if line.startswith(b".") else line)

    def _say(self, line: str) -> None:
        self.writer.write(f"{line}\r\n".encode())


def refusal(code: int) -> str:
    """What a relay that takes no mail answers to MAIL: for now (4xx) or for good (5xx)."""
    if code < 500:
        return f"{code} 4.3.2 This server takes no mail at the moment"
    return f"{code} 5.7.1 This server takes no mail from you"


def _path(verb: str, keyword: str, rest: str) -> tuple[str, dict[str, str], str]:
    """The address, the ESMTP parameters, and the answer if they are not right."""
    match = PATH.match(rest[len(keyword) :].lstrip())
    if not rest.upper().startswith(keyword) or not match:
        return "", {}, f"501 5.5.4 Syntax: {verb} {keyword}<address>"
    options = {}
    for word in match[2].split():
        name, _, value = word.partition("=")
        if name.upper() not in OPTIONS[verb]:
            return "", {}, f"555 5.5.4 Unsupported option: {name}"
        options[name.upper()] = value
    return match[1], options, ""
