"""Count the people in every room of one media server, by its platform's own interface.

A server that fails to tell is UNKNOWN or DOWN and leaves no counts: never zero.
"""

from platforms.base import PlatformError, Room, RoomMeter
from probes.model import ProbeFailed, Reading, RoomCount, State, Target
from probes.probers.base import MEBIBYTE, Context, Fetch, HttpProber, Talk, Verdict
from probes.probers.web import require_answer
from store.words import N_, Words

LARGEST = 16 * MEBIBYTE
TRIES = 4  # an adapter may sign anew in another way that the server accepts


def talk(_target: Target, context: Context) -> Talk:
    if not isinstance(context.adapter, RoomMeter):
        raise ProbeFailed(N_("This connection cannot count rooms."), state=State.UNKNOWN)
    url = context.adapter.request()
    for _ in range(TRIES):
        answer = yield Fetch(url, max_bytes=LARGEST, cold=context.cold)
        require_answer(answer)
        try:
            rooms = context.adapter.parse(answer.body)
            return Verdict(answer.seconds, _readings(rooms), rooms=tuple(map(_count, rooms)))
        except PlatformError as error:
            failed = ProbeFailed(error.template, error.params, state=State.UNKNOWN)
        refused, url = url, context.adapter.request()
        if url == refused:
            break
    raise failed


def _count(room: Room) -> RoomCount:
    return RoomCount(room.external_id, room.participants, room.moderators, room.seats, room.running)


def _readings(rooms: list[Room]) -> tuple[Reading, ...]:
    running = Reading("rooms", sum(room.running for room in rooms), "")
    counts = [room.participants for room in rooms]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts):
        return (running,)
    return (running, Reading("participants", sum(known), ""))


def refuse(target: Target) -> Words | None:
    if target.connection_id:
        return None
    return Words(N_("Choose the media server's connection whose rooms are to be counted."))


PROBER = HttpProber(talk, refuse)
