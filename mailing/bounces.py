"""What a mail system's answer means for an address: our own table over RFC 3463 and RFC 5321.

Libraries call 5.2.2 (mailbox full) permanent; a full mailbox is emptied one
day, and no one should be dropped from a school's mail for it.
"""

import hmac
import re

from store import marks

ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
DEAD = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}  # no such mailbox, domain, host
ALIVE_STATUS = {"5.1.7", "5.1.8", "5.2.2"}  # our own address, our domain, a full mailbox
POLICY = re.compile(r"\b5\.7\.\d")
YANDEX = re.compile(r"(?:550[ -])?5\.7\.1 No such user!")
RETURN_PATH = "bounces+"  # how all of ours begin
HEARD = 2000  # characters of an answer that are looked at
# Names of people and machines: "unlimited.example" is no limit.
NAMES = re.compile(
    r"<[^<>\s]*>|<[^<>]*@[^<>]*>|https?://\S+|[^\s<>()\[\]:;,]+@[^\s<>()\[\]:;,]+"
    r"|\b(?:[a-z0-9-]+\.)+[a-z]{2,}\b"
)
# It is our return path that is refused, in the words that would be said of the reader.
OURS = re.compile(
    r"\b5\.1\.[78]\b|verify fail|verification|\bcall-?(?:out|back)"
    r"|(?:return|reverse)[- ]path|(?:mail|envelope)[- ]from"
    r"|\bsender(?:'s)? (?:e?-?mail )?(?:address|domain|host|user|account|rejected|unknown|invalid"
    r"|refused|denied|not|is|does|doesn't)\b",
    re.IGNORECASE,
)
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
    of the table only words that name the address count; and beside a code of policy
    no words do but Yandex's own, since what they name may be our return path.
    """
    said = " ".join(said[:HEARD].split())
    words = NAMES.sub("x", said)
    if status.startswith(("2", "4")) or status in ALIVE_STATUS or RETURN_PATH in said:
        return False
    if OURS.search(words) or ALIVE.search(words):
        return False
    if status in DEAD or YANDEX.match(said):
        return True
    policy = status.startswith("5.7.") or POLICY.search(words)
    return not policy and GONE.search(words) is not None


def return_path(key: bytes, delivery_id: str, domain: str) -> str:
    """The VERP address by which a bounce finds its delivery."""
    return f"{RETURN_PATH}{delivery_id}.{_mark(key, delivery_id)}@{domain}"


def delivery_of(key: bytes, address: str) -> str | None:
    """The delivery that a return path belongs to; None if it is not one of ours."""
    id_, _, mark = address.partition("@")[0].partition("+")[2].partition(".")
    return id_ if id_ and hmac.compare_digest(mark.encode(), _mark(key, id_).encode()) else None


def _mark(key: bytes, delivery_id: str) -> str:
    return marks.mark(key, b"bounce\0" + delivery_id.encode()).hex()[:10]
