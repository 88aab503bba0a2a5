"""Everybody who gets a letter, looked at one by one: whom it would reach empty or with a gap."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from mailing import conditions, enclosing, fields, recipients, sections
from mailing.conditions import Outcomes
from mailing.enclosing import Enclosed
from mailing.fields import Pieces
from mailing.lint import Finding
from mailing.model import Campaign
from store.words import N_, Words

NAMED = 8  # readers whom a finding names
ALIKE = 10_000  # readers of the same sections are looked at once
NO_TEXT = N_("The conditions leave no text: {people} of {all} would get an empty letter.")
NO_SUBJECT = N_("Nothing is left of the subject: {people} of {all} would get a letter without one.")
EMPTY = N_("Field {field} is empty: {people} of {all}.")


@dataclass
class _Some:
    people: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.people += 1
        if len(self.names) < NAMED:
            self.names.append(name)


@dataclass(frozen=True)
class _Version:
    """What the conditions left of a text; `bare`: nothing but fields, so it may come out empty."""

    names: tuple[str, ...]
    subject: tuple[str, ...]
    body: tuple[str, ...]
    bare_subject: bool
    bare_body: bool


class Readers:
    """Raises MailingError for a condition or a field that is none."""

    def __init__(self, campaign: Campaign, enclosed: Enclosed) -> None:
        self._enclosed = enclosed
        self._texts = {
            each: _Text(campaign.subject.get(each, ""), campaign.body[each])
            for each in recipients.written(campaign.body)
        }
        self._all = 0
        self._untold, self._untitled = _Some(), _Some()
        self._empty: dict[str, _Some] = {}

    def see(self, name: str, language: str, own: Mapping[str, str]) -> None:
        """Look at one reader: what she is called by, the language she gets, her fields."""
        self._all += 1
        text = self._texts[language]
        if text.same_for_all:
            return
        known = enclosing.known(self._enclosed, own, language)
        version = text.of(known)
        empty = [each for each in version.names if not known.get(each, "").strip()]
        for each in empty:
            self._empty.setdefault(each, _Some()).add(name)
        if version.bare_body and not set(version.body) - set(empty):
            self._untold.add(name)
        if version.bare_subject and not set(version.subject) - set(empty):
            self._untitled.add(name)

    def findings(self) -> list[Finding]:
        """Letters that would be empty, which nobody may want, and fields that some lack."""
        found = [
            Finding(self._counted(words, some), stops=True, forbids=True, who=tuple(some.names))
            for words, some in ((NO_TEXT, self._untold), (NO_SUBJECT, self._untitled))
            if some.people
        ]
        for name, some in self._empty.items():
            words = self._counted(EMPTY, some, field=name)
            found.append(Finding(words, stops=True, who=tuple(some.names), field=name))
        return found

    def for_nobody(self) -> Iterator[Words]:
        """Conditions that nobody met, each once, though it stands in each language."""
        told: list[Words] = []
        for words in (each for text in self._texts.values() for each in text.for_nobody()):
            if words not in told:
                told.append(words)
        yield from told

    def _counted(self, words: str, some: _Some, **more: str) -> Words:
        return Words(words, {**more, "people": some.people, "all": self._all})


class _Text:
    """One language, and which of its conditions were met by those who read it."""

    def __init__(self, subject: str, body: str) -> None:
        conditions.asked(subject), conditions.asked(body)
        self._subject, self._whole = conditions.parse(subject), conditions.parse(body)
        self._split = sections.split(self._whole)
        self._body, self._sections = self._split.base, self._split.sections
        self._tests = conditions.tests((*self._subject, *self._body))
        self._asked = sections.asked(self._tests, self._sections)
        self._shown = sections.Shown(self._sections)
        self._nested = [conditions.tests(each.then) for each in self._sections]
        self._versions: dict[Outcomes, _Version] = {}
        self._parts: dict[tuple[int, Outcomes], tuple[str, ...]] = {}
        self._together = lru_cache(ALIKE)(self._put_together)
        only = None if self._tests or self._sections else self._made(())
        self.same_for_all = only is not None and not (
            only.names or only.bare_subject or only.bare_body
        )

    def of(self, known: Mapping[str, str]) -> _Version:
        if self._sections:
            return self._together(tuple([known.get(name, "") for name in self._asked]))
        return self._base(known)

    def _base(self, known: Mapping[str, str]) -> _Version:
        outcomes = conditions.outcomes(self._tests, known)
        if outcomes not in self._versions:
            self._versions[outcomes] = self._made(outcomes)
        return self._versions[outcomes]

    def _put_together(self, values: Sequence[str]) -> _Version:
        known = dict(zip(self._asked, values, strict=True))
        base, shown = self._base(known), self._shown.of(known)
        names: list[str] = []
        for n in shown:
            outcomes = conditions.outcomes(self._nested[n], known)
            if (n, outcomes) not in self._parts:
                self._parts[n, outcomes] = self._read(n, outcomes)
            names += self._parts[n, outcomes]
        return replace(
            base,
            names=tuple(dict.fromkeys((*base.names, *names))),
            body=tuple(dict.fromkeys((*base.body, *names))),
            bare_body=base.bare_body and not shown,
        )

    def _read(self, number: int, outcomes: Outcomes) -> tuple[str, ...]:
        """The fields that a section asks for."""
        held = dict(zip(self._nested[number], outcomes, strict=True))
        then = conditions.chosen(self._sections[number].then, held)
        return tuple(fields.names(fields.parse(then)))

    def _met(self) -> Iterator[conditions.Test]:
        for outcomes in self._versions:
            yield from (test for test, held in zip(self._tests, outcomes, strict=True) if held)
        for n, outcomes in self._parts:
            yield self._sections[n].test
            nested = zip(self._nested[n], outcomes, strict=True)
            yield from (test for test, held in nested if held)

    def for_nobody(self) -> Iterator[Words]:
        """Conditions that came out the same for all: mostly a value written wrongly."""
        if not self._versions:
            return
        met = set(self._met())
        for block in conditions.blocks((*self._subject, *self._whole)):
            if block.test not in met:
                words = N_("Line {line}: the condition on “{field}” is true for nobody.")
                yield Words(words, {"line": block.line, "field": block.test.field})

    def _made(self, outcomes: Outcomes) -> _Version:
        held = dict(zip(self._tests, outcomes, strict=True))
        subject = fields.parse(conditions.chosen(self._subject, held))
        body = fields.parse(self._split.unmarked(conditions.chosen(self._body, held)))
        asked = (*fields.names(subject), *fields.names(body))
        return _Version(
            tuple(dict.fromkeys(asked)),
            tuple(fields.names(subject)),
            tuple(fields.names(body)),
            _bare(subject),
            _bare(body),
        )


def _bare(pieces: Pieces) -> bool:
    return not "".join(each for each in pieces if isinstance(each, str)).strip()
