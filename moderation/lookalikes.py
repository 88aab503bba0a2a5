"""Letters that look like letters of another script, and digits that stand for letters.

After the confusables of Unicode Technical Standard 39, narrowed to Latin and Cyrillic.
"""

from typing import Literal

Script = Literal["latin", "cyrillic"]

_PAIRS = (
    "aа", "bв", "cс", "eе", "hн", "iі", "jј", "kк", "mм", "nп", "oо", "pр", "rг", "sѕ", "tт",
    "uц", "vѵ", "wш", "xх", "yу", "qԛ", "dԁ", "lӏ",
)  # fmt: skip
_ONLY_TO_LATIN = {
    "ь": "b",
    "и": "u",
    "з": "e",
    "я": "r",
    "ԝ": "w",
    "һ": "h",
    "є": "e",
    "ո": "n",
    "ѡ": "w",
}
_ONLY_TO_CYRILLIC = {"u": "и", "i": "и", "ı": "и"}
_GREEK = {
    "α": ("a", "а"), "β": ("b", "в"), "ε": ("e", "е"), "η": ("n", "п"), "ι": ("i", "и"),
    "κ": ("k", "к"), "μ": ("u", "м"), "ν": ("v", "и"), "ο": ("o", "о"), "π": ("n", "п"),
    "ρ": ("p", "р"), "τ": ("t", "т"), "υ": ("u", "и"), "χ": ("x", "х"), "φ": ("o", "ф"),
    "λ": ("a", "л"), "ɡ": ("g", "г"), "ɑ": ("a", "а"), "ı": ("i", "и"),
}  # fmt: skip

LOOKS: dict[Script, dict[str, str]] = {
    "latin": {pair[1]: pair[0] for pair in _PAIRS}
    | _ONLY_TO_LATIN
    | {greek: pair[0] for greek, pair in _GREEK.items()},
    "cyrillic": {pair[0]: pair[1] for pair in _PAIRS}
    | _ONLY_TO_CYRILLIC
    | {greek: pair[1] for greek, pair in _GREEK.items()},
}
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
STRANGE = frozenset(_GREEK)  # letters of neither script that look like theirs


def skeleton(letters: str, script: Script) -> str:
    """The letters with those made one that a digit or a sign may both stand for."""
    return letters.translate(_SAME[script])


def _same(script: Script) -> dict[int, str]:
    same: dict[str, str] = {}
    for choices in MEANT[script].values():
        known = next((same[letter] for letter in choices if letter in same), choices[0])
        same |= dict.fromkeys(choices, known)
    return {ord(letter): known for letter, known in same.items()}


_SAME: dict[Script, dict[int, str]] = {"latin": _same("latin"), "cyrillic": _same("cyrillic")}


def script_of(letter: str) -> Script | None:
    if "a" <= letter <= "z" or "\u00df" <= letter <= "\u024f":
        return "latin"
    return "cyrillic" if "\u0400" <= letter <= "\u052f" else None


def is_han(letter: str) -> bool:
    return (
        "\u3400" <= letter <= "\u9fff"
        or "\uf900" <= letter <= "\ufaff"
        or "\U00020000" <= letter <= "\U0003ffff"
    )
