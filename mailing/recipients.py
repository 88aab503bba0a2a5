"""What a mail may know of a person: the address on the wire, the language, the fields."""

from collections.abc import Collection, Mapping

from email_validator import EmailNotValidError, validate_email

from mailing.model import MailingError
from store.roster import Person
from store.words import N_

ROLE_FIELDS = ("name", "email", "role", "language", "level", "group")


def wire(address: str) -> str:
    """The address as SMTP carries it: the domain in punycode (RFC 5890), the local part as it is.

    Raises MailingError when no mail can reach it.
    """
    try:
        valid = validate_email(address.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise MailingError(
            N_("“{address}” is not an address that mail can reach."), address=address[:100]
        ) from error
    return f"{valid.local_part}@{valid.ascii_domain}"


def fields(person: Person) -> dict[str, str]:
    """What `{{ name }}` and its like become; the person's own fields never hide the first six."""
    known = (person.name, person.email, person.role, person.language, person.level, person.group)
    return {**person.fields, **dict(zip(ROLE_FIELDS, known, strict=True))}


def variant(language: str, school_language: str, written: Collection[str]) -> str:
    """The language that the person gets: her own, else the school's, else the first written."""
    for wanted in (language, school_language):
        for found in written:
            if wanted and _stem(found) == _stem(wanted):
                return found
    return next(iter(written), school_language)


def written(texts: Mapping[str, str]) -> list[str]:
    """The languages in which something stands."""
    return [language for language, text in texts.items() if text.strip()]


def _stem(language: str) -> str:
    return language.replace("-", "_").split("_")[0].lower()
