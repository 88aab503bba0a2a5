"""/m/{token}: a letter as anybody may read it; the token says which, and in which language.

The letter is a document of its own, in a sandbox without scripts, forms or pictures from
elsewhere, and search engines are asked to leave it out.
"""

from html import escape

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from console.i18n import NAMES, _, best, speaking
from console.web import pages
from console.web.forms import language_of
from console.web.preferences import nothing
from console.wiring import Console
from mailing import archive, frame
from mailing.archive import Letter, Missing

SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox"  # its links may open elsewhere
HEADERS = {"Content-Security-Policy": SANDBOX, "X-Robots-Tag": "noindex, nofollow, noarchive"}


class Archive:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.key = console.origin.key

    def routes(self) -> list[Route]:
        return [Route("/m/{token}", self.show, methods=["GET"])]

    def show(self, request: Request) -> Response:
        token = request.path_params["token"]
        with self.console.db.read() as tx:
            found = archive.show(tx, self.key, token, now=self.console.now())
        if found is None:
            return nothing(request, None)
        if isinstance(found, Missing):
            return _missing(request, found)
        with speaking(best(found.language)):
            return HTMLResponse(archive.page(found, _above(found)), headers=HEADERS)


def _above(letter: Letter) -> str:
    """When it was sent, in which other languages it is, and what went along."""
    at = letter.sent_at.astimezone(letter.school.zone)
    lines = [escape(format_date(at, "long", locale=_locale(letter.language)))]
    lines += [
        frame.link(NAMES.get(language, language), f"/m/{token}")
        for language, token in letter.others.items()
    ]
    said = " · ".join(lines)
    if letter.files:
        words = _("Files that came with it: {files}").format(files=", ".join(letter.files))
        said += f"<br>{escape(words)}"
    return f'<p class="quiet" style="margin:0 0 16px;font-size:14px;color:#5f6b78">{said}</p>'


def _locale(language: str) -> Locale:
    """An author may write in a language that Babel does not know."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


def _missing(request: Request, why: Missing) -> Response:
    erased = why is Missing.ERASED
    language = language_of(request)
    with speaking(language):
        words = _("This message was erased.") if erased else _("This message has not been sent.")
        body = f"<section><p>{escape(words)}</p></section>"
        title = _("Erased") if erased else _("Not found")
        html = pages.page(title, body, language=language, here=request.url.path)
    return HTMLResponse(html, 410 if erased else 404, {"X-Robots-Tag": HEADERS["X-Robots-Tag"]})
