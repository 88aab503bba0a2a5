"""Watch a live stream: all its playlists at each look, its segments once an interval.

A new segment must come at most one and a half target durations after the last, so the playlists
are looked at several times between two of them.
"""

import time
from collections.abc import Generator
from dataclasses import replace
from functools import partial
from typing import TypeVar

from probes.model import SEVERITY, ProbeFailed, Reading, Result, State, Target
from probes.probers import conditions, doubts, liveness, redirects, segments
from probes.probers.addresses import refuse_web
from probes.probers.base import PICTURES, Context, HttpProber, Memory, Talk, Verdict
from probes.probers.fetching import MEBIBYTE, Answer, Fetch
from probes.probers.liveness import ENDED, FROZEN_AFTER, ON_DEMAND, STANDING, Seen
from probes.probers.playlist import Playlist, Variant, address, parse
from probes.probers.redirects import Landed
from probes.probers.settable import within
from probes.probers.watched import Stream, Watched
from probes.probers.web import phases, require_answer
from store.words import N_

KEPT, KEPT_SIZE = 5_000, MEBIBYTE // 4  # segments and bytes of a playlist in memory
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


def talk(target: Target, context: Context) -> Talk:
    """What fails keeps the reading by which the next prober knows that the stream was live."""
    stream: Stream = context.memory.setdefault("stream", Stream())
    try:
        return (yield from _look(target, context, stream))
    except ProbeFailed as failed:
        if stream.live:
            still = liveness.standing(stream.still(time.monotonic()))
            failed.readings = (*failed.readings, still)
        raise


def _look(target: Target, context: Context, stream: Stream) -> Talk:
    now, every = time.monotonic(), target.interval.total_seconds()
    found = []
    if not stream.variants or context.cold or now - stream.opened >= every:
        alone = yield from _open(target, context, stream)
        found += [alone] if alone else []
    for place, variant in enumerate(stream.variants):
        found.append((yield from _variant(target, stream, place, variant)))
    frozen = [verdict for each in found if (verdict := liveness.frozen(target, each))]
    if not frozen:
        yield from _load(target, found, now)
    verdicts = frozen or [liveness.judged(target, each) for each in found]
    again = min((each.again for each in verdicts if each.again is not None), default=None)
    gravest = replace(min(verdicts, key=_gravity), again=again)
    more = (Reading("variants", len(stream.variants), ""),) if stream.variants else ()
    return _with(gravest, stream, more)


def _open(target: Target, context: Context, stream: Stream) -> Steps[Seen | None]:
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


def _variant(target: Target, stream: Stream, place: int, variant: Variant) -> Steps[Seen]:
    asked, url = time.monotonic(), address(stream.url, variant.uri)
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
    watched.body, watched.length = mark, playlist.length
    small = watched.length <= KEPT and len(answer.body) <= KEPT_SIZE
    watched.playlist = playlist if small else None
    return playlist


def _seen(
    target: Target,
    watched: Watched,
    variant: Variant,
    playlist: Playlist,
    answer: Answer,
    asked: float,
) -> Seen:
    liveness.require_live(target, watched, playlist)
    back = watched.follow(playlist, time.monotonic())
    still = max(asked - watched.moved, 0.0)
    return Seen(watched, variant, playlist, answer.headers, still, back)


def _load(target: Target, found: list[Seen], began: float) -> Steps[None]:
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
    phases=("segment",),
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
