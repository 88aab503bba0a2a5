"""A stranger's text made legible: no letter that hides, reorders, commands or piles up.

What a letter does is told by Unicode (bidirectional formatting: UAX 9, section 2).
"""

import re
import unicodedata
from functools import cache

PILE = 4  # marks on one letter; no language stacks more
LAST_MARK = 0x1F000  # letters' own marks end below; emoji's selectors stand one at a time
REORDERING = "\u202a-\u202e\u2066-\u2069"
UNREADABLE = re.compile(f"[{REORDERING}\ud800-\udfff]")
COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufff9-\ufffb]")
BREAKS = re.compile("[\x85\u2028\u2029]")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def legible(words: str) -> str:
    """The words with every letter in its own place; a second time changes nothing.

    Line breaks and tabs stay. What turns the order of reading, or is half a letter,
    shows as U+FFFD; control characters go, and so do marks beyond PILE on one letter.
    """
    if words.isascii() and words.isprintable():
        return words
    said = BREAKS.sub("\n", UNREADABLE.sub("\ufffd", COMMANDS.sub("", words)))
    return said if said.isascii() else _piles().sub(r"\1", said)


def ordered(words: str) -> str:
    """The words without what turns the order of reading; all else stays."""
    return words if words.isascii() else UNREADABLE.sub("\ufffd", words)


def storable(words: str) -> str:
    """What any database keeps: NUL and half a letter show as U+FFFD; all else stays."""
    return words if words.isprintable() else UNSTORABLE.sub("\ufffd", words)


@cache
def _piles() -> re.Pattern[str]:
    """Marks in a row, the first PILE of them as a group."""
    ranges = []
    start = None
    for code in range(0x300, LAST_MARK + 1):
        marks = unicodedata.category(chr(code)) in ("Mn", "Me")
        if marks and start is None:
            start = code
        elif not marks and start is not None:
            ranges.append(f"{chr(start)}-{chr(code - 1)}")
            start = None
    mark = f"[{''.join(ranges)}]"
    return re.compile(f"({mark}{{{PILE}}}){mark}+")
