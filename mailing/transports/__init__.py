"""The ways that mail leaves: a new one is a file, a row here, a test, a line in the docs."""

from collections.abc import Callable
from typing import TypeVar

from mailing.relay import Relay, RelayError, Session, Transport
from mailing.transports import apprise, smtp

__all__ = ["TRANSPORTS", "Relay", "open_session", "with_first"]

TRANSPORTS: dict[str, Transport] = {"apprise": apprise.connect, "smtp": smtp.connect}
S = TypeVar("S", bound=Session)


def open_session(relay: Relay) -> Session:
    """With the relay, else with the one named after it. Raises RelayError, of the first."""
    return with_first(relay, lambda one: TRANSPORTS[one.transport](one))


def with_first(relay: Relay, connect: Callable[[Relay], S]) -> S:
    """What `connect` gives for the relay, else for the one named after it; raises as the first."""
    try:
        return connect(relay)
    except RelayError as error:
        other = relay.next()
        if other is None:
            raise
        try:
            return with_first(other, connect)
        except RelayError:
            raise error from None
