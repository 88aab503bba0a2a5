"""What runs in the console's process: its worlds, their children, and who holds which session."""

import hmac
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import IO, Any, Literal

from console import campus
from console.children import Supervisor
from console.desk import accounts
from console.web import parts
from console.wiring import CAMPUS, Console, campus_environment, open_console
from store import lock
from store.access import Actor

World = Literal["real", "campus"]
COOKIE = "pult_session"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that can be mistaken for another
ENTERING = 8.0  # seconds that a click on "Enter the campus" waits for live rooms


@dataclass(frozen=True)
class Session:
    """One signed-in browser: the cookie holds `world.token`."""

    world: World
    token: str
    actor: Actor

    @property
    def cookie(self) -> str:
        return f"{self.world}.{self.token}"


def new_code() -> str:
    """The one-time code of set-up: 40 bits, as two words of four letters."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(2))


@dataclass
class House:
    """The worlds by name; the campus's appears when somebody enters it."""

    environment: Mapping[str, str]
    worlds: dict[World, Console]
    code: str = field(default_factory=new_code)
    supervisor: Supervisor = field(default_factory=Supervisor)
    changing: threading.RLock = field(default_factory=threading.RLock)
    connected: threading.Event = field(default_factory=threading.Event)
    lead: IO[str] | None = None  # the lock on the data folder, if this console runs the children

    @property
    def real(self) -> Console:
        return self.worlds["real"]

    @property
    def lasts(self) -> timedelta:
        return timedelta(hours=self.real.settings.server.session_hours)

    def fresh(self) -> bool:
        """Whether the real school still waits for its first account."""
        with self.real.db.read() as tx:
            return not accounts.any_account(tx)

    def who(self, cookie: str) -> Session | None:
        """The session that a cookie stands for, looked up at every call."""
        world, _dot, token = cookie.partition(".")
        for name, console in tuple(self.worlds.items()):
            if name == world and token:
                with console.db.read() as tx:
                    actor = accounts.actor_of(tx, token, now=console.now())
                return Session(name, token, actor) if actor else None
        return None

    def right_code(self, given: str) -> bool:
        typed = given.strip().upper().replace(" ", "").replace("-", "")
        return hmac.compare_digest(typed.encode(), self.code.replace("-", "").encode())

    def start(self) -> bool:
        """Start the children; False if another console runs them on this data folder."""
        self.lead = lock.take(self.real.settings.data / "console.lock")
        if self.lead is None:
            return False
        self.supervisor.start()
        if (self.real.settings.data / CAMPUS / "operations.sqlite3").exists():
            self._open_campus()
        if self._real_in_use():
            self._run("real", "")
        return True

    def enter_campus(self, language: str) -> Console:
        """The campus's world, its rooms connected; opened at the first call."""
        with self.changing:
            if "campus" not in self.worlds:
                if self.fresh():
                    self.supervisor.end(["public"])  # its port serves the campus now
                self._open_campus(language)
                if not self._real_in_use():
                    threading.Thread(
                        target=self.supervisor.end, args=(["prober", "worker"],)
                    ).start()
        if self.lead:
            self.connected.wait(ENTERING)
        return self.worlds["campus"]

    def begin_real(self) -> None:
        """The real school is in use: run its children beside the campus's, if that is open."""
        if self.lead is None:
            return
        with self.changing:
            running = self.supervisor.state()
            if "campus public" in running and "public" not in running:
                self.supervisor.end(["campus public"])
                self.worlds["campus"] = self._campus_world()
                self._run("campus", "campus ")
            self._run("real", "")

    def health(self) -> dict[str, str]:
        """How each part is, of every world in use."""
        leading = self.lead is not None
        found = {"console": "ok"}
        if self._real_in_use():
            found |= parts.states(self.real, "", self.supervisor, leading=leading)
        if "campus" in self.worlds:
            if leading:
                found["campus"] = self.supervisor.state().get("campus", "not started")
            found |= parts.states(
                self.worlds["campus"], "campus ", self.supervisor, leading=leading
            )
        return found

    def close(self) -> None:
        """End the children, then the databases."""
        self.supervisor.close()
        for console in self.worlds.values():
            console.close()
        if self.lead:
            self.lead.close()

    def _real_in_use(self) -> bool:
        return "campus" not in self.worlds or not self.fresh()

    def _open_campus(self, language: str = "en") -> None:
        console = self._campus_world()
        campus.prepare(console, language)
        self.worlds["campus"] = console
        if self.lead:
            around = campus_environment(self.environment, self.real.settings.data)
            self.supervisor.keep("campus", parts.campus(around, self._connect))
            self._run("campus", "campus ")

    def _campus_world(self) -> Console:
        return open_console(self._around("campus"))

    def _connect(self, addresses: dict[str, Any]) -> None:
        campus.connect(self.worlds["campus"], addresses)
        self.connected.set()

    def _run(self, world: World, prefix: str) -> None:
        console = self.worlds[world]
        around = dict(self._around(world))
        around["PULT_PUBLIC_PORT"] = str(console.settings.public.port)
        for name, part in parts.of(console, around).items():
            self.supervisor.keep(prefix + name, part)

    def _around(self, world: World) -> Mapping[str, str]:
        if world == "real":
            return self.environment
        around = campus_environment(self.environment, self.real.settings.data)
        port = self.real.settings.public.port
        return {**around, "PULT_PUBLIC_PORT": str(port if self.fresh() else parts.free_port(0))}


_house: list[House] = []


def settle(house: House) -> None:
    """Make this the house of the process; screens find it by `current`."""
    _house[:] = [house]


def current() -> House:
    """Raises RuntimeError outside the console's process."""
    if not _house:
        raise RuntimeError("The screens run only in the console: streamlit run streamlit_app.py")
    return _house[0]
