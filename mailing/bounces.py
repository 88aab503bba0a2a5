"""What a relay's answer means for an address: our own table over RFC 3463 and RFC 5321.

Libraries call 5.2.2 (mailbox full) permanent; a full mailbox is emptied one
day, and no one should be dropped from a school's mail for it.
"""

import hmac
import re

from store import marks

ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
DEAD = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}  # no such mailbox, domain, host


def enhanced(reply: str) -> str:
    """The enhanced status code at the head of a reply, '' if there is none."""
    found = ENHANCED.match(reply.lstrip())
    return found[0] if found else ""


def is_hard(code: int, reply: str) -> bool:
    """Whether the address is dead, so that nothing should be sent to it again.

    Without an enhanced code nothing is sure: 550 stands for policy as often.
    """
    return 500 <= code < 600 and enhanced(reply) in DEAD


def return_path(key: bytes, delivery_id: str, domain: str) -> str:
    """The VERP address by which a bounce finds its delivery."""
    return f"bounces+{delivery_id}.{_mark(key, delivery_id)}@{domain}"


def delivery_of(key: bytes, address: str) -> str | None:
    """The delivery that a return path belongs to; None if it is not one of ours."""
    id_, _, mark = address.partition("@")[0].partition("+")[2].partition(".")
    return id_ if id_ and hmac.compare_digest(mark, _mark(key, id_)) else None


def _mark(key: bytes, delivery_id: str) -> str:
    return marks.mark(key, b"bounce\0" + delivery_id.encode()).hex()[:10]
