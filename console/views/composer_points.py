"""What a writer should know of her readers before a letter goes out to them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from console.i18n import NAMES
from console.views.composer_enclosed import Enclosed
from console.wiring import Console
from mailing import conditions, courses, enclosing, invitation, leaving, lint, recipients, zones
from mailing.attachments import MB
from mailing.lint import Finding
from mailing.model import Campaign, MailingError
from mailing.readers import NAMED, Readers
from mailing.segments import Audience, Segment
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
        people = courses.added(tx, campaign.school_id, meant.people, wanted)
        return Audience(people, meant.left_out)


def ages(console: Console, actor: Actor, campaign: Campaign) -> list[Finding]:
    """Where parents of minors are meant: of how many children nobody has said the age."""
    access.require(actor, "see people", campaign.school_id)
    segment = Segment.from_json(campaign.segment)
    with console.db.read() as tx:
        people = leaving.unknown_ages(tx, actor, campaign.school_id, segment, now=console.now())
    words = N_("Age unknown: {people}. They count as minors, and their parents are meant.")
    return [Finding(Words(words, {"people": people}), stops=False)] if people else []


def unknown(campaign: Campaign, meant: Audience, enclosed: Enclosed) -> list[Finding]:
    """Fields that none of them has, or of no lesson: it cannot go out like that."""
    everybody = [*meant.people, *(person for person, _why in meant.left_out)]
    if not everybody:
        return []
    try:
        named = (*recipients.known(everybody), *courses.FIELDS, *invitation.FIELDS)
        known = list(dict.fromkeys(named))
        found = lint.unknown(campaign.subject, campaign.body, known)
        asked = {name for each in _texts(campaign) for name in conditions.asked(each)}
    except MailingError:
        return []  # told already
    if enclosed.invitation is None and asked & {*invitation.FIELDS}:
        found.append(Words(N_("The text tells of a lesson: choose which one it invites to.")))
    once = {(str(words), words.template): words for words in found}  # each language says it
    return [Finding(words, stops=True) for words in once.values()]


def _texts(campaign: Campaign) -> list[str]:
    return [*campaign.subject.values(), *campaign.body.values()]


def open_points(
    campaign: Campaign, school: School, meant: Audience, enclosed: Enclosed, *, now: datetime
) -> Iterator[Finding]:
    """What would reach whom with a gap, and what she should merely know before it goes out."""
    written = recipients.written(campaign.body)
    if not written:
        yield Finding(Words(N_("The text is empty.")), stops=True, forbids=True)
        return
    for language in written:
        if not campaign.subject.get(language, "").strip():
            words = Words(N_("The subject is missing: {language}."), {"language": NAMES[language]})
            yield Finding(words, stops=True, forbids=True)
    yield from _other_languages(school, meant, written)
    yield from _by_reader(campaign, school, meant, written, enclosed)
    yield from _remarks(_too_late(campaign, school, meant, now))
    weight = enclosed.size * BASE64
    if weight * len(meant.people) >= HEAVY:
        words = Words(
            N_("The files make {each} MB of every letter, {all} GB of all. A link weighs nothing."),
            {"each": round(weight / MB, 1), "all": round(weight * len(meant.people) / GB, 1)},
        )
        yield Finding(words, stops=False)


def _remarks(told: Iterable[Words]) -> Iterator[Finding]:
    return (Finding(words, stops=False) for words in told)


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


def _other_languages(school: School, meant: Audience, written: list[str]) -> Iterator[Finding]:
    """They do get a letter, the one that the school writes in; she should know who they are."""
    swapped: dict[tuple[str, str], list[str]] = {}
    for person in meant.people:
        own = recipients.variant(person.language, school.language, LANGUAGES)
        got = recipients.variant(person.language, school.language, written)
        if own != got:
            swapped.setdefault((own, got), []).append(person.name or person.email)
    for (own, got), names in swapped.items():
        words = Words(
            N_("No text in {own}: {people} will get {got}."),
            {"own": NAMES[own], "people": len(names), "got": NAMES.get(got, got)},
        )
        yield Finding(words, stops=False, who=tuple(names[:NAMED]))


def _by_reader(
    campaign: Campaign, school: School, meant: Audience, written: list[str], enclosed: Enclosed
) -> Iterator[Finding]:
    """Fields that are empty for somebody, parts that are for nobody, people left without a text."""
    try:
        readers = Readers(campaign, enclosing.Enclosed(school.zone, enclosed.invitation))
    except MailingError:
        return  # the lint says what is wrong with it
    for person in meant.people:
        language = recipients.variant(person.language, school.language, written)
        readers.see(person.name or person.email, language, recipients.fields(person))
    untold = () if enclosed.invitation else invitation.FIELDS  # `unknown` asks for the lesson
    yield from (each for each in readers.findings() if each.field not in untold)
    yield from _remarks(readers.for_nobody())
