"""Watch a live stream: does it move (RFC 8216, section 6.2.2), not only: is there a file.

A server whose encoder died goes on answering 200 with a playlist that stands
still. Module: `frozen_after` and `down_after` (in target durations: SUSPECT,
then DOWN), `on_demand` (a stream that has ended is well).
"""

import math
from collections.abc import Generator

from probes.model import SEVERITY, ProbeFailed, Reading, State, Target
from probes.probers.addresses import refuse_web
from probes.probers.base import MEBIBYTE, Answer, Context, Fetch, HttpProber, Talk, Verdict, number
from probes.probers.playlist import Playlist, parse
from probes.probers.web import phases, require_answer
from store.words import N_, Words

FROZEN_AFTER, DOWN_AFTER = 1.5, 3.0  # target durations
LONGEST_TARGET = 60.0  # seconds; no live stream has longer segments
LOOK_AGAIN = 1.0  # seconds at most between looks at a playlist
VARIANTS = 10
LARGEST_SEGMENT = 32 * MEBIBYTE

TS_SYNC, TS_PACKET = 0x47, 188
BOXES = (b"styp", b"moof", b"sidx", b"emsg", b"prft", b"ftyp")
SOUNDS_AND_TEXTS = (b"ID3", b"WEBVTT", b"\xff\xf1", b"\xff\xf9", b"\xff\xfb")

Steps = Generator[Fetch, Answer, Verdict]


def talk(target: Target, context: Context) -> Talk:
    first = yield Fetch(target.address, cold=context.cold)
    require_answer(first)
    playlist = parse(first.body, target.address)
    if not playlist.variants:
        verdict = yield from _watch(target, context, target.address, playlist)
        return _with(verdict, first, ())
    verdicts = []
    for url in playlist.variants[:VARIANTS]:
        verdicts.append((yield from _variant(target, context, url)))
    gravest = min(verdicts, key=_gravity)
    return _with(gravest, first, (Reading("variants", len(playlist.variants), ""),))


def _variant(target: Target, context: Context, url: str) -> Steps:
    answer = yield Fetch(url)
    try:
        require_answer(answer)
    except ProbeFailed as failed:
        raise ProbeFailed(
            N_("A variant that the stream lists does not play (status {status})."),
            {"status": answer.status},
        ) from failed
    return (yield from _watch(target, context, url, parse(answer.body, url)))


def _watch(target: Target, context: Context, url: str, playlist: Playlist) -> Steps:
    """Judge one media playlist by what was seen of it before."""
    duration = playlist.target_duration
    if not 0 < duration <= LONGEST_TARGET:
        raise ProbeFailed(N_("The stream's target duration of {n} s is none."), {"n": duration})
    if not playlist.segments:
        raise ProbeFailed(N_("The playlist lists no segment."))
    if playlist.ended and not (playlist.on_demand or target.module.get("on_demand")):
        raise ProbeFailed(N_("The broadcast has ended."))
    readings = yield from _newest(target, context, url, playlist)
    if playlist.ended:
        return Verdict(readings=readings)
    return _movement(target, context, url, playlist, readings)


def _movement(
    target: Target, context: Context, url: str, playlist: Playlist, readings: tuple[Reading, ...]
) -> Verdict:
    memory, now = context.memory, context.monotonic
    before, duration = memory.get(f"{url} position"), playlist.target_duration
    memory[f"{url} position"] = playlist.position
    if before is None or playlist.position != before:
        memory[f"{url} moved"] = now
    if before is not None and playlist.position != before:
        memory[f"{url} seen moving"] = 1.0
    still = now - memory[f"{url} moved"]
    frozen = number(target, "frozen_after", FROZEN_AFTER) * duration
    down = number(target, "down_after", DOWN_AFTER) * duration
    limit = frozen if still < frozen else down
    # Look when the limit passes, not a moment before: that would need one more look.
    again = min(LOOK_AGAIN, duration / 2, max(limit - still, 0) + 0.01)
    readings = (*readings, Reading("standing still", round(still, 3), "s"))
    if still >= frozen:
        why = Words(N_("The picture has stood still for {seconds} s."), {"seconds": round(still)})
        state = State.DOWN if still >= down else State.SUSPECT
        return Verdict(None, readings, state, why, again=again)
    if before is not None and playlist.position < before:
        why = Words(N_("The encoder began anew: viewers may have to reload the page."))
        return Verdict(None, readings, State.SUSPECT, why, again=again)
    return Verdict(None, readings, again=again, judged=f"{url} seen moving" in memory)


def _newest(
    target: Target, context: Context, url: str, playlist: Playlist
) -> Generator[Fetch, Answer, tuple[Reading, ...]]:
    """Fetch the newest segment once an interval; the playlist is looked at more often."""
    memory, every = context.memory, target.interval.total_seconds()
    if context.monotonic - memory.get(f"{url} segment", -math.inf) >= every:
        segment = playlist.segments[-1]
        answer = yield Fetch(segment.url, max_bytes=LARGEST_SEGMENT)
        _require_segment(answer)
        seconds, length = answer.seconds or 0.0, max(segment.duration, 0.1)
        if not playlist.ended and seconds > length:
            raise ProbeFailed(
                N_("A segment of {length} s takes {seconds} s to load: the picture stutters."),
                {"length": round(length, 1), "seconds": round(seconds, 1)},
                state=State.SUSPECT,
            )
        memory[f"{url} segment"] = context.monotonic
        memory[f"{url} seconds"] = round(seconds, 6)
        memory[f"{url} rate"] = round(8 * len(answer.body) / length)
    return (
        Reading("segment", memory[f"{url} seconds"], "s"),
        Reading("bit rate", memory[f"{url} rate"], "bit/s"),
    )


def _require_segment(answer: Answer) -> None:
    try:
        require_answer(answer)
    except ProbeFailed as failed:
        raise ProbeFailed(
            N_("The newest segment does not load (status {status})."), {"status": answer.status}
        ) from failed
    if not _plays(answer.body):
        raise ProbeFailed(N_("The newest segment is neither MPEG-TS nor fragmented MP4."))


def _plays(body: bytes) -> bool:
    transport = body[:1] == bytes([TS_SYNC]) and (
        len(body) <= TS_PACKET or body[TS_PACKET] == TS_SYNC
    )
    return transport or body[4:8] in BOXES or body.startswith(SOUNDS_AND_TEXTS)


def _gravity(verdict: Verdict) -> tuple[int, bool]:
    return SEVERITY.index(verdict.state), verdict.judged


def _with(verdict: Verdict, first: Answer, more: tuple[Reading, ...]) -> Verdict:
    return Verdict(
        first.seconds,
        (*phases(first), *verdict.readings, *more),
        verdict.state,
        verdict.why,
        again=verdict.again,
        judged=verdict.judged,
    )


PROBER = HttpProber(talk, refuse_web)
