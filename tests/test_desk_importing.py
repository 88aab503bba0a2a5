"""Tables of people and timetables: every bad line is named, and only good ones come in."""

import io
import re
from datetime import UTC, date, datetime, timedelta
from zipfile import ZIP_DEFLATED, ZipFile
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from console.desk import connections, encodings, importing, reach, workbooks
from console.desk.reach import Reach
from store import access, enrolling, roster, timetable
from store.access import Actor, Denied
from store.db import Database, text
from store.enrolling import Listed, ListedRoom
from store.schools import School
from store.vault import Vault
from tests.conftest import NOON
from tests.stand_in import open_campus

MOSCOW = ZoneInfo("Europe/Moscow")
VAULT = Vault(b"uXzmAm2cYvSbKJQlHxK6sE0lAGkT6OuAYrXTWjhAHlw=")
PEOPLE = """email,name,language,role,level,group,Shoe size
Maria@School14.example,Maria Ivanova,ru,teacher,city,,
petr@@x,Petr,ru,student,,8B,
anna@school14.example,Anna,klingon,student,,8B,38
maria@school14.example,M. Ivanova,ru,teacher,,,
,Nobody,,,,,
oleg@school14.example,"Oleg, Jr",en,pupil,,8B,43,surplus
ivan@school14.example,Ivan,,,,8B,44
"""


def test_every_bad_line_is_named_with_what_to_do() -> None:
    plan = importing.people_table(PEOPLE)
    assert [row.email for row in plan.rows] == ["maria@school14.example", "ivan@school14.example"]
    assert [(problem.line, str(problem.what)) for problem in plan.problems] == [
        (3, "petr@@x is not an e-mail address. Correct it, or leave the line out."),
        (4, "klingon is not known as a language. Write one of: en, ru, zh_Hans."),
        (
            5,
            "maria@school14.example stands in line 2 already. Leave one of the two, or write both "
            "names if they are two people.",
        ),
        (6, "The e-mail address is missing. Enter it, or leave the line out."),
        (
            7,
            "There are 8 cells, but 7 columns. Put quotation marks around a value that holds "
            "the delimiter.",
        ),
    ]
    assert plan.rows[1].fields == {"Shoe size": "44"}


def test_how_people_are_reached_comes_in_with_its_faults_named(
    database: Database, school: School, ana: Actor
) -> None:
    plan = importing.people_table(
        "email,телефон,способы связи\n"
        'a@x.example,+7 (900) 123-45-67,"matrix, sms, mail"\n'
        "b@x.example,call me,\n"
        "c@x.example,,pigeon\n"
        "d@x.example,,\n"
    )
    assert [(each.line, str(each.what)) for each in plan.problems] == [
        (3, "“call me” is not a telephone number. Write it like +7 900 000 00 00."),
        (
            4,
            "“pigeon” is no way to reach people. Write some of: "
            f"{', '.join(('mail', *reach.WAYS))}.",
        ),
    ]
    importing.apply(database, ana, school.id, plan, now=NOON)
    later = importing.people_table("email,phone\na@x.example,89001234500\n")
    importing.apply(database, ana, school.id, later, now=NOON)
    with database.read() as tx:
        found = {each.email: each.id for each in roster.people(tx, ana, school.id)}
        assert reach.of(tx, ana, found["a@x.example"]) == Reach(
            "89001234500", has_messenger=False, ways=("matrix", "sms")
        )
        assert reach.of(tx, ana, found["d@x.example"]) == Reach()


