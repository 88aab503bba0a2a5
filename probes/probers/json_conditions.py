"""Judge a JSON answer by conditions in Gatus's syntax: `[BODY].status.db == ok`.

https://github.com/TwiN/gatus#conditions, those of the body: paths with indices,
`len()`, `has()`, `any()`, `pat()`. Several stand on lines of their own, or
behind semicolons; `[BODY].` may be left out. What stands in quotes is one word; a name that holds
a dot or the like is quoted in brackets, as in RFC 9535: `services["db.main"].status`.
"""

import json
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import isfinite
from typing import Any

from probes.model import ProbeFailed, Reading
from store.words import N_

QUOTED = r'"(?:[^"\\\n]|\\.)*"'
CONDITION = re.compile(
    rf"(?:(?P<function>len|has)\()?(?P<root>\[BODY\]|\$)?\.?"
    rf"(?P<path>(?:\[{QUOTED}\]|[^\s()=!<>\"])*)\)?"
    r"\s*(?P<operator>==|!=|<=|>=|<|>)\s*(?P<wanted>\S.*)"
)
STEP = re.compile(rf"\[(?P<quoted>{QUOTED})\]|\[(?P<index>\d+)\]|(?P<name>[^.\[\]]+)")
PLAIN = re.compile(r"[^\s.()\[\]=!<>\"\\]+")  # a name that needs no quotes
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
CHOICE = re.compile(r"(any|pat)\((.*)\)")
ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SHOWN = 100  # letters of a value
NOTHING = object()


@dataclass(frozen=True)
class Expected:
    """One condition; `path` are the names and indices on the way to the value."""

    function: str
    path: tuple[str | int, ...]
    operator: str
    wanted: str

    @property
    def named(self) -> str:
        found = "".join(map(_told, self.path)).removeprefix(".") or "[BODY]"
        return f"{self.function}({found})" if self.function else found


def parse(written: str) -> tuple[Expected, ...]:
    """Raises ValueError with the condition that cannot be read."""
    parts = (part for line in written.splitlines() for part in _parts(line, ";"))
    return tuple(_parse(part) for part in parts if part)


def _parts(written: str, separator: str) -> list[str]:
    """What stands between separators that are not in quotes."""
    found = re.findall(rf"(?:{QUOTED}|[^{separator}])+", written)
    return [part.strip() for part in found]


def _told(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if PLAIN.fullmatch(step) else f"[{json.dumps(step, ensure_ascii=False)}]"


def _parse(written: str) -> Expected:
    match = CONDITION.fullmatch(written)
    if match is None or not (match["root"] or match["path"]):
        raise ValueError(written)
    if STEP.sub("", match["path"]).strip("."):
        raise ValueError(written)
    steps = [_step(found) for found in STEP.finditer(match["path"])]
    wanted = match["wanted"].strip()
    if match["operator"] in ORDERS and not NUMBER.fullmatch(wanted):
        raise ValueError(written)
    return Expected(match["function"] or "", tuple(steps), match["operator"], wanted)


def _step(found: re.Match[str]) -> str | int:
    """A name or an index; a quoted name is written as JSON writes it. Raises ValueError."""
    if found["quoted"]:
        return str(json.loads(found["quoted"]))
    return int(found["index"]) if found["index"] else found["name"]


def judge(body: str, expected: tuple[Expected, ...]) -> tuple[Reading, ...]:
    """The numbers that were compared, as `json a.b`.

    Raises ProbeFailed for the first condition not met.
    """
    try:
        found = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ProbeFailed(N_("The answer is not JSON.")) from error
    readings = [_judge(found, each) for each in expected]
    return tuple(reading for reading in readings if reading is not None)


def _judge(body: Any, expected: Expected) -> Reading | None:
    value = _value(body, expected)
    if value is NOTHING:
        raise ProbeFailed(N_("The answer has no {path}."), {"path": expected.named})
    number = _number(value)
    if expected.operator in ORDERS:
        if number is None:
            raise ProbeFailed(
                N_("{path} is {value}, which is no number."),
                {"path": expected.named, "value": _shown(value)},
            )
        met = ORDERS[expected.operator](number, float(expected.wanted))
    else:
        met = _equal(value, expected.wanted) is (expected.operator == "==")
    if not met:
        raise ProbeFailed(
            N_("{path} is {value}; expected {operator} {wanted}."),
            {
                "path": expected.named,
                "value": _shown(value),
                "operator": expected.operator,
                "wanted": expected.wanted,
            },
        )
    return None if number is None else Reading(f"json {expected.named}", number, "")


def _value(body: Any, expected: Expected) -> Any:
    value = body
    for step in expected.path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else NOTHING
        else:
            value = value.get(step, NOTHING) if isinstance(value, dict) else NOTHING
    if expected.function == "has":
        return value is not NOTHING
    if expected.function == "len" and value is not NOTHING:
        return len(value) if isinstance(value, (list, dict, str)) else NOTHING
    return value


def _equal(value: Any, wanted: str) -> bool:
    choice = CHOICE.fullmatch(wanted)
    if choice and choice[1] == "any":
        return any(_equal(value, each) for each in _parts(choice[2], ","))
    if choice:
        return fnmatchcase(_shown(value), choice[2])
    number = _number(value)
    if number is not None and NUMBER.fullmatch(wanted):
        return number == float(wanted)
    return _plain(value) == wanted.strip('"')


def _number(value: Any) -> float | None:
    """A number, also one that is written as text; 1,234 is none, since nobody knows which."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and not (len(value) <= SHOWN and NUMBER.fullmatch(value)):
        return None
    if not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None  # 1e999 is beyond what a float holds


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(value: Any) -> str:
    return _plain(value)[:SHOWN]


def _no_constant(name: str) -> float:
    raise ValueError(name)  # NaN and Infinity are not JSON
