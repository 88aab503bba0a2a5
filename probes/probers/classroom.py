"""Count the people in every room of one media server, by its platform's own interface.

A server that fails to tell is UNKNOWN or DOWN and leaves no counts: never zero.
"""

from collections.abc import Sequence

from platforms.base import PlatformError, Room
from platforms.http import proxy_for
from platforms.metering import Metered, Reply, RoomMeter
from probes.model import ProbeFailed, Reading, RoomCount, State, Target
from probes.probers.base import CLASSROOMS, Context, HttpProber, Talk, Verdict
from probes.probers.fetching import MEBIBYTE, Answer, Fetch
from probes.probers.settable import TIMEOUT, within
from probes.probers.web import require_answer
from store.words import N_, Words

LARGEST = 16 * MEBIBYTE
MOST = 250  # requests of one reading
ROOMS, PEOPLE = 5000, 100_000_000  # of one server
OURS = {400, 401, 403, 404}  # what these mean, the platform's adapter knows to say


def talk(_target: Target, context: Context) -> Talk:
    if not isinstance(context.adapter, RoomMeter):
        raise ProbeFailed(N_("This connection cannot count rooms."), state=State.UNKNOWN)
    reading = context.adapter.reading()
    seconds = 0.0
    try:
        ask = next(reading)
        for _ in range(MOST):
            answer = yield Fetch(
                ask.url,
                max_bytes=LARGEST,
                cold=context.cold,
                headers=ask.headers,
                body=ask.body,
                proxy=proxy_for("/".join(ask.url.split("/", 3)[:3])),
            )
            seconds += answer.seconds or 0.0
            ask = reading.send(_reply(answer))
    except StopIteration as end:
        metered: Metered = end.value
        if _believable(metered):
            return _verdict(metered, seconds)
    except PlatformError as error:
        raise ProbeFailed(error.template, error.params, state=State.UNKNOWN) from error
    raise ProbeFailed(
        N_("It tells of more rooms or people than there can be."), state=State.UNKNOWN
    )


def _believable(metered: Metered) -> bool:
    """Whether there can be as much; the tables do not hold more either."""
    rooms = metered.rooms or ()
    people = (
        sum(room.participants or 0 for room in rooms),
        metered.figures.get("participants", 0),
    )
    return len(rooms) <= ROOMS and max(people) <= PEOPLE


def _reply(answer: Answer) -> Reply:
    """Raises ProbeFailed for no answer and for a broken server; an endless answer tells nothing."""
    if answer.cut:
        size = {"megabytes": LARGEST // MEBIBYTE}
        raise ProbeFailed(
            N_("The answer is longer than {megabytes} MB, which nothing good is."),
            size,
            state=State.UNKNOWN,
        )
    if answer.error is not None or answer.status not in OURS:
        require_answer(answer)
    return Reply(answer.status, answer.body)


def _verdict(metered: Metered, seconds: float) -> Verdict:
    rooms = metered.rooms
    return Verdict(
        seconds,
        _readings(metered),
        state=State.SUSPECT if metered.warning else State.OK,
        why=Words(metered.warning) if metered.warning else None,
        rooms=None if rooms is None else tuple(map(_count, rooms)),
    )


def _count(room: Room) -> RoomCount:
    return RoomCount(room.external_id, room.participants, room.moderators, room.seats, room.running)


def _readings(metered: Metered) -> tuple[Reading, ...]:
    """What the server says of itself, and for the rest what its rooms come to."""
    figures: dict[str, float] = dict(metered.figures.items())
    if metered.rooms is not None:
        figures = _sums(metered.rooms) | figures
    units = {"load": "ratio"}
    return tuple(Reading(name, value, units.get(name, "")) for name, value in figures.items())


def _sums(rooms: Sequence[Room]) -> dict[str, float]:
    """The sum over all rooms of what every one of them says; of no rooms, nobody."""
    sums: dict[str, float] = {"rooms": sum(room.running for room in rooms)}
    people = [room.participants for room in rooms if room.participants is not None]
    if len(people) == len(rooms):
        sums["participants"] = sum(people)
    members = [room.members for room in rooms if room.members is not None]
    if members and len(members) == len(rooms):
        sums["members"] = sum(members)
    return sums


def refuse(target: Target) -> Words | None:
    if target.connection_id:
        return None
    return Words(N_("Choose the media server's connection whose rooms are to be counted."))


PROBER = HttpProber(  # full servers tell megabytes
    talk,
    refuse,
    name=N_("Classrooms"),
    conditions=(within(10.0),),
    brisk=TIMEOUT,
    kind=CLASSROOMS,
    readings={
        "rooms": N_("Rooms in use"),
        "participants": N_("People in rooms"),
        "largest room": N_("People in the largest room"),
        "members": N_("Members of rooms"),
        "online": N_("Users online"),
        "sessions": N_("Sessions"),
        "viewers": N_("Viewers counted, not by HLS"),
        "bridges": N_("Bridges that work"),
        "load": N_("Load"),
    },
)