@pytest.mark.parametrize(
    ("table", "encoding"),
    [
        (
            "ФИО;Почта;Язык;Роль;Уровень;Класс\nМария;m@x.example;русский;Учитель;Город;8Б\n",
            "cp1251",
        ),
        (
            "ФИО\tПочта\tЯзык\tРоль\tУровень\tКласс\nМария\tm@x.example\tru\tteacher\tcity\t8Б\r\n",
            "utf-8-sig",
        ),
        ("姓名,邮箱,语言,角色,级别,班级\nМария,m@x.example,俄语,教师,市级,8Б\n", "utf-8"),
        (
            "Name,E-Mail,Language,Role,Level,Class\r\nМария,m@x.example,Russian,Teacher,City,8Б\r\n",
            "utf-16",
        ),
    ],
)
def test_any_delimiter_encoding_and_language_is_read(table: str, encoding: str) -> None:
    plan = importing.people_table(table.encode(encoding))
    assert plan.problems == []
    (row,) = plan.rows
    assert (row.name, row.email, row.language) == ("Мария", "m@x.example", "ru")
    assert (row.role, row.level, row.group) == ("teacher", "city", "8Б")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x98\x98\x98", "The file is not text"),
        ("name,phone\nMaria,1\n", "No column holds e-mail addresses"),
        ("", "holds no people"),
        ("email\n", "holds no people"),
        ('email,name\n"' + "x" * 200_000, "The table breaks off here"),
    ],
)
def test_what_is_no_table_is_a_sentence(content: str | bytes, told: str) -> None:
    plan = importing.people_table(content)
    assert plan.rows == []
    assert told in str(plan.problems[0].what)


def test_a_value_over_two_lines_does_not_shift_the_numbers() -> None:
    plan = importing.people_table('email,name\na@x.example,"one\ntwo"\nbroken,x\n')
    assert [problem.line for problem in plan.problems] == [4]


def test_a_stray_quotation_mark_is_named_with_the_lines_that_it_takes_in() -> None:
    table = 'name,email\nAnna,a@x.test\n"Boris,b@x.test\nVera,v@x.test\nGleb "G",g@x.test\n'
    plan = importing.people_table(table + "Dora,d@x.test\n")
    assert [row.email for row in plan.rows] == ["a@x.test", "d@x.test"]
    assert [(each.line, str(each.what).split(".")[0]) for each in plan.problems] == [
        (3, "A quotation mark takes in all lines from here to line 5")
    ]
    (last,) = importing.people_table('name,email\n"Boris,b@x.test\nVera,v@x.test\n').problems
    assert last.line == 2


def test_a_cell_of_several_lines_that_is_quoted_as_it_should_be_is_read() -> None:
    table = 'email,name,address\na@x.test,Anna,"Lenin St. 5,\nflat 3"\nb@x.test,Boris,\n'
    plan = importing.people_table(table)
    assert plan.problems == []
    assert [(row.line, row.fields.get("address")) for row in plan.rows] == [
        (2, "Lenin St. 5,\nflat 3"),
        (4, None),
    ]
    two = 'email,name\na@x.test,"Anna\nb@x.test,Boris"\nc@x.test,Clara\n'  # close one another
    (problem,) = importing.people_table(two).problems
    assert (problem.line, "lines from here to line 3" in str(problem.what)) == (2, True)


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_a_line_ends_where_a_spreadsheet_ends_it(mark: str) -> None:
    plan = importing.people_table(f"email,name,group\na@x.test,Anna{mark}Petrova,7B\nbroken,x,y\n")
    assert [(row.name, row.group) for row in plan.rows] == [("Anna Petrova", "7B")]
    assert [problem.line for problem in plan.problems] == [3]


@pytest.mark.parametrize("mistake", ["#N/A", "#REF!", "#Н/Д", "#ДЕЛ/0!"])
def test_what_a_spreadsheet_could_not_calculate_is_no_value(mistake: str) -> None:
    plan = importing.people_table(f"email,class\na@x.test,{mistake}\nb@x.test,7B\n")
    assert [row.group for row in plan.rows] == ["7B"]
    (problem,) = plan.problems
    assert problem.line == 2
    assert str(problem.what).startswith(f"The spreadsheet says {mistake} in the column class")


