"""Incidents that were opened for what the board said of a room or a lesson, and its rows now."""

from collections import defaultdict

from console.desk.incidents import Incident
from console.desk.lessons import LessonRow
from store.words import N_, Words

NEEDY = ("full", "suspect", "filling")  # rooms' states that ask for a hand without a probe's alert
OVER = Words(N_("Nothing is wrong with the room any more."))
OF_ROOM, OF_LESSON, OF_TEACHER = "room:", "lesson:", "teacher:"  # begin what they are known by


def of_room(incident: Incident) -> bool:
    """Whether it is of seats, of people or of a teacher, and no alert's."""
    known = incident.source.startswith((OF_ROOM, OF_LESSON, OF_TEACHER))
    return known and incident.severity in NEEDY and incident.alert_id is None


class Rows:
    """The rows of one picture, by what incidents are known by."""

    def __init__(self, lessons: list[LessonRow]) -> None:
        self.all = lessons
        self._by_source: defaultdict[str, list[LessonRow]] = defaultdict(list)
        self._about: defaultdict[str, list[LessonRow]] = defaultdict(list)
        for row in lessons:
            for source in row.sources:
                self._by_source[source].append(row)
            if row.lesson_id is not None:
                self._about[OF_LESSON + row.lesson_id].append(row)
                self._about[OF_TEACHER + row.lesson_id].append(row)
            if row.after is None:
                self._about[OF_ROOM + row.room_id].append(row)

    def hit(self, incident: Incident) -> list[LessonRow]:
        """Those that have the incident's very trouble."""
        return self._by_source.get(incident.source, [])

    def worst(self, incident: Incident) -> LessonRow | None:
        """The first of them, as the board tells it now; None while nothing is wrong, or hidden."""
        needy = (row for row in self.hit(incident) if row.state in NEEDY)
        return next(needy, None)

    def about(self, incident: Incident) -> list[LessonRow]:
        """The lesson's own, or those that have the room now, whatever is wrong with them."""
        return self._about.get(incident.source, [])
