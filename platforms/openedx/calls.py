"""Open edX over HTTP: who calls, and what a refusal means in words."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from platforms.answers import BUSY, GONE, INVALID, NOT_THERE, REFUSED, WRONG_SECRET, Site
from platforms.base import N_, PlatformError
from platforms.http import FORM
from platforms.metering import Ask, Reply

PRODUCT = "Open edX"
MARGIN = 60.0  # seconds before its end that a token is asked for anew
HOUR = 3600.0
MAY_NOT = N_("{host} does not let Pult do this. Make its account a discussion moderator.")
LONGEST = 200  # characters of the platform's own words


class Calls:
    """With a client's name, tokens are asked for by the secret; without, the secret is one.

    `made` counts the calls, so that a long reading can be parted by its cost.
    """

    def __init__(self, url: str, secret: str, options: Mapping[str, str]) -> None:
        self.site = Site(PRODUCT, url, options)
        self._secret, self._client = secret, options.get("client_id", "")
        self._scheme = options.get("scheme") or "JWT"
        self._token, self._until = "", 0.0
        self.made = 0

    def read(self, path: str, **query: str | int) -> dict[str, Any]:
        """GET; parts of the path are quoted by the caller."""
        asked = f"?{urlencode(query)}" if query else ""
        return self._call("GET", path + asked, None, "", safe=True)

    def write(self, method: str, path: str, body: Mapping[str, str], kind: str) -> dict[str, Any]:
        """Sent once; `kind` is the content type that the API insists on."""
        return self._call(method, path, json.dumps(body).encode(), kind, safe=False)

    def _call(
        self, method: str, path: str, body: bytes | None, kind: str, *, safe: bool
    ) -> dict[str, Any]:
        self.made += 1
        name = f"{method} {path.partition('?')[0]}"
        ask = Ask(self.site.url + path, self._headers(kind), body, method)
        reply = self.site.http.send(ask, name=name, safe=safe)
        if reply.status == 401 and self._client:  # its token was revoked before its time
            self._token = ""
            again = replace(ask, headers=self._headers(kind))
            reply = self.site.http.send(again, name=name, safe=safe)
        try:
            self._judge(reply)
            return self.site.read(Reply(200, reply.body))
        except PlatformError as error:
            error.unsure = not safe and (reply.status >= 500 or error.code == "unreadable")
            raise

    def _headers(self, kind: str) -> dict[str, str]:
        headers = {
            "Authorization": f"{self._scheme} {self._bearer()}",
            "Accept": "application/json",
        }
        return {**headers, "Content-Type": kind} if kind else headers

    def _judge(self, reply: Reply) -> None:
        status = reply.status
        if status == 401:
            raise self.site.error(WRONG_SECRET, "401")
        if status == 403:
            raise self.site.error(MAY_NOT, "403")
        if status == 429:
            raise self.site.error(BUSY, "429", permanent=False)
        if status in (400, 404):
            raise self._missing(reply)
        if not 200 <= status < 300:
            raise self.site.error(REFUSED, str(status), permanent=status < 500)

    def _missing(self, reply: Reply) -> PlatformError:
        """No such post: the forum says so with a 400, the LMS with a 404 of its own."""
        try:
            answer = json.loads(reply.body)
        except (ValueError, RecursionError):
            return self.site.error(NOT_THERE, "404")
        words = answer if isinstance(answer, dict) else {}
        told = str(words.get("error") or words.get("developer_message") or words)[:LONGEST]
        if "not exist" in told or "not found" in told.lower():
            return PlatformError(GONE, permanent=True, code="gone")
        return PlatformError(
            INVALID, {"host": self.site.host, "said": told}, permanent=True, code="invalid"
        )

    def _bearer(self) -> str:
        if not self._client:
            return self._secret
        if not self._token or time.monotonic() > self._until:
            self._sign_in()
        return self._token

    def _sign_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client,
            "client_secret": self._secret,
            "token_type": "jwt",
        }
        ask = Ask(f"{self.site.url}/oauth2/access_token", FORM, urlencode(form).encode(), "POST")
        answer = self.site.call(ask, "access_token")
        token, lasts = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token:
            raise self.site.strange()
        seconds = float(lasts) if isinstance(lasts, int | float) else HOUR
        self._token, self._until = token, time.monotonic() + seconds - MARGIN


def part(value: str) -> str:
    """An id as one part of a path."""
    return quote(value, safe="")
