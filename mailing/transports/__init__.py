"""The ways that mail leaves: a new one is a file, a row here, a test, a line in the docs."""

from mailing.relay import Relay, Transport
from mailing.transports import apprise, smtp

__all__ = ["TRANSPORTS", "Relay"]

TRANSPORTS: dict[str, Transport] = {"apprise": apprise.connect, "smtp": smtp.connect}
