"""What a module may set of a probe: one condition, and those that every probe has."""

from dataclasses import dataclass
from math import inf

from store.words import N_, Value


@dataclass(frozen=True)
class Condition:
    """One condition that a module may set: its name in TOML, what holds without it, what it means.

    `words` is marked with N_. A secret one is kept sealed, and read from `target.secrets`.
    `lines`: it is written on several. A number is from `least` to `most`.
    """

    name: str
    default: Value | bool
    words: str
    secret: bool = False
    lines: bool = False
    least: float = -inf
    most: float = inf


TIMEOUT = 3.0  # seconds; less than an interval, or a dead target would be known late
LONGEST_CHECK = 120.0  # seconds
DAY, YEAR = 86_400.0, 366 * 86_400.0  # seconds


def within(seconds: float) -> Condition:
    """How long a check may take; a prober whose checks take longer declares its own."""
    words = N_(
        "Seconds that a check may take; the one that confirms that a quick service hangs, half"
    )
    return Condition("timeout", seconds, words, least=0.1, most=LONGEST_CHECK)


WITHIN = within(TIMEOUT)


def unknown_after(seconds: float) -> Condition:
    """When not knowing is told; a prober that may well wait for longer declares its own."""
    words = N_("Seconds without knowing until that is told as well; 0: never")
    return Condition("unknown_after", seconds, words, least=0.0, most=7 * DAY)


UNKNOWN_AFTER = unknown_after(900.0)
IN_LESSONS = Condition(
    "in_lessons", False, N_("Whether it is judged only while a lesson runs in its classroom")
)
COMMON_CONDITIONS = (
    Condition(
        "fail_after", 2, N_("Failed checks in a row until the target is down"), least=1, most=1000
    ),
    Condition(
        "recover_after", 2, N_("Good checks in a row until it works again"), least=1, most=1000
    ),
    WITHIN,
    UNKNOWN_AFTER,
    IN_LESSONS,
    Condition(
        "sentinel", False, N_("Whether its failure means that Pult itself is offline, if all agree")
    ),
)
"""What every prober's modules may set: the judging is not the prober's."""
