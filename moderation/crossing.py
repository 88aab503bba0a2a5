"""Words of need that a pause falls into: a line break, dots, a dash, a comma, a picture.

A cry for help is often written in pieces, or cut by a mail program at its width. Here the text
is read once more with such pauses as blanks, and for the phrases of welfare lists alone.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from moderation.folds import cells
from moderation.lookalikes import is_han
from moderation.matching import Find, Matcher, Term, longest

# What stands between two letters, but for what ends a question or a call, an apostrophe, and
# signs that may be letters. A single blank is none.
_PAUSE = re.compile(
    r"(?<=\w)(?! \w)(?!['’ʼ`´]\w)[^\w!?;:@$€|+(\U0001f1e6-\U0001f1ff]+(?=[\w\U0001f1e6-\U0001f1ff])"
)
_SINGLE = re.compile(r" *[,.。] *")  # between Chinese words, which have no blanks, it parts them
_PARTS = re.compile(r"[^\w\s>'’]|\n\s*\n")


@dataclass(frozen=True)
class _Joined:
    """A text with its pauses as blanks, the places of these, and of each letter as it was."""

    letters: str
    places: Sequence[int]
    pauses: Sequence[int]

    def crosses(self, find: Find) -> bool:
        after = bisect_left(self.pauses, find.start)
        return after < len(self.pauses) and self.pauses[after] < find.end

    def as_given(self, find: Find) -> Find:
        return replace(find, start=self.places[find.start], end=self.places[find.end - 1] + 1)


class Crossing:
    """The phrases of welfare lists, and the harmless ones that hold them."""

    def __init__(self, terms: Iterable[Term], benign: Iterable[Term], of: Collection[str]) -> None:
        """`of` names the lists with welfare."""
        self._of = frozenset(of)
        phrases = [_plainly(term) for term in terms if term.rule in of]
        self._phrases = Matcher(term for term in phrases if _is_phrase(term.form))
        self._benign = Matcher(_plainly(term) for term in benign if term.rule in of)

    def find(self, said: str, plain: Iterable[Find]) -> list[Find]:
        """What stands across a pause, at its place as given, with the `plain` finds.

        Without what is of a harmless phrase that a mail program only wrapped.
        """
        plain, joined = list(plain), _joined(said)
        if not joined.pauses:
            return plain
        across = [
            joined.as_given(find)
            for find in self._phrases.find(joined.letters)
            if joined.crosses(find)
        ]
        grave = [*across, *(find for find in plain if find.rule in self._of)]
        if not grave:
            return plain
        harmless: dict[str, list[Find]] = defaultdict(list)
        for phrase in self._benign.find(joined.letters):
            harmless[phrase.rule].append(joined.as_given(phrase))
        return longest(
            {*plain, *across} - {one for one in grave if _within(one, harmless[one.rule], said)}
        )


def _is_phrase(form: str) -> bool:
    return " " in form or any(map(is_han, form))


def _plainly(term: Term) -> Term:
    return replace(term, form=_joined(term.form).letters)


def _joined(said: str) -> _Joined:
    folded, places = cells(said)
    kept: list[str] = []
    origin: list[int] = []
    pauses: list[int] = []
    done = 0
    for found in _PAUSE.finditer(folded):
        start, end = found.span()
        if _SINGLE.fullmatch(folded, start, end) and _of_han(folded, start, end):
            continue
        kept.append(folded[done:start])
        origin.extend(places[done:start])
        pauses.append(len(origin))
        kept.append(" ")
        origin.append(places[start])
        done = end
    if not pauses:
        return _Joined(folded, places, ())
    origin.extend(places[done:])
    return _Joined("".join([*kept, folded[done:]]), origin, pauses)


def _of_han(folded: str, start: int, end: int) -> bool:
    return is_han(folded[start - 1]) or is_han(folded[end])


def _within(find: Find, phrases: Sequence[Find], said: str) -> bool:
    """In one of its list's harmless `phrases`, nothing but blanks and a line's end around it."""
    begun = bisect_right(phrases, find.start, key=lambda phrase: phrase.start)
    if not begun or find.end > phrases[begun - 1].end:
        return False
    around = said[phrases[begun - 1].start : find.start], said[find.end : phrases[begun - 1].end]
    return not any(map(_PARTS.search, around))
