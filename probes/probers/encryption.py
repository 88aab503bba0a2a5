"""Begin TLS on an open line, and read the certificate's remaining days."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import certifi

from probes.model import ProbeFailed, Target
from probes.probers import chains, conditions
from probes.probers.sockets import Line
from store.words import N_

CONDITIONS = (conditions.VERIFY, conditions.SERVER_NAME, conditions.CERTIFICATE_DAYS)


@dataclass(frozen=True)
class Secured:
    """`days`: until the first certificate of its chain expires, negative when its own has."""

    days: float
    version: str  # such as TLSv1.3


def secure(line: Line, target: Target, *, verify: bool | None = None) -> Secured:
    """Shake hands as the target's conditions say; the line goes on encrypted.

    Raises ProbeFailed for a broken handshake, or a certificate that does not hold.
    """
    name = conditions.words(target, conditions.SERVER_NAME) or line.host
    verify = conditions.flag(target, conditions.VERIFY) if verify is None else verify
    authorities = ssl.get_default_verify_paths().cafile or certifi.where()
    with line.phase("tls"), _explained(name):
        line.wire.settimeout(max(line.left, 0.001))  # of the whole handshake
        wrapped = _trusting(authorities if verify else None).wrap_socket(
            line.wire, server_hostname=name
        )
        line.wire = wrapped
        return Secured(chains.days(wrapped), wrapped.version() or "")


@lru_cache(maxsize=4)
def _trusting(authorities: str | None) -> ssl.SSLContext:
    """Kept, because reading the authorities costs as much as a dozen handshakes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authorities:
        context.load_verify_locations(authorities)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise ProbeFailed(
            N_("The certificate of {host} is not valid: {error}."),
            {"host": name, "error": error.verify_message.rstrip(". ")},
        ) from error
    except ssl.SSLError as error:
        raise ProbeFailed(
            N_("No secure connection to {host}: {error}."),
            {"host": name, "error": _reason(error)},
        ) from error
    except ValueError as error:  # a certificate, or a name, that cannot be read
        raise ProbeFailed(
            N_("No secure connection to {host}: {error}."), {"host": name, "error": str(error)}
        ) from error


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or error.strerror or "TLS").replace("_", " ").lower()
