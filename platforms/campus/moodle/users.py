"""core_user_*: find accounts, and suspend them or let them in again."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from platforms.campus import people
from platforms.campus.moodle.errors import MoodleError
from platforms.campus.moodle.parameters import ID, TEXT, Many, Param, Spec, Value, Values
from platforms.campus.moodle.site import Site, stamp
from platforms.campus.people import Person

GET_USERS: Mapping[str, Spec] = {"criteria": Many({"key": TEXT, "value": TEXT}, required=True)}
BY_FIELD: Mapping[str, Spec] = {"field": TEXT, "values": Many(TEXT, required=True)}
UPDATE: Mapping[str, Spec] = {
    "users": Many(
        {
            "id": ID,
            "suspended": Param("bool", None),
            "email": Param("text", None),
            "lang": Param("text", None),
        },
        required=True,
    )
}
LANGUAGES = {"zh": "zh_cn"}
FIELDS: dict[str, Callable[[Person], str]] = {
    "id": lambda person: str(person.id),
    "username": lambda person: person.username,
    "email": lambda person: person.email,
    "firstname": lambda person: person.first,
    "lastname": lambda person: person.last,
    "idnumber": lambda person: f"S14-{person.id}",
    "auth": lambda _: "manual",
}
WILDCARDS = ("email", "firstname", "lastname")


def get_users(site: Site, _: Person, values: Values) -> Value:
    """Criteria are ANDed; one that is not known finds everybody, with a warning."""
    found: Iterable[Person] = site.accounts.values()
    warnings: list[Value] = []
    for criterion in _records(values["criteria"]):
        key, value = str(criterion["key"]), str(criterion["value"])
        if key in FIELDS:
            found = [person for person in found if _matches(person, key, value)]
        else:
            warnings.append(_unknown_key(key))
    seen = site.seen()
    return {"users": [_record(site, person, seen) for person in found], "warnings": warnings}


def get_users_by_field(site: Site, _: Person, values: Values) -> Value:
    name = str(values["field"])
    if name not in ("id", "idnumber", "username", "email"):
        raise MoodleError("invalidparameter")
    wanted = {str(value).lower() for value in _items(values["values"])}
    seen = site.seen()
    return [
        _record(site, person, seen)
        for person in site.accounts.values()
        if FIELDS[name](person).lower() in wanted
    ]


def update_users(site: Site, caller: Person, values: Values) -> Value:
    """What cannot be changed is skipped, with a warning; older Moodles say nothing at all."""
    warnings: list[Value] = []
    for user in _records(values["users"]):
        number = int(str(user["id"]))
        problem = _protected(site, caller, number)
        if problem:
            warnings.append(_warning(number, problem))
        elif user["suspended"] is not None:
            change = site.evening.suspended.add if user["suspended"] else _lift(site)
            change(number)
    if site.evening.traps["moodle-updates-null"].on:
        return None
    return {"warnings": warnings}


def language(person: Person) -> str:
    return LANGUAGES.get(person.language, person.language)


def picture(site: Site, size: int) -> str:
    return f"{site.url}/theme/image.php/boost/core/1/u/f{size}"


def _lift(site: Site) -> Callable[[int], None]:
    return site.evening.suspended.discard


def _protected(site: Site, caller: Person, number: int) -> str:
    if number not in site.accounts:
        return "invaliduserid"
    if number == people.ADMIN and caller.id != people.ADMIN:
        return "usernotupdatedadmin"
    return "usernotupdatedguest" if number == people.GUEST else ""


def _warning(number: int, code: str) -> Value:
    message = str(MoodleError(code, str(number)))
    return {"item": "user", "itemid": number, "warningcode": code, "message": message}


def _unknown_key(key: str) -> Value:
    return {
        "item": key,
        "warningcode": "invalidfieldparameter",
        "message": f"The search key '{key}' is not supported, "
        "look at the web service documentation",
    }


def _matches(person: Person, key: str, value: str) -> bool:
    stands = FIELDS[key](person).lower()
    if key not in WILDCARDS:
        return stands == value.lower()
    pattern = ".*".join(re.escape(part) for part in value.lower().split("%"))
    return re.fullmatch(pattern, stands, re.DOTALL) is not None


def identity(site: Site, person: Person) -> dict[str, Value]:
    """What every record of a user begins with."""
    return {
        "id": person.id,
        "username": person.username,
        "firstname": person.first,
        "lastname": person.last,
        "fullname": person.name,
        "email": person.email,
        "department": person.group,
        "idnumber": f"S14-{person.id}",
        "firstaccess": stamp(site.evening.clock.started) - 90 * 24 * 3600,
    }


def _record(site: Site, person: Person, seen: dict[int, datetime]) -> Value:
    return {
        **identity(site, person),
        "lastaccess": stamp(seen[person.id]),
        "auth": "manual",
        "suspended": person.id in site.evening.suspended,
        "confirmed": True,
        "lang": language(person),
        "theme": "",
        "timezone": "Asia/Novosibirsk" if person.id % 40 == 7 else "99",  # lives far away
        "mailformat": 1,
        "description": "",
        "descriptionformat": 1,
        "profileimageurlsmall": picture(site, 2),
        "profileimageurl": picture(site, 1),
        "customfields": [
            {
                "type": "menu",
                "value": person.level,
                "displayvalue": person.level,
                "name": "Level",
                "shortname": "level",
            }
        ]
        if person.level
        else [],
    }


def _records(value: Value) -> list[Values]:
    return [item for item in _items(value) if isinstance(item, dict)]


def _items(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []
