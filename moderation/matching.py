"""Find thousands of terms at once, at word boundaries, in every reading of a text."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, MatchKind

from moderation.folds import cells
from moderation.lookalikes import is_han
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


class Matcher:
    def __init__(self, terms: Iterable[Term]) -> None:
        wanted: dict[str, list[tuple[Term, list[int]]]] = defaultdict(list)
        for term in terms:
            for form in _written(term.form):
                letters, runs = collapsed(form)
                wanted[letters].append((term, runs))
        self._wanted = [wanted[letters] for letters in wanted]
        self._automaton = AhoCorasick(list(wanted), matchkind=MatchKind.Standard)

    def find(self, said: str) -> list[Find]:
        """Finds by their place; of one rule's that lie within each other the longest."""
        found: set[Find] = set()
        for reading in readings(said):
            found.update(self._in(reading, said))
        return sorted(_longest(found), key=lambda find: (find.start, find.end, find.rule))

    def _in(self, reading: Reading, said: str) -> Iterator[Find]:
        matches = self._automaton.find_matches_as_indexes(reading.letters, overlapping=True)
        for number, start, end in matches:
            if not _stands_alone(reading, start, end):
                continue
            span = reading.first[start], reading.last[end - 1] + 1
            if _mostly_digits(said[span[0] : span[1]]):
                continue
            for term, runs in self._wanted[number]:
                if _repeats_fit(reading.runs[start:end], runs):
                    yield Find(term.rule, term.term, *span)


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
    number = reading.spelled[start]
    if not number or reading.spelled[end - 1] != number or end - start < 3:
        return False
    edges = (start - 1, start - 2, end, end + 1)
    inside = [place for place in edges if 0 <= place < len(reading.spelled)]
    beside = [place for place in inside if reading.spelled[place] == number]
    if start - 2 in beside or end + 1 in beside:
        return False
    return all(reading.letters[place] in ALONE for place in beside)


def _repeats_fit(found: list[int], wanted: list[int]) -> bool:
    """Never fewer than the term has; more only where it cannot be another word."""
    doubled = 2 if len(wanted) >= LONG else 3
    return all(
        have == need or (have > need and (have >= 3 or have >= doubled))
        for have, need in zip(found, wanted, strict=True)
    )


def _mostly_digits(found: str) -> bool:
    """A model's name, such as A55, is no disguise."""
    digits = sum(letter.isdigit() for letter in found)
    return digits > 0 and digits >= 2 * sum(letter.isalpha() for letter in found)


def _longest(found: set[Find]) -> list[Find]:
    """By rule and place, without those that lie within a longer one of the same rule."""
    kept: list[Find] = []
    for find in sorted(found, key=lambda find: (find.rule, find.start, -find.end, find.term)):
        if not kept or kept[-1].rule != find.rule or find.end > kept[-1].end:
            kept.append(find)
    return kept
