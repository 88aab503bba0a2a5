"""What runs in the console's process: its worlds, and who holds which session."""

import hmac
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from console.desk import accounts, campus
from console.wiring import Console, campus_environment, open_console
from store.access import Actor

World = Literal["real", "campus"]
WORLDS: tuple[World, World] = ("real", "campus")
COOKIE = "pult_session"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that can be mistaken for another


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
    lock: threading.RLock = field(default_factory=threading.RLock)

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

    def enter_campus(self, language: str) -> Console:
        """The campus's world, opened and filled at the first call."""
        with self.lock:
            if "campus" not in self.worlds:
                around = campus_environment(self.environment, self.real.settings.data)
                self.worlds["campus"] = open_console(around)
            console = self.worlds["campus"]
            campus.prepare(console, language)
            return console

    def right_code(self, given: str) -> bool:
        typed = given.strip().upper().replace(" ", "").replace("-", "")
        return hmac.compare_digest(typed.encode(), self.code.replace("-", "").encode())


_house: list[House] = []


def settle(house: House) -> None:
    """Make this the house of the process; screens find it by `current`."""
    _house[:] = [house]


def current() -> House:
    """Raises RuntimeError outside the console's process."""
    if not _house:
        raise RuntimeError("The screens run only in the console: streamlit run streamlit_app.py")
    return _house[0]
