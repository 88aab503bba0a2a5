"""Compose the house: read the settings, open the databases, hand the rooms to each other."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.exc import ArgumentError

from console import settings as known
from console.desk import doctor, posting, relays
from console.desk.adapters import Adapters
from console.desk.board import Board
from console.desk.boards import Boards
from console.desk.findings import Finding
from console.desk.histories import Histories
from console.sections import Settings
from console.settings import SettingsError
from mailing.attachments import MB, Room
from mailing.insisting import Insisting
from mailing.model import Origin
from mailing.relay import Relay
from mailing.sns import Amazon
from mailing.timing import Quiet, Terms
from platforms.http import is_loopback
from probes import beats, modules
from probes.model import Beat, Target
from probes.prometheus import Prometheus
from store import audit_marks, db, links, migrate, vault
from store.access import Actor
from store.clocks import Clock

PACKAGES = ("store", "probes", "moderation", "mailing", "console")  # in the order of migration
CAMPUS = "campus"  # the folder of the simulated school's database, below the data folder


@dataclass
class Console:
    """One world: its settings, its databases, its vault."""

    settings: Settings
    db: db.Database
    vault: vault.Vault

    @property
    def simulation(self) -> bool:
        """Whether this is the campus: marked on every screen, and kept to loopback."""
        return self.settings.simulation

    def __post_init__(self) -> None:
        self.clock = Clock(self.db)
        self.adapters = Adapters(self.db, self.vault)
        self.insisting = Insisting()
        self.amazon = Amazon(loopback_only=self.simulation)
        self._boards = Boards(self.db, self.now)
        given = self.settings.prometheus
        self.histories = Histories(
            self.db, Prometheus(given.url, given.token) if given.url else None
        )

    def now(self) -> datetime:
        """By the database's clock, once a worker has compared it with this machine's."""
        return self.clock()

    @property
    def anchor(self) -> Path | None:
        """The file outside the database that says how far the audit reaches; none of the campus."""
        if self.simulation:
            return None
        if self.settings.audit_anchor:
            return Path(self.settings.audit_anchor)
        key = self.settings.vault_key_path
        folder = (Path(key) if key else key_path()).parent
        here = f"audit-{self.db.mark}"
        with self.db.read() as tx:
            mark = audit_marks.mark(tx, lambda one: (folder / f"{here}-{one}.log").exists())
        return folder / f"{here}-{mark}.log"

    def board(self, actor: Actor, school_id: str) -> Board:
        """The school's picture, a second old and shared by all screens.

        Raises Denied unless the actor may see the school.
        """
        return self._boards.of(actor, school_id)

    def changed(self, school_id: str) -> None:
        """Somebody acted: the next look at the school shows it."""
        self._boards.changed(school_id)

    def relay(self, school_id: str) -> Relay | None:
        """Where the school's mail is handed over: its own relay, else the settings'."""
        with self.db.read() as tx:
            return relays.relay(
                tx,
                self.vault,
                school_id,
                otherwise=self.settings.mail.relay,
                loopback_only=self.simulation,
            )

    def sender(self, school_id: str) -> str:
        """Whom people see as the sender; '' where nobody has said."""
        with self.db.read() as tx:
            return relays.sender(tx, school_id, otherwise=self.settings.mail.sender)

    @property
    def terms(self) -> Terms:
        """What the settings ask of every release."""
        mail = self.settings.mail
        return Terms(mail.second_person_above, Quiet.parse(mail.quiet_hours))

    @property
    def attachment_room(self) -> Room:
        """How large files may be that go along with a letter."""
        mail = self.settings.mail
        return Room(mail.attachment_mb * MB, mail.attachments_mb * MB)

    def as_probed(self, target: Target) -> Target:
        """The target with its module's conditions and what is sealed opened, for a probe now."""
        with self.db.read() as tx:
            return modules.ready(tx, [target], self.vault.open)[0]

    @property
    def ways(self) -> posting.Ways:
        """How notices to the staff leave."""
        return posting.Ways(
            self.vault, self.relay, self.sender, self.simulation, self.settings.public_url
        )

    @property
    def origin(self) -> Origin:
        """What links in mail are made of."""
        settings = self.settings
        url = settings.public.url
        reachable = settings.simulation or not is_loopback(urlsplit(url).hostname or "localhost")
        return Origin(
            self.vault.derive("unsubscribe"),
            settings.public_url,
            returns=bool(settings.mail.returns),
            reachable=reachable,
        )

    def report_link(self, school_id: str) -> str:
        """Where the school's participants report trouble, without signing in."""
        token = links.sign(self.vault.derive("links"), "report", school_id)
        return f"{self.settings.public_url}/report/{token}"

    def complaint_link(self, school_id: str, course_id: str = "") -> str:
        """Where participants report a comment, of one course or of any, without signing in."""
        token = links.sign(self.vault.derive("links"), "complaint", school_id, course_id)
        return f"{self.settings.public_url}/report/comment/{token}"

    def appeal_link(self, measure_id: str) -> str:
        """Where the person whom the measure is about appeals, without signing in."""
        token = links.sign(self.vault.derive("links"), "appeal", measure_id)
        return f"{self.settings.public_url}/appeal/{token}"

    def hook_address(self, connection_id: str) -> str:
        """Where the platform delivers by itself; its signature is what is believed."""
        return f"{self.settings.public_url}/hooks/{connection_id}"

    def mail_hook_address(self, provider: str, school_id: str) -> str:
        """Where a mail provider tells of the school's mail; its signature is what is believed."""
        return f"{self.settings.public_url}/hooks/mail/{provider}/{school_id}"

    def push_link(self, target_id: str) -> str:
        """Where the target sends its signs of life."""
        token = links.sign(self.vault.derive("links"), "push", target_id)
        return f"{self.settings.public_url}/push/{token}"

    def heard(self, target_id: str) -> Beat | None:
        """The target's own last sign of life."""
        with self.db.read() as tx:
            return beats.heard(tx, now=self.now()).get(target_id)

    def lesson_link(self, lesson_id: str) -> str:
        """Where participants come into the lesson, whichever server it is on by then."""
        token = links.sign(self.vault.derive("links"), "lesson", lesson_id)
        return f"{self.settings.public_url}/lesson/{token}"

    def examine(self, actor: Actor) -> list[Finding]:
        """What is wrong in this world. Raises Denied unless the actor administers its schools."""
        modes = {"prober": self.settings.prober.mode, "worker": self.settings.worker.mode}
        return doctor.look(
            self.db,
            actor,
            self.vault,
            now=self.now(),
            relay=self.settings.mail.relay,
            returns=self.settings.mail.returns,
            loopback_only=self.simulation,
            reachable=self.origin.reachable,
            parts=[part for part, mode in modes.items() if mode != "off"],
            anchored=self.anchor,
        )

    def close(self) -> None:
        self.db.close()


