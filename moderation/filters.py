"""Screen a text against watched words and patterns, with the span of each find.

Rules are TOML: `[[list]]` with name, language, terms and, if wanted, `benign`
phrases that contain a term but mean no harm, and `welfare` where its words raise
an alarm; `[[pattern]]` with name and an `expression` in RE2's syntax, which takes
linear time whatever is written; and what moderation.watching reads. Each is `on`
unless it says not, and may `hide` what it finds until somebody decides.
"""

import tomllib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, cast, get_args

import re2

from moderation.crossing import Crossing
from moderation.forms import forms
from moderation.matching import Find, Matcher, Term
from moderation.model import Flag, Welfare
from moderation.watching import WATCHED, RulesError, Watch, switch, watch_of
from store.words import N_

__all__ = ["Pattern", "Rules", "RulesError", "WordList", "screen", "screen_subject", "welfare_of"]

MOST_FLAGS = 200  # of one text: more would say no more
ENOUGH = 1000  # finds in one reading of a text, from which only welfare words are looked for
KEYS = {
    "list": {"name", "language", "terms", "benign", "welfare", "on", "hide"},
    "pattern": {"name", "expression", "on", "hide"},
}
NO_TOML = N_("The rules cannot be read: {problem}.")
UNKNOWN = N_("There is no {key} in rules. A file has [[list]] and [[pattern]].")
NO_WELFARE = N_("The welfare of “{name}” is one of {known}.")
NO_HIDING = N_("“{name}” raises welfare alarms: a cry for help is never hidden.")
NO_NAME = N_("Every list and pattern needs a name.")
TWICE = N_("Two of the lists and patterns are named “{name}”. Give each a name of its own.")
NO_TERMS = N_("The list “{name}” needs terms, a list of words in quotes.")
BAD_EXPRESSION = N_("The expression of “{name}” cannot be read: {problem}.")
NO_EXPRESSION = N_("The pattern “{name}” needs an expression.")


@dataclass(frozen=True)
class WordList:
    name: str
    language: str
    terms: tuple[str, ...]
    benign: tuple[str, ...] = ()
    welfare: Welfare | None = None
    hide: bool = False
    on: bool = True


@dataclass(frozen=True)
class Pattern:
    name: str
    expression: str
    hide: bool = False
    on: bool = True


@dataclass(frozen=True)
class Rules:
    """Lists and patterns, ready to search; building them takes far longer than a search."""

    lists: tuple[WordList, ...]
    patterns: tuple[Pattern, ...]
    watch: Watch = field(default_factory=Watch)
    _matcher: Matcher = field(init=False, repr=False, compare=False)
    _benign: Matcher = field(init=False, repr=False, compare=False)
    _crossing: Crossing | None = field(init=False, repr=False, compare=False)
    _compiled: list[tuple[Pattern, Any]] = field(init=False, repr=False, compare=False)
    _welfare: dict[str, Welfare] = field(init=False, repr=False, compare=False)
    _hiding: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lists = tuple(each for each in self.lists if each.on)
        ready = [(pattern, compiled(pattern)) for pattern in self.patterns]
        welfare = {each.name: each.welfare for each in lists if each.welfare}
        hiding = {each.name for each in lists if each.hide}
        hiding |= {each.name for each in self.patterns if each.hide and each.on}
        terms, benign = list(_terms(lists)), list(_benign_terms(lists))
        crossing = Crossing(terms, benign, welfare) if welfare else None
        object.__setattr__(self, "_matcher", Matcher(terms, welfare))
        object.__setattr__(self, "_benign", Matcher(benign))
        object.__setattr__(self, "_crossing", crossing)
        object.__setattr__(self, "_compiled", [each for each in ready if each[0].on])
        object.__setattr__(self, "_welfare", welfare)
        object.__setattr__(self, "_hiding", frozenset(hiding - set(welfare)))

    @classmethod
    def from_toml(cls, written: str) -> "Rules":
        """Raises RulesError, which says what to change."""
        return cls(*parts_of(tables_of(written)))


Tables = Mapping[str, Any]


def tables_of(written: str) -> Tables:
    """Raises RulesError for what is no TOML."""
    try:
        return tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        raise RulesError(NO_TOML, problem=str(error)) from error


def parts_of(tables: Tables) -> tuple[tuple[WordList, ...], tuple[Pattern, ...], Watch]:
    """What rules are built from. Raises RulesError, but does not compile the patterns."""
    for kind in tables:
        if kind not in KEYS and kind not in WATCHED:
            raise RulesError(UNKNOWN, key=kind)
    lists = tuple(_list(table) for table in _tables(tables, "list"))
    patterns = tuple(_pattern(table) for table in _tables(tables, "pattern"))
    _each_named_once([one.name for one in lists] + [one.name for one in patterns])
    return lists, patterns, watch_of(tables)


def screen(rules: Rules, said: str) -> list[Flag]:
    """What the rules find, by place; spans are code points of `said`, the end exclusive."""
    helped = rules._welfare
    flags = [
        Flag(find.rule, find.term, find.start, find.end, welfare=helped.get(find.rule))
        for find in _all_finds(rules, said)
    ]
    flags += _patterns(rules, said)
    if rules._hiding:
        flags = [replace(flag, hide=_hides(rules, flag, said)) for flag in flags]
    flags.sort(key=lambda flag: (flag.start, flag.end, flag.rule))
    return flags[:MOST_FLAGS] + _grave(flags[MOST_FLAGS:])


