"""Call a homeserver in its own words, and read what it refuses by its error codes.

https://spec.matrix.org/latest/client-server-api/#standard-error-response
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from platforms.answers import WRONG_SECRET, Site
from platforms.base import N_, PlatformError
from platforms.metering import Ask, Reply

CLIENT = "/_matrix/client/v3"
ADMIN = "/_synapse/admin"
TOKEN = {"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_LOCKED", "M_USER_SUSPENDED"}
FORBIDDEN = N_(
    "Matrix at {host} does not let Pult's account do this. Give it an administrator's token, "
    "or more power in the room."
)
MISSING = N_("Matrix at {host} does not know this, or hides it from Pult's account.")
REFUSED = N_("Matrix at {host} refused with {code}. Tell its technicians.")


def path(*parts: str) -> str:
    """Parts of an address, each quoted whole: ids hold !, $, @ and :."""
    return "/".join(quote(part, safe="") for part in parts)


class Calls:
    """One homeserver, called with one account's token."""

    def __init__(self, site: Site, secret: str) -> None:
        self.site, self.host = site, site.host
        self.headers = {"Authorization": f"Bearer {secret}"}
        self._own_id = ""

    def get(self, place: str, /, **query: str | int) -> dict[str, Any]:
        asked = f"?{urlencode(query)}" if query else ""
        return self._call(Ask(self.site.url + place + asked, self.headers), safe=True)

    def post(self, place: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._send("POST", place, body)

    def put(self, place: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._send("PUT", place, body)

    def own_id(self) -> str:
        """The account that the token belongs to."""
        if not self._own_id:
            self._own_id = str(self.get(f"{CLIENT}/account/whoami").get("user_id") or "")
        return self._own_id

    def _send(self, method: str, place: str, body: Mapping[str, Any]) -> dict[str, Any]:
        headers = {**self.headers, "Content-Type": "application/json"}
        ask = Ask(self.site.url + place, headers, json.dumps(body).encode(), method)
        return self._call(ask, safe=False)

    def _call(self, ask: Ask, *, safe: bool) -> dict[str, Any]:
        reply = self.site.http.send(ask, name="call", safe=safe)
        try:
            return self._read(reply)
        except PlatformError as error:
            error.unsure = not safe and (reply.status >= 500 or error.code == "unreadable")
            raise

    def _read(self, reply: Reply) -> dict[str, Any]:
        code = "" if reply.status == 200 else _code(reply)
        if not code:
            return self.site.read(reply)
        if code in TOKEN:
            raise self.site.error(WRONG_SECRET, code)
        if code == "M_FORBIDDEN":
            raise self.site.error(FORBIDDEN, code)
        if code == "M_NOT_FOUND":
            raise self.site.error(MISSING, code)
        passing = reply.status >= 500 or reply.status == 429
        raise self.site.error(REFUSED, code, permanent=not passing)


def _code(reply: Reply) -> str:
    """The homeserver's own error code; empty where something before it answered."""
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        return ""
    return str(answer.get("errcode") or "")[:50] if isinstance(answer, dict) else ""
