"""The forms that a watched word takes: Russian by its dictionary, English by its endings."""

from functools import lru_cache

from pymorphy3 import MorphAnalyzer

MOST = 80  # forms of one word; Russian verbs have the most
_HISSES = ("s", "x", "z", "ch", "sh")


def forms(term: str, language: str) -> set[str]:
    """The term and its forms; of several words the last one changes."""
    head, _, last = term.rpartition(" ")
    if not last.isalpha():
        return {term}
    changed = _russian(last) if language == "ru" else _english(last) if language == "en" else {last}
    return {term} | {f"{head} {form}".strip() for form in changed}


def _english(word: str) -> set[str]:
    if word.endswith(_HISSES):
        return {word, f"{word}es"}
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return {word, f"{word[:-1]}ies"}
    return {word, f"{word}s"}


@lru_cache(maxsize=20_000)
def _russian(word: str) -> frozenset[str]:
    likely = _dictionary().parse(word)[:1]
    found = [form.word for parse in likely for form in parse.lexeme]
    return frozenset([word, *found[:MOST]])


@lru_cache(maxsize=1)
def _dictionary() -> MorphAnalyzer:
    return MorphAnalyzer(lang="ru")
