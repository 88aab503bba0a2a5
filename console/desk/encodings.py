"""In which encoding a table was saved: by the letters that come out, and the school's language.

Excel writes CSV in the encoding of the machine's language and says nothing of it. Each that can
be is tried, and the words that come out are looked at: "АоГч" is no Russian, "Mьller" no name.
"""

import re
from collections.abc import Callable

from store.words import N_

UTF8, UTF16 = "utf-8", "utf-16"
ENCODINGS = {
    UTF8: "UTF-8",
    UTF16: "UTF-16",
    "cp1251": N_("Cyrillic (Windows-1251)"),
    "gb18030": N_("Chinese (GB18030)"),
    "cp1252": N_("Western European (Windows-1252)"),
}
OF_LANGUAGE = {"ru": "cp1251", "zh_Hans": "gb18030", "en": "cp1252"}
HOME = 0.1  # what the school's own language counts for, of 1
NEITHER = 0.5  # where nothing but usual signs stands
FEW = 10  # of so many bytes one is NUL in UTF-16 at least, where addresses are; elsewhere none
LOOKED_AT = 20_000  # letters
WORD = re.compile(r"[^\W\d_]+")
CYRILLIC = re.compile(r"[А-Яа-яЁёІіЇїЄєҐґЎў]+")
LATIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿŒœŠšŽžŸ]+")
SIGNS = frozenset("«»„“”‘’‚–—…№©®°§ \u00a0€×")
FULL_WIDTH = re.compile(r"[\u3000-\u303f\uff00-\uffef·“”‘’—…]")


def certain(content: bytes) -> str:
    """The encoding that the bytes themselves tell; '' where it has to be guessed."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return UTF16
    if content.count(0) * FEW > len(content):  # even or odd tells which half comes first
        return "utf-16-le" if content[1::2].count(0) >= content[::2].count(0) else "utf-16-be"
    return UTF8 if _decoded(content, UTF8) is not None else ""


def guess(content: bytes, language: str) -> str:
    """The likeliest, for a school of this language; '' where it is text in none."""
    told = certain(content)
    if told:
        return told
    scores = {}
    for encoding, score in SCORES.items():
        written = _decoded(content, encoding)
        if written is not None:
            home = HOME if OF_LANGUAGE.get(language) == encoding else 0.0
            scores[encoding] = score(written[:LOOKED_AT]) + home
    best = max(scores, key=lambda each: scores[each], default="")
    return best if scores.get(best, 0.0) > HOME else ""


def possible(content: bytes) -> list[str]:
    """Those in which it is text at all."""
    return [each for each in ENCODINGS if _decoded(content, each) is not None]


def decoded(content: bytes, encoding: str) -> str | None:
    """Without the mark at its head; None where it is no text in this encoding."""
    written = _decoded(content, encoding)
    return None if written is None else written.removeprefix("\ufeff")


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _russian(written: str) -> float:
    """The share of foreign letters in words of Cyrillic alone, with capitals where they belong."""
    return _share(written, lambda word: bool(CYRILLIC.fullmatch(word)) and _plainly_cased(word))


def _western(written: str) -> float:
    """The share in words of Latin letters, most of them without marks."""
    return _share(written, lambda word: bool(LATIN.fullmatch(word)) and _few_marks(word))


def _chinese(written: str) -> float:
    """The share of characters in use: those of level 1 count whole, of level 2 by half."""
    foreign = [each for each in written if not each.isascii()]
    return sum(map(_in_use, foreign)) / len(foreign) if foreign else 0.0


def _share(written: str, good: Callable[[str], bool]) -> float:
    foreign = [each for each in written if not each.isascii() and each not in SIGNS]
    if not foreign:
        return NEITHER
    words = (found[0] for found in WORD.finditer(written))
    well = sum(sum(not each.isascii() for each in word) for word in words if good(word))
    return well / len(foreign)


def _plainly_cased(word: str) -> bool:
    return word.islower() or word.isupper() or (word[0].isupper() and word[1:].islower())


def _few_marks(word: str) -> bool:
    marked = sum(not each.isascii() for each in word)
    return marked * 2 <= len(word) and _plainly_cased(word.replace("ß", "s"))


def _in_use(character: str) -> float:
    """Of GB 2312: its first 3,755 characters are those that everybody writes."""
    if FULL_WIDTH.match(character):
        return 1.0
    try:
        first = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return 0.0
    return 1.0 if 0xB0 <= first <= 0xD7 else 0.5 if first >= 0xD8 else 0.0


SCORES: dict[str, Callable[[str], float]] = {
    "cp1251": _russian,
    "gb18030": _chinese,
    "cp1252": _western,
}
