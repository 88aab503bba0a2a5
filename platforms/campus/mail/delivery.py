"""What becomes of a recipient: refused at once, taken and delivered, or taken and sent back."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from platforms.campus.clock import Clock
from platforms.campus.mail import dsn
from platforms.campus.mail.box import Box
from platforms.campus.mail.dsn import Report
from platforms.campus.people import DOMAIN, FULL, GONE, LATE, Person

BACK = 0.5  # seconds until an undeliverable mail comes back
FULL_FOR_GOOD = "overquota"  # this domain answers 552 where "full" answers 452


@dataclass(frozen=True)
class Envelope:
    """`options` are the ESMTP parameters of MAIL, `recipients` maps addresses to RCPT's."""

    sender: str
    options: Mapping[str, str] = field(default_factory=dict)
    recipients: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Delivery:
    def __init__(self, box: Box, people: tuple[Person, ...], clock: Clock) -> None:
        self.box = box
        self.clock = clock
        self.mailboxes = {person.email for person in people if person.trouble != GONE}
        self.own = {person.email.partition("@")[2] for person in people}
        self.coming_back: set[asyncio.Task[None]] = set()

    def refusal(self, address: str) -> str:
        """The SMTP answer to RCPT when it is not 250, else ''. Other domains are relayed."""
        address = address.lower()
        domain = address.rpartition("@")[2]
        if domain == f"{FULL}.{DOMAIN}":
            return "452 4.2.2 Mailbox full"
        if domain == f"{FULL_FOR_GOOD}.{DOMAIN}":
            return "552 5.2.2 Mailbox full"
        if domain in self.own and domain != f"{LATE}.{DOMAIN}" and address not in self.mailboxes:
            return "550 5.1.1 User unknown"
        return ""

    def take(self, envelope: Envelope, mail: bytes) -> None:
        for address, options in envelope.recipients.items():
            late = address.lower().endswith(f"@{LATE}.{DOMAIN}")
            if not late:
                self.box.put(envelope.sender, address, mail, self.clock.real())
            if _wants_report(options, failed=late) and envelope.sender:
                report = _report(envelope, address, options, failed=late)
                task = asyncio.ensure_future(self._send_back(envelope.sender, report, mail))
                self.coming_back.add(task)
                task.add_done_callback(self.coming_back.discard)

    async def _send_back(self, sender: str, report: Report, mail: bytes) -> None:
        await asyncio.sleep(BACK)
        now = self.clock.real()
        raw = dsn.compose(len(self.box.mails) + 1, report, sender, mail, now)
        self.box.put("", sender, raw, now, bounce=True)


def _wants_report(options: Mapping[str, str], *, failed: bool) -> bool:
    wanted = options.get("NOTIFY", "FAILURE").upper().split(",")
    return ("FAILURE" if failed else "SUCCESS") in wanted


def _report(
    envelope: Envelope, address: str, options: Mapping[str, str], *, failed: bool
) -> Report:
    return Report(
        "failed" if failed else "delivered",
        "5.4.4" if failed else "2.0.0",
        "550 5.4.4 The receiving server took the mail and then refused it" if failed else "",
        address,
        options.get("ORCPT", ""),
        envelope.options.get("ENVID", ""),
        envelope.options.get("RET", "HDRS").upper() != "FULL",
    )
