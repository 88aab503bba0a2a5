"""The ways in which a text can be read: as written, unmasked, with its gaps closed.

A plain text has one reading; disguises add some. In every reading each letter
remembers its place, so that a find has its span in the text as given.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from moderation.folds import cells
from moderation.lookalikes import DIGITS_AND_SIGNS, LOOKS, STANDS_FOR, Script, is_han, script_of

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTER = rf"(?:(?![{_HAN}_])\w)"
# Single letters with gaps between them: "i d i o t", "i.d.i.o.t".
_SPELLED = re.compile(rf"(?<!\w){_LETTER}(?:[\W_]{{1,3}}{_LETTER}(?!\w)){{2,}}")
_GAP_IN_WORD = re.compile(rf"(?<={_LETTER})(?:[^\w\s]|_){{1,3}}(?={_LETTER})")
_GAP_IN_HAN = re.compile(rf"(?<=[{_HAN}])[\s\-_*.·~/|+=#^'\"`•…\u30fb]{{1,3}}(?=[{_HAN}])")
_WORD = re.compile(rf"(?:(?![{_HAN}\s]).)+")
_MASK = re.compile(r"[0-9@$!|+€(]")


@dataclass(frozen=True)
class Reading:
    """`letters` without repeats; for each its first and last place and its run length."""

    letters: str
    first: list[int]
    last: list[int]
    runs: list[int]
    spelled: list[int]  # number of the spelled-out word it is in, else 0


@dataclass(frozen=True)
class _Marks:
    mixed: frozenset[int]  # places in words of two scripts
    masked: frozenset[int]  # digits and signs that stand in a word
    gaps: frozenset[int]
    spelled: dict[int, int]


def readings(said: str) -> Iterator[Reading]:
    """Every different reading, the text as written first."""
    folded, places = cells(said)
    marks = _marks(folded)
    seen: set[tuple[str, bool]] = set()
    for script in _scripts(marks, folded):
        for mask in (None, 0, 1) if marks.masked else (None,):
            read = _unmasked(folded, marks, script, mask)
            for closed in (False, True) if marks.gaps else (False,):
                if (read, closed) not in seen:
                    seen.add((read, closed))
                    yield _collapsed(read, places, marks, closed=closed)


def collapsed(word: str) -> tuple[str, list[int]]:
    """A term without repeated letters, and how often each was repeated."""
    reading = _collapsed(word, list(range(len(word))), _NO_MARKS, closed=False)
    return reading.letters, reading.runs


_NO_MARKS = _Marks(frozenset(), frozenset(), frozenset(), {})


def _scripts(marks: _Marks, folded: str) -> tuple[Script, ...]:
    if marks.mixed:
        return ("latin", "cyrillic")
    if marks.masked and any(script_of(letter) == "cyrillic" for letter in folded):
        return ("cyrillic",)
    return ("latin",)


def _marks(folded: str) -> _Marks:
    plain = folded.isascii() and not _MASK.search(folded)
    spelled = {
        place: number
        for number, found in enumerate(_SPELLED.finditer(folded), start=1)
        for place in range(*found.span())
    }
    gaps = {
        place
        for pattern in (_GAP_IN_WORD, _GAP_IN_HAN)
        for found in pattern.finditer(folded)
        for place in range(*found.span())
    }
    gaps |= {place for place in spelled if not folded[place].isalnum()}
    if plain:
        return _Marks(frozenset(), frozenset(), frozenset(gaps), spelled)
    mixed, masked = _disguised(folded)
    return _Marks(mixed, masked, frozenset(gaps), spelled)


def _disguised(folded: str) -> tuple[frozenset[int], frozenset[int]]:
    mixed: set[int] = set()
    masked: set[int] = set()
    counts = {"latin": 0, "cyrillic": 0}
    words = [*_WORD.finditer(folded), *_SPELLED.finditer(folded)]
    scripts = [_count(found.group()) for found in words]
    for count in scripts:
        for script in counts:
            counts[script] += count[script]
    for found, count in zip(words, scripts, strict=True):
        if (count["latin"] and count["cyrillic"]) or _foreign(found.group(), count, counts):
            mixed.update(range(*found.span()))
        if count["latin"] or count["cyrillic"]:
            masked.update(_masks(folded, found.start(), found.end()))
    mixed |= {place for place, letter in enumerate(folded) if "\u0370" <= letter <= "\u03ff"}
    return frozenset(mixed), frozenset(masked)


def _count(word: str) -> dict[str, int]:
    found = [script_of(letter) for letter in word]
    return {"latin": found.count("latin"), "cyrillic": found.count("cyrillic")}


def _foreign(word: str, own: dict[str, int], whole: dict[str, int]) -> bool:
    """A whole word of lookalikes in a text that is otherwise in the other script."""
    script: Script = "latin" if own["latin"] else "cyrillic"
    other: Script = "cyrillic" if script == "latin" else "latin"
    if own[script] < 3 or whole[other] <= whole[script] - own[script]:
        return False
    if whole[other] == 0:
        return False
    return all(letter in LOOKS[other] for letter in word if script_of(letter) == script)


def _masks(folded: str, start: int, end: int) -> Iterator[int]:
    """Digits anywhere in a word; signs only where a letter or another mask follows or leads."""
    for place in range(start, end):
        if folded[place] not in DIGITS_AND_SIGNS:
            continue
        after = folded[place + 1 : place + 2]
        leads = after.isalpha() or (after != "" and after in DIGITS_AND_SIGNS)
        if leads or folded[place].isdigit() or folded[place] in "@$€":
            yield place


def _unmasked(folded: str, marks: _Marks, script: Script, mask: int | None) -> str:
    if not marks.mixed and mask is None:
        return folded
    looks, stands = LOOKS[script], STANDS_FOR[script][mask or 0]
    return "".join(
        stands.get(letter, letter)
        if mask is not None and place in marks.masked
        else looks.get(letter, letter)
        if place in marks.mixed
        else letter
        for place, letter in enumerate(folded)
    )


def _collapsed(read: str, places: list[int], marks: _Marks, *, closed: bool) -> Reading:
    """Leave out gaps if `closed`, then repeats; gaps that stay become one blank."""
    letters: list[str] = []
    first: list[int] = []
    last: list[int] = []
    runs: list[int] = []
    spelled: list[int] = []
    for place, letter in enumerate(read):
        if closed and place in marks.gaps and not letter.isalnum():
            continue
        shown = letter if letter.isalnum() else "\n" if letter in ".,!?;:。，！？；：\n" else " "
        if letters and letters[-1] == shown and not is_han(shown):
            last[-1] = places[place]
            runs[-1] += 1
            continue
        letters.append(shown)
        first.append(places[place])
        last.append(places[place])
        runs.append(1)
        spelled.append(marks.spelled.get(place, 0) if closed else 0)
    return Reading("".join(letters), first, last, runs, spelled)
