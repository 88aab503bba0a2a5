"""How a lesson fills minute by minute: each past lesson is one way in which it may go."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probes.forecasting.model import LEAD, Plan, Session

Array = NDArray[np.float64]

LENGTH = 180  # minutes after the start that a curve holds
SMALL = 4.0  # people that the school's mean curve is worth in a small class
OTHERS = 4.0  # lessons that all other courses together are worth beside a course's own
TEACHERS = 0.5  # what a lesson of the same teacher in another course is worth
LEAST = 0.4  # of its minutes that must have been counted
CUT = 0.2  # what a lesson that filled its room is worth: it shows no pace after that

# Before any lesson was counted: from five minutes before the start to ten after.
FIRST = ((-LEAD, 0.0), (-5, 0.15), (0, 0.6), (5, 0.85), (10, 0.95), (15, 1.0), (LENGTH, 1.0))


@dataclass(frozen=True)
class Curves:
    """`shares`: a row a lesson of the share of its peak in the room, by minute from -LEAD.

    `risen`: the highest share up to the minute. `teacher_at`: NaN where nobody knows.
    """

    shares: Array
    risen: Array
    teacher_at: Array
    courses: tuple[str, ...]
    teachers: tuple[str, ...]
    worth: Array

    def weights(self, plan: Plan) -> Array:
        """How likely the lesson goes as each of them did; sums to 1."""
        own = np.array([course == plan.course for course in self.courses], dtype=float)
        teacher = np.array([bool(t) and t == plan.teacher for t in self.teachers], dtype=float)
        found = own + TEACHERS * teacher * (1 - own) + OTHERS / len(self.courses)
        found *= self.worth
        return np.asarray(found / found.sum(), dtype=float)


def learn(sessions: Sequence[Session]) -> Curves:
    """Never empty: with no past at all, one curve that everybody knows."""
    rows = [(_filled(s), s) for s in sessions if s.peak > 0 and _counted(s)]
    if not rows:
        minutes = np.arange(-LEAD, LENGTH + 1, dtype=float)
        known, levels = zip(*FIRST, strict=True)
        usual = np.interp(minutes, np.array(known), np.array(levels))[None, :]
        return Curves(usual, usual, np.array([np.nan]), ("",), ("",), np.ones(1))
    shares = np.array([row for row, _ in rows])
    mean = shares.mean(axis=0)
    peaks = np.array([session.peak for _, session in rows], dtype=float)[:, None]
    shares = (shares * peaks + mean * SMALL) / (peaks + SMALL)
    shares /= shares.max(axis=1, keepdims=True)
    return Curves(
        shares,
        np.maximum.accumulate(shares, axis=1),
        np.array([np.nan if s.teacher_at is None else s.teacher_at for _, s in rows]),
        tuple(session.plan.course for _, session in rows),
        tuple(session.plan.teacher for _, session in rows),
        np.array([CUT if session.cut else 1.0 for _, session in rows]),
    )


def at(table: Array, rows: NDArray[np.int64], minutes: Array) -> Array:
    """The value of each row at its minute, between whole minutes in proportion."""
    place = np.clip(minutes + LEAD, 0.0, table.shape[1] - 1.0)
    low = np.minimum(place.astype(np.int64), table.shape[1] - 2)
    part = place - low
    return np.asarray(table[rows, low] * (1 - part) + table[rows, low + 1] * part, dtype=float)


def _counted(session: Session) -> bool:
    known = sum(count is not None for count in session.counts)
    return known >= LEAST * (LEAD + session.plan.length)


def _filled(session: Session) -> Array:
    """Shares of the peak by minute; gaps go straight across, the end holds."""
    known = [(n, count) for n, count in enumerate(session.counts) if count is not None]
    minutes = np.arange(LEAD + LENGTH + 1, dtype=float)
    over = min(LEAD + session.plan.length, len(session.counts)) - 1
    known = [(n, count) for n, count in known if n <= over] or known
    places, counts = zip(*known, strict=True)
    return np.asarray(np.interp(minutes, places, counts) / session.peak, dtype=float)
