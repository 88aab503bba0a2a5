"""The ways that mail leaves: a new one is a file, a row here, a test, a line in the docs."""

from dataclasses import replace

from mailing.relay import Relay, RelayError, Session, Transport
from mailing.transports import apprise, smtp

__all__ = ["TRANSPORTS", "Relay", "open_session"]

TRANSPORTS: dict[str, Transport] = {"apprise": apprise.connect, "smtp": smtp.connect}


def open_session(relay: Relay) -> Session:
    """With the relay, else with the one named after it. Raises RelayError, of the first."""
    try:
        return TRANSPORTS[relay.transport](relay)
    except RelayError as error:
        if relay.otherwise is None:
            raise
        try:
            return open_session(replace(relay.otherwise, timeout=relay.timeout))
        except RelayError:
            raise error from None
