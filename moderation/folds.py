"""Fold text letter by letter to what is meant, and remember where each letter stood.

NFKD and casefold after Unicode Standard Annex 15 and section 3.13; marks,
zero-width and bidirectional controls are dropped; traditional characters become
simplified ones.
"""

import re
import unicodedata
from collections.abc import Sequence

from opencc import OpenCC

from moderation.lookalikes import is_han

_SIMPLIFIED = OpenCC("t2s")
_DROPPED = frozenset({"Mn", "Me", "Cf", "Cc", "Cs"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters by category, blank to the eye


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
    meant = unicodedata.normalize("NFKD", letter).casefold()
    meant = unicodedata.normalize("NFKD", meant)
    kept = (part for part in meant if unicodedata.category(part) not in _DROPPED)
    return "".join(_SIMPLIFIED.convert(part) if is_han(part) else part for part in kept)
