"""One language of a letter in the versions that its conditions make, each encoded once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from mailing import conditions
from mailing.conditions import Outcomes
from mailing.multipart import Multipart
from mailing.templates import Template

KEPT = 64  # versions in memory; a letter's readers mostly fall into a few


@dataclass(frozen=True)
class Version:
    template: Template
    letter: Multipart


class Versions:
    """Raises MailingError when a condition, or a field in any part, is none."""

    def __init__(
        self, subject: str, body: str, compiled: Callable[[str, str], Template], boundary: str
    ) -> None:
        self._subject, self._body = conditions.parse(subject), conditions.parse(body)
        self._compiled, self._boundary = compiled, boundary
        self._tests = conditions.tests((*self._subject, *self._body))
        self._version = lru_cache(KEPT)(self._made)
        if self._tests:
            compiled(conditions.whole(self._subject), conditions.whole(self._body))
        self._first = self._version((False,) * len(self._tests))

    def of(self, known: Mapping[str, str]) -> Version:
        """What a person with these fields gets."""
        if not self._tests:
            return self._first
        return self._version(conditions.outcomes(self._tests, known))

    def _made(self, outcomes: Outcomes) -> Version:
        held = dict(zip(self._tests, outcomes, strict=True))
        template = self._compiled(
            conditions.chosen(self._subject, held), conditions.chosen(self._body, held)
        )
        return Version(template, Multipart(template, self._boundary))
