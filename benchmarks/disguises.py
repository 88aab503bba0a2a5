"""How people hide a word from a filter: each disguise by its name, for three languages.

Look-alikes are drawn from all that Unicode Technical Standard 39 names for a letter, as
the package confusable_homoglyphs has it, and from families of letters by their Unicode
names; traditional and variant characters from two other converters' tables, zhconv
(MediaWiki's) and hanziconv. None of them is what screening folds by.
"""

import random
import unicodedata
from collections import defaultdict
from collections.abc import Callable

from confusable_homoglyphs.confusables import confusables_data
from hanziconv import HanziConv
from zhconv import convert

Disguise = Callable[[str, random.Random], str]

_LEET = {
    "a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7", "b": "8", "g": "9", "l": "1",
    "о": "0", "з": "3", "ч": "4", "б": "6", "в": "8", "т": "7", "а": "@4", "и": "1!",
}  # fmt: skip
_INVISIBLE = "\u200b\u200c\u200d\u2060\u00ad\ufeff"
_GAPS = (".", "-", "_", "*", " . ", "·")
_BLANKS = " \u00a0\u2003\u2009\u3000\t"
_TERTIARY = frozenset("土士鹃鹂")  # two everyday characters each, which no filter may take for one


def confusable(letter: str) -> list[str]:
    """What the standard names for the letter or its capital, as far as it is one character.

    Left out: sequences, such as rn for m; and the letter itself in another case.
    """
    found = [
        one["c"].strip("\u200e")
        for shape in dict.fromkeys((letter, letter.upper()))
        for one in confusables_data.get(shape, [])
    ]
    return sorted({one for one in found if len(one) == 1 and one.casefold() != letter} - _TERTIARY)


class _Confusables(dict[str, list[str]]):
    def __missing__(self, letter: str) -> list[str]:
        self[letter] = confusable(letter)
        return self[letter]


_CONFUSABLES = _Confusables()


def _families() -> list[dict[str, str]]:
    """Whole alphabets of other looks: small capitals, boxes, circles, flags, mathematical ones.

    Left out: small letters above others, which nobody reads as a line.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for one in map(chr, range(0x250, 0x1FFFF)):
        name = unicodedata.name(one, "")
        family, _, letter = name.rpartition(" ")
        known = any(kind in name for kind in ("LATIN", "MATHEMATICAL", "REGIONAL INDICATOR"))
        if (
            known
            and "A" <= letter <= "Z"
            and len(letter) == 1
            and unicodedata.category(one) != "Mn"
        ):
            found[family][letter.lower()] = one
    return [family for family in found.values() if len(family) >= 20]


_FAMILIES = _families()


def homoglyphs(word: str, chance: random.Random) -> str:
    """One to three letters become others of the same look."""
    places = [place for place, letter in enumerate(word) if _CONFUSABLES[letter]]
    chosen = set(chance.sample(places, min(len(places), chance.randint(1, 3))))
    return "".join(
        chance.choice(_CONFUSABLES[letter]) if place in chosen else letter
        for place, letter in enumerate(word)
    )


def alphabets(word: str, chance: random.Random) -> str:
    """The whole word in another alphabet's letters, or some letters of it."""
    family, some = chance.choice(_FAMILIES), chance.random() < 0.5
    return "".join(
        letter if some and chance.random() < 0.5 else family.get(letter, letter) for letter in word
    )


def leet(word: str, chance: random.Random) -> str:
    places = [place for place, letter in enumerate(word) if letter in _LEET]
    most = max(1, min(len(places), len(word) // 2, 3))
    chosen = set(chance.sample(places, min(len(places), chance.randint(1, most))))
    return "".join(
        chance.choice(_LEET[letter]) if place in chosen else letter
        for place, letter in enumerate(word)
    )


def spacing(word: str, chance: random.Random) -> str:
    """A sign between all letters, or one to six blanks."""
    blanks = chance.choice(_BLANKS) * chance.randint(1, 6)
    return chance.choice((chance.choice(_GAPS), blanks)).join(word)


def repeats(word: str, chance: random.Random) -> str:
    place = chance.randrange(len(word))
    return word[:place] + word[place] * chance.randint(3, 7) + word[place + 1 :]


def invisible(word: str, chance: random.Random) -> str:
    place = chance.randrange(1, len(word))
    return word[:place] + chance.choice(_INVISIBLE) * chance.randint(1, 3) + word[place:]


def traditional(word: str, chance: random.Random) -> str:
    """As it is written in Taiwan, in Hong Kong, or by a table of single characters."""
    written = (
        convert(word, "zh-tw"),
        convert(word, "zh-hk"),
        convert(word, "zh-hant"),
        HanziConv.toTraditional(word),
        "".join(chance.choice(_VARIANTS.get(letter, letter)) for letter in word),
    )
    return str(chance.choice([one for one in written if len(one) == len(word)]))


def _variants() -> dict[str, str]:
    """Every character that either converter writes for a simplified one."""
    found: dict[str, str] = defaultdict(str)
    for code in range(0x3400, 0x9FFF):
        for simple in {convert(chr(code), "zh-hans"), HanziConv.toSimplified(chr(code))}:
            if simple != chr(code):
                found[simple] += chr(code)
    return dict(found)


_VARIANTS = _variants()


DISGUISES: dict[str, Disguise] = {
    "homoglyphs": homoglyphs,
    "alphabets": alphabets,
    "leet": leet,
    "spacing": spacing,
    "repeats": repeats,
    "zero-width": invisible,
    "traditional": traditional,
}
