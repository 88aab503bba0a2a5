"""Count the people in every room of one media server, by its platform's own interface.

A server that fails to tell is UNKNOWN or DOWN and leaves no counts: never zero.
"""

from collections.abc import Sequence

from platforms.base import PlatformError, Room
from platforms.http import proxy_for
from platforms.metering import ROOMS, TOO_MANY, Metered, Reply, RoomMeter
from probes.model import ProbeFailed, Reading, RoomCount, State, Target
from probes.probers.base import CLASSROOMS, Context, HttpProber, Talk, Verdict
from probes.probers.fetching import MEBIBYTE, Answer, Fetch
from probes.probers.settable import TIMEOUT, within
from probes.probers.web import require_answer
from store.words import N_, Words

LARGEST = (
    4 * MEBIBYTE
)  # of an answer: 5,000 rooms of LiveKit or Janus, 5,000 people of BigBlueButton
ALL = 4 * LARGEST  # of one reading
MOST = 250  # requests of one reading
PEOPLE = 100_000_000  # of one server
# An answer is read in one turn of the engine, in which nothing else goes on. What that takes
# depends on how many objects come of it, so they are counted before any is made.
OBJECTS, VALUES = 150_000, 250_000
OURS = {400, 401, 403, 404}  # what these mean, the platform's adapter knows to say


def talk(_target: Target, context: Context) -> Talk:
    if not isinstance(context.adapter, RoomMeter):
        raise ProbeFailed(N_("This connection cannot count rooms."), state=State.UNKNOWN)
    reading = context.adapter.reading()
    seconds, size = 0.0, 0
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
            size += answer.size
            if size > ALL:
                raise _too_long(ALL)
            reply = _reply(answer)
            del answer  # it is not kept while the next one is fetched
            ask = reading.send(reply)
            del reply
    except StopIteration as end:
        metered: Metered = end.value
        if _believable(metered):
            return _verdict(metered, seconds)
    except PlatformError as error:
        raise ProbeFailed(error.template, error.params, state=State.UNKNOWN) from error
    raise _too_many()


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
        raise _too_long(LARGEST)
    if answer.error is not None or answer.status not in OURS:
        require_answer(answer)
    body = answer.body
    if sum(map(body.count, (b"{", b"[", b"<"))) > OBJECTS or body.count(b",") > VALUES:
        raise _too_many()
    return Reply(answer.status, body)


def _too_long(most: int) -> ProbeFailed:
    return ProbeFailed(
        N_("The answer is longer than {megabytes} MB, which nothing good is."),
        {"megabytes": most // MEBIBYTE},
        state=State.UNKNOWN,
    )


def _too_many() -> ProbeFailed:
    return ProbeFailed(TOO_MANY, state=State.UNKNOWN)


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
