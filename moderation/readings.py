"""The ways in which a text can be read: as written, unmasked, with its gaps closed.

A plain text has one reading; disguises add some. In every reading each letter
remembers its place, so that a find has its span in the text as given.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from moderation.folds import cells
from moderation.halves import are_words
from moderation.lookalikes import (
    DIGITS_AND_SIGNS,
    LOOKS,
    MEANT,
    STRANGE,
    Script,
    look,
    script_of,
    skeleton,
)

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTER = rf"(?:(?![{_HAN}_])[\w\U0001f1e6-\U0001f1ff])"
# Single letters with gaps between them: "i d i o t", "i.d.i.o.t".
_SPELLED = re.compile(rf"(?<!\w){_LETTER}(?:[\W_]{{1,6}}{_LETTER}(?!\w)){{2,}}")
# The same with the same gap each time: what stands beside it with another gap is another word.
_ALIKE = re.compile(rf"(?<!\w){_LETTER}([\W_]{{1,6}}){_LETTER}(?:\1{_LETTER})+(?!\w)")
_GAP_IN_WORD = re.compile(rf"(?<={_LETTER})(?:[^\w\s]|_){{1,3}}(?={_LETTER})")
_GAP_IN_HAN = re.compile(rf"(?<=[{_HAN}])[\s\-_*.·~/|+=#^'\"`•…\u30fb]{{1,6}}(?=[{_HAN}])")
# A word that a line break cuts in two, one of the halves alone in its line.
_BROKEN = re.compile(
    rf"(?<![^\n])[^\w\n]*{_LETTER}+( *\n{{1,2}} *)(?={_LETTER})"
    rf"|(?<={_LETTER})( *\n{{1,2}} *)(?={_LETTER}+[^\w\n]*(?:\n|$))"
)
_LONGEST = 40  # letters looked at before a break
_TAIL = re.compile(rf"{_LETTER}+\Z")
_HEAD = re.compile(rf"{_LETTER}+")
_WORD = re.compile(rf"(?:(?![{_HAN}\s]).)+")
_REPEATED = re.compile(r"(.)\1+", re.DOTALL)
ENDS = ".,!?;:。，！？；：\n"
_LATIN = re.compile("[a-z\u00df-\u024f]")
_CYRILLIC = re.compile("[\u0400-\u052f]")
# A capital I among small letters, or a small l among capitals, stands for the other.
_TALL = re.compile(
    r"(?<=[a-z])[IℐℑⅠＩ𝐈𝐼𝑰𝓘𝕀𝕴𝖨𝗜𝘐𝙄𝙸]|\bI(?=[aeouy])|(?<=[A-Z])l|\bl(?=[A-Z]|[bcdfghjkmnpqrstvwxz])"
)
_SCRIPTS: tuple[Script, ...] = ("latin", "cyrillic")
_MASK = re.compile(r"[0-9@$!|+€(]")


@dataclass(frozen=True)
class Reading:
    """A text's letters without repeats, and the way back to where each run of them stood.

    A reading of a script is a skeleton: what shows there may mean several letters.
    """

    letters: str
    script: Script | None
    _meant: Sequence[str]  # with repeats: what each may mean, where it stood, in which word
    _places: Sequence[int]
    _spelled: Mapping[int, int]
    _repeated: Sequence[int]  # letters that were repeated, and how many were left out by then
    _left_out: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place of some letters in the text as given, its end exclusive."""
        return self._places[self._first(start)], self._places[self._first(end) - 1] + 1

    def run(self, number: int) -> Sequence[str]:
        """For each time that a letter shows in its run, the letters that it may mean."""
        return self._meant[self._first(number) : self._first(number + 1)]

    def spelled(self, number: int) -> int:
        """The number of the word in letters set apart that a letter is in, else 0."""
        return self._spelled.get(self._first(number), 0)

    def _first(self, number: int) -> int:
        before = bisect_left(self._repeated, number)
        return number + (self._left_out[before - 1] if before else 0)


@dataclass(frozen=True)
class _Marks:
    mixed: frozenset[int]  # places in words of two scripts
    masked: frozenset[int]  # digits and signs that stand in a word
    gaps: frozenset[int]
    spelled: dict[int, int]


@dataclass(frozen=True)
class _Version:
    """The text in one script, and where a letter may be one of several."""

    written: str
    choices: Mapping[int, str]
    script: Script


def readings(said: str) -> Iterator[Reading]:
    """Every different reading, the text as written first."""
    folded, places = cells(said)
    marks = _marks(said, folded)
    for version in _versions(said, folded, places, marks):
        written = version.written
        for closed in (False, True) if marks.gaps else (False,):
            yield _collapsed(written, written, places, marks, closed=closed)
            if version.choices:
                meant = [version.choices.get(at, one) for at, one in enumerate(written)]
                bones = skeleton("".join(choices[0] for choices in meant), version.script)
                yield _collapsed(bones, meant, places, marks, closed=closed, script=version.script)


def _versions(said: str, folded: str, places: Sequence[int], marks: _Marks) -> Iterator[_Version]:
    if not marks.mixed:
        script = _script(marks, folded)
        yield _Version(folded, _masked(folded, marks, script), script)
        return
    raw = said if len(folded) == len(said) else "".join(said[place] for place in places)
    if not STRANGE.isdisjoint(folded):
        yield _Version(folded, {}, "latin")  # it may be another language's own word, or a flag
    for script in _SCRIPTS:
        meant = {at: look(script, raw[at], folded[at]) for at in marks.mixed}
        several = {at: choices for at, choices in meant.items() if len(choices) > 1}
        written = "".join(meant.get(at, one)[0] for at, one in enumerate(folded))
        yield _Version(written, _masked(folded, marks, script) | several, script)


