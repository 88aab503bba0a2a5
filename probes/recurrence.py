"""On which days something comes back, in the words of RFC 5545, section 3.3.10; a part of them.

FREQ=DAILY · FREQ=WEEKLY;BYDAY=SA,SU · FREQ=MONTHLY;BYMONTHDAY=1 · FREQ=MONTHLY;BYDAY=2SU; -1 is the
last. A date that short months do not have is none: the 28th is the latest, and the last day.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from store.words import N_, Refusal

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")  # 0 is Monday, as in Python
LAST = -1
LATEST = 28  # the last date that every month has
WEEK = timedelta(days=7)
NTH = re.compile(r"(-1|[1-4])(MO|TU|WE|TH|FR|SA|SU)")


class RuleError(Refusal):
    """The rule describes no time."""


@dataclass(frozen=True)
class Daily:
    def holds(self, _day: date) -> bool:
        return True

    def __str__(self) -> str:
        return "FREQ=DAILY"


@dataclass(frozen=True)
class Weekly:
    weekdays: tuple[int, ...]

    def holds(self, day: date) -> bool:
        return day.weekday() in self.weekdays

    def __str__(self) -> str:
        return f"FREQ=WEEKLY;BYDAY={','.join(WEEKDAYS[day] for day in sorted(self.weekdays))}"


@dataclass(frozen=True)
class OnDate:
    """A date of each month; LAST is its last day."""

    number: int

    def holds(self, day: date) -> bool:
        if self.number == LAST:
            return (day + timedelta(days=1)).day == 1
        return day.day == self.number

    def __str__(self) -> str:
        return f"FREQ=MONTHLY;BYMONTHDAY={self.number}"


@dataclass(frozen=True)
class OnNth:
    """The first to fourth such weekday of each month; LAST is its last one."""

    nth: int
    weekday: int

    def holds(self, day: date) -> bool:
        if day.weekday() != self.weekday:
            return False
        if self.nth == LAST:
            return (day + WEEK).month != day.month
        return (day.day - 1) // WEEK.days + 1 == self.nth

    def __str__(self) -> str:
        return f"FREQ=MONTHLY;BYDAY={self.nth}{WEEKDAYS[self.weekday]}"


Recurrence = Daily | Weekly | OnDate | OnNth


def read(said: str) -> Recurrence:
    """What `str` made of one. Raises RuleError for anything else, also for no day at all."""
    parts = dict(part.partition("=")[::2] for part in said.split(";"))
    frequency, days = parts.pop("FREQ", ""), parts.pop("BYDAY", "")
    number = parts.pop("BYMONTHDAY", "")
    found: Recurrence | None = None
    if frequency == "DAILY":
        found = Daily()
    elif frequency == "WEEKLY" and days and set(days.split(",")) <= set(WEEKDAYS):
        found = Weekly(tuple(sorted({WEEKDAYS.index(day) for day in days.split(",")})))
    elif frequency == "MONTHLY" and (of := NTH.fullmatch(days)):
        found = OnNth(int(of[1]), WEEKDAYS.index(of[2]))
    elif frequency == "MONTHLY" and number in {str(n) for n in (LAST, *range(1, LATEST + 1))}:
        found = OnDate(int(number))
    if found is None or parts or str(found) != said:
        raise RuleError(N_("Choose at least one day on which it comes back."))
    return found
