"""What a mail system's answer means for an address: our own table over RFC 3463 and RFC 5321.

Libraries call 5.2.2 (mailbox full) permanent; a full mailbox is emptied one
day, and no one should be dropped from a school's mail for it.
"""

import hmac
import re

from store import marks

ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
DEAD = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}  # no such mailbox, domain, host
# Whoever says one of these speaks of today, or of us, whatever the code beside it.
ALIVE = re.compile(
    r"quota|mailbox (?:is )?full|full mailbox|storage|too many|\brate\b|limit|temporar|try again"
    r"|gr[ae]ylist|spam|blocked|blacklist|blocklist|reputation|policy|\bspf\b|dkim|dmarc",
    re.IGNORECASE,
)
# Large systems that give no code, a general one or a wrong one say it in these words.
GONE = re.compile(
    r"user unknown|unknown user|no such (?:user|recipient|mailbox|address|person)"
    r"|(?:user|recipient|mailbox|account|address)(?: address)? (?:was )?not found"
    r"|(?:user|recipient|mailbox|account|address)(?: that you tried to reach)?"
    r" (?:does not|doesn't) exist"
    r"|no mailbox here by that name|recipientnotfound|doesn't have an? \S+ account"
    r"|invalid (?:recipient|mailbox)|not a (?:registered|known|valid) (?:gateway )?user",
    re.IGNORECASE,
)


def enhanced(reply: str) -> str:
    """The enhanced status code at the head of a reply, '' if there is none."""
    found = ENHANCED.match(reply.lstrip())
    return found[0] if found else ""


def is_hard(code: int, reply: str) -> bool:
    """Whether a relay's answer says that nothing should be sent to the address again."""
    return 500 <= code < 600 and is_dead(enhanced(reply), reply)


def is_dead(status: str, said: str) -> bool:
    """Whether the address is dead, by the enhanced status ('' if none) and the words beside it.

    550 stands for policy as often as for an unknown user, so that without a code
    of the table only words that name the address count.
    """
    if status.startswith(("2", "4")) or status == "5.2.2" or ALIVE.search(said):
        return False
    return status in DEAD or GONE.search(said) is not None


def return_path(key: bytes, delivery_id: str, domain: str) -> str:
    """The VERP address by which a bounce finds its delivery."""
    return f"bounces+{delivery_id}.{_mark(key, delivery_id)}@{domain}"


def delivery_of(key: bytes, address: str) -> str | None:
    """The delivery that a return path belongs to; None if it is not one of ours."""
    id_, _, mark = address.partition("@")[0].partition("+")[2].partition(".")
    return id_ if id_ and hmac.compare_digest(mark.encode(), _mark(key, id_).encode()) else None


def _mark(key: bytes, delivery_id: str) -> str:
    return marks.mark(key, b"bounce\0" + delivery_id.encode()).hex()[:10]
