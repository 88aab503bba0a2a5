"""How people hide a word from a filter: each disguise by its name, for three languages.

Made from Unicode's own data and common habits, apart from the tables that screening uses.
"""

import random
import unicodedata
from collections.abc import Callable

from opencc import OpenCC

Disguise = Callable[[str, random.Random], str]

_TO_TRADITIONAL = OpenCC("s2t")
_LATIN = {
    "a": "аａ𝐚ɑ", "c": "сｃ𝖼", "e": "еｅ𝑒", "i": "іｉ𝗂", "o": "оｏ𝐨ο", "p": "рｐρ", "s": "ѕｓ𝘀",
    "x": "хｘ𝗑", "y": "уｙ𝒚", "h": "һｈ𝗵", "k": "кｋ𝐤", "m": "мｍ𝗺", "t": "тｔ𝘁", "b": "ｂ𝐛",
    "n": "ｎ𝗻", "d": "ԁｄ", "l": "ｌ𝐥", "r": "ｒ𝗿", "u": "ｕ𝐮", "g": "ｇ𝗴",
    "v": "ѵｖ", "w": "ѡｗ", "f": "ｆ𝗳",
}  # fmt: skip
_CYRILLIC = {
    "а": "aα", "в": "b", "е": "eё", "к": "kκ", "м": "mμ", "н": "h", "о": "o0ο", "р": "pρ", "с": "c",
    "т": "tτ", "у": "y", "х": "xχ", "и": "u", "п": "n", "г": "r",
}  # fmt: skip
_LEET = {
    "a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7", "b": "8", "g": "9", "l": "1",
    "о": "0", "з": "3", "ч": "4", "б": "6", "в": "8", "т": "7", "а": "@4", "и": "1!",
}  # fmt: skip
_INVISIBLE = "\u200b\u200c\u200d\u2060\u00ad\ufeff"
_GAPS = (" ", ".", "-", "_", "*", " . ", "·")


def _compatible() -> dict[str, str]:
    """Ideographs by those that look the same: radicals and compatibility forms."""
    alike: dict[str, str] = {}
    for code in (*range(0x2E80, 0x2FD6), *range(0xF900, 0xFAD9)):
        meant = unicodedata.normalize("NFKC", chr(code))
        if meant != chr(code) and len(meant) == 1:
            alike[meant] = alike.get(meant, "") + chr(code)
    return alike


_HAN = _compatible()


def homoglyphs(word: str, chance: random.Random) -> str:
    """One to three letters become others of the same look."""
    alike = _HAN | _LATIN | _CYRILLIC
    places = [place for place, letter in enumerate(word) if letter in alike]
    chosen = set(chance.sample(places, min(len(places), chance.randint(1, 3))))
    return "".join(
        chance.choice(alike[letter]) if place in chosen else letter
        for place, letter in enumerate(word)
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
    return chance.choice(_GAPS).join(word)


def repeats(word: str, chance: random.Random) -> str:
    place = chance.randrange(len(word))
    return word[:place] + word[place] * chance.randint(3, 7) + word[place + 1 :]


def invisible(word: str, chance: random.Random) -> str:
    place = chance.randrange(1, len(word))
    return word[:place] + chance.choice(_INVISIBLE) * chance.randint(1, 3) + word[place:]


def traditional(word: str, _chance: random.Random) -> str:
    written: str = _TO_TRADITIONAL.convert(word)
    return written


DISGUISES: dict[str, Disguise] = {
    "homoglyphs": homoglyphs,
    "leet": leet,
    "spacing": spacing,
    "repeats": repeats,
    "zero-width": invisible,
    "traditional": traditional,
}
