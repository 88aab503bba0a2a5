"""PHP's form variables (`a[0][b]=c`) and Moodle's descriptions of what a function takes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from platforms.campus.moodle.errors import MoodleError

MAX_VARIABLES = 1000  # PHP's max_input_vars: what is past it vanishes without a word
KEY = re.compile(r"^([^\[]+)((?:\[[^\]]*\])*)$")

Tree = dict[str, "Tree | str"]
Scalar = int | str | bool | None
Value = Scalar | list["Value"] | dict[str, "Value"]
Values = dict[str, Value]


@dataclass(frozen=True)
class Param:
    """One value; `kind` is int, bool or text."""

    kind: str = "text"
    default: Scalar = ""
    required: bool = False


@dataclass(frozen=True)
class Many:
    """A list of `item`; empty when it is not given, unless required."""

    item: "Spec"
    required: bool = False


Spec = Param | Many | Mapping[str, "Spec"]

ID = Param("int", required=True)
TEXT = Param(required=True)


def variables(body: str) -> list[tuple[str, str]]:
    return parse_qsl(body, keep_blank_values=True)[:MAX_VARIABLES]


def tree(pairs: list[tuple[str, str]]) -> Tree:
    root: Tree = {}
    for key, value in pairs:
        match = KEY.match(key)
        if match:
            path = [match[1], *re.findall(r"\[([^\]]*)\]", match[2])]
            _put(root, path, value)
    return root


def checked(spec: Mapping[str, Spec], given: Tree) -> Values:
    """Raises MoodleError invalidparameter for what is missing, unexpected or of a wrong kind."""
    unexpected = set(given) - set(spec)
    if unexpected:
        raise MoodleError("invalidparameter")
    return {name: _value(part, given.get(name)) for name, part in spec.items()}


def _put(node: Tree, path: list[str], value: str) -> None:
    for place, part in enumerate(path):
        key = part or str(len(node))
        if place == len(path) - 1:
            node[key] = value
            return
        below = node.get(key)
        if not isinstance(below, dict):
            below = {}
            node[key] = below
        node = below


def _value(spec: Spec, given: Tree | str | None) -> Value:
    if isinstance(spec, Param):
        return _scalar(spec, given)
    if isinstance(spec, Many):
        if (given is None and spec.required) or isinstance(given, str):
            raise MoodleError("invalidparameter")
        return [_value(spec.item, item) for item in (given or {}).values()]
    if isinstance(given, str):
        raise MoodleError("invalidparameter")
    return dict(checked(spec, given or {}))


def _scalar(spec: Param, given: Tree | str | None) -> Scalar:
    if given is None and not spec.required:
        return spec.default
    if not isinstance(given, str):
        raise MoodleError("invalidparameter")
    if spec.kind == "text":
        return given
    if spec.kind == "bool":
        if given in ("0", "1", "true", "false"):
            return given in ("1", "true")
        raise MoodleError("invalidparameter")
    if not re.fullmatch(r"-?\d{1,18}", given):
        raise MoodleError("invalidparameter")
    return int(given)