@pytest.mark.parametrize("language", ["ru", "zh_Hans", "en"])
@pytest.mark.parametrize(
    ("table", "encoding", "name", "group"),
    [
        ("邮箱,姓名,班级\nli@school.test,李明,七年级\n", "gb18030", "李明", "七年级"),
        ("email,name,group\nli@school.test,欧阳鑫淼,7\n", "gbk", "欧阳鑫淼", "7"),
        ("Эл. почта;ФИО;Класс\nli@school.test;Ёлкин Пётр;7Б\n", "cp1251", "Ёлкин Пётр", "7Б"),
        ("email,name,group\nli@school.test,Müller,Größe 7\n", "cp1252", "Müller", "Größe 7"),
        ("email,name,group\nli@school.test,张伟,7\n", "utf-16-le", "张伟", "7"),
        ("email,name,group\nli@school.test,Мария,7Б\n", "utf-16-be", "Мария", "7Б"),
    ],
)  # fmt: skip
def test_letters_are_read_as_they_were_saved_wherever_the_school_is(
    table: str, encoding: str, name: str, group: str, language: str
) -> None:
    plan = importing.people_table(table.encode(encoding), language=language)
    assert plan.problems == []
    assert [(row.name, row.group) for row in plan.rows] == [(name, group)]


def test_where_the_letters_fit_two_encodings_the_school_or_a_person_says_which() -> None:
    table = "email,name\nli@school.test,李\n".encode("gb18030")  # "Ао" in the Russian one
    read = {
        language: importing.people_table(table, language=language).rows[0].name
        for language in ("ru", "zh_Hans")
    }
    assert read == {"ru": "Ао", "zh_Hans": "李"}
    (row,) = importing.people_table(table, encoding="gb18030", language="ru").rows
    assert row.name == "李"
    assert encodings.possible(table) == ["cp1251", "gb18030", "cp1252"]
    (problem,) = importing.people_table(table, encoding="utf-8").problems
    assert "The file is not text" in str(problem.what)


@pytest.mark.parametrize("name", ["A\0nna", "x" * 1001])
def test_a_name_that_no_letter_can_carry_is_refused_before_anything_is_brought_in(
    name: str,
) -> None:
    plan = importing.people_table(f"name,email\n{name},a@x.test\nVera,v@x.test\n")
    assert [row.email for row in plan.rows] == ["v@x.test"]
    assert [problem.line for problem in plan.problems] == [2]


def test_a_column_that_stands_twice_is_named() -> None:
    plan = importing.people_table("name,email,E-mail\nAnna,a@x.test,b@x.test\n")
    assert [str(problem.what) for problem in plan.problems] == [
        "The column E-mail stands here twice. Keep one of them."
    ]


def test_a_plan_writes_nothing_and_an_apply_brings_in_the_good_rows(
    database: Database, ana: Actor, school: School
) -> None:
    plan = importing.people_table(PEOPLE)
    with database.read() as tx:
        assert roster.people(tx, ana, school.id) == []
    assert importing.apply(database, ana, school.id, plan, now=NOON).people == 2
    with database.read() as tx:
        people = {one.name: one for one in roster.people(tx, ana, school.id)}
    assert set(people) == {"Maria Ivanova", "Ivan"}
    assert people["Ivan"].role == "student"
    assert people["Ivan"].fields == {"Shoe size": "44"}


def test_a_second_import_leaves_what_it_does_not_name(
    database: Database, ana: Actor, school: School
) -> None:
    importing.apply(database, ana, school.id, importing.people_table(PEOPLE), now=NOON)
    table = "email,group\nmaria@school14.example,9A\n"
    importing.apply(database, ana, school.id, importing.people_table(table), now=NOON)
    with database.read() as tx:
        maria = next(one for one in roster.people(tx, ana, school.id) if one.group == "9A")
    assert (maria.name, maria.role, maria.language) == ("Maria Ivanova", "teacher", "ru")


