"""Settings from `pult.toml` and the environment, typed and checked before anything starts.

Every key `name` of a `[section]` is overridden by PULT_SECTION_NAME, a key
above the sections by PULT_NAME. A secret may stand in a file named by
`name_file` instead. Only wiring reads this module.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from console.sections import SECTIONS, Like, Settings

OWN_VARIABLES = frozenset({"PULT_CONFIG"})  # not settings: they say where settings are


class SettingsError(Exception):
    """The settings cannot be used; the message says which line and what is allowed."""

    permanent = True


@dataclass(frozen=True)
class Key:
    section: str  # '' above the sections
    name: str
    kind: Any
    secret: bool
    within: tuple[float, float] | None = None  # the least and the most of a number
    like: Like | None = None  # what a text must look like

    @property
    def label(self) -> str:
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def variable(self) -> str:
        return f"PULT_{self.label.replace('.', '_')}".upper()


def load(environment: Mapping[str, str]) -> Settings:
    """Read the file that PULT_CONFIG names (else ./pult.toml, if there is one), then overrides.

    Raises SettingsError for a key or value that is not known.
    """
    values = _from_file(environment)
    for key in KEYS.values():
        if key.variable in environment:
            values[key.label] = _from_text(key, environment[key.variable])
        elif key.secret and f"{key.variable}_FILE" in environment:
            values[key.label] = _secret(environment[f"{key.variable}_FILE"], key.variable)
    sections = {
        name: kind(**{k.name: values[k.label] for k in KEYS.values() if _set(k, name, values)})
        for name, kind in SECTIONS.items()
    }
    top = {k.name: values[k.label] for k in KEYS.values() if _set(k, "", values)}
    return Settings(**top, **sections, warnings=_unknown_variables(environment))


def _set(key: Key, section: str, values: Mapping[str, Any]) -> bool:
    return key.section == section and key.label in values


def _keys(section: str, kind: type[Any]) -> dict[str, Key]:
    hints = get_type_hints(kind)
    keys = (
        Key(
            section,
            f.name,
            hints[f.name],
            bool(f.metadata.get("secret")),
            f.metadata.get("within"),
            f.metadata.get("like"),
        )
        for f in fields(kind)
        if f.name not in SECTIONS and f.name != "warnings"
    )
    return {key.label: key for key in keys}


KEYS: dict[str, Key] = _keys("", Settings)
for _name, _kind in SECTIONS.items():
    KEYS |= _keys(_name, _kind)


def _from_file(environment: Mapping[str, str]) -> dict[str, Any]:
    path = Path(environment.get("PULT_CONFIG") or "pult.toml")
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if environment.get("PULT_CONFIG"):
            raise SettingsError(f"PULT_CONFIG names {path}, and there is no such file.") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as UTF-8 text: {error}") from error
    try:
        tree = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}.") from error
    return _checked(path, source, tree)


def _checked(path: Path, source: str, tree: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for label, value in _flat(tree):
        where = f"{path}, line {_line(source, label)}"
        key, file = _known(label)
        if key is None:
            raise SettingsError(f"{where}: there is no setting {label!r}. {_choices(label)}")
        if file:
            values[key.label] = _secret(str(path.parent / str(value)), label)
        elif not _fits(key, value):
            shown = "the value given" if key.secret else repr(value)
            raise SettingsError(f"{where}: {label} must be {_allowed(key)}, not {shown}.")
        else:
            values[key.label] = Path(value) if key.kind is Path else value
    return values


def _flat(tree: Mapping[str, Any]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in tree.items():
        if isinstance(value, dict):
            if not value and name not in SECTIONS:
                pairs.append((name, value))
            pairs += [(f"{name}.{inner}", held) for inner, held in value.items()]
        else:
            pairs.append((name, value))
    return pairs


def _known(label: str) -> tuple[Key | None, bool]:
    """The key, and whether the value is the name of a file that holds it."""
    if label in KEYS:
        return KEYS[label], False
    key = KEYS.get(label.removesuffix("_file"))
    return (key, True) if key and key.secret else (None, False)


def _line(source: str, label: str) -> int:
    """The line where the key, or at least its section, stands; from 1."""
    section, _dot, name = label.rpartition(".")
    plain = re.compile(rf"\s*\"?{re.escape(name)}\"?\s*=")
    dotted = re.compile(rf"\s*{re.escape(label)}\s*=")
    current, at = "", 1
    for number, line in enumerate(source.splitlines(), start=1):
        heading = re.match(r"\s*\[\s*([\w.-]+)\s*\]", line)
        if heading:
            current = heading[1]
            at = number if current in (section, label) else at
        elif dotted.match(line) or (current == section and plain.match(line)):
            return number
    return at


def _choices(label: str) -> str:
    section = label.partition(".")[0] if "." in label else ""
    names = [key.name for key in KEYS.values() if key.section == section]
    if not names:
        return f"The sections are {', '.join(SECTIONS)}."
    place = f"[{section}]" if section else "the top"
    return f"Known in {place}: {', '.join(names)}."


def _fits(key: Key, value: Any) -> bool:
    if get_origin(key.kind) is Literal:
        return value in get_args(key.kind)
    if key.kind in (int, float):
        number = isinstance(value, int | key.kind) and not isinstance(value, bool)
        return number and (key.within is None or key.within[0] <= value <= key.within[1])
    if key.like is not None:
        return isinstance(value, str) and key.like.pattern.fullmatch(value) is not None
    return isinstance(value, bool if key.kind is bool else str)


def _allowed(key: Key) -> str:
    if key.like is not None:
        return f'text like "{key.like.example}"'
    if get_origin(key.kind) is Literal:
        return " or ".join(f'"{choice}"' for choice in get_args(key.kind))
    kind = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        Path: "a folder's path in quotes",
    }.get(key.kind, "text in quotes")
    return f"{kind} from {key.within[0]} to {key.within[1]}" if key.within else kind


def _from_text(key: Key, raw: str) -> Any:
    switches = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    value: Any
    try:
        if key.kind is bool:
            value = switches[raw.strip().lower()]
        else:
            value = key.kind(raw) if key.kind in (int, float) else raw
    except (ValueError, KeyError):
        value = None
    if value is None or not _fits(key, value):
        shown = "the value given" if key.secret else repr(raw)
        raise SettingsError(f"{key.variable} must be {_allowed(key)}, not {shown}.")
    return Path(value) if key.kind is Path else value


def _secret(path: str, label: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"The file for {label}, {path}, cannot be read.") from error


def _unknown_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    known = OWN_VARIABLES | {key.variable for key in KEYS.values()}
    known |= {f"{key.variable}_FILE" for key in KEYS.values() if key.secret}
    strange = sorted(n for n in environment if n.startswith("PULT_") and n not in known)
    return tuple(f"{name} is not a setting of Pult; it is not used." for name in strange)
