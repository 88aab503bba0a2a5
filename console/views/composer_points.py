"""What a writer should know of her readers before a letter goes out to them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from console.i18n import NAMES
from console.views.composer_enclosed import Enclosed
from console.wiring import Console
from mailing import conditions, courses, enclosing, fields, invitation, lint, recipients, zones
from mailing.attachments import MB
from mailing.conditions import Outcomes
from mailing.lint import Finding
from mailing.model import Campaign, MailingError
from mailing.segments import Audience
from store import access
from store.access import Actor
from store.schools import LANGUAGES, School
from store.words import N_, Words

GB = 1024 * MB
BASE64 = 1.37  # what a file grows by on its way, its line ends counted
HEAVY = GB  # bytes that leave, from which on the sum is told


def with_courses(console: Console, actor: Actor, campaign: Campaign, meant: Audience) -> Audience:
    """The same people, with their courses where the text asks for them."""
    access.require(actor, "see people", campaign.school_id)
    try:
        wanted = courses.asked(campaign.subject, campaign.body)
    except MailingError:
        return meant  # the lint says what is wrong with it
    if not wanted:
        return meant
    with console.db.read() as tx:
        return Audience(courses.added(tx, campaign.school_id, meant.people), meant.left_out)


def unknown(campaign: Campaign, meant: Audience, enclosed: Enclosed) -> list[Finding]:
    """Fields that none of them has, or of no lesson: it cannot go out like that."""
    everybody = [*meant.people, *(person for person, _why in meant.left_out)]
    if not everybody:
        return []
    try:
        known = [*recipients.known(everybody), *invitation.FIELDS]
        found = lint.unknown(campaign.subject, campaign.body, known)
        asked = {name for each in _texts(campaign) for name in conditions.asked(each)}
    except MailingError:
        return []  # told already
    if enclosed.invitation is None and asked & {*invitation.FIELDS}:
        found.append(Words(N_("The text tells of a lesson: choose which one it invites to.")))
    return [Finding(words, stops=True) for words in found]


def _texts(campaign: Campaign) -> list[str]:
    return [*campaign.subject.values(), *campaign.body.values()]


def open_points(
    campaign: Campaign, school: School, meant: Audience, enclosed: Enclosed, *, now: datetime
) -> Iterator[Words]:
    """What she should know before it goes out: empty fields, missing languages and subjects."""
    written = recipients.written(campaign.body)
    if not written:
        yield Words(N_("The text is empty."))
        return
    for language in written:
        if not campaign.subject.get(language, "").strip():
            yield Words(N_("The subject is missing: {language}."), {"language": NAMES[language]})
    yield from _other_languages(school, meant, written)
    yield from _by_reader(campaign, school, meant, written, enclosed)
    yield from _too_late(campaign, school, meant, now)
    weight = enclosed.size * BASE64
    if weight * len(meant.people) >= HEAVY:
        yield Words(
            N_("The files make {each} MB of every letter, {all} GB of all. A link weighs nothing."),
            {"each": round(weight / MB, 1), "all": round(weight * len(meant.people) / GB, 1)},
        )


def _too_late(
    campaign: Campaign, school: School, meant: Audience, now: datetime
) -> Iterator[Words]:
    """Readers by whose clock the chosen time is over already."""
    chosen = campaign.scheduled_for
    if chosen is None or not campaign.by_zone:
        return
    local = chosen.astimezone(school.zone)
    clocks = Counter(zones.of(person.fields, school.zone) for person in meant.people)
    late = sum(people for zone, people in clocks.items() if local.replace(tzinfo=zone) <= now)
    if late:
        words = N_("By the clock of {people} of {all} this time is over: they get it at once.")
        yield Words(words, {"people": late, "all": len(meant.people)})


def _other_languages(school: School, meant: Audience, written: list[str]) -> Iterator[Words]:
    swapped = Counter(
        (
            recipients.variant(person.language, school.language, LANGUAGES),
            recipients.variant(person.language, school.language, written),
        )
        for person in meant.people
    )
    for (own, got), people in swapped.items():
        if own != got:
            yield Words(
                N_("No text in {own}: {people} will get {got}."),
                {"own": NAMES[own], "people": people, "got": NAMES.get(got, got)},
            )


def _by_reader(
    campaign: Campaign, school: School, meant: Audience, written: list[str], enclosed: Enclosed
) -> Iterator[Words]:
    """Fields that are empty for somebody, parts that are for nobody, people left without a text."""
    try:
        texts = {
            each: _Text(campaign.subject.get(each, ""), campaign.body[each]) for each in written
        }
    except MailingError:
        return  # the lint says what is wrong with it
    carried = enclosing.Enclosed(school.zone, enclosed.invitation)
    empty: Counter[str] = Counter()
    blank = 0
    for person in meant.people:
        language = recipients.variant(person.language, school.language, written)
        known = enclosing.known(carried, recipients.fields(person), language)
        version = texts[language].of(known)
        empty.update(name for name in version.names if not known.get(name, "").strip())
        blank += version.blank
    everybody = len(meant.people)
    untold = () if enclosed.invitation else invitation.FIELDS  # `unknown` asks for the lesson
    for name in [each for each in empty if each not in untold]:
        people = empty[name]
        words = N_("Field {field} is empty: {people} of {all}.")
        yield Words(words, {"field": name, "people": people, "all": everybody})
    if blank:
        words = N_("The conditions leave no text: {people} of {all} would get an empty letter.")
        yield Words(words, {"people": blank, "all": everybody})
    told: list[Words] = []  # once, though a condition stands in each language
    for note in (each for text in texts.values() for each in text.for_nobody()):
        if note not in told:
            told.append(note)
    yield from told


@dataclass(frozen=True)
class _Version:
    names: tuple[str, ...]
    blank: bool


class _Text:
    """One language, and which of its conditions were met by those who read it."""

    def __init__(self, subject: str, body: str) -> None:
        """Raises MailingError for a condition or a field that is none."""
        conditions.asked(subject), conditions.asked(body)
        self._parts = (conditions.parse(subject), conditions.parse(body))
        self._tests = conditions.tests((*self._parts[0], *self._parts[1]))
        self._versions: dict[Outcomes, _Version] = {}

    def of(self, known: Mapping[str, str]) -> _Version:
        outcomes = conditions.outcomes(self._tests, known)
        if outcomes not in self._versions:
            self._versions[outcomes] = self._made(outcomes)
        return self._versions[outcomes]

    def for_nobody(self) -> Iterator[Words]:
        """Conditions that came out the same for all: mostly a value written wrongly."""
        if not self._versions:
            return
        met = {
            test
            for each in self._versions
            for test, held in zip(self._tests, each, strict=True)
            if held
        }
        for block in conditions.blocks((*self._parts[0], *self._parts[1])):
            if block.test not in met:
                words = N_("Line {line}: the condition on “{field}” is true for nobody.")
                yield Words(words, {"line": block.line, "field": block.test.field})

    def _made(self, outcomes: Outcomes) -> _Version:
        held = dict(zip(self._tests, outcomes, strict=True))
        subject, body = (conditions.chosen(parts, held) for parts in self._parts)
        asked = (*fields.names(fields.parse(subject)), *fields.names(fields.parse(body)))
        return _Version(tuple(dict.fromkeys(asked)), not body.strip())