def open_console(environment: Mapping[str, str], *, cache: int = db.CACHE) -> Console:
    """Open the world that the environment describes, its databases brought forward.

    `cache`: what SQLite may keep, as in `db.connect`. Raises SettingsError,
    store.migrate.MigrationError, store.vault.VaultError, sqlalchemy's OperationalError.
    """
    settings = known.load(environment)
    _keep_outside(settings, settings.audit_anchor, "audit_anchor")
    databases = open_databases(settings, cache=cache)
    migrate.apply(databases, PACKAGES, now=datetime.now(UTC))
    return Console(settings, databases, open_vault(settings))


def open_databases(settings: Settings, *, cache: int = db.CACHE) -> db.Database:
    """The databases as they stand. Raises SettingsError, sqlalchemy's OperationalError."""
    url = settings.database_url
    try:
        if url and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError
        return db.connect(settings.data, url or None, cache=cache)
    except (ValueError, ArgumentError) as error:  # the address may hold a password: not shown
        raise SettingsError(
            "database_url must be like postgresql://user:password@host/name; empty means SQLite."
        ) from error
    except OSError as error:
        raise SettingsError(
            f"The data folder {settings.data} cannot be used: {error.strerror}. Choose another one."
        ) from error


def open_vault(settings: Settings) -> vault.Vault:
    """The vault by its key in the settings, else by the key's file, made when missing."""
    if settings.vault_key:
        return vault.Vault(settings.vault_key.encode())
    path = Path(settings.vault_key_path) if settings.vault_key_path else key_path()
    _keep_outside(settings, str(path), "vault_key_path")
    return vault.at(path)


def _keep_outside(settings: Settings, path: str, key: str) -> None:
    if path and Path(path).resolve().is_relative_to(settings.data.resolve()):
        raise SettingsError(f"{key} must lie outside the data folder, and its backups.")


def key_path() -> Path:
    """Where the vault's key stands unless the settings say otherwise."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", Path.home())) / "pult" / "vault.key"
    configured = os.environ.get("XDG_CONFIG_HOME")
    return (Path(configured) if configured else Path.home() / ".config") / "pult" / "vault.key"


def campus_environment(environment: Mapping[str, str], data: Path) -> dict[str, str]:
    """The environment of the campus's world: its own folder, loopback only, no real relay."""
    data = data.resolve()
    return {
        **environment,
        "PULT_DATA": str(data / CAMPUS),
        "PULT_DATABASE_URL": "",
        "PULT_AUDIT_ANCHOR": "",
        "PULT_SIMULATION": "1",
        "PULT_MAIL_RELAY": "",
        "PULT_MAIL_SENDER": "",
        "PULT_MAIL_RETURNS": "",
        "PULT_PUBLIC_URL": "",
        "PULT_PROMETHEUS_URL": "",
    }
