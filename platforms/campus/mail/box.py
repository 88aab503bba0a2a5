"""Everything the relay has taken, and what it sent back as undeliverable."""

from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.parser import BytesHeaderParser


@dataclass(frozen=True)
class Mail:
    n: int
    sender: str
    recipient: str
    raw: bytes
    at: datetime
    bounce: bool = False

    def record(self) -> dict[str, object]:
        headers = BytesHeaderParser(policy=policy.default).parsebytes(self.raw)
        return {
            "n": self.n,
            "to": self.recipient,
            "from": self.sender,
            "subject": str(headers.get("Subject", "")),
            "at": self.at.isoformat(timespec="seconds"),
        }


@dataclass
class Box:
    mails: list[Mail] = field(default_factory=list)

    def put(
        self, sender: str, recipient: str, raw: bytes, at: datetime, *, bounce: bool = False
    ) -> None:
        self.mails.append(Mail(len(self.mails) + 1, sender, recipient, raw, at, bounce))
