"""Parts of a letter under a heading of their own, for some readers: each is read as Markdown once.

A digest has one for each course. Read as a whole, it would be another text for each combination
of courses; a heading begins anew whatever stands above it, so such a part looks the same alone.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailing import conditions, fields
from mailing.conditions import Block, Parts

FENCE = re.compile(r"(?m)^\s*(?:```|~~~)")  # what it opens goes on into other parts
BEGINS = re.compile(r"#{1,6} |[^\W\d_]|\{\{")  # no list, no table, nothing indented


@dataclass(frozen=True)
class Split:
    """`base` has a mark, alone in its paragraph, where each of the sections stands."""

    base: Parts
    sections: tuple[Block, ...] = ()
    key: str = ""  # what no author writes

    @property
    def in_html(self) -> re.Pattern[str]:
        """Finds the place of a section in the base as HTML; its group is the number."""
        return re.compile(rf"<p [^>]*>{self.key}(\d+)z</p>\n")

    def unmarked(self, text: str) -> str:
        return re.sub(rf"{self.key}\d+z", "", text) if self.key else text

    @property
    def in_text(self) -> re.Pattern[str]:
        """The same in its text."""
        return re.compile(rf"\n\n{self.key}(\d+)z")


def split(body: Parts) -> Split:
    """The text without its sections; nothing is split where they could not stand alone."""
    first = body[0] if body else ""
    if not isinstance(first, str) or not first.strip() or FENCE.search(conditions.whole(body)):
        return Split(body)
    base: list[str | Block] = []
    found: list[Block] = []
    key = f"z{secrets.token_hex(8)}z"
    follows, begins = _may_follow(body), False  # whether the next part begins a line
    for at, part in enumerate(body):
        if isinstance(part, str):
            base.append(part)
            begins = part.endswith("\n")
        elif begins and _ends(part) and conditions.by_itself(part) and follows[at + 1]:
            base.append(f"\n{key}{len(found)}z\n\n")
            found.append(part)
        else:
            base.append(part)
            begins = False
    return Split(tuple(base), tuple(found), key)


class Shown:
    """Which of the sections a reader gets, by a look at her own values instead of at each test."""

    def __init__(self, sections: Sequence[Block]) -> None:
        self._by: dict[str, dict[str, list[int]]] = {}
        self._others: list[tuple[int, conditions.Test]] = []
        for n, section in enumerate(sections):
            if section.test.wanted and section.test.values:
                values = self._by.setdefault(section.test.field, {})
                for value in section.test.values:
                    values.setdefault(value, []).append(n)
            else:
                self._others.append((n, section.test))

    def of(self, known: Mapping[str, str]) -> list[int]:
        """Their numbers, in the letter's order."""
        found = {n for n, test in self._others if test.holds(known)}
        for name, values in self._by.items():
            for own in conditions.values(known.get(name, "")):
                found.update(values.get(own, ()))
        return sorted(found)


def check(sections: Sequence[Block]) -> None:
    """Raises MailingError for a field that is none."""
    for section in sections:
        fields.parse(conditions.whole(section.then))


def asked(base: Sequence[conditions.Test], sections: Sequence[Block]) -> tuple[str, ...]:
    """The fields on which it rests what a reader gets."""
    return tuple(dict.fromkeys(test.field for test in (*base, *conditions.tests(sections))))


def _may_follow(body: Parts) -> list[bool]:
    """By place: whether what stands from there on goes on with nothing of a section above it."""
    close, apart = [True], [True]  # right behind its last line, and behind an empty one
    for part in reversed(body):
        near, far = close[-1], apart[-1]
        if isinstance(part, Block):
            close.append(conditions.by_itself(part) and _ends(part) and near)
            apart.append(close[-1] or _begins(part, or_else=far))
        else:
            begins = BEGINS.match(part.lstrip("\n")) is not None if part.strip() else far
            apart.append(begins)
            close.append(begins if part.startswith("\n") else near and not part.strip())
    return close[::-1]


def _begins(block: Block, *, or_else: bool) -> bool:
    """Whether each reader finds something new there; `or_else`: whether that stands behind it."""
    return all(
        or_else if not part else isinstance(part[0], str) and BEGINS.match(part[0]) is not None
        for part in (block.then, block.otherwise)
    )


def _ends(section: Block) -> bool:
    last = section.then[-1]
    return isinstance(last, str) and last.endswith("\n")
