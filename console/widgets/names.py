"""Names as short as they can be told apart by, and the names of probes."""

from collections.abc import Mapping, Sequence

from console.i18n import _
from probes.probers import PROBERS


def probe(name: str) -> str:
    """A probe by the name that technicians know it by."""
    return _(PROBERS[name].name) if name in PROBERS else name


def short(names: Sequence[str]) -> Mapping[str, str]:
    """Each name without the words that all begin with: A, B, C for media servers."""
    words = [name.split() for name in names]
    shared = 0
    while len(words) > 1 and len({tuple(each[: shared + 1]) for each in words}) == 1:
        shared += 1
    return {name: " ".join(each[shared:]) or name for name, each in zip(names, words, strict=True)}
