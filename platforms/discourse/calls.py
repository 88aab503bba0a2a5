"""Discourse over HTTP: an administrator's key in two headers, and its refusals in words.

https://docs.discourse.org. Sixty calls a minute are the default of an admin key.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from platforms.answers import BUSY, GONE, INVALID, REFUSED, Site
from platforms.base import N_, PlatformError
from platforms.metering import Ask, Reply

PRODUCT = "Discourse"
MAY_NOT = N_(
    "{host} does not let Pult do this. Enter an administrator's key, for all users and all calls."
)
CONFLICT = N_("It was changed at {host} at the same moment. Pult looks again.")
LONGEST = 200  # characters of the platform's own words


class Calls:
    def __init__(self, url: str, key: str, user: str, options: Mapping[str, str]) -> None:
        self.site = Site(PRODUCT, url, options)
        self._headers = {"Api-Key": key, "Api-Username": user, "Accept": "application/json"}

    def read(self, path: str, **query: str | int) -> dict[str, Any]:
        asked = f"?{urlencode(query)}" if query else ""
        return self.site.read(self._send("GET", path + asked, None, safe=True))

    def rows(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        """An answer that is a bare list of objects."""
        reply = self._send("GET", f"{path}?{urlencode(query)}", None, safe=True)
        wrapped = Reply(200, b'{"rows":' + reply.body + b"}")
        return self.site.rows(self.site.read(wrapped), "rows")

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        """Sent once; what it came to is read back, whatever the answer says."""
        self._send(method, path, json.dumps(body).encode(), safe=False)

    def _send(self, method: str, path: str, body: bytes | None, *, safe: bool) -> Reply:
        headers = {**self._headers, **({"Content-Type": "application/json"} if body else {})}
        ask = Ask(self.site.url + path, headers, body, method)
        name = f"{method} {path.partition('?')[0]}"
        reply = self.site.http.send(ask, name=name, safe=safe)
        if 200 <= reply.status < 300:
            return Reply(200, reply.body)
        raise self._refusal(reply, unsure=not safe and reply.status >= 500)

    def _refusal(self, reply: Reply, *, unsure: bool) -> PlatformError:
        status = reply.status
        if status in (401, 403):
            return self.site.error(MAY_NOT, "403")
        if status == 404:
            return PlatformError(GONE, permanent=True, code="gone")
        if status == 409:
            return self.site.error(CONFLICT, "409", permanent=False)
        if status == 429:
            return self.site.error(BUSY, "429", permanent=False)
        if status in (400, 422):
            told = {"host": self.site.host, "said": _told(reply)}
            return PlatformError(INVALID, told, permanent=True, code="invalid")
        error = self.site.error(REFUSED, str(status), permanent=status < 500)
        error.unsure = unsure
        return error


def _told(reply: Reply) -> str:
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        return str(reply.status)
    errors = answer.get("errors") if isinstance(answer, dict) else None
    words = "; ".join(map(str, errors)) if isinstance(errors, list) else str(reply.status)
    return words[:LONGEST]
