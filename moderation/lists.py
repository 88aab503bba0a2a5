"""Lists of watched words as a table to take away, to edit in a spreadsheet, and to bring back.

CSV (RFC 4180) with a header: list, language, welfare, kind (term or benign), word.
A cell that a spreadsheet would take for a formula begins with an apostrophe.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO

from moderation.filters import Pattern, Rules, WordList, welfare_of
from moderation.model import Welfare
from moderation.watching import RulesError, Watch
from store.words import N_

COLUMNS = ("list", "language", "welfare", "kind", "word")
KINDS = ("term", "benign")
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
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
                row = (words.name, words.language, words.welfare or "", kind, word)
                writer.writerow([_safe(cell) for cell in row])
    return out.getvalue()


def read(given: bytes) -> list[WordList]:
    """The lists of a table. Raises RulesError, which names the line."""
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
    return [
        WordList(name, each.language, tuple(each.terms), tuple(each.benign), each.welfare)
        for name, each in found.items()
    ]


def merged(rules: Rules, lists: Iterable[WordList]) -> Rules:
    """The rules with these words added: a list of the same name grows, another is new."""
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
    terms: dict[str, None] = field(default_factory=dict)
    benign: dict[str, None] = field(default_factory=dict)


def _add(found: dict[str, _Gathered], cells: dict[str, str], *, line: int) -> None:
    name, word, kind = cells.get("list", ""), cells.get("word", ""), cells.get("kind") or "term"
    if not name or not word or kind not in KINDS:
        raise RulesError(BAD_LINE, line=line)
    gathered = found.setdefault(name, _Gathered())
    gathered.language = gathered.language or cells.get("language", "")
    gathered.welfare = gathered.welfare or welfare_of(name, cells.get("welfare") or None)
    (gathered.terms if kind == "term" else gathered.benign)[word] = None


def _grown(old: WordList, new: WordList) -> WordList:
    return replace(
        old,
        language=old.language or new.language,
        terms=tuple(dict.fromkeys(old.terms + new.terms)),
        benign=tuple(dict.fromkeys(old.benign + new.benign)),
        welfare=old.welfare or new.welfare,
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
    return "\n".join(["[[list]]", *(f"{key} = {_value(kept[key])}" for key in kept)])


def _pattern(pattern: Pattern) -> str:
    return f"[[pattern]]\nname = {_value(pattern.name)}\nexpression = {_value(pattern.expression)}"


def _watched(watch: Watch) -> list[str]:
    parts = []
    for kind, count, pace in (
        ("flood", "comments", watch.flood),
        ("repeats", "times", watch.repeats),
    ):
        if pace:
            minutes = int(pace.within.total_seconds() // 60)
            parts.append(f"[{kind}]\n{count} = {pace.count}\nminutes = {minutes}")
    if watch.newcomers:
        parts.append(f"[newcomers]\ndays = {watch.newcomers.days}")
    if watch.links is not None:
        parts.append(f"[links]\nallowed = {_value(sorted(watch.links))}")
    return parts


def _value(value: object) -> str:
    """JSON's strings are TOML's, but for DEL, which TOML wants escaped."""
    if isinstance(value, list) and len(value) > 1:
        return "[\n" + "".join(f"    {_value(each)},\n" for each in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith((*FORMULAS, "'")) else cell


def _plain(cell: str) -> str:
    said = cell.strip()
    return said[1:] if said.startswith("'") and said[1:].startswith((*FORMULAS, "'")) else said


def languages(rules: Rules) -> Sequence[str]:
    return sorted({words.language for words in rules.lists if words.language})
