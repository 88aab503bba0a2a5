"""Seats: by room, by media server, by licence; the one with the fewest free ones binds."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["room", "server", "licence"]
Pool = tuple[Kind, str]  # seats that several rooms share: of a connection or of a platform


@dataclass(frozen=True)
class Limit:
    """So many may be in at once; `taken`: of them, by everybody else or by all.

    `of`: the connection or the platform whose seats several rooms share.
    """

    kind: Kind
    name: str
    seats: int
    taken: int = 0
    of: str = ""

    @property
    def free(self) -> int:
        return max(self.seats - self.taken, 0)


def binding(limits: Iterable[Limit]) -> Limit | None:
    """The limit that is reached first; of equals the narrower one. None: there is none."""
    return min(limits, key=lambda limit: (limit.free, limit.seats), default=None)
