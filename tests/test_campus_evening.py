"""The same seed gives the same evening, and the evening is a whole school's."""

from collections import Counter
from datetime import UTC, datetime

from icalendar import Calendar

from platforms.campus import calendar, chatter, crowd, evening
from platforms.campus.clock import Clock
from platforms.campus.evening import Evening

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def tonight(seed: int = 14) -> Evening:
    return evening.begin(seed, Clock(NOON))


def test_the_same_seed_gives_the_same_evening() -> None:
    one, other = tonight(), tonight()
    assert one.people == other.people
    assert one.lessons == other.lessons
    assert one.visits == other.visits
    assert one.forums == other.forums
    assert one.planned == other.planned


def test_another_seed_gives_another_evening() -> None:
    assert tonight(14).people != tonight(15).people
    assert tonight(14).planned != tonight(15).planned


def test_there_are_640_people_at_three_levels_in_three_languages() -> None:
    people = tonight().people
    assert len(people) == 640
    assert {person.level for person in people} == {"city", "district", "school"}
    assert {person.language for person in people} == {"ru", "en", "zh"}
    assert len({person.email for person in people}) == 640
    assert all(person.email.endswith("school14.test") for person in people)


def test_24_rooms_of_four_forms_stand_on_three_servers() -> None:
    rooms = tonight().rooms
    assert len(rooms) == 24
    assert Counter(room.server for room in rooms) == {"a": 8, "b": 8, "c": 8}
    forms = {"one-to-one", "classroom", "question centre", "micro-lesson"}
    assert {room.form for room in rooms} == forms


def test_every_pupil_is_in_a_course() -> None:
    school = tonight()
    enrolled = {person.id for course in school.courses for person in course.students}
    assert enrolled == {person.id for person in school.pupils()}


def test_some_lessons_run_at_the_start_and_more_begin_soon() -> None:
    school = tonight()
    assert len(school.running(0)) == 8
    assert [len(school.running(minute * 60)) for minute in (2, 5, 10)] == [11, 15, 18]


def test_nobody_is_expected_in_two_lessons_at_once() -> None:
    school = tonight()
    for minute in range(-25, 150, 5):
        running = school.running(minute * 60)
        students = [person.id for lesson in running for person in lesson.students]
        assert len(students) == len(set(students))


def test_a_lesson_never_expects_more_than_its_seats() -> None:
    assert all(lesson.expected <= lesson.room.seats for lesson in tonight().lessons)


def test_a_class_gathers_around_the_start_and_is_gone_after_the_end() -> None:
    school = tonight()
    lesson = next(item for item in school.lessons if item.start > 0 and item.expected > 20)
    visits = school.visits[lesson.uid]
    early, started, settled, gone = (
        len(crowd.present(visits, second))
        for second in (lesson.start - 250, lesson.start, lesson.start + 600, lesson.end + 120)
    )
    assert early < started < settled <= lesson.expected
    assert settled >= lesson.expected * 0.75
    assert gone == 0


def test_the_timetable_reads_as_icalendar_with_its_properties() -> None:
    school = tonight()
    text = calendar.icalendar(school.lessons, NOON, {"hall": "http://127.0.0.1:1/x.m3u8"})
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    events = list(Calendar.from_ical(text).walk("VEVENT"))
    assert len(events) == len(school.lessons)
    assert len({str(event["UID"]) for event in events}) == len(events)
    first, lesson = events[0], school.lessons[0]
    assert str(first["SUMMARY"]) == lesson.title
    assert first.decoded("DTSTART") == datetime(2026, 3, 10, 11, 35, tzinfo=UTC)
    assert str(first["X-PULT-ROOM"]) == lesson.room.id
    assert str(first["X-PULT-TEACHER"]) == lesson.teacher.email
    assert int(str(first["X-PULT-EXPECTED"])) == lesson.expected
    assert {str(event.get("X-PULT-STREAM", "")) for event in events} == {
        "",
        "http://127.0.0.1:1/x.m3u8",
    }


def test_a_fast_clock_runs_the_evening_and_not_the_wall() -> None:
    clock = Clock(NOON, 60)
    assert clock.wall(600) == datetime(2026, 3, 10, 12, 0, 10, tzinfo=UTC)
    assert clock.wall(-600) == datetime(2026, 3, 10, 11, 50, tzinfo=UTC)


def test_a_few_rude_posts_arrive_in_three_languages() -> None:
    planned = list(chatter.evening(14, tonight().courses))
    assert planned[0].at < 10
    words = ("балбес", "тупица", "dumbhead", "blockhead", "笨蛋", "蠢货")
    rude = [item for item in planned if any(word in item.text.lower() for word in words)]
    assert 0.01 < len(rude) / len(planned) < 0.15
    assert {item.course.language for item in rude} == {"ru", "en", "zh"}


def test_deleting_a_post_takes_its_replies_and_the_first_one_its_discussion() -> None:
    forums = tonight().forums
    discussion = next(
        item for item in forums.discussions.values() if len(forums.posts_of(item.id)) > 2
    )
    first = forums.posts[discussion.first_post]
    answered = forums.replies(first.id)[0]
    forums.reply(answered.id, first.author, "Re", "<p>x</p>", NOON)
    forums.delete(answered.id)
    assert all(post.parent != answered.id for post in forums.posts.values())
    forums.delete(first.id)
    assert discussion.id not in forums.discussions
