"""How a page is asked for: the method, the headers and the body that a module gives.

RFC 9110, sections 5 and 9. What is sealed goes to the server of the address alone.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from probes.model import ProbeFailed, State, Target
from probes.probers import conditions
from probes.probers.fetching import Fetch
from probes.probers.settable import Condition
from store.words import N_, Words

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")
METHOD = Condition("method", "GET", N_("GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"))
HEADERS = Condition(
    "headers", "", N_("Headers of the request, one a line: Accept: text/html"), lines=True
)
SECRET_HEADER = Condition(
    "secret_header", "", N_("A header that is secret: X-Api-Key: and the key"), secret=True
)
BODY = Condition("body", "", N_("What is sent, with POST and the like"), lines=True)
SECRET_BODY = Condition(
    "secret_body", "", N_("What is sent, where it holds a secret; goes before body"), secret=True
)
AUTHORIZATION = Condition(
    "authorization", "", N_("The Authorization header, such as Bearer and a token"), secret=True
)
CONDITIONS = (METHOD, HEADERS, SECRET_HEADER, BODY, SECRET_BODY, AUTHORIZATION)

HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*([\x20-\x7e\t]{0,2000})")
OURS = {"content-length", "transfer-encoding", "connection", "upgrade", "expect"}


def fetch_of(target: Target, *, max_bytes: int, read: bool) -> Fetch:
    """The first fetch of a probe. Raises ProbeFailed for a sealed header that is none."""
    said = target.module.get(METHOD.name, "GET")
    return Fetch(
        target.address,
        max_bytes,
        verify=conditions.flag(target, conditions.VERIFY),
        headers=_headers(target),
        body=_body(target),
        read=read,
        method="" if said == "GET" else str(said),
    )


def refuse(target: Target) -> Words | None:
    """A module may leave one of the two to its targets."""
    method = conditions.words(target, METHOD)
    sends = bool(conditions.words(target, BODY)) or SECRET_BODY.name in target.sealed
    if sends and method not in WITH_BODY:
        return Words(N_("With {method} nothing is sent; choose POST."), {"method": method})
    return None


def nonsense(target: Target) -> Words | None:
    if conditions.words(target, METHOD) not in METHODS:
        return Words(N_("Write the method as one of {methods}."), {"methods": ", ".join(METHODS)})
    try:
        _lines(conditions.words(target, HEADERS))
    except ValueError as error:
        return Words(
            N_("{header} is no header; write it like Accept: text/html."), {"header": str(error)}
        )
    return None


def _headers(target: Target) -> Mapping[str, str]:
    open_ = _lines(conditions.words(target, HEADERS))
    authorization = conditions.secret(target, AUTHORIZATION)
    secret = conditions.secret(target, SECRET_HEADER)
    if not (authorization or secret):
        return open_
    try:
        sealed = dict(_lines(secret))
    except ValueError:
        raise ProbeFailed(
            N_("The secret header is none; enter it like X-Api-Key: and the key."),
            state=State.UNKNOWN,
        ) from None
    if authorization:
        sealed["Authorization"] = authorization
    return {**open_, **sealed}


def _body(target: Target) -> bytes | None:
    body = conditions.secret(target, SECRET_BODY) or conditions.words(target, BODY)
    return body.encode() if body else None


@lru_cache
def _lines(written: str) -> Mapping[str, str]:
    """Headers by name; raises ValueError with the line that is none, or is not for people."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, written.splitlines())):
        match = HEADER.fullmatch(line)
        if match is None or match[1].lower() in OURS:
            raise ValueError(line[:60])
        found[match[1]] = match[2].strip()
    return MappingProxyType(found)
