"""Fold text letter by letter to what is meant, and remember where each letter stood.

NFKD and casefold after Unicode Standard Annex 15 and section 3.13; marks,
zero-width and bidirectional controls are dropped; traditional characters become
simplified ones.
"""

import re
import unicodedata
from collections.abc import Sequence

from opencc import OpenCC

from moderation.lookalikes import VARIANTS, is_han

_SIMPLIFIED = OpenCC("t2s")
_DROPPED = frozenset({"Mn", "Me", "Cf", "Cc", "Cs"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters by category, blank to the eye
# Small capitals, letters with a stroke or a hook, in a box or a circle: the letter by its name.
_NAMED = re.compile(
    r"LATIN (?:SMALL |CAPITAL )?LETTER "
    r"(?:(?:SMALL CAPITAL|TURNED|REVERSED|OPEN|SIDEWAYS|SCRIPT|DOTLESS) )*([A-Z])(?: WITH .*)?"
    r"|(?:NEGATIVE |CROSSED NEGATIVE )?(?:SQUARED|CIRCLED|PARENTHESIZED) "
    r"LATIN (?:SMALL|CAPITAL) LETTER ([A-Z])"
)
MOST = 4  # letters that one stands for; signs for a whole sentence, such as \ufdfa, stay one
_NOT_ITS_NAME = frozenset("ɯʍ")  # a turned m looks like a w

# What folds letter for letter: ASCII, Russian, Chinese and the signs between them.
_ONE_TO_ONE = re.compile("[ -~а-яА-ЯёЁ一-鿿«»“”‘’–—，。！？、：；（）]*")


class _Folds(dict[int, str]):
    def __missing__(self, code: int) -> str:
        self[code] = fold(chr(code))
        return self[code]


_FOLDS = _Folds()


def cells(said: str) -> tuple[str, Sequence[int]]:
    """The folded text, and for each of its code points the place in `said` it came from."""
    if _ONE_TO_ONE.fullmatch(said):
        return said.translate(_FOLDS), range(len(said))
    letters = [_FOLDS[ord(letter)] for letter in said]
    places = [place for place, meant in enumerate(letters) for _part in meant]
    return "".join(letters), places


def fold(letter: str) -> str:
    """One code point as meant; '' for what nobody sees."""
    if letter in "\t\n\r\v\f\u0085\u2028\u2029":
        return "\n"
    if letter in _FILLERS:
        return ""
    named = _NAMED.fullmatch(unicodedata.name(letter, ""))
    if named and letter not in _NOT_ITS_NAME:
        return (named[1] or named[2]).lower()
    meant = unicodedata.normalize("NFKD", letter).casefold()
    meant = unicodedata.normalize("NFKD", meant)
    kept = [part for part in meant if unicodedata.category(part) not in _DROPPED]
    return "".join(map(_common, kept)) if len(kept) <= MOST else letter


def _common(letter: str) -> str:
    """A Chinese character as it is written in simplified script."""
    letter = VARIANTS.get(letter, letter)
    return str(_SIMPLIFIED.convert(letter)) if is_han(letter) else letter
