"""Watch a live stream: does it move (RFC 8216, section 6.2.2), not only: is there a file.

A server whose encoder died goes on answering 200 with a playlist that stands
still. A new segment must come at most one and a half target durations after
the last, so the playlist is looked at several times between two of them. Time
is counted from the look that first saw the newest segment to the start of the
look that still saw nothing newer: a slow network or a busy prober can make an
alarm late, but never false.
"""

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar
from urllib.parse import urljoin

from probes.model import SEVERITY, ProbeFailed, Reading, Result, State, Target
from probes.probers import conditions, doubts, redirects, segments
from probes.probers.addresses import refuse_web
from probes.probers.base import (
    IN_LESSONS,
    MEBIBYTE,
    PICTURES,
    Answer,
    Condition,
    Context,
    Fetch,
    HttpProber,
    Memory,
    Talk,
    Verdict,
    within,
)
from probes.probers.playlist import Playlist, Variant, parse
from probes.probers.redirects import Landed
from probes.probers.watched import Stream, Watched
from probes.probers.web import phases, require_answer
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
STANDING = "standing still"  # only what is live has this reading
GRACE = 0.4  # seconds more: a moment late is no alarm
LOOK_AGAIN = 0.3  # seconds at most between looks at a playlist that moves
FROZEN_LOOK = 1.0  # seconds at most between looks at one that stands still
KEPT = 5_000  # segments of a playlist in memory
LONGEST_TARGET = 60.0  # seconds; no live stream has longer segments
VARIANTS = 32
LARGEST = 4 * MEBIBYTE  # of a playlist: a long recording whose addresses are signed
LOADING = 1.0  # seconds of a look after which no further variant's segment is begun
SHARE = 0.5  # of the time that a check may take, for a playlist: a segment takes longer

REDIRECTS = replace(redirects.REDIRECTS, default=3)  # servers of streams send players on
Found = TypeVar("Found")
Steps = Generator[Fetch, Answer, Found]


def recall(last: Result) -> Memory:
    """A prober that begins anew knows a live stream by how the last one left it."""
    moved = any(reading.name == STANDING for reading in last.readings)
    ended = last.why is not None and last.why.template == ENDED
    return {"stream": Stream(was_live=moved or ended)}


@dataclass(frozen=True)
class _Seen:
    """A media playlist as this look found it; `still`: seconds for which it has stood still."""

    watched: Watched
    variant: Variant
    playlist: Playlist
    headers: Mapping[str, str]
    still: float
    back: bool


def talk(target: Target, context: Context) -> Talk:
    stream: Stream = context.memory.setdefault("stream", Stream())
    now, every = time.monotonic(), target.interval.total_seconds()
    found = []
    if not stream.variants or context.cold or now - stream.opened >= every:
        alone = yield from _open(target, context, stream)
        found += [alone] if alone else []
    for place, variant in enumerate(stream.variants):
        found.append((yield from _variant(target, stream, place, variant)))
    frozen = [verdict for each in found if (verdict := _frozen(target, each))]
    if not frozen:
        yield from _load(target, found, now)
    verdicts = frozen or [_judged(target, each) for each in found]
    again = min((each.again for each in verdicts if each.again is not None), default=None)
    gravest = replace(min(verdicts, key=_gravity), again=again)
    more = (Reading("variants", len(stream.variants), ""),) if stream.variants else ()
    return _with(gravest, stream, more)


def _open(target: Target, context: Context, stream: Stream) -> Steps[_Seen | None]:
    """Read what stands at the address: a master's variants, or a playlist to be judged at once."""
    asked = time.monotonic()
    fetch = Fetch(target.address, max_bytes=LARGEST, cold=context.cold, share=SHARE)
    landed = yield from _fetched(target, fetch)
    answer = landed.answer
    require_answer(answer)
    watched = stream.at(0)
    playlist = _read(watched, answer)
    stream.first, stream.url, stream.opened = replace(answer, body=b""), landed.url, asked
    if len(playlist.variants) > VARIANTS:
        raise ProbeFailed(
            N_("The stream lists {n} variants; more than {most} are not watched."),
            {"n": len(playlist.variants), "most": VARIANTS},
        )
    stream.variants = playlist.variants
    if playlist.variants:
        watched.playlist = None
        return None
    return _seen(target, watched, Variant(landed.url), playlist, answer, asked)


def _variant(target: Target, stream: Stream, place: int, variant: Variant) -> Steps[_Seen]:
    asked, url = time.monotonic(), urljoin(stream.url, variant.uri)
    landed = yield from _fetched(target, Fetch(url, max_bytes=LARGEST, share=SHARE))
    answer = landed.answer
    if answer.error is None and answer.status != 200:
        raise ProbeFailed(
            N_("A variant that the stream lists does not play (status {status})."),
            {"status": answer.status},
        )
    require_answer(answer)
    watched = stream.at(place)
    playlist = _read(watched, answer)
    return _seen(target, watched, replace(variant, uri=landed.url), playlist, answer, asked)


