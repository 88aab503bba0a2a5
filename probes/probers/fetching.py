"""What an HTTP prober asks of the engine, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from probes.light import light
from probes.probers.iri import uri
from store.words import Words

MEBIBYTE = 1024 * 1024


class Shape(NamedTuple):
    """What fetches must have in common to share a handle, whose options are set but once."""

    verify: bool
    cold: bool
    secure: bool
    proxy: str
    plain: bool  # neither headers nor a body nor a method of its own
    most: int | None  # bytes of an answer that nobody reads


@dataclass(frozen=True)
class Fetch:
    """One GET, or a POST where there is a `body`, unless it names its `method`.

    Redirects are the prober's to follow.

    Of a body of at most `max_bytes` only the first `keep` are kept, if it says so; all count.
    Of an answer that is not `read` neither headers nor body come, but all else.
    It takes at most that `share` of the probe's whole time.
    """

    url: str
    max_bytes: int = MEBIBYTE
    keep: int | None = None
    verify: bool = True
    cold: bool = False  # a new connection, name look-up and handshake
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    read: bool = True
    method: str = ""
    share: float = 1.0
    proxy: str = ""  # by which a platform is reached; services are asked directly

    @cached_property
    def wire(self) -> str:
        """The address as it is sent. Raises ValueError for a host that is none."""
        return uri(self.url)

    @cached_property
    def shape(self) -> Shape:
        return Shape(
            self.verify,
            self.cold,
            self.url[:8].lower() == "https://",
            self.proxy,
            self.body is None and not self.headers and not self.method,
            None if self.read else self.max_bytes,
        )


@light(frozen=True)
class Answer:
    """What came back. Times are seconds since the start; `error` is set when nothing did.

    `cut`: the body was longer than asked for. `cert_days`: until the
    certificate expires; None unless the fetch was a cold one over TLS.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    size: int = 0  # bytes that came, also those that were not kept
    cut: bool = False
    phases: Mapping[str, float] = field(default_factory=dict)
    cert_days: float | None = None
    error: Words | None = None
    endless: bool = False  # cut, and no length was announced
    late: bool = False  # nothing whole came before its time was up

    @property
    def seconds(self) -> float | None:
        return self.phases.get("total")
