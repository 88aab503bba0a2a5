"""Find thousands of terms at once, at word boundaries, in every reading of a text."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, MatchKind

from moderation.folds import cells
from moderation.lookalikes import Script, is_han, script_of
from moderation.readings import Reading, collapsed, readings

LONG = 5  # letters: in a word this long a doubled letter is a disguise, not another word
ALONE = frozenset("aiияоуксв")  # words of one letter


@dataclass(frozen=True)
class Term:
    """A form to look for, with the rule and the term to report."""

    rule: str
    term: str
    form: str


@dataclass(frozen=True)
class Find:
    rule: str
    term: str
    start: int
    end: int


Wanted = list[tuple[Term, list[Sequence[str]]]]  # terms of one pattern, and each run's letters


class Matcher:
    """An automaton of the terms as written, and one of their skeletons in each script."""

    def __init__(self, terms: Iterable[Term], always: Collection[str] = ()) -> None:
        """`always` names the rules whose terms are looked for however much was found."""
        self._always = frozenset(always)
        patterns: dict[Script | None, dict[str, Wanted]] = {
            None: defaultdict(list),
            "latin": defaultdict(list),
            "cyrillic": defaultdict(list),
        }
        for term in terms:
            for form in _written(term.form):
                for script in {None, *map(script_of, form)}:
                    letters, runs = collapsed(form, script)
                    patterns[script][letters].append((term, runs))
        self._wanted = {script: list(found.values()) for script, found in patterns.items()}
        self._grave = {
            script: [any(term.rule in self._always for term, _ in each) for each in wanted]
            for script, wanted in self._wanted.items()
        }
        self._automata = {
            script: AhoCorasick(list(found), matchkind=MatchKind.Standard)
            for script, found in patterns.items()
        }

    def find(self, said: str, enough: int | None = None) -> list[Find]:
        """Finds by their place; of one rule's that lie within each other the longest.

        After `enough` of a reading only what is always looked for is.
        """
        found: set[Find] = set()
        for reading in readings(said):
            found.update(self._in(reading, said, enough))
        return sorted(longest(found), key=lambda find: (find.start, find.end, find.rule))

    def _in(self, reading: Reading, said: str, enough: int | None) -> Iterator[Find]:
        automaton, wanted = self._automata[reading.script], self._wanted[reading.script]
        grave, ordinary = self._grave[reading.script], 0
        for number, start, end in automaton.find_matches_as_indexes(
            reading.letters, overlapping=True
        ):
            if enough is not None and ordinary >= enough and not grave[number]:
                continue
            if not _stands_alone(reading, start, end):
                continue
            first, last = reading.span(start, end)
            if _mostly_digits(said[first:last]):
                continue
            found = [reading.run(place) for place in range(start, end)]
            for term, runs in wanted[number]:
                if _runs_fit(found, runs):
                    ordinary += term.rule not in self._always
                    yield Find(term.rule, term.term, first, last)


def _written(form: str) -> set[str]:
    """The form folded, and with its blanks and hyphens closed."""
    folded = " ".join(cells(form)[0].split())
    return {folded, "".join(letter for letter in folded if letter.isalnum())} - {""}


def _stands_alone(reading: Reading, start: int, end: int) -> bool:
    letters = reading.letters
    before = not _joins(letters[start], letters[start - 1 : start])
    after = not _joins(letters[end - 1], letters[end : end + 1])
    if before and after:
        return True
    return _spelled_alone(reading, start, end)


def _joins(edge: str, beyond: str) -> bool:
    """Chinese has no word boundaries; elsewhere a letter beyond the edge is the same word."""
    return bool(beyond) and not is_han(edge) and beyond.isalpha() and not is_han(beyond)


def _spelled_alone(reading: Reading, start: int, end: int) -> bool:
    """In letters set apart, one-letter words may stand before or after: "a f o o l"."""
    number = reading.spelled(start)
    if not number or reading.spelled(end - 1) != number or end - start < 3:
        return False
    edges = (start - 1, start - 2, end, end + 1)
    inside = [place for place in edges if 0 <= place < len(reading.letters)]
    beside = [place for place in inside if reading.spelled(place) == number]
    if start - 2 in beside or end + 1 in beside:
        return False
    return all(reading.letters[place] in ALONE for place in beside)


def _runs_fit(found: list[Sequence[str]], wanted: list[Sequence[str]]) -> bool:
    """Never fewer letters than the term has; more only where it cannot be another word."""
    doubled = 2 if len(wanted) >= LONG else 3
    return all(_run_fits(have, need, doubled) for have, need in zip(found, wanted, strict=True))


def _run_fits(have: Sequence[str], need: Sequence[str], doubled: int) -> bool:
    if len(have) == len(need):
        return all(letter in choices for choices, letter in zip(have, need, strict=True))
    if len(have) < len(need) or len(have) < doubled:
        return False
    return all(any(letter in choices for letter in need) for choices in have)


def _mostly_digits(found: str) -> bool:
    """A model's name, such as A55, is no disguise."""
    digits = sum(letter.isdigit() for letter in found)
    return digits > 0 and digits >= 2 * sum(letter.isalpha() for letter in found)


def longest(found: set[Find]) -> list[Find]:
    """By rule and place, without those that lie within a longer one of the same rule."""
    kept: list[Find] = []
    for find in sorted(found, key=lambda find: (find.rule, find.start, -find.end, find.term)):
        if not kept or kept[-1].rule != find.rule or find.end > kept[-1].end:
            kept.append(find)
    return kept