@pytest.mark.parametrize("who", ["zoe", "eve", "ben"])
def test_who_may_not_write_brings_nobody_in(
    database: Database, school: School, who: str, request: pytest.FixtureRequest
) -> None:
    actor = request.getfixturevalue(who)
    plan = importing.timetable(LESSONS, zone=MOSCOW, now=NOON)
    with pytest.raises(Denied):
        importing.apply(database, actor, school.id, importing.people_table(PEOPLE), now=NOON)
    with pytest.raises(Denied):
        importing.apply_timetable(database, actor, school.id, plan, now=NOON)
    with database.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM person")).scalar_one() == 0
        assert tx.execute(text("SELECT COUNT(*) FROM lesson")).scalar_one() == 0


LESSONS = """title;start;end;room;server;course;teacher;expected;seats;form
Algebra;2026-03-10 18:00;18:45;a-01;Media a;Algebra;maria@school14.example;25;30;classroom
Art;10.03.2026 19:00;10.03.2026 18:00;a-02;;;;;;
Chess;soon;19:00;a-03;;;;;;
Music;2026-03-10 19:00;19:30;a-04;;;;many;;concert
"""


@pytest.fixture
def planned(database: Database, school: School) -> str:
    """A school with a media server, a course and its teacher."""
    pult = access.system(school.id)
    with database.begin() as tx:
        media = connections.add(
            tx,
            pult,
            school.id,
            VAULT,
            platform="bigbluebutton",
            name="Media a",
            url="http://127.0.0.1:9",
            secret="x",
            now=NOON,
        )
        enrolling.courses(tx, pult, school.id, media, {"11": "Algebra"}, now=NOON)
        maria = Listed(
            "1", "m", "Maria", "maria@school14.example", "teacher", "ru", "", "", False, None
        )
        enrolling.people(tx, pult, school.id, media, [maria], now=NOON)
        room = ListedRoom("a-01", "Old name", 10)
        enrolling.rooms(tx, pult, school.id, media, [room], now=NOON)
    return media


def test_a_table_of_lessons_names_its_bad_lines() -> None:
    plan = importing.timetable(LESSONS, zone=MOSCOW, now=NOON)
    assert [(problem.line, str(problem.what)) for problem in plan.problems] == [
        (3, "The lesson ends before it starts. Correct one of the two."),
        (4, "soon is not a time. Write it like 2026-03-10 18:00."),
        (4, "19:00 is not a time. Write it like 2026-03-10 18:00."),
        (5, "many is not a number of people."),
        (
            5,
            "concert is not a form of lesson. Write one of: one-to-one, classroom, question "
            "centre, micro-lesson.",
        ),
    ]
    (row,) = plan.rows
    assert row.starts_at == datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
    assert row.ends_at - row.starts_at == timedelta(minutes=45)


def test_lessons_find_their_room_course_and_teacher(
    database: Database, ana: Actor, school: School, planned: str
) -> None:
    plan = importing.timetable(LESSONS, zone=MOSCOW, now=NOON)
    done = importing.apply_timetable(database, ana, school.id, plan, now=NOON)
    assert (done.lessons, done.rooms, done.gone, done.problems) == (1, 1, 0, [])
    with database.read() as tx:
        (lesson,) = timetable.lessons(
            tx, ana, school.id, since=NOON, until=NOON + timedelta(hours=8)
        )
        (room,) = timetable.rooms(tx, ana, school.id)
        (course,) = timetable.courses(tx, ana, school.id)
    assert (lesson.teacher_name, lesson.expected) == ("Maria", 25)
    assert (lesson.room_id, lesson.course_id) == (room.id, course.id)
    assert (room.external_id, room.seats, room.course_id) == ("a-01", 30, course.id)


def test_what_a_lesson_points_to_and_nobody_knows_is_told(
    database: Database, ana: Actor, school: School
) -> None:
    plan = importing.timetable(LESSONS, zone=MOSCOW, now=NOON)
    done = importing.apply_timetable(database, ana, school.id, plan, now=NOON)
    assert done.lessons == 1
    assert [(problem.line, str(problem.what)) for problem in done.problems] == [
        (2, "No media server is known for the room a-01. Name its connection as server."),
        (2, "No course is called Algebra: the lesson is planned without a course."),
        (
            2,
            "Nobody has the address maria@school14.example: the lesson is planned without a "
            "teacher.",
        ),
    ]


