"""What Moodle knows: its accounts, tokens, private messages, and who is asking."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import md5

from platforms.campus import crowd, people
from platforms.campus.evening import Evening
from platforms.campus.moodle.errors import MoodleError
from platforms.campus.people import Person

RELEASE = "4.5.6 (Build: 20250811)"
VERSION = "2024100706"


@dataclass(frozen=True)
class Message:
    id: int
    sender: int
    recipient: int
    text: str
    sent: datetime


@dataclass
class Site:
    """`url` is wwwroot, without a slash at its end."""

    evening: Evening
    url: str
    console_token: str
    tokens: dict[str, int] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)  # tokens that expired and were deleted

    def __post_init__(self) -> None:
        self.tokens[self.console_token] = people.CONSOLE
        own = (
            _own(people.GUEST, "guest", "Guest user", " ", "root@localhost"),
            _own(people.ADMIN, "admin", "Admin", "User", "admin@school14.test"),
            _own(people.CONSOLE, "pult", "Pult", "Console", "pult@school14.test"),
        )
        self.accounts = {person.id: person for person in (*own, *self.evening.people)}

    def caller(self, token: str) -> Person:
        """Raises MoodleError when the token is nobody's, or its owner is suspended."""
        if token not in self.tokens or token in self.dropped:
            raise MoodleError("invalidtoken")
        if self.evening.traps["moodle-expired-token"].on:
            self.dropped.add(token)
            raise MoodleError("accessexception")
        caller = self.accounts[self.tokens[token]]
        if caller.id in self.evening.suspended:
            raise MoodleError("wsaccessusersuspended", caller.username)
        return caller

    def login(self, username: str, password: str) -> str:
        """A token of the participant's own; the same one at the next login."""
        for person in self.evening.people:
            if person.username == username and person.password == password:
                if person.id in self.evening.suspended:
                    break
                token = md5(f"{self.console_token}:{username}".encode(), usedforsecurity=False)
                self.tokens[token.hexdigest()] = person.id
                return token.hexdigest()
        raise MoodleError("invalidlogin")

    def seen(self) -> dict[int, datetime]:
        """When each account was last active: now for those in a lesson."""
        clock = self.evening.clock
        seen = {
            number: clock.started - timedelta(minutes=number * 7919 % 7200 + 30)
            for number in self.accounts
        }
        now, seconds = clock.real(), clock.seconds()
        for lesson in self.evening.open_lessons(seconds):
            for visit in crowd.present(self.evening.visits[lesson.uid], seconds):
                seen[visit.person.id] = now
        return seen

    def is_console(self, caller: Person) -> bool:
        return caller.id == people.CONSOLE

    def send(self, sender: int, recipient: int, text: str) -> Message:
        now = self.evening.clock.real()
        message = Message(len(self.messages) + 1, sender, recipient, text, now)
        self.messages.append(message)
        return message


def stamp(moment: datetime) -> int:
    return int(moment.timestamp())


def _own(number: int, username: str, first: str, last: str, email: str) -> Person:
    name = f"{first} {last}".strip()
    return Person(number, username, first, last, name, email, "staff", "en", "", "")
