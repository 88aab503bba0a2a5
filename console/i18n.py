"""Say everything in the reader's language: gettext catalogues, Babel's numbers and dates.

Catalogues are the committed .po files, read at the first use; nothing is compiled beforehand.
The language is asked for at every call, because several people share one process.
"""

import gettext as gnu
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from store.legibility import legible
from store.schools import LANGUAGES
from store.words import N_, Value

__all__ = ["N_", "_", "ngettext", "say"]

LOCALE = Path(__file__).parent / "locale"
NAMES = {"en": "English", "ru": "Русский", "zh_Hans": "简体中文"}
SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")
BEYOND = 1e15  # where grouped digits tell nobody anything, and babel gives up
JOINER = "\u2060"  # invisible; keeps Markdown from making links and emoji of plain text

_spoken: ContextVar[str | None] = ContextVar("spoken", default=None)


@runtime_checkable
class Sayable(Protocol):
    """Words, or an error meant for people."""

    @property
    def template(self) -> str: ...
    @property
    def params(self) -> Mapping[str, Value]: ...


@dataclass
class _Screens:
    """The one kind of screen that a process has, and what tells its language."""

    read: Callable[[], str]


_SCREENS = _Screens(lambda: "en")


def follow(reader: Callable[[], str]) -> None:
    """Ask `reader` for the language wherever none is spoken: the screens' session."""
    _SCREENS.read = reader


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Use this language inside the block, in this thread: mail, tests, cached drawings."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def language() -> str:
    return _spoken.get() or _SCREENS.read()


def best(wanted: str | None) -> str:
    """Ours nearest to a browser's tag: `zh-CN` is zh_Hans, `ru-RU` ru, all else English."""
    start = (wanted or "").replace("-", "_").split("_")[0].lower()
    return {"ru": "ru", "zh": "zh_Hans"}.get(start, "en")


@lru_cache
def catalogue(language: str) -> gnu.NullTranslations:
    path = LOCALE / language / "LC_MESSAGES" / "pult.po"
    if language not in LANGUAGES or not path.exists():
        return gnu.NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gnu.GNUTranslations(compiled)


def _(message: str) -> str:
    return catalogue(language()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    return catalogue(language()).ngettext(singular, plural, number)


def say(words: Sayable | BaseException | None, *, markdown: bool = True) -> str:
    """The sentence in the reader's language; its values cannot become markup.

    For a table's text column or `st.text` ask for `markdown=False`. An error that has no
    sentence for people is told by a general one: its text may hold secrets.
    """
    if words is None:
        return ""
    if not isinstance(words, Sayable):
        return _("Something went wrong here. Try again; the log tells more.")
    values = {name: _value(value, markdown) for name, value in words.params.items()}
    return _(words.template).format(**values)


def escape(text: str) -> str:
    """Plain text as Markdown that shows exactly it: no links, images, colours or emoji."""
    text = re.sub(r"\s+", " ", legible(text))
    text = re.sub(r"(https?|ftp)(?=:)|(www)(?=\.)", rf"\g<0>{JOINER}", text, flags=re.IGNORECASE)
    text = re.sub(r"(?=@)|(?<=:)(?=[A-Za-z+_-])", JOINER, text)
    return SPECIAL.sub(r"\\\1", text)


def listed(parts: Iterable[str]) -> str:
    """Names one after another, by the comma of the reader's language."""
    return ("、" if language() == "zh_Hans" else ", ").join(parts)


def number(value: float, *, digits: int = 0) -> str:
    if abs(value) >= BEYOND:
        return f"{value:g}"
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return numbers.format_decimal(value, format=pattern, locale=_locale())


def percent(share: float, *, digits: int = 0) -> str:
    """0.82 as 82 %; whole percents unless digits are asked for."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return _("{number}%").format(
        number=numbers.format_decimal(share * 100, pattern, locale=_locale())
    )


def clock(at: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """HH:MM in the school's zone."""
    return at.astimezone(zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def day(at: datetime, zone: ZoneInfo) -> str:
    """21 Nov, 21 нояб., 11月21日."""
    pattern = "M月d日" if language() == "zh_Hans" else "d MMM"
    return dates.format_date(at.astimezone(zone), pattern, locale=_locale())


def weekday(at: datetime, zone: ZoneInfo) -> str:
    """Monday, 16 March; понедельник, 16 марта; 3月16日星期一."""
    pattern = "M月d日EEEE" if language() == "zh_Hans" else "EEEE, d MMMM"
    return dates.format_date(at.astimezone(zone), pattern, locale=_locale())


def moment(at: datetime, zone: ZoneInfo, *, now: datetime | None) -> str:
    """18:05 today; with the day before it otherwise, or with no `now`: read on another day."""
    time = clock(at, zone)
    if now is not None and at.astimezone(zone).date() == now.astimezone(zone).date():
        return time
    return f"{day(at, zone)} {time}"


def span(length: timedelta) -> str:
    """A length of time as people say it: 40 s, 12 min, 1 h 20 min, 3 d."""
    seconds = max(0, round(length.total_seconds()))
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 60:
        return _("{n} s").format(n=seconds)
    if minutes < 60:
        return _("{n} min").format(n=minutes)
    if hours < 48:
        rest = minutes % 60
        if rest:
            return _("{h} h {m} min").format(h=hours, m=rest)
        return _("{h} h").format(h=hours)
    return _("{n} d").format(n=hours // 24)


def labelled(label: str, said: str) -> str:
    """Line 3: no such person; Chinese has a colon of its own."""
    return _("{label}: {said}").format(label=label, said=said)


def _value(value: Value, markdown: bool) -> str:
    if isinstance(value, float):
        return numbers.format_decimal(value, locale=_locale())
    return escape(str(value)) if markdown else legible(str(value))


@lru_cache
def _babel(language: str) -> Locale:
    return Locale.parse(language)


def _locale() -> Locale:
    return _babel(language())
