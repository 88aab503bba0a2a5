"""What a relay's answers mean for a mail, in words that people can read."""

from mailing import blame, bounces
from mailing.message import Envelope
from mailing.relay import Outcome, RelayError
from store.words import N_, Words

LONGEST_REPLY = 300  # characters of the relay's words that are kept


def outcome(code: int, reply: bytes, *, read: bool = False) -> Outcome:
    """An answer to one of a mail's commands, or to all that was `read` (RFC 5321, 4.2.1)."""
    said = reply.decode("utf-8", "replace")
    words = Words(N_("The relay says: {reply}"), {"reply": f"{code} {said}"[:LONGEST_REPLY]})
    if 200 <= code < 300:
        return Outcome("sent", words)
    closed = code in (421, -1)
    if 500 <= code < 600:
        hard, whose = bounces.is_hard(code, said), blame.whose(code, said)
        return Outcome("refused", words, hard, closed, whose, read)
    return Outcome("later", words, closed=closed)


def refuses_us(code: int, reply: bytes) -> RelayError:
    """A 5xx to MAIL: the relay takes nothing from us, and no recipient is to blame."""
    said = f"{code} {reply.decode('utf-8', 'replace')}"[:LONGEST_REPLY]
    return RelayError(N_("The relay takes no mail from this sender: {reply}"), reply=said)


def busy(code: int, reply: bytes) -> Outcome:
    """A 4xx to MAIL: the relay takes nothing from us for now, and no recipient is to blame."""
    said = f"{code} {reply.decode('utf-8', 'replace')}"[:LONGEST_REPLY]
    return Outcome("busy", Words(N_("The relay takes no mail for now: {reply}"), {"reply": said}))


def lost(*, late: bool = False) -> Outcome:
    """`late`: the relay broke nothing off, it did not answer in time."""
    broke = N_("The connection broke before the mail was handed over.")
    silent = N_("The relay did not answer in time, before the mail was handed over.")
    return Outcome("lost", Words(silent if late else broke), closed=True, late=late)


def uncertain(*, late: bool = False) -> Outcome:
    broke = N_("The connection broke while the mail was handed over.")
    silent = N_("The relay did not answer in time whether it takes the mail.")
    return Outcome("uncertain", Words(silent if late else broke), closed=True, late=late)


def no_utf8() -> Outcome:
    words = Words(N_("The relay cannot carry addresses in letters other than Latin."))
    return Outcome("refused", words)


def too_heavy(size: int, most: int) -> Outcome:
    """Larger than the relay's SIZE (RFC 1870): it would refuse each such mail, once it had it."""
    said = {"mb": f"{size / 1_000_000:.1f}", "most": f"{most / 1_000_000:.1f}"}
    words = N_(
        "A mail weighs {mb} MB with its files, and the relay takes {most} MB: nothing of it "
        "leaves. Write it anew with less, or let the relay take more and send it on."
    )
    return Outcome("heavy", Words(words, said))


def dotted(envelope: Envelope) -> tuple[bytes, bytes]:
    """The body with its dots doubled, and its end (RFC 5321, section 4.5.2)."""
    data = envelope.data
    if not envelope.undotted:
        data = data.replace(b"\r\n.", b"\r\n..")
        data = b"." + data if data.startswith(b".") else data
    return data, b".\r\n"
