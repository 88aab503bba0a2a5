"""Read stored rules as far as they can be read: one that is bad must not stop the others.

They were good when they were stored; an import, an older Pult or a hand in the database
may have left others. Whoever saves rules hears of the first mistake instead (rules.save).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moderation.filters import Rules, Tables, compiled, parts_of, tables_of
from moderation.watching import RulesError
from store.words import Words


@dataclass(frozen=True)
class Salvaged:
    """`ignored` says of each rule that is left out why."""

    rules: Rules
    ignored: tuple[Words, ...] = ()


def read(written: str, otherwise: str) -> Salvaged:
    """Of two rules with one name the first stands; `otherwise` is read where nothing can be."""
    try:
        return Salvaged(Rules.from_toml(written))
    except RulesError as error:
        first = error
    try:
        tables = tables_of(written)
    except RulesError:
        return Salvaged(Rules.from_toml(otherwise), (_words(first),))
    kept: dict[str, Any] = {}
    ignored: list[Words] = []
    for piece in _pieces(tables):
        together = _with(kept, piece)
        try:
            _, patterns, _ = parts_of(together)
            for pattern in patterns[-1:]:
                compiled(pattern)
        except RulesError as error:
            ignored.append(_words(error))
        else:
            kept = together
    return Salvaged(Rules(*parts_of(kept)), tuple(ignored))


def _pieces(tables: Tables) -> Iterator[Tables]:
    """One rule each."""
    for kind, found in tables.items():
        if isinstance(found, list):
            yield from ({kind: [table]} for table in found)
        else:
            yield {kind: found}


def _with(kept: Tables, piece: Tables) -> dict[str, Any]:
    added = {
        kind: [*kept.get(kind, []), *found] if isinstance(found, list) else found
        for kind, found in piece.items()
    }
    return {**kept, **added}


def _words(error: RulesError) -> Words:
    return Words(error.template, error.params)
