"""The meetings of one media server: those of the timetable, and those made by hand."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha1
from time import monotonic

from platforms.campus import crowd, rush
from platforms.campus.evening import Evening
from platforms.campus.timetable import OPENS, Lesson, Room

ENDING = 1.0  # seconds between the request to end a meeting and its end
RETURNING = 20.0  # seconds until everybody is back in a meeting that was made anew
JOINING = 60.0  # seconds that a place is kept for a join link without a browser behind it


@dataclass(frozen=True)
class Attendee:
    user_id: str
    name: str
    moderator: bool
    voice: bool
    video: bool


@dataclass(frozen=True)
class Meeting:
    id: str
    name: str
    created: datetime
    seats: int  # 0: no limit
    attendee_password: str
    moderator_password: str
    attendees: tuple[Attendee, ...]
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def internal_id(self) -> str:
        digest = sha1(self.id.encode(), usedforsecurity=False).hexdigest()
        return f"{digest}-{self.created_ms}"

    @property
    def created_ms(self) -> int:
        return int(self.created.timestamp() * 1000)

    @property
    def moderators(self) -> int:
        return sum(attendee.moderator for attendee in self.attendees)


@dataclass(frozen=True)
class Made:
    """A meeting made by `create`; `lesson` is the uid of the lesson it takes up, or ''."""

    meeting: Meeting
    lesson: str
    at: float  # monotonic seconds


@dataclass
class Meetings:
    """What one server knows. A lesson's meeting opens by itself, once."""

    evening: Evening
    server: str
    made: dict[str, Made] = field(default_factory=dict)
    ending: dict[str, float] = field(default_factory=dict)  # meeting id: monotonic second
    ended: set[str] = field(default_factory=set)  # uids of lessons
    joined: dict[str, list[tuple[float, Attendee]]] = field(default_factory=dict)
    chat: list[tuple[str, str, str]] = field(default_factory=list)  # meeting id, name, text

    def all(self) -> list[Meeting]:
        self._end_due()
        return [*self._of_lessons(), *self._by_hand()]

    def find(self, meeting_id: str) -> Meeting | None:
        return next((meeting for meeting in self.all() if meeting.id == meeting_id), None)

    def create(self, meeting: Meeting) -> Meeting:
        """Make a meeting; a lesson's people come back to it, also from another server."""
        lesson = self._lesson_anywhere(meeting.id)
        self.made[meeting.id] = Made(meeting, lesson.uid if lesson else "", monotonic())
        if lesson and lesson.room.server != self.server:
            self.evening.moved[lesson.uid] = monotonic()
        return meeting

    def join(self, meeting_id: str, attendee: Attendee) -> None:
        self.joined.setdefault(meeting_id, []).append((monotonic() + JOINING, attendee))

    def end(self, meeting_id: str) -> None:
        self.ending.setdefault(meeting_id, monotonic() + ENDING)

    def _end_due(self) -> None:
        for meeting_id in [key for key, at in self.ending.items() if at <= monotonic()]:
            lesson = self._lesson(meeting_id)
            if lesson:
                self.ended.add(lesson.uid)
            made = self.made.pop(meeting_id, None)
            if made and not lesson:
                self.evening.moved.pop(made.lesson, None)
            self.joined.pop(meeting_id, None)
            del self.ending[meeting_id]

    def _lesson(self, meeting_id: str) -> Lesson | None:
        """The lesson of a room of this server's own."""
        lesson = self._lesson_anywhere(meeting_id)
        return lesson if lesson and lesson.room.server == self.server else None

    def _lesson_anywhere(self, meeting_id: str) -> Lesson | None:
        seconds = self.evening.clock.seconds()
        open_ = self.evening.open_lessons(seconds)
        return next((lesson for lesson in open_ if lesson.room.id == meeting_id), None)

    def _of_lessons(self) -> Iterator[Meeting]:
        seconds = self.evening.clock.seconds()
        for lesson in self.evening.open_lessons(seconds):
            again = self.made.get(lesson.room.id)
            if lesson.room.server != self.server or (again and again.lesson == lesson.uid):
                continue
            if lesson.uid not in self.ended:
                present = self._attendees(lesson, seconds)
                gone = round(len(present) * self._followed(lesson))
                yield self._meeting(lesson, present[gone:])

    def _by_hand(self) -> Iterator[Meeting]:
        seconds = self.evening.clock.seconds()
        lessons = {lesson.uid: lesson for lesson in self.evening.open_lessons(seconds)}
        for made in list(self.made.values()):
            meeting, attendees = made.meeting, self._guests(made.meeting.id)
            if made.lesson in lessons:
                back = _share_since(made.at)
                present = self._attendees(lessons[made.lesson], seconds)
                attendees = present[: round(len(present) * back)]
            yield replace(meeting, attendees=tuple(attendees))

    def _meeting(self, lesson: Lesson, attendees: list[Attendee]) -> Meeting:
        room = lesson.room
        created = self.evening.clock.wall(lesson.start - OPENS)
        return Meeting(
            room.id, room.name, created, room.seats,
            f"ap-{room.id}", f"mp-{room.id}", tuple(attendees),
            (("bbb-context", room.course.name), ("bbb-origin", "Moodle")),
        )  # fmt: skip

    def _followed(self, lesson: Lesson) -> float:
        """The share of its people that went to where the lesson was made anew."""
        moved = self.evening.moved.get(lesson.uid)
        return 0.0 if moved is None else _share_since(moved)

    def _attendees(self, lesson: Lesson, seconds: float) -> list[Attendee]:
        absent = self._teacher_missing(lesson)
        visits = crowd.present(self.evening.visits[lesson.uid], seconds)
        present = [
            Attendee(
                f"w_{visit.person.id}",
                visit.person.name,
                visit.moderator,
                voice=visit.moderator or visit.person.id % 3 == 0,
                video=visit.moderator or visit.person.id % 5 == 0,
            )
            for visit in visits
            if not (visit.moderator and absent)
        ]
        present += self._guests(lesson.room.id)
        return present + self._rush(lesson, seconds, lesson.room.seats - len(present))

    def _guests(self, meeting_id: str) -> list[Attendee]:
        return [who for until, who in self.joined.get(meeting_id, []) if until > monotonic()]

    def _rush(self, lesson: Lesson, seconds: float, free: int) -> list[Attendee]:
        level, running = rush.level(self.evening.scenes["rush"]), self.evening.running(seconds)
        if not level or lesson not in running:
            return []
        count = round(max(0, free) * rush.share(lesson, running) * level)
        guests = rush.guests(lesson, self.evening.pupils(), count)
        return [Attendee(f"w_{who.id}", who.name, False, False, False) for who in guests]

    def _teacher_missing(self, lesson: Lesson) -> bool:
        scene = self.evening.scenes["teacher-missing"]
        return scene.on and lesson.room.id == (scene.text("room") or self._default_room().id)

    def _default_room(self) -> Room:
        return next(room for room in self.evening.rooms if room.form == "classroom")


def _share_since(moment: float) -> float:
    return min(1.0, (monotonic() - moment) / RETURNING)
