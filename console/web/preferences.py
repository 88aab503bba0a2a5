"""/u/{token}: what somebody gets of our mail; the token says who, of which school, which topic.

One-click unsubscription follows RFC 8058: a POST without cookies acts, a GET only shows,
because mail programs and scanners follow links before people do.
"""

from html import escape

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from console.i18n import NAMES, _, ngettext, speaking
from console.web import pages
from console.web.forms import language_of, posted
from console.wiring import Console
from mailing import preferences, unsubscribe
from mailing.preferences import Preferences


class MailPreferences:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.key = console.origin.key

    def routes(self) -> list[Route]:
        return [
            Route("/u/{token}", self.show, methods=["GET"]),
            Route("/u/{token}", self.act, methods=["POST"]),
            Route("/u/{token}/choose", self.choose, methods=["POST"]),
        ]

    def show(self, request: Request) -> Response:
        return self._page(request)

    async def act(self, request: Request) -> Response:
        fields = await posted(request)
        return await run_in_threadpool(self._act, request, every_topic=fields.get("every") == "1")

    async def choose(self, request: Request) -> Response:
        return await run_in_threadpool(self._choose, request, await posted(request))

    def _act(self, request: Request, *, every_topic: bool) -> Response:
        with self.console.db.begin() as tx:
            unsubscribe.act(
                tx,
                self.key,
                request.path_params["token"],
                every_topic=every_topic,
                now=self.console.now(),
            )
        return self._page(request)

    def _choose(self, request: Request, fields: dict[str, str]) -> Response:
        with self.console.db.begin() as tx:
            preferences.choose(
                tx,
                self.key,
                request.path_params["token"],
                wanted={value for name, value in fields.items() if name.startswith("topic")},
                language=fields.get("mail_language", ""),
                now=self.console.now(),
            )
        return self._page(request, saved=True)

    def _page(self, request: Request, *, saved: bool = False) -> Response:
        token = request.path_params["token"]
        with self.console.db.read() as tx:
            found = preferences.show(tx, self.key, token)
        if found is None:
            return nothing(request, None)
        language = language_of(request, found.language)
        here = f"/u/{token}"
        with speaking(language):
            body = _subscription(found, here) + _choices(found, here, saved=saved)
            html = pages.page(_("Your mail"), body, language=language, here=here)
        return HTMLResponse(html)


def _subscription(found: Preferences, here: str) -> str:
    """The one topic of the mail that held the link: one click, no more."""
    every = pages.hidden("every", "1")
    if found.topics[found.topic]:
        said = _("You get mail of the topic “{topic}” from {school} at {email}.")
        form = pages.form(here, "", _("Unsubscribe"), token="")
    else:
        said = _("{school} sends no more mail of the topic “{topic}” to {email}.")
        form = ""
    if not found.left:
        form += pages.form(here, every, _("Unsubscribe from everything"), token="")
    words = said.format(topic=found.topic, school=found.school_name, email=found.email)
    return f"<section><p>{escape(words)}</p>{_family(found)}{form}</section>"


def _family(found: Preferences) -> str:
    if found.people < 2:
        return ""
    words = ngettext(
        "{n} person at the school has this address. What you choose here is for the mail of all.",
        "{n} people at the school have this address. What you choose here is for the mail of all.",
        found.people,
    )
    return f'<p class="quiet">{escape(words.format(n=found.people))}</p>'


def _choices(found: Preferences, here: str, *, saved: bool) -> str:
    if found.locked:
        why = _(
            "{school} has taken this address off its list. Ask the school to write to it again."
        )
        words = escape(why.format(school=found.school_name))
        return f'<section><p class="quiet">{words}</p></section>'
    boxes = "".join(
        f'<label class="box"><input type="checkbox" name="topic{n}" value="{escape(topic)}"'
        f"{' checked' if on else ''}> {escape(topic)}</label>"
        for n, (topic, on) in enumerate(found.topics.items())
    )
    language = pages.choice(
        "mail_language", _("Language of the mail"), NAMES.items(), found.language
    )
    done = f'<p role="status">{escape(_("Saved."))}</p>' if saved else ""
    note = escape(_("What you must know, such as a changed room, comes in any case."))
    form = pages.form(
        f"{here}/choose",
        f"{boxes}{language}",
        _("Save"),
        token="",
        note=f'<p class="quiet">{note}</p>',
    )
    return f"<section><h2>{escape(_('What you get'))}</h2>{done}{form}</section>"


def nothing(request: Request, _error: object) -> Response:
    language = language_of(request)
    with speaking(language):
        words = escape(_("There is nothing here. Perhaps the link was cut: copy it whole."))
        html = pages.page(
            _("Not found"), f"<section><p>{words}</p></section>", language=language, here="/status"
        )
    return HTMLResponse(html, 404)