def test_a_new_timetable_replaces_the_time_it_speaks_for_and_no_other(
    database: Database, ana: Actor, school: School, planned: str
) -> None:
    def bring(*starts: str) -> int:
        table = "title,start,end\n" + "".join(
            f"Lesson,{start},{start[:11]}{int(start[11:13]) + 1}:00\n" for start in starts
        )
        plan = importing.timetable(table, zone=MOSCOW, now=NOON)
        return importing.apply_timetable(database, ana, school.id, plan, now=NOON).gone

    assert bring("2026-03-10 16:00", "2026-03-10 18:00", "2026-03-10 20:00") == 0
    assert bring("2026-03-10 16:00", "2026-03-10 20:00") == 1
    assert bring("2026-03-11 16:00") == 0
    with database.read() as tx:
        found = timetable.lessons(tx, ana, school.id, since=NOON, until=NOON + timedelta(days=3))
    assert len(found) == 3


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:weekly@x
DTSTART;TZID=Europe/Berlin:20260310T180000
DTEND;TZID=Europe/Berlin:20260310T184500
RRULE:FREQ=WEEKLY;COUNT=5
EXDATE;TZID=Europe/Berlin:20260317T180000
SUMMARY:Algebra\\, 8B
LOCATION:a-01
ORGANIZER;CN="Maria":mailto:maria@school14.example
END:VEVENT
BEGIN:VEVENT
UID:weekly@x
RECURRENCE-ID;TZID=Europe/Berlin:20260324T180000
DTSTART;TZID=Europe/Berlin:20260325T190000
DTEND;TZID=Europe/Berlin:20260325T194500
SUMMARY:Algebra\\, moved
END:VEVENT
BEGIN:VEVENT
UID:holiday@x
DTSTART;VALUE=DATE:20260312
SUMMARY:Holiday
END:VEVENT
BEGIN:VEVENT
UID:floating@x
DTSTART:20260311T100000
DURATION:PT30M
SUMMARY:Chess
END:VEVENT
BEGIN:VEVENT
UID:off@x
STATUS:CANCELLED
DTSTART:20260311T100000Z
DTEND:20260311T110000Z
SUMMARY:Off
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def test_a_calendar_is_laid_out_day_by_day_in_wall_time() -> None:
    plan = importing.timetable(CALENDAR.encode(), zone=MOSCOW, now=NOON)
    found = sorted((row.starts_at.astimezone(UTC).isoformat(), row.title) for row in plan.rows)
    assert found == [
        ("2026-03-10T17:00:00+00:00", "Algebra, 8B"),
        ("2026-03-11T07:00:00+00:00", "Chess"),  # 10:00 in the school's zone
        ("2026-03-25T18:00:00+00:00", "Algebra, moved"),
        ("2026-03-31T16:00:00+00:00", "Algebra, 8B"),  # summer time began on 29 March
        ("2026-04-07T16:00:00+00:00", "Algebra, 8B"),
    ]
    assert [problem.line for problem in plan.problems] == [20]
    assert "no time of day" in str(plan.problems[0].what)
    first = next(row for row in plan.rows if row.title == "Algebra, 8B")
    assert (first.room, first.teacher) == ("a-01", "maria@school14.example")
    assert len({row.external_id for row in plan.rows}) == 5


@pytest.mark.parametrize(
    "content",
    [
        "BEGIN:VCALENDAR\r\nnonsense\r\n",
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:soon\r\n",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n",
    ],
)
def test_a_calendar_that_cannot_be_read_is_a_sentence(content: str) -> None:
    plan = importing.timetable(content, zone=MOSCOW, now=NOON)
    assert plan.rows == []
    assert str(plan.problems[0].what)


