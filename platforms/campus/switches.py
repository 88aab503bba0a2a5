"""Scenes and traps: named switches with a few settings, turned over the control port."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from platforms.campus.timetable import SERVERS, STREAMED

Setting = str | int | float | bool
SERVER: dict[str, tuple[Setting, ...]] = {"server": (*SERVERS, *SERVERS.upper())}
STREAM: dict[str, tuple[Setting, ...]] = {"stream": STREAMED}
CODE: dict[str, tuple[Setting, ...]] = {"code": (421, 451, 452, 550, 554)}


@dataclass
class Switch:
    """`since` and `until` are monotonic seconds of the last turning on and off."""

    name: str
    explains: str
    settings: dict[str, Setting] = field(default_factory=dict)
    choices: dict[str, tuple[Setting, ...]] = field(default_factory=dict)
    on: bool = False
    since: float = 0.0
    until: float = 0.0
    listeners: list[Callable[["Switch"], None]] = field(default_factory=list)

    def turn(self, on: bool, settings: Mapping[str, Setting]) -> None:
        """Raises ValueError for a setting that this switch does not have or cannot take."""
        for key, value in settings.items():
            if key not in self.settings or not self._takes(key, value):
                raise ValueError(f"{self.name} cannot take {key} = {value!r}.")
        self.settings.update(settings)
        if on and not self.on:
            self.since = monotonic()
        if self.on and not on:
            self.until = monotonic()
        self.on = on
        for listener in self.listeners:
            listener(self)

    def text(self, key: str) -> str:
        return str(self.settings[key])

    def number(self, key: str) -> float:
        return float(self.settings[key])

    def _takes(self, key: str, value: Setting) -> bool:
        if key in self.choices:
            return value in self.choices[key]
        number = isinstance(self.settings[key], int | float)
        return isinstance(value, int | float) == number and not isinstance(value, bool)

    def state(self) -> dict[str, object]:
        return {"name": self.name, "on": self.on, "explains": self.explains, **self.settings}


def scenes() -> dict[str, Switch]:
    return _table(
        Switch("rush", "People pour into running lessons until rooms are full."),
        Switch(
            "stalled-stream", "A playlist answers 200 and stands still.", {"stream": "hall"}, STREAM
        ),
        Switch("server-down", "A media server refuses connections.", {"server": "b"}, SERVER),
        Switch("slow-lms", "Moodle answers late.", {"seconds": 4.0}),
        Switch("insult-storm", "A rude post about every second.", {"seconds": 1.0}),
        Switch("relay-refuses", "The relay takes no mail.", {"code": 451}, CODE),
        Switch("teacher-missing", "A lesson runs without its teacher.", {"room": ""}),
    )


def traps() -> dict[str, Switch]:
    everywhere = {"server": ""}
    return _table(
        Switch("moodle-maintenance", "503 with HTML."),
        Switch("moodle-off", "Web services are off: 403, empty body."),
        Switch("moodle-database-down", "dbconnectionfailed with 200."),
        Switch("moodle-html", "An HTML page with 200 where JSON is due."),
        Switch("moodle-expired-token", "accessexception once, then invalidtoken."),
        Switch("moodle-updates-null", "core_user_update_users answers null."),
        Switch("moodle-empty-lists", "Without a capability some lists are just empty."),
        Switch(
            "moodle-error",
            "A function answers an error; no function named: all of them.",
            {"function": "", "errorcode": "nopermissions", "message": "", "exception": ""},
        ),
        Switch("bigbluebutton-errors", "FAILED in the <errors> form.", dict(everywhere)),
        Switch("bigbluebutton-thousands", 'Counts like "1,234".', {**everywhere, "add": 1200}),
        Switch(
            "bigbluebutton-hashes",
            "Only these checksum algorithms are taken.",
            {**everywhere, "accept": "sha256"},
        ),
        Switch("bigbluebutton-html", "An HTML page with 200 where XML is due.", dict(everywhere)),
        Switch(
            "bigbluebutton-no-chat", "An old server: sendChatMessage is unknown.", dict(everywhere)
        ),
    )


def _table(*switches: Switch) -> dict[str, Switch]:
    return {switch.name: switch for switch in switches}
