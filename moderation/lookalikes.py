"""Letters that look like letters of another script, and digits that stand for letters.

After the confusables of Unicode Technical Standard 39, narrowed to what looks like one
letter of Latin or Cyrillic (lookalikes.txt), and the habits of those who disguise words.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Literal

Script = Literal["latin", "cyrillic"]

_PAIRS = (
    "aа", "bв", "cс", "eе", "hн", "iі", "jј", "kк", "mм", "nп", "oо", "pр", "rг", "sѕ", "tт",
    "uц", "vѵ", "wш", "xх", "yу", "qԛ", "dԁ", "lӏ",
)  # fmt: skip
# Of more than one letter the first is read where nothing else says which is meant.
_TO_LATIN = {
    "ь": "b", "и": "u", "з": "e", "я": "r", "ԝ": "w", "һ": "h", "є": "e", "ѡ": "w",
    "I": "il", "l": "li",
}  # fmt: skip
_TO_CYRILLIC = {
    "u": "иц", "i": "и", "b": "вь", "m": "мт", "g": "д", "r": "гя", "w": "шщ", "і": "и", "l": "л",
}  # fmt: skip
_GREEK = {
    "α": ("a", "а"), "β": ("b", "в"), "ε": ("e", "е"), "η": ("n", "п"), "ι": ("i", "и"),
    "κ": ("k", "к"), "μ": ("u", "м"), "ν": ("v", "и"), "ο": ("o", "о"), "π": ("n", "п"),
    "ρ": ("p", "р"), "τ": ("t", "т"), "υ": ("u", "и"), "χ": ("x", "х"), "φ": ("o", "ф"),
    "λ": ("a", "л"), "ɡ": ("g", "г"), "ɑ": ("a", "а"),
}  # fmt: skip
_FLAGS = {chr(0x1F1E6 + number): chr(ord("a") + number) for number in range(26)}


def _table() -> dict[str, list[str]]:
    """A letter, and what looks like it."""
    lines = (files("moderation") / "lookalikes.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {letter: [chr(int(code, 16)) for code in codes] for letter, *codes in rows}


_TABLE = _table()


def _looks(letters: str, pairs: dict[str, str], own: Iterable[dict[str, str]]) -> dict[str, str]:
    """By what is written what it may mean; `pairs` name the twins of the other script's letters."""
    looks: dict[str, str] = dict(pairs)
    for letter, alike in _TABLE.items():
        meant = letter if letter in letters else pairs.get(letter, "")
        for one in alike if meant else ():
            known = "" if one in pairs else looks.get(one, "")
            looks[one] = known if meant in known else known + meant
    for table in own:
        looks |= table
    return looks


_LATIN = "abcdefghijklmnopqrstuvwxyz"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
_TWINS = {pair[0]: pair[1] for pair in _PAIRS} | _TO_CYRILLIC
LOOKS: dict[Script, dict[str, str]] = {
    "latin": _looks(
        _LATIN,
        {pair[1]: pair[0] for pair in _PAIRS},
        (_TO_LATIN, _FLAGS, {greek: pair[0] for greek, pair in _GREEK.items()}),
    ),
    "cyrillic": _looks(
        _CYRILLIC,
        _TWINS,
        (
            {flag: _TWINS[letter] for flag, letter in _FLAGS.items() if letter in _TWINS},
            {greek: pair[1] for greek, pair in _GREEK.items()},
        ),
    ),
}
# Rarer characters of Chinese, and what is written for them.
VARIANTS = {one: letter for letter, alike in _TABLE.items() if letter > "ѿ" for one in alike}
# What a digit or a sign may stand for: a 1 is an i or an l.
MEANT: dict[Script, dict[str, str]] = {
    "latin": {
        "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "bg", "7": "t", "8": "b",
        "9": "gq", "@": "a", "$": "s", "!": "il", "|": "il", "+": "t", "€": "e", "(": "c",
    },
    "cyrillic": {
        "0": "о", "1": "ил", "3": "зе", "4": "ча", "5": "с", "6": "б", "7": "т", "8": "в",
        "9": "дя", "@": "а", "$": "с", "!": "ил", "|": "ил", "+": "т", "€": "е", "(": "с",
    },
}  # fmt: skip
DIGITS_AND_SIGNS = frozenset("0123456789@$!|+€(")


def look(script: Script, written: str, folded: str) -> str:
    """The letters that a character may mean in a word of this script, the likeliest first.

    A capital may look like another letter than its small one does: a Greek N is no v.
    """
    looks = LOOKS[script]
    return looks.get(written) or looks.get(_plain(written)) or looks.get(folded) or folded


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    return unicodedata.normalize("NFKD", letter)[:1]


def skeleton(letters: str, script: Script) -> str:
    """The letters with those made one that a digit or a sign may both stand for."""
    return letters.translate(_SAME[script])


def _same(script: Script) -> dict[int, str]:
    same: dict[str, str] = {}
    for choices in {**MEANT[script], **LOOKS[script]}.values():
        known = next((same[letter] for letter in choices if letter in same), choices[0])
        merged = {same.get(letter, letter) for letter in choices}
        same |= {letter: known for letter, as_ in same.items() if as_ in merged}
        same |= dict.fromkeys(choices, known)
    return {ord(letter): known for letter, known in same.items()}


_SAME: dict[Script, dict[int, str]] = {"latin": _same("latin"), "cyrillic": _same("cyrillic")}


def script_of(letter: str) -> Script | None:
    if "a" <= letter <= "z" or "\u00df" <= letter <= "\u024f":
        return "latin"
    return "cyrillic" if "\u0400" <= letter <= "\u052f" else None


def _strange() -> frozenset[str]:
    """What looks like a letter and is none of English or Russian, as it is folded."""
    known = {*LOOKS["latin"], *LOOKS["cyrillic"]}
    folded = {_plain(one).casefold() for one in known} | known
    return frozenset(one for one in folded if not "a" <= one.casefold() <= "z") - {
        *_CYRILLIC, "ё", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    }  # fmt: skip


STRANGE = _strange()


def is_han(letter: str) -> bool:
    return (
        "\u3400" <= letter <= "\u9fff"
        or "\uf900" <= letter <= "\ufaff"
        or "\U00020000" <= letter <= "\U0003ffff"
    )
