"""What all forms share: the reader's language, a token against forged posts, cookies.

The token is the HMAC of a random cookie (signed double submit); a page of
another origin can neither read the cookie nor make the token.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from console.i18n import best
from console.web.guard import cookies
from store.schools import LANGUAGES

FORM_COOKIE = "pult_form"
LANGUAGE_COOKIE = "pult_language"
YEAR = 365 * 24 * 3600  # seconds
BODY_MAX = 64 * 1024  # bytes


@dataclass(frozen=True)
class Visit:
    """One request to a form: who reads, in which language, with which random cookie."""

    request: Request
    language: str
    nonce: str
    key: bytes

    @property
    def token(self) -> str:
        return hmac.new(self.key, self.nonce.encode(), hashlib.sha256).hexdigest()

    @property
    def address(self) -> str:
        return self.request.client.host if self.request.client else ""

    def genuine(self, given: str) -> bool:
        """Whether a post comes from a form of ours: its token, and its Origin when told."""
        origin = self.request.headers.get("origin")
        ours = origin is None or origin.partition("//")[2] == self.request.headers.get("host")
        return ours and hmac.compare_digest(given.encode(), self.token.encode())

    def answer(self, html: str, status: int = 200) -> HTMLResponse:
        response = HTMLResponse(html, status, {"Cache-Control": "no-store"})
        self.keep(response, FORM_COOKIE, self.nonce)
        self.keep(response, LANGUAGE_COOKIE, self.language, max_age=YEAR)
        return response

    def keep(self, response: Response, name: str, value: str, max_age: int | None = None) -> None:
        """Set a cookie that scripts cannot read; `Secure` when the browser came by https."""
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            httponly=True,
            samesite="lax",
            secure=self.request.url.scheme == "https",
        )


def visit(request: Request, key: bytes) -> Visit:
    kept = cookies(request.headers)
    language = language_of(request, kept.get(LANGUAGE_COOKIE, ""))
    return Visit(request, language, kept.get(FORM_COOKIE) or secrets.token_urlsafe(24), key)


def language_of(request: Request, known: str = "", *, otherwise: str = "en") -> str:
    """What the reader chose, or is known to read, else the first of Accept-Language that we have.

    Browsers list the best first. `otherwise` serves who names none of ours, as a school's own.
    """
    for wanted in (request.query_params.get("language"), known):
        if wanted in LANGUAGES:
            return wanted
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.partition(";")[0].strip()
        if tag and (best(tag) != "en" or tag.lower().startswith("en")):
            return best(tag)
    return otherwise


async def posted(request: Request) -> dict[str, str]:
    """The fields of a posted form; a body over BODY_MAX is no form of ours: empty."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
