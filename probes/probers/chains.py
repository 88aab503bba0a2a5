"""The certificates that a server shows: one that signed its own may end before it."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509

DAY = timedelta(days=1)


def days(wrapped: ssl.SSLSocket) -> float:
    """Until the first certificate of the chain expires; raises ValueError for an unreadable one."""
    shown = [wrapped.getpeercert(binary_form=True) or b"", *_others(wrapped)]
    ends = [x509.load_der_x509_certificate(each).not_valid_after_utc for each in shown]
    return earliest(ends) or 0.0


def earliest(ends: Sequence[datetime]) -> float | None:
    """Days until the first of them, of which the first is the server's own.

    Another that is over already is not needed: else nobody would have believed the server's own.
    """
    now = datetime.now(UTC)
    left = [(each - now) / DAY for each in ends]
    return min([*left[:1], *(each for each in left[1:] if each > 0)], default=None)


def _others(wrapped: ssl.SSLSocket) -> list[bytes]:
    """What it sends beside its own; before Python 3.13 only the socket's inside tells."""
    told: Any = getattr(wrapped, "get_unverified_chain", None)
    if told is not None:
        return list(told()[1:])
    inside: Any = getattr(wrapped, "_sslobj", None)
    sent = inside.get_unverified_chain() or []
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in sent[1:]]
