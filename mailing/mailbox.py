"""Read the mailbox that returned mail comes to, over IMAP (RFC 9051).

A mail counts as read only when `done` was called for it, so that a reader that dies
loses none.
"""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from mailing.model import MailingError
from mailing.reports import LONGEST
from store.words import N_

TIMEOUT = 20.0  # seconds for each answer
AT_ONCE = 100  # mails of one look
SCHEMES = ("imap", "imaps")


class MailboxError(MailingError):
    """The mailbox cannot be read; asking again later may help."""

    permanent = False


@dataclass(frozen=True)
class Mailbox:
    """`secure`: TLS from the start; else STARTTLS wherever it leaves this machine."""

    secure: bool
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str

    @classmethod
    def from_url(cls, url: str, *, loopback_only: bool = False) -> "Mailbox":
        """From `imaps://user:password@host[:port][/folder]`. Raises MailingError."""
        try:
            parts = urlsplit(url)
            port = parts.port or (993 if parts.scheme == "imaps" else 143)
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme not in SCHEMES or not parts.hostname or not parts.username:
            raise MailingError(
                N_("Write the mailbox for returned mail like imaps://user:password@host/INBOX.")
            )
        if loopback_only and not _loopback(parts.hostname):
            raise MailingError(N_("A simulated school reads no mail from outside this machine."))
        user, password = unquote(parts.username), unquote(parts.password or "")
        folder = unquote(parts.path.strip("/")) or "INBOX"
        if not all(said.isascii() and said.isprintable() for said in (user, password, folder)):
            raise MailingError(
                N_(
                    "The mailbox's name, password and folder may hold only Latin letters, "
                    "digits and ordinary signs."
                )
            )
        return cls(parts.scheme == "imaps", parts.hostname, port, user, password, folder)


@dataclass
class Reader:
    """An open mailbox."""

    _imap: imaplib.IMAP4

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """Number and bytes of mails nobody has read, the oldest first, no longer than LONGEST."""
        answer, found = self._imap.uid("SEARCH", "UNSEEN")
        if answer != "OK":
            raise MailboxError(
                N_("The mailbox at {host} does not say what is new in it. It is read again soon."),
                host=self._imap.host,
            )
        for number in (found[0] or b"").decode("ascii").split()[:AT_ONCE]:
            fetched = self._imap.uid("FETCH", number, f"(BODY.PEEK[]<0.{LONGEST}>)")[1]
            for part in fetched:
                if isinstance(part, tuple):
                    yield number, part[1]

    def done(self, number: str) -> None:
        self._imap.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)")


@contextmanager
def opened(mailbox: Mailbox) -> Iterator[Reader]:
    """The mailbox until the block ends. Raises MailboxError, also for what breaks meanwhile."""
    place = {"host": mailbox.host}
    try:
        imap = _connected(mailbox)
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxError(
            N_("The mailbox for returned mail at {host} does not answer."), **place
        ) from error
    try:
        _enter(imap, mailbox)
        yield Reader(imap)
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxError(
            N_("The mailbox for returned mail at {host} broke off. It is read again soon."), **place
        ) from error
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            imap.logout()


def _connected(mailbox: Mailbox) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if mailbox.secure:
        return imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=context, timeout=TIMEOUT)
    imap = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=TIMEOUT)
    if not _loopback(mailbox.host):
        imap.starttls(context)
    return imap


def _enter(imap: imaplib.IMAP4, mailbox: Mailbox) -> None:
    try:
        imap.login(mailbox.user, mailbox.password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise MailboxError(
            N_("{host} does not accept the name and password of the mailbox for returned mail."),
            host=mailbox.host,
        ) from error
    if imap.select(f'"{mailbox.folder}"')[0] != "OK":
        raise MailboxError(
            N_("There is no folder {folder} in the mailbox at {host}."),
            folder=mailbox.folder,
            host=mailbox.host,
        )


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
