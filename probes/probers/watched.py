"""What was seen of a live stream: where each of its playlists stood, and when it moved last."""

import math
import time
from collections import deque
from dataclasses import dataclass, field

from probes.probers.fetching import Answer
from probes.probers.playlist import Playlist, Variant
from probes.probers.segments import Loaded

READ_A_SECOND = 50_000  # segments; looks at very long playlists are rarer
SIDES = 4  # servers that may give the same playlist in turn, each a little behind another
Position = tuple[int, int]


@dataclass
class Watched:
    """What was seen of one media playlist."""

    body: int = 0  # its hash: what has not changed is not read again
    playlist: Playlist | None = None
    length: int = 0  # of segments, of their parts and of other tags with attributes
    positions: deque[Position] = field(default_factory=lambda: deque(maxlen=SIDES))
    moved: float = 0.0  # when the newest position was first seen
    moves: bool = False  # it has been seen to move
    was_live: bool = False
    loads: int = 0
    loaded_at: float = -math.inf
    loaded: Loaded = field(default_factory=lambda: Loaded(0.0, 0))

    def follow(self, playlist: Playlist, now: float) -> bool:
        """Note where the playlist is now; whether it went back to where it was not lately.

        Copies of it that stand still at different places are no movement between them.
        """
        position, seen = playlist.position, self.positions
        if position in seen:
            return False
        back = bool(seen) and position < seen[-1]
        self.moves = self.moves or (bool(seen) and not playlist.ended)
        self.moved = now
        seen.append(position)
        return back


@dataclass
class Stream:
    """What was seen of the target. Playlists are known by place: their addresses may be new
    in each master playlist."""

    opened: float = -math.inf
    first: Answer = field(default_factory=Answer)
    url: str = ""  # where it was, redirects followed
    variants: tuple[Variant, ...] = ()
    watched: dict[int, Watched] = field(default_factory=dict)
    was_live: bool = False  # a prober that ran before saw that

    began: float = field(default_factory=time.monotonic)

    @property
    def live(self) -> bool:
        return self.was_live or any(watched.moves for watched in self.watched.values())

    def still(self, now: float) -> float:
        """Seconds for which nothing moved, as far as this prober has watched."""
        return now - max([self.began, *(watched.moved for watched in self.watched.values())])

    def at(self, place: int) -> Watched:
        return self.watched.setdefault(place, Watched(was_live=self.was_live))

    @property
    def pause(self) -> float:
        """Seconds between looks so that reading them holds up nobody."""
        return sum(watched.length for watched in self.watched.values()) / READ_A_SECOND