def _masked(folded: str, marks: _Marks, script: Script) -> dict[int, str]:
    """For each digit or sign in a word the letters that it may mean."""
    return {at: MEANT[script].get(folded[at], folded[at]) for at in marks.masked}


def collapsed(word: str, script: Script | None = None) -> tuple[str, list[Sequence[str]]]:
    """A term without repeated letters, as a skeleton if asked, and the letters of each run."""
    bones = skeleton(word, script) if script else word
    reading = _collapsed(bones, word, range(len(word)), _NO_MARKS, closed=False)
    return reading.letters, [reading.run(number) for number in range(len(reading.letters))]


_NO_MARKS = _Marks(frozenset(), frozenset(), frozenset(), {})


def _script(marks: _Marks, folded: str) -> Script:
    russian = marks.masked and any(script_of(letter) == "cyrillic" for letter in folded)
    return "cyrillic" if russian else "latin"


def _marks(said: str, folded: str) -> _Marks:
    spelled = {
        place: number
        for number, found in enumerate(_spelled(folded), start=1)
        for place in range(*found.span())
    }
    gaps = {
        place
        for pattern in (_GAP_IN_WORD, _GAP_IN_HAN)
        for found in pattern.finditer(folded)
        for place in range(*found.span())
    }
    gaps |= {place for place in spelled if not folded[place].isalnum()}
    if "\n" in folded:
        gaps.update(_breaks(folded))
    tall = _TALL.search(said) is not None
    if not tall and _is_plain(folded):
        return _Marks(frozenset(), frozenset(), frozenset(gaps), spelled)
    mixed, masked = _disguised(folded, tall=tall)
    return _Marks(mixed, masked, frozenset(gaps), spelled)


def _breaks(folded: str) -> Iterator[int]:
    """The breaks that cut a word: not those between words of their own, as verses have them."""
    for found in _BROKEN.finditer(folded):
        start, end = found.span(found.lastindex or 0)
        before = _TAIL.search(folded, max(0, start - _LONGEST), start)
        after = _HEAD.match(folded, end)
        if not (before and after and are_words(before[0], after[0])):
            yield from range(start, end)


def _spelled(folded: str) -> Iterator[re.Match[str]]:
    """Words in letters set apart."""
    for found in _SPELLED.finditer(folded):
        yield from list(_ALIKE.finditer(folded, *found.span())) or [found]


def _is_plain(folded: str) -> bool:
    """Of one script, without a sign that stands for a letter: only gaps can disguise it."""
    if _MASK.search(folded):
        return False
    if folded.isascii():
        return True
    return STRANGE.isdisjoint(folded) and not (_LATIN.search(folded) and _CYRILLIC.search(folded))


def _disguised(folded: str, *, tall: bool) -> tuple[frozenset[int], frozenset[int]]:
    mixed: set[int] = set()
    masked: set[int] = set()
    counts = {"latin": 0, "cyrillic": 0}
    words = [*_WORD.finditer(folded), *_spelled(folded)]
    scripts = [_count(found.group()) for found in words]
    for count in scripts:
        for script in counts:
            counts[script] += count[script]
    for found, count in zip(words, scripts, strict=True):
        foreign = _is_mixed(found.group(), count) or _foreign(found.group(), count, counts)
        if foreign or (tall and count["latin"]):
            mixed.update(range(*found.span()))
        if foreign or count["latin"] or count["cyrillic"]:
            masked.update(_masks(folded, found.start(), found.end()))
    return frozenset(mixed), frozenset(masked)


def _is_mixed(word: str, count: Mapping[str, int]) -> bool:
    return bool(count["latin"] and count["cyrillic"]) or not STRANGE.isdisjoint(word)


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


def _collapsed(
    letters: str,
    meant: Sequence[str],
    places: Sequence[int],
    marks: _Marks,
    *,
    closed: bool,
    script: Script | None = None,
) -> Reading:
    """Leave out gaps if `closed`, then repeats; gaps that stay become blanks."""
    spelled: Mapping[int, int] = {}
    if closed:
        kept = [at for at, one in enumerate(letters) if at not in marks.gaps or one.isalnum()]
        letters = "".join(letters[at] for at in kept)
        meant, places = [meant[at] for at in kept], [places[at] for at in kept]
        spelled = {new: marks.spelled[at] for new, at in enumerate(kept) if at in marks.spelled}
    shown = letters.translate(_SHOWN)
    repeated: list[int] = []
    left_out: list[int] = []
    gone = 0
    for found in _REPEATED.finditer(shown):
        repeated.append(found.start() - gone)
        gone += found.end() - found.start() - 1
        left_out.append(gone)
    once = _REPEATED.sub(r"\1", shown) if repeated else shown
    return Reading(once, script, meant, places, spelled, repeated, left_out)


class _Shown(dict[int, str]):
    """Letters and digits as they are; of the rest only whether it ends a sentence."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        shown = letter if letter.isalnum() else "\n" if letter in ENDS else " "
        self[code] = shown
        return shown


_SHOWN = _Shown()
