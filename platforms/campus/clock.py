"""The campus clock: the evening's time, which may run faster than the wall's."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Clock:
    """Campus time equals real time at `started` and then runs `speed` times as fast."""

    started: datetime
    speed: float = 1.0

    def real(self) -> datetime:
        """The wall's time: protocols always live in it."""
        return datetime.now(UTC)

    def now(self) -> datetime:
        return self.started + (self.real() - self.started) * self.speed

    def seconds(self) -> float:
        """Campus seconds since the start of the campus."""
        return (self.now() - self.started).total_seconds()

    def wall(self, seconds: float) -> datetime:
        """The real moment of a campus second; before the start both clocks agree."""
        return self.started + timedelta(seconds=seconds if seconds < 0 else seconds / self.speed)
