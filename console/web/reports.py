"""A participant's report of trouble: a form behind a signed link, no sign-in."""

import time
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from html import escape
from threading import Lock

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from console.desk import reports
from console.desk.incidents import IncidentError
from console.i18n import _, say, speaking
from console.web import pages
from console.web.forms import language_of, posted
from console.wiring import Console
from store import access, links, schools, timetable
from store.schools import School

MINUTES = 10  # over which reports are counted
BY_ADDRESS = 20  # reports of one address: a class behind one router may report together
BY_SCHOOL = 300
SOON = timedelta(minutes=15)  # lessons that begin so soon are offered as well


class Reports:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.key = console.vault.derive("links")
        self.limit = Limit(MINUTES * 60)

    def routes(self) -> list[Route]:
        return [
            Route("/report/{token}", self.show, methods=["GET"]),
            Route("/report/{token}", self.post, methods=["POST"]),
        ]

    def show(self, request: Request) -> Response:
        school = self._school(request)
        return self._page(request, school, {}) if school else unknown(request)

    async def post(self, request: Request) -> Response:
        fields = await posted(request)
        return await run_in_threadpool(self._post, request, fields)

    def _post(self, request: Request, fields: dict[str, str]) -> Response:
        school = self._school(request)
        if school is None:
            return unknown(request)
        address = request.client.host if request.client else ""
        with speaking(language_of(request, otherwise=school.language)):
            if not self.limit.allows((address, BY_ADDRESS), (school.id, BY_SCHOOL)):
                why = _("Too many reports came from here. Wait {minutes} minutes.")
                return self._page(request, school, fields, why.format(minutes=MINUTES), 429)
            try:
                self._keep(school, fields)
            except IncidentError as error:
                return self._page(request, school, fields, say(error, markdown=False), 422)
            words = _("Thank you. The coordinators of {school} have your report.")
            body = f"<section><p>{escape(words.format(school=school.name))}</p></section>"
            return answer(request, school.language, _("Reported"), body)

    def _keep(self, school: School, fields: dict[str, str]) -> None:
        known = {room for room, _title in self._lessons(school)}
        room = fields.get("room", "")
        with self.console.db.begin() as tx:
            reports.report(
                tx,
                access.system(school.id),
                school.id,
                name=fields.get("name", ""),
                contact=fields.get("contact", ""),
                said=fields.get("said", ""),
                room_id=room if room in known else None,
                now=self.console.now(),
            )

    def _school(self, request: Request) -> School | None:
        opened = links.opened(self.key, "report", request.path_params["token"])
        with self.console.db.read() as tx:
            if opened is None or opened[0] not in schools.every_id(tx):
                return None
            return schools.get(tx, access.system(opened[0]), opened[0])

    def _lessons(self, school: School) -> list[tuple[str, str]]:
        """Rooms with a lesson now or soon, by the lesson's title."""
        now = school.time(self.console.now())
        with self.console.db.read() as tx:
            found = timetable.lessons(
                tx, access.system(school.id), school.id, since=now, until=now + SOON
            )
        return [(one.room_id, one.title) for one in found if one.room_id]

    def _page(
        self,
        request: Request,
        school: School,
        fields: dict[str, str],
        why: str = "",
        status: int = 200,
    ) -> Response:
        with speaking(language_of(request, otherwise=school.language)):
            lessons = [("", _("No lesson, or not in the list")), *self._lessons(school)]
            inputs = (
                pages.choice("room", _("Lesson"), lessons, fields.get("room", ""))
                + pages.words(
                    "said",
                    _("What does not work?"),
                    value=fields.get("said", ""),
                    longest=reports.LONGEST,
                )
                + pages.entry(
                    "name",
                    _("Your name"),
                    value=fields.get("name", ""),
                    complete="name",
                    required=False,
                )
                + pages.entry(
                    "contact",
                    _("Where to answer you"),
                    value=fields.get("contact", ""),
                    complete="email",
                    required=False,
                )
            )
            form = pages.form(request.url.path, inputs, _("Report"), token="")
            comment = self.console.complaint_link(school.id)
            other = escape(_("Is it about what somebody wrote? Report the comment."))
            body = (
                f'<p class="quiet">{escape(school.name)}</p>'
                f"<section>{pages.problem(why)}{form}</section>"
                f'<p><a href="{escape(comment)}">{other}</a></p>'
            )
            return answer(request, school.language, _("Report trouble"), body, status)


class Limit:
    """How often something may happen within so many seconds, by key; threads may share it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = Lock()
        self._times: dict[str, deque[float]] = {}

    def allows(self, *wanted: tuple[str, int]) -> bool:
        """Count once for every key, unless one of them is at its limit."""
        with self._lock:
            if self._full(wanted):
                return False
            for key, _most in wanted:
                self._times.setdefault(key, deque()).append(time.monotonic())
            return True

    def full(self, *wanted: tuple[str, int]) -> bool:
        """Whether one of the keys is at its limit; nothing is counted."""
        with self._lock:
            return self._full(wanted)

    def _full(self, wanted: Sequence[tuple[str, int]]) -> bool:
        now = time.monotonic()
        for key, kept in list(self._times.items()):
            while kept and kept[0] <= now - self.seconds:
                kept.popleft()
            if not kept:
                del self._times[key]
        return any(len(self._times.get(key, ())) >= most for key, most in wanted)


def unknown(request: Request) -> Response:
    with speaking(language_of(request)):
        words = escape(_("This link is not one of ours. Ask your school for a new one."))
        return answer(request, "en", _("Not found"), f"<section><p>{words}</p></section>", 404)


def answer(request: Request, otherwise: str, title: str, body: str, status: int = 200) -> Response:
    """The page in the reader's language, else in `otherwise`; `body` is HTML."""
    language = language_of(request, otherwise=otherwise)
    return HTMLResponse(pages.page(title, body, language=language, here=request.url.path), status)
