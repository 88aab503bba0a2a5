"""Lists of watched words as a table to take away, to edit in a spreadsheet, and to bring back.

CSV (RFC 4180) with a header: list, language, welfare, hide (yes or nothing), kind (term
or benign), word.
A cell that a spreadsheet would take for a formula begins with an apostrophe.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO

from moderation.filters import NO_HIDING, Pattern, Rules, WordList, welfare_of
from moderation.model import Welfare
from moderation.watching import Pace, RulesError, Watch
from store.cells import FORMULAS, neutral
from store.words import N_

COLUMNS = ("list", "language", "welfare", "hide", "kind", "word")
KINDS = ("term", "benign")
YES = "yes"
MOST = 50_000  # words in one table
NO_TEXT = N_("The table is no UTF-8 text. Save it as CSV UTF-8 and choose it again.")
NO_COLUMN = N_("The table's first line lacks {column}. It names: {columns}.")
BAD_LINE = N_("Line {line} needs a list, a word, and term or benign as its kind.")
TOO_MANY = N_("A table holds at most {most} words.")


def table(rules: Rules, language: str = "") -> str:
    """The lists of that language, or of all."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for words in rules.lists:
        if language and words.language != language:
            continue
        for kind, chosen in zip(KINDS, (words.terms, words.benign), strict=True):
            for word in chosen:
                hide = YES if words.hide else ""
                row = (words.name, words.language, words.welfare or "", hide, kind, word)
                writer.writerow([_safe(cell) for cell in row])
    return out.getvalue()


def read(given: bytes) -> list[WordList]:
    """The lists of a table, each switched off: to be tried. Raises RulesError with the line."""
    try:
        said = given.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RulesError(NO_TEXT) from error
    reader = csv.reader(StringIO(said.replace("\0", ""), newline=""))
    header = [cell.strip().casefold() for cell in next(reader, [])]
    for column in ("list", "word"):
        if column not in header:
            raise RulesError(NO_COLUMN, column=column, columns=", ".join(COLUMNS))
    found: dict[str, _Gathered] = {}
    count = 0
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        count += 1
        if count > MOST:
            raise RulesError(TOO_MANY, most=MOST)
        cells = dict(zip(header, map(_plain, row), strict=False))
        _add(found, cells, line=reader.line_num)
    return [each.named(name) for name, each in found.items()]


def merged(rules: Rules, lists: Iterable[WordList]) -> Rules:
    """The rules with these words added: a list of the same name grows, another is new.

    A new one stays switched off. One that grows stays as it was switched: what is in
    force goes on until the grown list is tried and put in its place.
    """
    known = {words.name: words for words in rules.lists}
    for new in lists:
        old = known.get(new.name)
        known[new.name] = _grown(old, new) if old else new
    return Rules(tuple(known.values()), rules.patterns, rules.watch)


def toml(rules: Rules) -> str:
    """The rules as they are written and edited; `Rules.from_toml` reads them back the same."""
    parts = [
        *_watched(rules.watch),
        *map(_list, rules.lists),
        *map(_pattern, rules.patterns),
    ]
    return "\n\n".join(parts) + "\n"


@dataclass
class _Gathered:
    """A list while its lines are read; dicts keep the order and each word once."""

    language: str = ""
    welfare: Welfare | None = None
    hide: bool = False
    terms: dict[str, None] = field(default_factory=dict)
    benign: dict[str, None] = field(default_factory=dict)

    def named(self, name: str) -> WordList:
        terms, benign = tuple(self.terms), tuple(self.benign)
        if self.hide and self.welfare:
            raise RulesError(NO_HIDING, name=name)
        return WordList(name, self.language, terms, benign, self.welfare, self.hide, on=False)


def _add(found: dict[str, _Gathered], cells: dict[str, str], *, line: int) -> None:
    name, word, kind = cells.get("list", ""), cells.get("word", ""), cells.get("kind") or "term"
    if not name or not word or kind not in KINDS:
        raise RulesError(BAD_LINE, line=line)
    gathered = found.setdefault(name, _Gathered())
    gathered.language = gathered.language or cells.get("language", "")
    gathered.welfare = gathered.welfare or welfare_of(name, cells.get("welfare") or None)
    gathered.hide = gathered.hide or cells.get("hide", "").casefold() == YES
    (gathered.terms if kind == "term" else gathered.benign)[word] = None


def _grown(old: WordList, new: WordList) -> WordList:
    return replace(
        old,
        language=old.language or new.language,
        terms=tuple(dict.fromkeys(old.terms + new.terms)),
        benign=tuple(dict.fromkeys(old.benign + new.benign)),
        welfare=old.welfare or new.welfare,
        hide=(old.hide or new.hide) and not (old.welfare or new.welfare),
    )


def _list(words: WordList) -> str:
    kept: dict[str, object] = {
        "name": words.name,
        "language": words.language,
        "terms": list(words.terms),
    }
    if words.benign:
        kept["benign"] = list(words.benign)
    if words.welfare:
        kept["welfare"] = words.welfare
    return _table("[[list]]", kept, on=words.on, hide=words.hide)


def _pattern(pattern: Pattern) -> str:
    kept = {"name": pattern.name, "expression": pattern.expression}
    return _table("[[pattern]]", kept, on=pattern.on, hide=pattern.hide)


def _watched(watch: Watch) -> Iterator[str]:
    parts: dict[str, dict[str, object]] = {}
    if watch.flood:
        parts["flood"] = {"comments": watch.flood.count, "minutes": _minutes(watch.flood)}
    if watch.repeats:
        parts["repeats"] = {"times": watch.repeats.count, "minutes": _minutes(watch.repeats)}
    if watch.newcomers:
        parts["newcomers"] = {"days": watch.newcomers.days}
    if watch.links is not None:
        parts["links"] = {"allowed": sorted(watch.links)}
    for kind, kept in parts.items():
        yield _table(f"[{kind}]", kept, on=kind not in watch.off, hide=kind in watch.hides)


def _table(head: str, kept: Mapping[str, object], *, on: bool, hide: bool) -> str:
    """A rule's switches are said only where they are not as usual."""
    lines = [head, *(f"{key} = {_value(value)}" for key, value in kept.items())]
    if not on:
        lines.append("on = false")
    if hide:
        lines.append("hide = true")
    return "\n".join(lines)


def _minutes(pace: Pace) -> int:
    return int(pace.within.total_seconds() // 60)


def _value(value: object) -> str:
    """JSON's strings are TOML's, but for DEL, which TOML wants escaped."""
    if isinstance(value, list) and len(value) > 1:
        return "[\n" + "".join(f"    {_value(each)},\n" for each in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _safe(cell: str) -> str:
    """So that `_plain` gives the same back."""
    return f"'{cell}" if cell.startswith("'") else neutral(cell)


def _plain(cell: str) -> str:
    said = cell.strip()
    return said[1:] if said.startswith("'") and said[1:].startswith((*FORMULAS, "'")) else said


def languages(rules: Rules) -> Sequence[str]:
    return sorted({words.language for words in rules.lists if words.language})
