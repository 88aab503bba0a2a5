"""One language of a letter in the versions that its conditions make, each encoded once."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

from mailing import conditions, sections, templates
from mailing.conditions import Outcomes
from mailing.fields import Field
from mailing.multipart import Multipart
from mailing.places import Fragment, Place
from mailing.templates import Template

KEPT = 64  # versions in memory; a letter's readers mostly fall into a few
TOGETHER = 2_000  # letters put together of sections, as readers of the same ones get them
Gap = TypeVar("Gap", bound=Field | Place)


@dataclass(frozen=True)
class Version:
    template: Template
    letter: Multipart


class Versions:
    """Raises MailingError when a condition, or a field in any part, is none."""

    def __init__(
        self, subject: str, body: str, compiled: Callable[[str, str], Template], boundary: str
    ) -> None:
        self._split = sections.split(conditions.parse(body))
        self._subject, self._body = conditions.parse(subject), self._split.base
        self._compiled, self._boundary = compiled, boundary
        self._tests = conditions.tests((*self._subject, *self._body))
        self._asked = sections.asked(self._tests, self._split.sections)
        self._shown = sections.Shown(self._split.sections)
        self._nested = [conditions.tests(each.then) for each in self._split.sections]
        self._version = lru_cache(KEPT)(self._made)
        self._slotted = lru_cache(KEPT)(self._cut)
        self._section = lru_cache(None)(self._read)
        self._together = lru_cache(TOGETHER)(self._put_together)
        if self._tests or self._split.sections:
            compiled(conditions.whole(self._subject), conditions.whole(self._body))
        sections.check(self._split.sections)
        self._first = self._version((False,) * len(self._tests))

    def of(self, known: Mapping[str, str]) -> Version:
        """What a person with these fields gets."""
        if self._split.sections:
            return self._together(tuple([known.get(name, "") for name in self._asked]))
        if not self._tests:
            return self._first
        return self._version(conditions.outcomes(self._tests, known))

    def _made(self, outcomes: Outcomes) -> Version:
        held = dict(zip(self._tests, outcomes, strict=True))
        template = self._compiled(
            conditions.chosen(self._subject, held), conditions.chosen(self._body, held)
        )
        return Version(template, Multipart(template, self._boundary))

    def _put_together(self, values: Sequence[str]) -> Version:
        """What those get who have these values in the fields that are asked."""
        known = dict(zip(self._asked, values, strict=True))
        base, html, text = self._slotted(conditions.outcomes(self._tests, known))
        shown = {
            n: self._section(n, conditions.outcomes(self._nested[n], known))
            for n in self._shown.of(known)
        }
        template = replace(
            base,
            html=tuple(_filled(html, {n: each.html for n, each in shown.items()})),
            text=tuple(_filled(text, {n: each.text for n, each in shown.items()})),
        )
        return Version(template, Multipart(template, self._boundary))

    def _cut(
        self, outcomes: Outcomes
    ) -> tuple[Template, list[str | Place | range], list[str | Field | Place | range]]:
        """The text without its sections, and where they stand in it."""
        base = self._version(outcomes).template
        return (
            base,
            list(_slots(base.html, self._split.in_html)),
            list(_slots(base.text, self._split.in_text)),
        )

    def _read(self, number: int, outcomes: Outcomes) -> Fragment:
        held = dict(zip(self._nested[number], outcomes, strict=True))
        return templates.fragment(conditions.chosen(self._split.sections[number].then, held))


def _slots(pieces: Sequence[str | Gap], mark: re.Pattern[str]) -> Iterator[str | Gap | range]:
    """The pieces; where sections stand one behind the other, the range of their numbers."""
    run = range(0)
    for piece in pieces:
        cut = mark.split(piece) if isinstance(piece, str) else [piece]
        for at, each in enumerate(cut):
            if at % 2 and isinstance(each, str):
                run = range(run.start if run else int(each), int(each) + 1)
            elif each != "":
                if run:
                    yield run
                run = range(0)
                yield each
    if run:
        yield run


def _filled(
    pieces: Sequence[str | Gap | range], parts: Mapping[int, Sequence[str | Gap]]
) -> Iterator[str | Gap]:
    """The pieces with the parts where they stand; `parts` are in order."""
    for piece in pieces:
        if isinstance(piece, range):
            for n, part in parts.items():
                if n in piece:
                    yield from part
        else:
            yield piece