def _fetched(target: Target, fetch: Fetch) -> Steps[Landed]:
    return redirects.follow(target, fetch, int(conditions.number(target, REDIRECTS)))


def _read(watched: Watched, answer: Answer) -> Playlist:
    mark = hash(answer.body)
    if watched.playlist is not None and watched.body == mark:
        return watched.playlist
    playlist = parse(answer.body)
    watched.body, watched.length = mark, len(playlist.segments)
    watched.playlist = playlist if watched.length <= KEPT else None
    return playlist


def _seen(
    target: Target,
    watched: Watched,
    variant: Variant,
    playlist: Playlist,
    answer: Answer,
    asked: float,
) -> _Seen:
    _require_live(target, watched, playlist)
    back = watched.follow(playlist, time.monotonic())
    still = max(asked - watched.moved, 0.0)
    return _Seen(watched, variant, playlist, answer.headers, still, back)


def _judged(target: Target, seen: _Seen) -> Verdict:
    """Judge a media playlist that moves: what is doubtful."""
    watched, playlist, still = seen.watched, seen.playlist, seen.still
    late = None if playlist.ended else doubts.behind(playlist, seen.headers)
    readings = (
        *segments.readings(watched.loaded),
        *(() if playlist.ended else (Reading("standing still", round(still, 3), "s"),)),
        *doubts.readings(playlist, late),
    )
    why = doubts.first(target, playlist, seen.variant, watched.loaded, late)
    if seen.back:
        why = Words(N_("The encoder began anew: viewers may have to reload the page."))
    state = State.SUSPECT if why else State.OK
    again = None if playlist.ended else _next_look(target, playlist, still)
    judged = watched.moves or playlist.ended or seen.back
    return Verdict(None, readings, state, why, again=again, judged=judged)


def _require_live(target: Target, watched: Watched, playlist: Playlist) -> None:
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


def _frozen(target: Target, seen: _Seen) -> Verdict | None:
    """Whether it stands still, which is worse than anything that its segments may be."""
    playlist, still = seen.playlist, seen.still
    if playlist.ended or still < _limit(target, playlist):
        return None
    return Verdict(
        None,
        (Reading("standing still", round(still, 3), "s"),),
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


def _load(target: Target, found: list[_Seen], began: float) -> Steps[None]:
    """Load the newest segment of each variant once an interval, those that waited longest first.

    A viewer loads one variant at a time, so together they may take longer than a check has:
    what this look has no time to begin is loaded in the next ones.
    """
    every = target.interval.total_seconds()
    due = [each for each in found if began - each.watched.loaded_at >= every]
    fetched, first = partial(_fetched, target), time.monotonic()
    for seen in sorted(due, key=lambda each: each.watched.loaded_at):
        now, watched = time.monotonic(), seen.watched
        if now - first > LOADING:
            return
        try:
            watched.loaded = yield from segments.load(
                fetched, seen.variant.uri, seen.playlist, watched.loads
            )
        except ProbeFailed as failed:
            if failed.state is State.SUSPECT:
                watched.loaded_at = now - every  # again soon, but the others go before
            raise
        watched.loads += 1
        watched.loaded_at = now


def _gravity(verdict: Verdict) -> tuple[int, bool]:
    return SEVERITY.index(verdict.state), verdict.judged


def _with(verdict: Verdict, stream: Stream, more: tuple[Reading, ...]) -> Verdict:
    readings = (*phases(stream.first), *verdict.readings, *more)
    again = None if verdict.again is None else verdict.again + stream.pause
    return replace(verdict, seconds=stream.first.seconds, readings=readings, again=again)


PROBER = HttpProber(
    talk,
    lambda target: redirects.refuse(target) or refuse_web(target),
    name="HLS",
    nonsense=redirects.refuse,
    endings=(".m3u8", ".m3u"),
    kind=PICTURES,
    recall=recall,
    judges_answers=True,
    readings={
        "variants": N_("Variants of the stream"),
        STANDING: N_("Picture stands still, s"),
        "behind": N_("The picture is old by, s"),
        "interruptions": N_("Breaks of the encoding"),
        "part": N_("Length of a part, s"),
        "segment": N_("Loading a segment, s"),
        "bit rate": N_("Bit rate, kbit/s"),
    },
    conditions=(
        FROZEN_AFTER,
        ON_DEMAND,
        doubts.BEHIND,
        doubts.INTERRUPTIONS,
        doubts.OVERWEIGHT,
        REDIRECTS,
        redirects.WITHIN,
        within(6.0),  # a segment may take as long to load as it plays
    ),
)
