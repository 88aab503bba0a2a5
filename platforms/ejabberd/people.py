"""Accounts of an ejabberd host, as it lists them."""

from collections.abc import Iterator

from platforms.answers import word
from platforms.base import N_, Account
from platforms.ejabberd.calls import Calls

MISSING = N_("ejabberd at {host} has no such account any more.")
THERE = 0  # what check_account answers for an account that is there


def accounts(calls: Calls, host: str) -> Iterator[Account]:
    said = calls.read("registered_users", host=host)
    if not isinstance(said, list):
        raise calls.site.strange()
    for user in map(word, said):
        yield Account(external_id=f"{user}@{host}", username=user, name=user)


def exists(calls: Calls, host: str, external_id: str) -> bool:
    """Whether the account is there; one of another server cannot be asked for and counts so."""
    user, _, domain = external_id.rpartition("@")
    return domain != host or calls.read("check_account", user=user, host=host) == THERE