def _hides(rules: Rules, flag: Flag, said: str) -> bool:
    """Never by a word that is one only if a line break is read over: it may be two."""
    if flag.rule not in rules._hiding:
        return False
    return flag.kind == "pattern" or len(said[flag.start : flag.end].splitlines()) == 1


def _grave(flags: Iterable[Flag]) -> list[Flag]:
    """No insults hide a cry for help, nor does one kind of welfare words another."""
    kinds: dict[Welfare, list[Flag]] = defaultdict(list)
    for flag in flags:
        if flag.welfare and len(kinds[flag.welfare]) < MOST_FLAGS:
            kinds[flag.welfare].append(flag)
    return [flag for found in kinds.values() for flag in found]


def screen_subject(rules: Rules, subject: str, answered: Iterable[str] = ()) -> list[Flag]:
    """What the rules find in a subject line, as spans within it.

    `answered` are the subjects of the post that it answers: what an answer only
    repeats after its "Re:" is the other author's, and is not found again.
    """
    return of_subject(screen(rules, subject), subject, answered)


def of_subject(found: Iterable[Flag], subject: str, answered: Iterable[str] = ()) -> list[Flag]:
    """What was found in a subject line and is its author's own; see `screen_subject`."""
    said = subject.rstrip()
    repeated = max((len(other) for other in answered if said.endswith(other)), default=0)
    return [replace(flag, part="subject") for flag in found if flag.start < len(said) - repeated]


def _all_finds(rules: Rules, said: str) -> list[Find]:
    found = _finds(rules, said)
    return rules._crossing.find(said, found) if rules._crossing else found


def _finds(rules: Rules, said: str) -> list[Find]:
    found = rules._matcher.find(said, ENOUGH)
    if not found:
        return []
    harmless: dict[str, list[Find]] = defaultdict(list)
    for phrase in rules._benign.find(said):
        harmless[phrase.rule].append(phrase)
    meant = _meant(found, harmless)
    if len(found) < MOST_FLAGS or len(meant) >= MOST_FLAGS:
        return meant
    return _meant(rules._matcher.find(said), harmless)  # harmless phrases hide no insult after them


def _meant(found: list[Find], harmless: dict[str, list[Find]]) -> list[Find]:
    return [find for find in found if not _within(find, harmless[find.rule])]


def _within(find: Find, phrases: list[Find]) -> bool:
    """`phrases` are in order and none holds another: the last one begun reaches furthest."""
    begun = bisect_right(phrases, find.start, key=lambda phrase: phrase.start)
    return begun > 0 and find.end <= phrases[begun - 1].end


def _patterns(rules: Rules, said: str) -> Iterator[Flag]:
    for pattern, compiled in rules._compiled:
        for found in islice(compiled.finditer(said), MOST_FLAGS):
            if found.start() < found.end():
                yield Flag(pattern.name, pattern.expression, found.start(), found.end(), "pattern")


def _terms(lists: tuple[WordList, ...]) -> Iterator[Term]:
    for words in lists:
        for term in words.terms:
            for form in forms(term, words.language):
                yield Term(words.name, term, form)


def _benign_terms(lists: tuple[WordList, ...]) -> Iterator[Term]:
    for words in lists:
        for phrase in words.benign:
            for form in forms(phrase, words.language):
                yield Term(words.name, phrase, form)


def compiled(pattern: Pattern) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern.expression, options)
    except re2.error as error:
        problem = error.args[0]
        said = problem.decode(errors="replace") if isinstance(problem, bytes) else str(problem)
        raise RulesError(BAD_EXPRESSION, name=pattern.name, problem=said) from error


def _tables(tables: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    found = tables.get(kind, [])
    if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
        raise RulesError(UNKNOWN, key=f"[{kind}]")
    for table in found:
        for key in table:
            if key not in KEYS[kind]:
                raise RulesError(UNKNOWN, key=f"{kind}.{key}")
    return found


def _list(table: Mapping[str, Any]) -> WordList:
    name, terms, benign = _name(table), table.get("terms"), table.get("benign", [])
    if not terms or not _words(terms) or not _words(benign):
        raise RulesError(NO_TERMS, name=name)
    welfare = welfare_of(name, table.get("welfare"))
    hide, on = switch(table, name, "hide"), switch(table, name, "on")
    if hide and welfare:
        raise RulesError(NO_HIDING, name=name)
    language = str(table.get("language", ""))
    return WordList(name, language, tuple(terms), tuple(benign), welfare, hide, on)


def welfare_of(name: str, kind: object) -> Welfare | None:
    """What a list's words speak of, as it is written. Raises RulesError."""
    if kind is None:
        return None
    for known in get_args(Welfare):
        if kind == known:
            return cast(Welfare, known)
    raise RulesError(NO_WELFARE, name=name, known=", ".join(get_args(Welfare)))


def _pattern(table: Mapping[str, Any]) -> Pattern:
    name, expression = _name(table), table.get("expression")
    if not isinstance(expression, str) or not expression:
        raise RulesError(NO_EXPRESSION, name=name)
    return Pattern(name, expression, switch(table, name, "hide"), switch(table, name, "on"))


def _name(table: Mapping[str, Any]) -> str:
    name = table.get("name")
    if not isinstance(name, str) or not name.strip():
        raise RulesError(NO_NAME)
    return name


def _each_named_once(names: list[str]) -> None:
    """A flag names its rule: what it may do is not to be another's of the same name."""
    for name, times in Counter(names).items():
        if times > 1:
            raise RulesError(TWICE, name=name)


def _words(found: object) -> bool:
    return isinstance(found, list) and all(isinstance(word, str) and word.strip() for word in found)
