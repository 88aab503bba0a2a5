"""What makes a stream that moves doubtful: late, interrupted, heavier or longer than promised."""

from collections.abc import Mapping
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

from probes.model import Reading, Target
from probes.probers.conditions import number
from probes.probers.playlist import Playlist, Variant
from probes.probers.segments import Loaded
from probes.probers.settable import DAY, Condition
from store.words import N_, Words

BEHIND = Condition(
    "behind", 60.0, N_("Seconds that the picture may be old, where it says so"), least=0.0, most=DAY
)
INTERRUPTIONS = Condition(
    "interruptions",
    2.0,
    N_("Breaks of the encoding that the playlist may show at once"),
    least=0.0,
)
OVERWEIGHT = Condition(  # RFC 8216 allows a tenth, encoders take more
    "overweight",
    1.5,
    N_("How many times its promised bandwidth a segment may take"),
    least=0.1,
)
ROUNDING = 0.001  # seconds: encoders print fractions


def first(
    target: Target, playlist: Playlist, variant: Variant, loaded: Loaded, behind: float | None
) -> Words | None:
    """The gravest doubt, if there is any."""
    if behind is not None and behind > number(target, BEHIND):
        return Words(N_("Viewers see what was {seconds} s ago."), {"seconds": round(behind)})
    if playlist.segments[-1].gap:
        return Words(N_("The encoder says that the stream's newest segment is missing."))
    if playlist.discontinuities > number(target, INTERRUPTIONS):
        return Words(
            N_("The stream was interrupted {n} times within its last {seconds} s."),
            {"n": playlist.discontinuities, "seconds": round(_length(playlist))},
        )
    longest = max((segment.duration for segment in playlist.segments), default=0.0)
    if round(longest - ROUNDING) > playlist.target_duration:  # section 4.3.3.1
        return Words(
            N_("A segment of {length} s is longer than the {target} s promised: players may stop."),
            {"length": round(longest, 1), "target": round(playlist.target_duration, 1)},
        )
    return _parts(playlist) or _weight(target, variant, loaded)


def behind(playlist: Playlist, headers: Mapping[str, str]) -> float | None:
    """Seconds from the newest picture to now, by the encoder's and the web server's clocks."""
    if playlist.ends is None or "date" not in headers:
        return None
    try:
        sent = parsedate_to_datetime(headers["date"]) + timedelta(
            seconds=min(float(headers.get("age", "0")), 86_400.0)
        )
        return (sent.astimezone(UTC) - playlist.ends.astimezone(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return None


def readings(playlist: Playlist, late: float | None) -> tuple[Reading, ...]:
    found = [Reading("interruptions", playlist.discontinuities, "")]
    if late is not None:
        found.append(Reading("behind", round(max(late, 0.0), 1), "s"))
    if playlist.newest_part is not None:
        found.append(Reading("part", playlist.newest_part.duration, "s"))
    return tuple(found)


def _parts(playlist: Playlist) -> Words | None:
    """The musts of partial segments: rfc8216bis, sections 4.4.3.7 and 4.4.3.8."""
    part, promised = playlist.newest_part, playlist.part_target
    if part is None:
        return None
    if part.duration > promised + ROUNDING:
        return Words(
            N_("A part of {length} s is longer than the {target} s promised: players may stop."),
            {"length": round(part.duration, 2), "target": round(promised, 2)},
        )
    if playlist.hold_back < 2 * promised - ROUNDING:
        return Words(N_("Players are told to stay too near to the newest part: they may stutter."))
    return None


def _weight(target: Target, variant: Variant, loaded: Loaded) -> Words | None:
    limit = variant.bandwidth * number(target, OVERWEIGHT)
    if not variant.bandwidth or loaded.rate <= limit:
        return None
    return Words(
        N_("The stream takes {rate} kbit/s, not the {promised} kbit/s that it promises players."),
        {"rate": round(loaded.rate / 1000), "promised": round(variant.bandwidth / 1000)},
    )


def _length(playlist: Playlist) -> float:
    return sum(segment.duration for segment in playlist.segments)
