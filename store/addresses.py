"""Bring an e-mail address to the one form by which people are told apart."""

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

PLAIN = re.compile(r"(?=.{1,64}$)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")  # others are looked at
DAMAGED = "\ufffd"  # a letter that was lost on the way; whose address it was, nobody can tell
LONGEST = 254  # characters (RFC 5321, section 4.5.3.1.3, less the brackets)


def normal(address: str) -> str:
    """The address in lower case, its domain in its own script; '' if it cannot be one.

    Only the form is looked at: nothing is asked of the network. `.test` stands
    for the simulated school.
    """
    local, _, domain = address.strip().partition("@")
    if len(domain) + len(local) >= LONGEST or not PLAIN.fullmatch(local):
        return _checked(address.strip())
    known = _domain(domain)
    return f"{local.lower()}{known}" if known else ""


@lru_cache(maxsize=10_000)
def _domain(domain: str) -> str:
    """With its sign. A school's people share a few domains, and to look at one takes long."""
    return _checked(f"x@{domain}")[1:]


def _checked(address: str) -> str:
    if DAMAGED in address:
        return ""
    try:
        valid = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return ""
    return valid.normalized.lower()
