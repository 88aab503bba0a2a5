"""What can be set, section by section, with what stands there when nobody says otherwise."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mailing.timing import HOURS, SECOND_PERSON

Mode = Literal["embedded", "external", "off"]
SECRET = {"secret": True}  # such a field stays out of the repr as well


@dataclass(frozen=True)
class Server:
    # A sign-in ends after this, whatever happens.
    session_hours: float = field(default=12.0, metadata={"within": (0.1, 720)})
    # Of /metrics, /sd and /probe; none: closed.
    metrics_token: str = field(default="", metadata=SECRET, repr=False)


@dataclass(frozen=True)
class Public:
    """The listener for participants: unsubscribe, report, status."""

    url: str = ""  # as participants reach it; empty: the listener's own address
    port: int = field(default=8502, metadata={"within": (0, 65535)})  # 0: any that is free
    embedded: bool = True  # false: `python -m console public` runs elsewhere


@dataclass(frozen=True)
class Worker:
    mode: Mode = "embedded"


@dataclass(frozen=True)
class Prober:
    mode: Mode = "embedded"


@dataclass(frozen=True)
class History:
    """For how many days what probes found is kept, by the step."""

    raw_days: float = field(default=2.0, metadata={"within": (0.25, 90)})  # every check
    minute_days: float = field(default=14.0, metadata={"within": (2, 400)})
    hour_days: float = field(default=800.0, metadata={"within": (31, 4000)})


@dataclass(frozen=True)
class Moderation:
    # For how many days comments and what was said of them are kept after their last case.
    evidence_days: float = field(default=365.0, metadata={"within": (30, 4000)})


@dataclass(frozen=True)
class Like:
    """What a text must look like, with an example to be told."""

    pattern: re.Pattern[str]
    example: str


QUIET = Like(re.compile(rf"(?:{HOURS.pattern})?"), "22:00-07:00")


@dataclass(frozen=True)
class Mail:
    relay: str = field(default="", metadata=SECRET, repr=False)  # smtp://, smtp+tls://, smtps://
    sender: str = ""  # "School 14 <school@example.org>"
    # Where returned mail arrives: imaps://user:password@host/INBOX.
    returns: str = field(default="", metadata=SECRET, repr=False)
    # By the school's clock; nothing but service mail leaves then: "22:00-07:00".
    quiet_hours: str = field(default="", metadata={"like": QUIET})
    second_person_above: int = field(default=SECOND_PERSON, metadata={"within": (0, 10_000_000)})
    attachment_mb: int = field(default=5, metadata={"within": (0, 25)})  # of one file; 0: none
    attachments_mb: int = field(default=10, metadata={"within": (0, 25)})  # of all in a letter
    # For how many days it is known of each person what they got; then in sums alone.
    ledger_days: float = field(default=400.0, metadata={"within": (30, 4000)})
    # What is urgent and not confirmed for so long counts as not reached.
    urgent_minutes: float = field(default=5.0, metadata={"within": (1, 120)})


@dataclass(frozen=True)
class Prometheus:
    """The one that scrapes Pult: charts are read from it."""

    url: str = ""
    token: str = field(default="", metadata=SECRET, repr=False)  # a bearer token, if it asks


@dataclass(frozen=True)
class Settings:
    data: Path = Path("data")
    database_url: str = field(default="", metadata=SECRET, repr=False)  # PostgreSQL; empty: SQLite
    vault_key: str = field(default="", metadata=SECRET, repr=False)
    vault_key_path: str = ""  # empty: pult/vault.key in the user's own settings folder
    audit_anchor: str = ""  # how far the audit reaches; empty: a file beside the vault's key
    simulation: bool = False  # nothing but loopback may be reached
    server: Server = field(default_factory=Server)
    public: Public = field(default_factory=Public)
    worker: Worker = field(default_factory=Worker)
    prober: Prober = field(default_factory=Prober)
    history: History = field(default_factory=History)
    mail: Mail = field(default_factory=Mail)
    moderation: Moderation = field(default_factory=Moderation)
    prometheus: Prometheus = field(default_factory=Prometheus)
    warnings: tuple[str, ...] = ()

    @property
    def public_url(self) -> str:
        """Where participants reach Pult, without a slash at the end."""
        return self.public.url.rstrip("/") or f"http://127.0.0.1:{self.public.port}"


SECTIONS: dict[str, type[Any]] = {
    "server": Server,
    "public": Public,
    "worker": Worker,
    "prober": Prober,
    "history": History,
    "mail": Mail,
    "moderation": Moderation,
    "prometheus": Prometheus,
}
