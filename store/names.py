"""Whether two names may be one person's: words in any order, initials, accents and case aside."""

import re
import unicodedata
from functools import lru_cache

LOCAL = re.compile(r"@?([^@:\s]+)[@:].+")  # "@olga:server", "olga@server"
WORD = re.compile(r"[^\W\d_]+")
Name = tuple[str, ...]


def local(username: str) -> str:
    """The user name without its server, in lower case."""
    found = LOCAL.fullmatch(username.strip())
    return (found[1] if found else username.strip()).lower()


def of(name: str, username: str) -> str:
    """What an account is called: its name, else its user name without the server."""
    return name or local(username)


@lru_cache(maxsize=20_000)
def words(name: str) -> Name:
    plain = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(each for each in plain if not unicodedata.combining(each))
    return tuple(sorted(WORD.findall(bare), key=lambda word: (-len(word), word)))


def same(one: str, other: str) -> bool:
    """The same words, whatever their order."""
    return words(one) == words(other)


def agree(one: str, other: str) -> bool:
    """Every word of the shorter one stands in the other, if only by its initial: one does whole."""
    few, many = sorted((words(one), words(other)), key=len)
    left, whole = list(many), False
    for word in few:
        fits = next((each for each in left if each == word), None)
        whole = whole or (fits is not None and len(word) > 1)
        fits = fits or next((each for each in left if _initial(word, each)), None)
        if fits is None:
            return False
        left.remove(fits)
    return whole or (bool(few) and few == many)


def comparable(one: str, other: str) -> bool:
    """Whether they share an alphabet: Анна and Anna say nothing of each other."""
    return bool(_scripts(one) & _scripts(other))


def _initial(one: str, other: str) -> bool:
    return min(len(one), len(other)) == 1 and one[0] == other[0]


def _scripts(name: str) -> set[str]:
    return {unicodedata.name(letter, "?").split()[0] for word in words(name) for letter in word}
