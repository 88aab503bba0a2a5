"""core_course_* and core_enrol_*: the courses and who is in them."""

from collections.abc import Mapping
from datetime import datetime

from platforms.campus.moodle.errors import MoodleError
from platforms.campus.moodle.parameters import ID, TEXT, Many, Param, Spec, Value, Values
from platforms.campus.moodle.site import Site, stamp
from platforms.campus.moodle.users import identity, picture
from platforms.campus.people import Person
from platforms.campus.timetable import Course

SITE_COURSE = 1
GET_COURSES: Mapping[str, Spec] = {"options": {"ids": Many(ID)}}
BY_FIELD: Mapping[str, Spec] = {"field": Param(), "value": Param()}
ENROLLED: Mapping[str, Spec] = {"courseid": ID, "options": Many({"name": TEXT, "value": TEXT})}
ROLES: dict[str, dict[str, Value]] = {
    "editingteacher": {"roleid": 3, "name": "", "shortname": "editingteacher", "sortorder": 0},
    "student": {"roleid": 5, "name": "", "shortname": "student", "sortorder": 0},
}
COLUMNS = {  # of get_courses_by_field
    "id": "id",
    "ids": "id",
    "shortname": "shortname",
    "idnumber": "idnumber",
    "category": "categoryid",
}
OPTIONS = (
    "withcapability", "groupid", "onlyactive", "onlysuspended", "userfields",
    "limitfrom", "limitnumber", "sortby", "sortdirection",
)  # fmt: skip


def get_courses(site: Site, _: Person, values: Values) -> Value:
    """All of them, the site itself (id 1) among them; an unknown id is an invalidrecord."""
    options = values["options"]
    ids = options["ids"] if isinstance(options, dict) else []
    records = {record["id"]: record for record in _records(site)}
    if not isinstance(ids, list) or not ids:
        return list(records.values())
    if any(number not in records for number in ids):
        raise MoodleError("invalidrecord", "course")
    return [record for number, record in records.items() if number in ids]


def get_courses_by_field(site: Site, _: Person, values: Values) -> Value:
    """Without a field: all of them."""
    name, value = str(values["field"]), str(values["value"])
    if name and name not in COLUMNS:
        raise MoodleError("invalidparameter")
    wanted = value.split(",") if name == "ids" else [value]
    found: list[Value] = [
        record for record in _records(site) if not name or str(record[COLUMNS[name]]) in wanted
    ]
    return {"courses": found, "warnings": []}


def get_enrolled_users(site: Site, caller: Person, values: Values) -> Value:
    """Pages with limitfrom and limitnumber, by id, without a total."""
    course = find(site, int(str(values["courseid"])))
    if site.evening.traps["moodle-empty-lists"].on:
        return []
    if not site.is_console(caller) and caller not in (*course.teachers, *course.students):
        raise MoodleError("requireloginerror")
    options = _options(values["options"])
    enrolled = sorted((*course.teachers, *course.students), key=lambda person: person.id)
    enrolled = _active(site, enrolled, options)
    first = int(options.get("limitfrom", "0"))
    number = int(options.get("limitnumber", "0"))
    page = enrolled[first : first + number] if number else enrolled[first:]
    seen = site.seen()
    fields = {name for name in options.get("userfields", "").split(",") if name}
    return [_enrolled(site, course, person, seen, fields) for person in page]


def find(site: Site, number: int) -> Course:
    for course in site.evening.courses:
        if course.id == number:
            return course
    raise MoodleError("invalidrecord", "course")


def _options(given: Value) -> dict[str, str]:
    options = {
        str(item["name"]): str(item["value"])
        for item in (given if isinstance(given, list) else [])
        if isinstance(item, dict)
    }
    for name, value in options.items():
        numeric = name in ("limitfrom", "limitnumber", "groupid", "onlyactive", "onlysuspended")
        if name not in OPTIONS or (numeric and not value.isdigit()):
            raise MoodleError("invalidparameter")
    return options


def _active(site: Site, enrolled: list[Person], options: dict[str, str]) -> list[Person]:
    """Enrolments are never suspended here; a suspended account counts as not active."""
    suspended = site.evening.suspended
    if options.get("onlyactive") == "1":
        return [person for person in enrolled if person.id not in suspended]
    if options.get("onlysuspended") == "1":
        return [person for person in enrolled if person.id in suspended]
    return enrolled


def _enrolled(
    site: Site, course: Course, person: Person, seen: dict[int, datetime], fields: set[str]
) -> Value:
    role = "editingteacher" if person in course.teachers else "student"
    access = stamp(seen[person.id])
    full: dict[str, Value] = {
        **identity(site, person),
        "lastaccess": access,
        "lastcourseaccess": access,
        "description": "",
        "descriptionformat": 1,
        "profileimageurlsmall": picture(site, 2),
        "profileimageurl": picture(site, 1),
        "groups": [],
        "roles": [dict(ROLES[role])],
        "enrolledcourses": [{"id": course.id, "fullname": course.name, "shortname": course.short}],
    }
    if not fields:
        return full
    return {name: value for name, value in full.items() if name == "id" or name in fields}


def _records(site: Site) -> list[dict[str, Value]]:
    whole = {
        **_common(site, SITE_COURSE, "School 14", "school14"),
        "categoryid": 0,
        "format": "site",
    }
    return [
        whole,
        *(_common(site, item.id, item.name, item.short) for item in site.evening.courses),
    ]


def _common(site: Site, number: int, name: str, short: str) -> dict[str, Value]:
    since = stamp(site.evening.clock.started) - 90 * 24 * 3600
    return {
        "id": number,
        "shortname": short,
        "categoryid": 1,
        "categorysortorder": 10000 + number,
        "fullname": name,
        "displayname": name,
        "idnumber": "",
        "summary": "",
        "summaryformat": 1,
        "format": "topics",
        "showgrades": 1,
        "newsitems": 5,
        "startdate": since,
        "enddate": 0,
        "numsections": 10,
        "maxbytes": 0,
        "showreports": 0,
        "visible": 1,
        "hiddensections": 1,
        "groupmode": 0,
        "groupmodeforce": 0,
        "defaultgroupingid": 0,
        "timecreated": since,
        "timemodified": since,
        "enablecompletion": 1,
        "completionnotify": 0,
        "lang": "",
        "forcetheme": "",
        "courseformatoptions": [],
        "showactivitydates": True,
        "showcompletionconditions": True,
    }
