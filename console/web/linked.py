"""What pages behind a signed link share: no sign-in, one link for one thing, limited writing.

GET shows and changes nothing, because mail programs and scanners follow links
before people do; POST acts.
"""

from abc import ABC, abstractmethod
from html import escape
from typing import ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from console.i18n import _, speaking
from console.web import pages
from console.web.forms import language_of, posted
from console.web.limit import Limit
from console.wiring import Console
from store import access, links, schools
from store.schools import School

MINUTES = 10  # over which what comes in is counted


class Linked(ABC):
    """One page at `path`, which ends with the token that `links` signed for its `purpose`."""

    path: ClassVar[str]
    purpose: ClassVar[str]

    def __init__(self, console: Console) -> None:
        self.console = console
        self.key = console.vault.derive("links")
        self.limit = Limit(MINUTES * 60)

    def routes(self) -> list[Route]:
        return [
            Route(self.path, self.show, methods=["GET"]),
            Route(self.path, self.post, methods=["POST"]),
        ]

    @abstractmethod
    def show(self, request: Request) -> Response:
        """The page as it is before anything is written."""

    @abstractmethod
    def take(self, request: Request, fields: dict[str, str]) -> Response:
        """Keep what was written, and answer; runs in a thread of its own."""

    async def post(self, request: Request) -> Response:
        return await run_in_threadpool(self.take, request, await posted(request))

    def opened(self, request: Request) -> list[str] | None:
        """What the link was signed for; None if we never signed it."""
        return links.opened(self.key, self.purpose, request.path_params["token"])

    def school(self, school_id: str) -> School | None:
        """The school, if there still is one."""
        with self.console.db.read() as tx:
            if school_id not in schools.every_id(tx):
                return None
            return schools.get(tx, access.system(school_id), school_id)


def sender(request: Request) -> str:
    """The address that asks, by which what comes in is counted."""
    return request.client.host if request.client else ""


def unknown(request: Request) -> Response:
    """Said of a link that opens nothing."""
    with speaking(language_of(request)):
        words = escape(_("This link is not one of ours. Ask your school for a new one."))
        return answer(request, "en", _("Not found"), f"<section><p>{words}</p></section>", 404)


def answer(request: Request, otherwise: str, title: str, body: str, status: int = 200) -> Response:
    """The page in the reader's language, else in `otherwise`; `body` is HTML."""
    language = language_of(request, otherwise=otherwise)
    return HTMLResponse(pages.page(title, body, language=language, here=request.url.path), status)
