"""Watch a live stream: does it move (RFC 8216, section 6.2.2), not only: is there a file.

A server whose encoder died goes on answering 200 with a playlist that stands
still. A new segment must come at most one and a half target durations after
the last, so the playlist is looked at several times between two of them. Time
is counted from the look that first saw the newest segment to the start of the
look that still saw nothing newer: a slow network or a busy prober can make an
alarm late, but never false.
"""

import time
from collections.abc import Generator
from dataclasses import replace
from functools import partial
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
SHARE = 0.5  # of the time that a check may take, for a playlist: a segment takes longer

REDIRECTS = replace(redirects.REDIRECTS, default=3)  # servers of streams send players on
Steps = Generator[Fetch, Answer, Verdict]


def recall(last: Result) -> Memory:
    """A prober that begins anew knows a live stream by how the last one left it."""
    moved = any(reading.name == STANDING for reading in last.readings)
    ended = last.why is not None and last.why.template == ENDED
    return {"stream": Stream(was_live=moved or ended)}


def talk(target: Target, context: Context) -> Talk:
    stream: Stream = context.memory.setdefault("stream", Stream())
    now, every = time.monotonic(), target.interval.total_seconds()
    if not stream.variants or context.cold or now - stream.opened >= every:
        verdict = yield from _open(target, context, stream)
        if verdict is not None:
            return _with(verdict, stream, ())
    verdicts = []
    for place, variant in enumerate(stream.variants):
        verdicts.append((yield from _variant(target, stream, place, variant)))
    again = min((each.again for each in verdicts if each.again is not None), default=None)
    gravest = replace(min(verdicts, key=_gravity), again=again)
    more = (Reading("variants", len(stream.variants), ""),)
    return _with(gravest, stream, more)


def _open(
    target: Target, context: Context, stream: Stream
) -> Generator[Fetch, Answer, Verdict | None]:
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
    address = Variant(landed.url)
    return (yield from _judge(target, watched, address, playlist, answer, asked))


def _variant(target: Target, stream: Stream, place: int, variant: Variant) -> Steps:
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
    named = replace(variant, uri=landed.url)
    return (yield from _judge(target, watched, named, playlist, answer, asked))


def _fetched(target: Target, fetch: Fetch) -> Generator[Fetch, Answer, Landed]:
    return redirects.follow(target, fetch, int(conditions.number(target, REDIRECTS)))


def _read(watched: Watched, answer: Answer) -> Playlist:
    mark = hash(answer.body)
    if watched.playlist is not None and watched.body == mark:
        return watched.playlist
    playlist = parse(answer.body)
    watched.body, watched.length = mark, len(playlist.segments)
    watched.playlist = playlist if watched.length <= KEPT else None
    return playlist


def _judge(
    target: Target,
    watched: Watched,
    variant: Variant,
    playlist: Playlist,
    answer: Answer,
    asked: float,
) -> Steps:
    """Judge one media playlist: does it stand still, does it play, what is doubtful."""
    _require_live(target, watched, playlist)
    back = watched.follow(playlist, time.monotonic())
    still = max(asked - watched.moved, 0.0)
    frozen = _frozen(target, playlist, still)
    if frozen is not None:
        return frozen
    yield from _load(target, watched, variant, playlist)
    late = doubts.behind(playlist, answer.headers)
    readings = (
        *segments.readings(watched.loaded),
        *(() if playlist.ended else (Reading(STANDING, round(still, 3), "s"),)),
        *doubts.readings(playlist, None if playlist.ended else late),
    )
    why = doubts.first(target, playlist, variant, watched.loaded, None if playlist.ended else late)
    if back:
        why = Words(N_("The encoder began anew: viewers may have to reload the page."))
    state = State.SUSPECT if why else State.OK
    again = None if playlist.ended else _next_look(target, playlist, still)
    judged = watched.moves or playlist.ended or back
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


def _frozen(target: Target, playlist: Playlist, still: float) -> Verdict | None:
    if playlist.ended or still < _limit(target, playlist):
        return None
    return Verdict(
        None,
        (Reading(STANDING, round(still, 3), "s"),),
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


def _load(
    target: Target, watched: Watched, variant: Variant, playlist: Playlist
) -> Generator[Fetch, Answer, None]:
    """Load the newest segment once an interval; the playlist is looked at more often."""
    now = time.monotonic()
    if now - watched.loaded_at < target.interval.total_seconds():
        return
    fetched = partial(_fetched, target)
    watched.loaded = yield from segments.load(fetched, variant.uri, playlist, watched.loads)
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
