"""When those who share an address get one letter: where nothing in it would differ for them."""

from collections.abc import Hashable, Sequence

from mailing import conditions, courses, preferences, recipients
from mailing.model import Campaign, MailingError
from mailing.segments import Letters
from store import schools
from store.access import Actor
from store.db import Connection
from store.roster import Person


def letters(tx: Connection, actor: Actor, campaign: Campaign) -> Letters:
    """By the fields that the text shows or asks about, and by the language that each gets."""
    names = asked(campaign)
    wanted = frozenset(names) & frozenset(courses.FIELDS)
    language = schools.get(tx, actor, campaign.school_id).language
    written = recipients.written(campaign.body)

    def each(people: Sequence[Person]) -> Sequence[Hashable]:
        chosen = preferences.languages(tx, campaign.school_id)
        known = courses.added(tx, campaign.school_id, people, wanted) if wanted else people
        return [_letter(person, chosen.get(person.email, "")) for person in known]

    def _letter(person: Person, chosen: str) -> Hashable:
        values = recipients.fields(person)
        spoken = recipients.variant(chosen or person.language, language, written)
        return (spoken, *(values.get(name, "") for name in names))

    return each


def asked(campaign: Campaign) -> tuple[str, ...]:
    """The fields of the text in any language, but for the address that they share."""
    found: set[str] = set()
    for texts in (campaign.subject, campaign.body):
        for written in texts.values():
            try:
                found |= conditions.asked(written).keys()
            except MailingError:
                continue  # it is still being written, and is not sent so
    return tuple(sorted(found - {"email"}))