def test_a_lesson_that_repeats_every_second_is_bounded() -> None:
    endless = CALENDAR.replace("FREQ=WEEKLY;COUNT=5", "FREQ=SECONDLY")
    assert len(importing.timetable(endless, zone=MOSCOW, now=NOON).rows) < 1100


def test_the_campus_timetable_comes_in_whole(
    database: Database, ana: Actor, school: School
) -> None:
    pult = access.system(school.id)
    with open_campus() as campus:
        calendar = campus.get("/timetable.ics")
    with database.begin() as tx:
        for letter in "abc":
            connections.add(
                tx,
                pult,
                school.id,
                VAULT,
                platform="bigbluebutton",
                name=f"Media server {letter}",
                url="http://127.0.0.1:9",
                secret="x",
                now=NOON,
            )
    now = datetime.now(UTC)
    plan = importing.timetable(calendar, zone=MOSCOW, now=now)
    assert plan.problems == []
    done = importing.apply_timetable(database, ana, school.id, plan, now=now)
    assert done.rooms == 24
    assert done.lessons == len(plan.rows)
    with database.read() as tx:
        rooms = timetable.rooms(tx, ana, school.id)
    assert {room.form for room in rooms} == {
        "one-to-one",
        "classroom",
        "question centre",
        "micro-lesson",
    }
    assert len({room.connection_id for room in rooms}) == 3
    assert sum(1 for room in rooms if room.stream_url) == 2


def workbook(*rows: tuple[str | float | date | None, ...]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.create_sheet(index=0)
    for row in rows:
        sheet.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def test_a_workbook_is_read_as_it_is_typed_and_its_bad_rows_are_named() -> None:
    plan = importing.people_table(
        workbook(
            ("Почта", "ФИО", "Рост", "Рождён", None),
            ("a@x.example", "Анна", 172.0, date(2012, 5, 1), None),
            (),
            ("a@@x", "Борис", 1.5, None, None),
        )
    )
    assert [(row.line, row.email, dict(row.fields)) for row in plan.rows] == [
        (2, "a@x.example", {"Рост": "172", "Рождён": "2012-05-01"})
    ]
    assert [(problem.line, str(problem.what)) for problem in plan.problems] == [
        (4, "a@@x is not an e-mail address. Correct it, or leave the line out.")
    ]


def test_a_formula_that_nobody_calculated_is_named_and_an_empty_one_is_empty() -> None:
    plain = workbook(
        ("email", "name", "group"),
        ('=LOWER("A@X.TEST")', "Anna", "7B"),
        ("b@x.test", "Boris", "=A1"),
        ("c@x.test", "Clara", "#N/A"),
        ("d@x.test", "Dora", "7B"),
    )
    plan = importing.people_table(plain)
    assert [row.name for row in plan.rows] == ["Dora"]
    assert [(each.line, str(each.what).split(",")[0]) for each in plan.problems] == [
        (2, 'The column email holds the formula =LOWER("A@X.TEST")'),
        (3, "The column group holds the formula =A1"),
        (4, "The spreadsheet says #N/A in the column group: a mistake in a formula. Correct it"),
    ]
    cached = with_sheet(
        workbook(("email", "group"), ("a@x.test", "7B")),
        '<row r="2"><c r="A2" t="str"><f>LOWER("A@X.TEST")</f><v>a@x.test</v></c>'
        '<c r="B2" t="str"><f>IF(1,"","")</f><v></v></c></row>',
    )
    plan = importing.people_table(cached)
    assert plan.problems == []
    assert [(row.email, row.group) for row in plan.rows] == [("a@x.test", "")]


def with_sheet(content: bytes, row: str) -> bytes:
    """The workbook with this in place of its second row."""
    with ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    parts["xl/worksheets/sheet1.xml"] = re.sub(
        '<row r="2".*?</row>', lambda _found: row, sheet, flags=re.DOTALL
    ).encode()
    return packed(*parts.items())


def test_a_cell_merged_over_rows_stands_in_each_and_one_over_columns_is_named() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (
        ("email", "name", "group", "level"),
        ("a@x.test", "Anna", "7B", None),
        ("b@x.test", "Boris", None, None),
        ("c@x.test", "Clara", None, None),
        ("d@x.test", "Dora", "8A", None),
        ("e@x.test", "Emil", "9A", None),
    ):
        sheet.append(row)
    sheet.merge_cells("C2:C4")
    sheet.merge_cells("C6:D6")
    kept = io.BytesIO()
    book.save(kept)
    plan = importing.people_table(kept.getvalue())
    assert [(row.name, row.group) for row in plan.rows] == [
        ("Anna", "7B"),
        ("Boris", "7B"),
        ("Clara", "7B"),
        ("Dora", "8A"),
    ]
    assert [(each.line, str(each.what).split(".")[0]) for each in plan.problems] == [
        (6, "A cell is merged over the column level and the one before it")
    ]


def packed(*parts: tuple[str, bytes]) -> bytes:
    written = io.BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return written.getvalue()


def bombed(entities: str, value: str) -> bytes:
    """A workbook whose only cell is this one."""
    written = f"""<?xml version="1.0"?><!DOCTYPE worksheet [{entities}]>
        <worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
        <row r="1"><c r="A1" t="inlineStr"><is><t>{value}</t></is></c></row>
        </sheetData></worksheet>"""
    with ZipFile(io.BytesIO(workbook(("email",), ("a@x.example",)))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return packed(*{**parts, "xl/worksheets/sheet1.xml": written.encode()}.items())


LAUGHS = '<!ENTITY a0 "lol">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
)


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 and then nothing",
        packed(("xl/workbook.xml", b"<workbook/>")),
        packed(("[Content_Types].xml", b"0" * 80_000_000)),
        bombed(LAUGHS, "&a9;"),
        bombed('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"),
    ],
    ids=["cut", "empty", "unpacks to 80 MB", "entities", "a file's entity"],
)
def test_a_hostile_workbook_is_refused_in_words(content: bytes) -> None:
    plan = importing.people_table(content)
    assert plan.rows == []
    assert "root:" not in str(plan.problems)
    assert len(plan.problems) == 1


