"""When a mail that was put off is tried again, and when no more."""

from mailing.model import SERVICE

FIRST = 60  # seconds; doubles with every attempt
LONGEST = 60 * 60  # seconds between attempts
GIVE_UP = 5 * 24 * 60 * 60  # seconds in all (RFC 5321, section 4.5.4.1)
GIVE_UP_SERVICE = 8 * 60 * 60  # seconds; the lesson is over, and others are to know who missed it
MOST_UNCERTAIN = 2  # hand-overs of one mail that may have arrived, where it is sent again in doubt


def pause(attempt: int) -> int:
    """Seconds from an attempt, the first being 0, to the next; no row is tried before."""
    return min(FIRST << min(attempt, 10), LONGEST)


def over(attempt: int, topic: str) -> bool:
    """Whether this attempt was the last: by the time that all have taken at least."""
    waited = sum(map(pause, range(attempt)))
    return waited >= (GIVE_UP_SERVICE if topic == SERVICE else GIVE_UP)


def again_in_doubt(doubts: int) -> bool:
    """Whether a mail that may have arrived, and may have so often before, goes once more."""
    return doubts + 1 < MOST_UNCERTAIN
