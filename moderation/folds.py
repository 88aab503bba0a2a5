"""Fold text letter by letter to what is meant, and remember where each letter stood.

NFKD and casefold after Unicode Standard Annex 15 and section 3.13; marks,
zero-width and bidirectional controls are dropped; traditional characters become
simplified ones.
"""

import unicodedata
from functools import lru_cache

from moderation.traditional import SIMPLIFIED

_DROPPED = frozenset({"Mn", "Me", "Cf", "Cc", "Cs"})
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters by category, blank to the eye


def cells(said: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its code points the place in `said` it came from."""
    if said.isascii() and said.isprintable():
        return said.casefold(), list(range(len(said)))
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(said):
        meant = fold(letter)
        letters.append(meant)
        places.extend([place] * len(meant))
    return "".join(letters), places


@lru_cache(maxsize=20_000)
def fold(letter: str) -> str:
    """One code point as meant; '' for what nobody sees."""
    if letter in "\t\n\r\v\f\u0085\u2028\u2029":
        return "\n"
    if letter in _FILLERS:
        return ""
    meant = unicodedata.normalize("NFKD", letter).casefold()
    meant = unicodedata.normalize("NFKD", meant)
    kept = (part for part in meant if unicodedata.category(part) not in _DROPPED)
    return "".join(SIMPLIFIED.get(part, part) for part in kept)