def test_a_cell_in_the_last_row_of_all_costs_nothing() -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet(index=0)
    sheet["A1"], sheet["XFD1048576"] = "email", "x"
    written = io.BytesIO()
    book.save(written)
    (problem,) = importing.people_table(written.getvalue()).problems
    assert "too large" in str(problem.what)


def test_guardians_come_in_with_their_children(
    database: Database, ana: Actor, school: School
) -> None:
    plan = importing.people_table(
        "email,role,guardian of\nvera@x.example,parent,alina@x.example; lost@x.example\n"
        "alina@x.example,student,\n"
    )
    brought = importing.apply(database, ana, school.id, plan, now=NOON)
    assert brought.people == 2
    assert [(one.line, str(one.what)) for one in brought.problems] == [
        (
            2,
            "Nobody here has the address lost@x.example. "
            "Bring the child in, then this table again.",
        )
    ]
    with database.read() as tx:
        known = {one.email: one.id for one in roster.people(tx, ana, school.id)}
        kept = tx.execute(text("SELECT person_id, guardian_id FROM guardian")).all()
        assert [tuple(row) for row in kept] == [(known["alina@x.example"], known["vera@x.example"])]


def test_a_workbook_s_far_columns_are_left_out() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.cell(1, 1, "name")
    sheet.cell(2, workbooks.COLUMNS + 1, "far")
    sheet.cell(3, 2, 7)
    kept = io.BytesIO()
    book.save(kept)
    assert list(workbooks.rows(kept.getvalue())) == [["name"], [], ["", "7"]]


def test_a_time_zone_that_is_none_is_named_by_its_line() -> None:
    table = "email,name,time_zone\na@school.test,A,Asia/Novosibirsk\nb@school.test,B,Siberia\n"
    plan = importing.people_table(table)
    assert [row.fields for row in plan.rows] == [{"time_zone": "Asia/Novosibirsk"}]
    (problem,) = plan.problems
    assert problem.line == 3
    assert str(problem.what) == (
        "“Siberia” is no time zone. Write it like Asia/Novosibirsk, or leave it out."
    )


