"""What a mail may know of a person: the address on the wire, the language, the fields."""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from mailing.model import MailingError
from store.roster import Person
from store.words import N_

ROLE_FIELDS = ("name", "email", "role", "language", "level", "group")
LOCAL = re.compile(
    r"(?=.{1,64}$)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*"
)  # plain; others are looked at
LONGEST = 254  # characters (RFC 5321, section 4.5.3.1.3, less the brackets)


def wire(address: str) -> str:
    """The address as SMTP carries it: the domain in punycode (RFC 5890), the local part as it is.

    Raises MailingError when no mail can reach it.
    """
    local, _, domain = address.strip().partition("@")
    try:
        if not LOCAL.fullmatch(local):
            return _checked(address.strip())
        written = f"{local}@{_domain(domain)}"
        return written if len(written) <= LONGEST else _checked(written)
    except EmailNotValidError as error:
        raise MailingError(
            N_("“{address}” is not an address that mail can reach."), address=address[:100]
        ) from error


@lru_cache(maxsize=10_000)
def _domain(domain: str) -> str:
    """A school's people share a few domains; to look at one costs more than the whole letter."""
    return _checked(f"x@{domain}").partition("@")[2]


def _checked(address: str) -> str:
    valid = validate_email(address, check_deliverability=False, test_environment=True)
    return f"{valid.local_part}@{valid.ascii_domain}"


def fields(person: Person, *, language: str = "") -> dict[str, str]:
    """What `{{ name }}` and its like become; the person's own fields never hide the first six.

    `language`: the one that the person chose, if it is another than the platform tells.
    """
    return {
        **person.fields,
        "name": person.name,
        "email": person.email,
        "role": person.role,
        "language": language or person.language,
        "level": person.level,
        "group": person.group,
    }


def known(people: Iterable[Person]) -> list[str]:
    """Every field that a text to these people may ask for."""
    own = {name for person in people for name in person.fields}
    return list(dict.fromkeys((*ROLE_FIELDS, "course", *sorted(own))))


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
