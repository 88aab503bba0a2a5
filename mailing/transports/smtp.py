"""Hand mail to an SMTP relay: RFC 5321, STARTTLS of RFC 3207, SMTPUTF8 of RFC 6531."""

import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address

from mailing import bounces
from mailing.message import Envelope
from mailing.relay import Outcome, Relay, RelayError
from store.words import N_, Value, Words

LONGEST_REPLY = 300  # characters of the relay's words that are kept


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
        if relay.user:
            client.login(relay.user, relay.password)
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
    return SmtpSession(client)


class SmtpSession:
    def __init__(self, client: smtplib.SMTP) -> None:
        self._client = client

    def send(self, envelope: Envelope, begin: Callable[[], bool]) -> Outcome:
        try:
            refused = self._address(envelope)
            if refused:
                return refused
        except (smtplib.SMTPException, OSError):
            return _lost()
        if not begin():
            with suppress(smtplib.SMTPException, OSError):
                self._client.rset()
            return Outcome("withdrawn", Words(""))
        return self._hand_over(envelope.data)

    def _hand_over(self, data: bytes) -> Outcome:
        try:
            code, reply = self._client.docmd("DATA")
        except (smtplib.SMTPException, OSError):
            return _lost()
        if code != 354:
            return self._answer(max(code, 400), reply)
        try:
            self._client.send(_dotted(data))
            code, reply = self._client.getreply()
        except (smtplib.SMTPException, OSError):
            words = Words(N_("The connection broke while the mail was handed over."))
            return Outcome("uncertain", words, closed=True)
        return self._answer(code, reply)

    def close(self) -> None:
        with suppress(smtplib.SMTPException, OSError):
            self._client.quit()
        self._client.close()

    def _address(self, envelope: Envelope) -> Outcome | None:
        options = []
        if envelope.utf8:
            if not self._client.has_extn("smtputf8"):
                words = Words(N_("The relay cannot carry addresses in letters other than Latin."))
                return Outcome("refused", words)
            options = ["SMTPUTF8", "BODY=8BITMIME"]
            self._client.command_encoding = "utf-8"
        try:
            code, reply = self._client.mail(envelope.sender, options)
            if code == 250:
                code, reply = self._client.rcpt(envelope.recipient)
        finally:
            self._client.command_encoding = "ascii"
        return None if 200 <= code < 300 else self._answer(max(code, 400), reply)

    def _answer(self, code: int, reply: bytes) -> Outcome:
        said = reply.decode("utf-8", "replace")
        words = Words(N_("The relay says: {reply}"), {"reply": f"{code} {said}"[:LONGEST_REPLY]})
        if 200 <= code < 300:
            return Outcome("sent", words)
        closed = code in (421, -1)
        if not closed:
            try:
                self._client.rset()
            except (smtplib.SMTPException, OSError):
                closed = True
        if 500 <= code < 600:
            return Outcome("refused", words, bounces.is_hard(code, said), closed)
        return Outcome("later", words, closed=closed)


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
        client.starttls(context=_context(relay))
        client.ehlo()
    elif relay.security == "required":
        raise RelayError(
            N_("The relay {host}:{port} offers no TLS, and this address requires it."),
            host=relay.host,
            port=relay.port,
        )


def _context(relay: Relay) -> ssl.SSLContext:
    """Where TLS is only taken if offered, any certificate is better than none (RFC 7435)."""
    context = ssl.create_default_context()
    if relay.security == "offered":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _lost() -> Outcome:
    return Outcome(
        "lost", Words(N_("The connection broke before the mail was handed over.")), closed=True
    )


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        said = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
        return f"{error.smtp_code} {said}"[:LONGEST_REPLY]
    return str(error)[:LONGEST_REPLY] or type(error).__name__


def _dotted(data: bytes) -> bytes:
    """The body with its dots doubled and its end (RFC 5321, section 4.5.2)."""
    if data.startswith(b"."):
        data = b"." + data
    return data.replace(b"\r\n.", b"\r\n..") + b".\r\n"
