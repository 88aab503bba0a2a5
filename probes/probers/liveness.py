"""Judge a live playlist as one look found it: does it move, has it ended, what is doubtful?

RFC 8216, section 6.2.2. A server whose encoder died goes on answering 200 with a playlist that
stands still. Time is counted from the look that first saw the newest segment to the start of the
look that still saw nothing newer: a slow network or a busy prober can make an alarm late, but
never false.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from probes.model import ProbeFailed, Reading, State, Target
from probes.probers import conditions, doubts, segments
from probes.probers.base import Verdict
from probes.probers.playlist import Playlist, Variant
from probes.probers.settable import IN_LESSONS, Condition
from probes.probers.watched import Watched
from store.words import N_, Words

FROZEN_AFTER = Condition(
    "frozen_after",
    1.5,
    N_("Target durations without a new segment until the picture counts as frozen"),
    least=0.5,
    most=1000.0,
)
ON_DEMAND = Condition("on_demand", False, N_("A recording, or a stream that may end, is well"))
ENDED = N_("The broadcast has ended.")
STANDING = "standing still"  # only what is live, or was, has this reading
GRACE = 0.4  # seconds more: a moment late is no alarm
LOOK_AGAIN = 0.3  # seconds at most between looks at a playlist that moves
FROZEN_LOOK = 1.0  # seconds at most between looks at one that stands still
LONGEST_TARGET = 60.0  # seconds; no live stream has longer segments


@dataclass(frozen=True)
class Seen:
    """A media playlist as this look found it; `still`: seconds for which it has stood still."""

    watched: Watched
    variant: Variant
    playlist: Playlist
    headers: Mapping[str, str]
    still: float
    back: bool


def standing(still: float) -> Reading:
    """For how long it has not moved; a recording that never was live has no such reading."""
    return Reading(STANDING, round(still, 3), "s")


def judged(target: Target, seen: Seen) -> Verdict:
    """Judge a media playlist that moves: what is doubtful."""
    watched, playlist, still = seen.watched, seen.playlist, seen.still
    late = None if playlist.ended else doubts.behind(playlist, seen.headers)
    readings = (
        *segments.readings(watched.loaded),
        *(() if playlist.ended else (standing(still),)),
        *doubts.readings(playlist, late),
    )
    why = doubts.first(target, playlist, seen.variant, watched.loaded, late)
    if seen.back:
        why = Words(N_("The encoder began anew: viewers may have to reload the page."))
    state = State.SUSPECT if why else State.OK
    again = None if playlist.ended else _next_look(target, playlist, still)
    judged = watched.moves or playlist.ended or seen.back
    return Verdict(None, readings, state, why, again=again, judged=judged)


def require_live(target: Target, watched: Watched, playlist: Playlist) -> None:
    duration = playlist.target_duration
    if not duration:
        raise ProbeFailed(N_("The playlist does not say its target duration."))
    if playlist.ended and not _is_recording(target, watched, playlist):
        raise ProbeFailed(ENDED)
    if duration > LONGEST_TARGET and not playlist.ended:
        raise ProbeFailed(N_("The stream's target duration of {n} s is none."), {"n": duration})
    if not playlist.segments:
        raise ProbeFailed(N_("The playlist lists no segment."))


def _is_recording(target: Target, watched: Watched, playlist: Playlist) -> bool:
    """Whether an end is well: where it is said to be, or of a recording that never was live."""
    if conditions.flag(target, ON_DEMAND):
        return True
    live = watched.moves or watched.was_live or conditions.flag(target, IN_LESSONS)
    return playlist.on_demand and not live


def frozen(target: Target, seen: Seen) -> Verdict | None:
    """Whether it stands still, which is worse than anything that its segments may be."""
    playlist, still = seen.playlist, seen.still
    if playlist.ended or still < _limit(target, playlist):
        return None
    return Verdict(
        None,
        (standing(still),),
        State.DOWN,
        Words(N_("The picture has stood still for {seconds} s."), {"seconds": round(still)}),
        again=min(FROZEN_LOOK, playlist.target_duration / 2),
    )


def _limit(target: Target, playlist: Playlist) -> float:
    return conditions.number(target, FROZEN_AFTER) * playlist.target_duration + GRACE


def _next_look(target: Target, playlist: Playlist, still: float) -> float:
    """Seconds until the next look: at the latest when the limit passes, not a moment before."""
    look = min(LOOK_AGAIN, playlist.target_duration / 4)
    return min(look, max(_limit(target, playlist) - still, 0.0) + 0.01)