def test_ages_come_in_by_any_name_stay_what_they_are_and_go_along_with_no_letter(
    database: Database, ana: Actor, school: School
) -> None:
    table = "почта;дата рождения;несовершеннолетний\na@x.example;30.05.2011;\nb@x.example;;да\n"
    plan = importing.people_table(table)
    importing.apply(database, ana, school.id, plan, now=NOON)
    again = importing.people_table("email,born,minor\na@x.example,,no\nb@x.example,,\n")
    importing.apply(database, ana, school.id, again, now=NOON)
    with database.read() as tx:
        kept = tx.execute(text("""
            SELECT email, born, minor FROM age JOIN person ON person.id = age.person_id
            ORDER BY email
        """)).all()  # fmt: skip
        people = roster.people(tx, ana, school.id)
    assert [tuple(row) for row in kept] == [
        ("a@x.example", "2011-05-30", "no"), ("b@x.example", "", "yes")
    ]  # fmt: skip
    assert [dict(each.fields) for each in people] == [{}, {}]
    wrong = importing.people_table("email,born,minor\na@x.example,soon,\nb@x.example,,perhaps\n")
    assert [(one.line, str(one.what).split(" Write")[0]) for one in wrong.problems] == [
        (2, "“soon” is no day of birth."),
        (3, "“perhaps” does not say whether they are a minor."),
    ]


SIBLINGS = """email,name,group,guardian of
mama@mail.ru,Petya Ivanov,7A,
mama@mail.ru,Olya Ivanova,5B,
mama@mail.ru,Olya,5B,
papa@mail.ru,Ivan Ivanov,,mama@mail.ru
"""


def test_brothers_and_sisters_come_in_both_and_the_same_child_once(
    database: Database, ana: Actor, school: School
) -> None:
    plan = importing.people_table(SIBLINGS)
    assert [row.name for row in plan.rows] == ["Petya Ivanov", "Olya Ivanova", "Ivan Ivanov"]
    assert [(each.line, each.what.params["first"]) for each in plan.problems] == [(4, 3)]
    assert importing.sharing(plan) == 2
    for _ in range(2):
        brought = importing.apply(database, ana, school.id, plan, now=NOON)
        assert brought.problems == []
    with database.read() as tx:
        people = {one.name: one for one in roster.people(tx, ana, school.id)}
        children = tx.execute(text("SELECT person_id FROM guardian")).scalars().all()
    assert {name: one.group for name, one in people.items()} == {
        "Petya Ivanov": "7A", "Olya Ivanova": "5B", "Ivan Ivanov": "",
    }  # fmt: skip
    assert set(children) == {people["Petya Ivanov"].id, people["Olya Ivanova"].id}


def test_a_line_is_about_whom_it_names_or_about_somebody_new(
    database: Database, ana: Actor, school: School
) -> None:
    def bring(*lines: str) -> list[str]:
        plan = importing.people_table("\n".join(("email,name,group", *lines)))
        brought = importing.apply(database, ana, school.id, plan, now=NOON)
        return [str(each.what) for each in brought.problems]

    assert bring("mama@mail.ru,Olya Ivanova,5B", "anna@mail.ru,Анна Котова,5B") == []
    assert bring("mama@mail.ru,Petya Ivanov,7A") == [
        "Petya Ivanov has the address of Olya Ivanova: both are kept. If they are one person, "
        "say so under People."
    ]
    assert bring("anna@mail.ru,Anna Kotova,6B", "mama@mail.ru,O. Ivanova,6B") == []
    with database.read() as tx:
        people = {one.name: one.group for one in roster.people(tx, ana, school.id)}
    assert people == {"Petya Ivanov": "7A", "O. Ivanova": "6B", "Anna Kotova": "6B"}
