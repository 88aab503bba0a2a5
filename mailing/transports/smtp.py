"""Hand mail to an SMTP relay: RFC 5321, STARTTLS of RFC 3207, SMTPUTF8 of RFC 6531."""

import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address

from mailing.message import Envelope
from mailing.relay import WITHDRAWN, Outcome, Relay, RelayError
from mailing.transports import replies
from mailing.transports.conversation import Offers
from store.words import N_, Value

IN_THE_CLEAR = N_(
    "The relay {host}:{port} offers no TLS, so the password is not sent. Write the address with "
    "smtp+tls:// or smtps://, or leave the user name and the password out."
)


def connect(relay: Relay) -> "SmtpSession":
    """A session that is ready for mail. Raises RelayError with what to do."""
    where: dict[str, Value] = {"host": relay.host, "port": relay.port}
    try:
        client = _open(relay)
    except (smtplib.SMTPException, OSError) as error:
        raise RelayError(
            N_("The relay {host}:{port} does not answer: {reply}. Is it up, and the port right?"),
            **where,
            reply=_reason(error),
        ) from error
    try:
        _secure(client, relay)
        _sign_in(client, relay)
    except smtplib.SMTPAuthenticationError as error:
        client.close()
        raise RelayError(
            N_("The relay {host}:{port} refuses the user name or password."), **where
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        client.close()
        raise RelayError(
            N_("The relay {host}:{port} gives no safe session: {reply}."),
            **where,
            reply=_reason(error),
        ) from error
    except RelayError:
        client.close()
        raise
    return SmtpSession(client, relay)


class SmtpSession:
    def __init__(self, client: smtplib.SMTP, relay: Relay) -> None:
        self._client, self.relay = client, relay

    def send(self, envelope: Envelope, begin: Callable[[], bool]) -> Outcome:
        if self.size and len(envelope.data) > self.size:
            return replies.too_heavy(len(envelope.data), self.size)
        try:
            refused = self._address(envelope)
            if refused:
                return replace(refused, kind="lost") if refused.closed else refused
        except (smtplib.SMTPException, OSError) as error:
            return replies.lost(late=_late(error))
        if not begin():
            with suppress(smtplib.SMTPException, OSError):
                self._client.rset()
            return WITHDRAWN
        return self._hand_over(envelope)

    def _hand_over(self, envelope: Envelope) -> Outcome:
        try:
            code, reply = self._client.docmd("DATA")
        except (smtplib.SMTPException, OSError) as error:
            return replies.lost(late=_late(error))
        if code != 354:
            return self._answer(max(code, 400), reply)
        try:
            self._client.send(b"".join(replies.dotted(envelope)))
            code, reply = self._client.getreply()
        except (smtplib.SMTPException, OSError) as error:
            return replies.uncertain(late=_late(error))
        return self._answer(code, reply)

    @property
    def size(self) -> int | None:
        """Bytes of a mail that the relay takes, 0: it does not say; None: it knows no SIZE."""
        if not self._client.has_extn("size"):
            return None
        said = self._client.esmtp_features["size"].strip()
        return int(said) if said.isdecimal() and len(said) < 19 else 0

    def line(self) -> tuple[socket.socket, Offers]:
        """The socket, for a loop that speaks for itself, and what the relay can do."""
        offered = self._client.has_extn
        offers = Offers(offered("pipelining"), offered("chunking"), offered("smtputf8"), self.size)
        return self._client.sock or socket.socket(), offers  # the latter is as good as broken

    def drop(self) -> None:
        """Close it without a word: a QUIT might be taken for a line of a mail."""
        self._client.close()

    def close(self) -> None:
        if self._client.sock is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._client.quit()
        self._client.close()

    def _address(self, envelope: Envelope) -> Outcome | None:
        options = []
        if envelope.utf8:
            if not self._client.has_extn("smtputf8"):
                return replies.no_utf8()
            options = ["SMTPUTF8", "BODY=8BITMIME"]
            self._client.command_encoding = "utf-8"
        if self.size is not None:
            options.append(f"SIZE={len(envelope.data)}")
        try:
            code, reply = self._client.mail(envelope.sender, options)
            if code >= 500 and not envelope.utf8:
                raise replies.refuses_us(code, reply)
            if code == 250:
                code, reply = self._client.rcpt(envelope.recipient)
        finally:
            self._client.command_encoding = "ascii"
        return None if 200 <= code < 300 else self._answer(max(code, 400), reply)

    def _answer(self, code: int, reply: bytes) -> Outcome:
        outcome = replies.outcome(code, reply)
        if outcome.kind == "sent" or outcome.closed:
            return outcome
        try:
            self._client.rset()
        except (smtplib.SMTPException, OSError):
            return replace(outcome, closed=True)
        return outcome


def _open(relay: Relay) -> smtplib.SMTP:
    host = _loopback(relay) if relay.loopback_only else relay.host
    name = socket.gethostname() or "localhost"
    if relay.security == "implicit":
        return smtplib.SMTP_SSL(
            host,
            relay.port,
            local_hostname=name,
            timeout=relay.timeout,
            context=ssl.create_default_context(),
        )
    return smtplib.SMTP(host, relay.port, local_hostname=name, timeout=relay.timeout)


def _loopback(relay: Relay) -> str:
    """The address on this machine that the name stands for. Raises RelayError for any other."""
    found = socket.getaddrinfo(relay.host, relay.port, type=socket.SOCK_STREAM)
    address = str(found[0][4][0])
    if not ip_address(address).is_loopback:
        raise RelayError(N_("A simulated school sends no mail out of this machine."))
    return address


def _secure(client: smtplib.SMTP, relay: Relay) -> None:
    client.ehlo_or_helo_if_needed()
    if relay.security == "implicit":
        return
    if client.has_extn("starttls"):
        client.starttls(context=_context(relay, _peer(client)))
        client.ehlo()
    elif relay.security == "required":
        raise RelayError(
            N_("The relay {host}:{port} offers no TLS, and this address requires it."),
            host=relay.host,
            port=relay.port,
        )


def may_sign_in(address: str, sock: socket.socket) -> bool:
    """Whether a password may be told there: under TLS whose certificate was looked at (RFC 4954,
    section 4), or on this machine, where nobody stands between."""
    verified = isinstance(sock, ssl.SSLSocket) and sock.context.verify_mode == ssl.CERT_REQUIRED
    return verified or ip_address(address).is_loopback


def _sign_in(client: smtplib.SMTP, relay: Relay) -> None:
    if not relay.user:
        return
    if client.sock is None or not may_sign_in(_peer(client), client.sock):
        raise RelayError(IN_THE_CLEAR, host=relay.host, port=relay.port)
    client.login(relay.user, relay.password)


def _peer(client: smtplib.SMTP) -> str:
    return str(client.sock.getpeername()[0]) if client.sock else ""


def _context(relay: Relay, peer: str) -> ssl.SSLContext:
    """Where TLS is only taken if offered, any certificate is better than none (RFC 7435).

    With a password on its way it is not.
    """
    context = ssl.create_default_context()
    if relay.security == "offered" and (not relay.user or ip_address(peer).is_loopback):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _late(error: Exception) -> bool:
    """Whether we gave up waiting; smtplib says of that, too, that the connection closed."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        said = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
        return f"{error.smtp_code} {said}"[: replies.LONGEST_REPLY]
    return str(error)[: replies.LONGEST_REPLY] or type(error).__name__
