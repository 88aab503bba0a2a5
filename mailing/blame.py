"""Whose a mail system's final refusal is: its reader's, or ours whoever the mail is for.

A relay that has used its quota up, or relays for us no more, answers each recipient with a 5xx.
The codes: RFC 3463, 4954, 7372; Exchange Online's and Gmail's lists of their own answers.
"""

import re
from typing import Literal

from mailing.bounces import ALIVE_STATUS, HEARD, NAMES, OURS, POLICY, enhanced, is_hard

Whose = Literal["reader", "ours", "unsaid"]

SIGN_IN = (530, 535, 538)  # the relay wants a name, or TLS, before anything else
# A sender's address and quota (5.1.7, 5.1.8, 5.1.90), a host that takes no mail (5.3.2), a mail too
# large for it (5.3.4), a sending limit (5.4.5, 5.4.6), who may send at all, SPF, DKIM, DMARC, PTR.
STATUS = re.compile(
    r"5\.(?:1\.(?:7|8|90)|3\.[24]|4\.[56]"
    r"|7\.(?:8|9|11|14|2\d|5[17]|6[048]|5\d\d|6\d\d|7\d\d))"
)
MAILBOX = re.compile(r"5\.[12]\.\d+")  # one address, or what it leads to
FULL = re.compile(r"mailbox (?:is )?full|full mailbox|over ?quota|mailbox.{0,20}quota", re.I)
WORDS = re.compile(
    r"relay(?:ing)?(?: access| of mail)?(?: is| was)? (?:denied|refused|prohibited|rejected)"
    r"|relay(?:ing)? (?:is )?not (?:permitted|allowed)|(?:permitted|allowed|authori[sz]ed) to relay"
    r"|(?:unable to|cannot|do(?:es)? not|don't|won't) relay"
    r"|authentication (?:is )?(?:required|needed)|not authenticated|unauthenticated"
    r"|must (?:first )?(?:authenticate|log ?in|sign in|issue)|sign in first"
    r"|\b(?:daily|hourly|monthly|sending|outgoing|outbound|submission|relay|smtp)\b[\w ]{0,30}"
    r"\b(?:quota|limit|credits?)\b"
    r"|\b(?:quota|limit)\b[\w ]{0,30}\b(?:sending|outgoing|outbound|per)\b"
    r"|sender\b[\w ]{0,20}\b(?:blocked|banned|blacklisted|suspended)|blocked sender"
    r"|\b(?:your|client|sending)\b.{0,40}\b(?:block|bann|blacklist|listed|suspend|disabled)",
    re.IGNORECASE,
)
UNSTEADY = re.compile(r"\S*\d\S*")  # ids and counts, which differ from answer to answer


def whose(code: int, reply: str) -> Whose:
    """`unsaid`: it may be anybody's; by how many hear the same, it is told."""
    status, said = enhanced(reply), " ".join(reply[:HEARD].split())
    words = NAMES.sub("x", said)
    if code in SIGN_IN or STATUS.fullmatch(status):
        return "ours"
    if status in ALIVE_STATUS or MAILBOX.fullmatch(status) or is_hard(code, reply):
        return "reader"
    if WORDS.search(words) or OURS.search(words):
        return "ours"
    return "reader" if FULL.search(words) and not POLICY.search(words) else "unsaid"


def kind(reply: str) -> str:
    """What answers have in common that say the same of different readers."""
    return UNSTEADY.sub("", NAMES.sub("", reply[:HEARD])).casefold()
