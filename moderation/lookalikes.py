"""Letters that look like letters of another script, and digits that stand for letters.

After the confusables of Unicode Technical Standard 39, narrowed to Latin and Cyrillic.
"""

from typing import Literal

Script = Literal["latin", "cyrillic"]

_PAIRS = (
    "aа", "bв", "cс", "eе", "hн", "iі", "jј", "kк", "mм", "nп", "oо", "pр", "rг", "sѕ", "tт",
    "uц", "vѵ", "wш", "xх", "yу", "qԛ", "dԁ", "lӏ",
)  # fmt: skip
_ONLY_TO_LATIN = {"ь": "b", "и": "u", "з": "e", "я": "r", "ԝ": "w", "һ": "h", "є": "e", "ո": "n"}
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
# Two readings: a 1 is an i or an l.
STANDS_FOR: dict[Script, tuple[dict[str, str], dict[str, str]]] = {
    "latin": (
        dict(zip("0134567892@$!|+€(", "oieasbtbgzasiltec", strict=True)),
        dict(zip("0134567892@$!|+€(", "oleasgtbqzaslltec", strict=True)),
    ),
    "cyrillic": (
        dict(zip("01346789@!|+€(", "оизчбтвдаиитес", strict=True)),
        dict(zip("01346789@!|+€(", "олечбтвяалытес", strict=True)),
    ),
}
DIGITS_AND_SIGNS = frozenset("0123456789@$!|+€(")


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
