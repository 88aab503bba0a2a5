"""The lesson's own link: it leads into its room, also after the lesson moved to another server."""

from html import escape

from starlette.requests import Request
from starlette.responses import Response

from console.desk import entering
from console.desk.rooms import RoomError
from console.i18n import _, clock, say, speaking
from console.web import pages
from console.web.forms import language_of
from console.web.linked import MINUTES, Linked, answer, sender, unknown
from platforms.base import PlatformError
from store import access, schools
from store.schools import School

BY_ADDRESS = 120  # of one address: a class behind one router comes together, some twice


class Entering(Linked):
    """GET asks for a name, POST shows the way in."""

    path = "/lesson/{token}"
    purpose = "lesson"

    def show(self, request: Request) -> Response:
        lesson_id, school = self._lesson(request)
        return self._page(request, lesson_id, school) if school else unknown(request)

    def take(self, request: Request, fields: dict[str, str]) -> Response:
        name = fields.get("name", "")
        lesson_id, school = self._lesson(request)
        if school is None:
            return unknown(request)
        with speaking(language_of(request, otherwise=school.language)):
            if not self.limit.allows((sender(request), BY_ADDRESS)):
                why = _("Too many came in from here. Wait {minutes} minutes.")
                return self._page(
                    request, lesson_id, school, name, why.format(minutes=MINUTES), 429
                )
            try:
                link = entering.enter(
                    self.console.db,
                    access.system(school.id),
                    lesson_id,
                    name,
                    self.console.adapters,
                    now=school.time(self.console.now()),
                )
            except (RoomError, PlatformError) as error:
                why = say(error, markdown=False)
                return self._page(request, lesson_id, school, name, why, 422)
            return self._way_in(request, school, link)

    def _lesson(self, request: Request) -> tuple[str, School | None]:
        opened = self.opened(request)
        if opened is None:
            return "", None
        with self.console.db.read() as tx:
            school_id = entering.school_of(tx, opened[0])
            if school_id is None:
                return "", None
            return opened[0], schools.get(tx, access.system(school_id), school_id)

    def _page(
        self,
        request: Request,
        lesson_id: str,
        school: School,
        name: str = "",
        why: str = "",
        status: int = 200,
    ) -> Response:
        actor = access.system(school.id)
        with self.console.db.read() as tx:
            now = school.time(self.console.now())
            door = entering.door(tx, actor, lesson_id, now=now)
        with speaking(language_of(request, otherwise=school.language)):
            field = pages.entry("name", _("Your name"), value=name, complete="name")
            form = pages.form(request.url.path, field, _("Come in"), token="")
            begins = ""
            if door is not None:
                time = clock(door.starts_at, school.zone)
                begins = f"{door.title} · {_('Begins at {time}').format(time=time)}"
            body = (
                f'<p class="quiet">{escape(school.name)}</p>'
                f"<section><p>{escape(begins)}</p>{pages.problem(why)}{form}</section>"
            )
            return answer(request, school.language, _("Your lesson"), body, status)

    def _way_in(self, request: Request, school: School, link: str) -> Response:
        """A link, not a redirect: a form may lead nowhere but to ourselves."""
        words = _("Open the classroom")
        body = (
            f'<section><p><a rel="noreferrer" href="{escape(link)}">{escape(words)}</a></p>'
            f'<p class="quiet">{escape(_("This way in is yours alone: do not pass it on."))}</p>'
            "</section>"
        )
        return answer(request, school.language, _("Your lesson"), body)
