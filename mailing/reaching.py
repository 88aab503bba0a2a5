"""Whether the links of a text lead anywhere, asked of all at once within a few seconds."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin, urlsplit

import requests

from mailing.lint import UNCHECKED
from platforms.deadline import Adapter, Passed, ending
from platforms.http import Session, is_loopback
from platforms.outward import Inward, OutwardAdapter
from store.words import N_, Words

DEADLINE = 5.0  # seconds for all of them
AT_ONCE = 8
MOST = 40  # links looked at
REDIRECTS = 5
GONE = (404, 410)
NO_HEAD = (400, 403, 404, 405, 501)  # many sites answer a HEAD wrongly; a GET decides
NOBODY = N_("Nothing answers at {address}.")
NOT_THERE = N_("There is no page at {address} (answer {status}).")


def dead(addresses: Sequence[str], *, loopback_only: bool = False) -> list[Words]:
    """What is wrong with each link that leads nowhere, and which of them were not looked at.

    A site that refuses us, or is slow, is not dead: only its owner knows. Nothing is asked of
    addresses that are not public, nor told of them: an author must not look into our own network.
    With `loopback_only` (a simulation) this machine alone is asked.
    """
    asked = [each for each in addresses[:MOST] if not loopback_only or _here(each)]
    if not asked:
        return []
    until = time.monotonic() + DEADLINE
    with ThreadPoolExecutor(min(AT_ONCE, len(asked))) as pool:
        found = pool.map(lambda each: _look(each, until, loopback_only=loopback_only), asked)
        return [words for words in found if words is not None]


def _look(address: str, until: float, *, loopback_only: bool) -> Words | None:
    session = Session()
    session.trust_env = False
    session.headers["User-Agent"] = "Pult"
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter() if loopback_only else OutwardAdapter())
    try:
        with session, ending(until):
            status = _status(session, "HEAD", address, until, loopback_only)
            if status in NO_HEAD:
                status = _status(session, "GET", address, until, loopback_only)
    except Inward:
        return Words(UNCHECKED, {"address": address})
    except requests.ConnectionError:
        return Words(NOBODY, {"address": address}) if time.monotonic() < until else None
    except (Passed, requests.RequestException, ValueError):
        return None
    return Words(NOT_THERE, {"address": address, "status": status}) if status in GONE else None


def _status(
    session: requests.Session, method: str, address: str, until: float, loopback_only: bool
) -> int:
    """The last answer's status; no body is read, not that of a redirect either."""
    for _hop in range(REDIRECTS + 1):
        left = max(0.1, until - time.monotonic())
        with session.request(
            method, address, timeout=left, allow_redirects=False, stream=True
        ) as answer:
            if not answer.is_redirect:
                return answer.status_code
            address = urljoin(address, answer.headers["Location"])
        if loopback_only and not _here(address):
            raise requests.TooManyRedirects
    raise requests.TooManyRedirects


def _here(address: str) -> bool:
    return is_loopback(urlsplit(address).hostname or "")
