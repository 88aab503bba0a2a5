"""A participant's report of trouble: a form behind a signed link, no sign-in."""

from datetime import timedelta
from html import escape

from starlette.requests import Request
from starlette.responses import Response

from console.desk import reports
from console.desk.incidents import IncidentError
from console.i18n import _, say, speaking
from console.web import pages
from console.web.forms import language_of
from console.web.linked import MINUTES, Linked, answer, sender, unknown
from moderation import need
from store import access, timetable
from store.schools import School

BY_ADDRESS = 20  # reports of one address: a class behind one router may report together
BY_SCHOOL = 300
SOON = timedelta(minutes=15)  # lessons that begin so soon are offered as well


class Reports(Linked):
    path = "/report/{token}"
    purpose = "report"

    def show(self, request: Request) -> Response:
        school = self._school(request)
        return self._page(request, school, {}) if school else unknown(request)

    def take(self, request: Request, fields: dict[str, str]) -> Response:
        school = self._school(request)
        if school is None:
            return unknown(request)
        with speaking(language_of(request, otherwise=school.language)):
            if not self.limit.allows((sender(request), BY_ADDRESS), (school.id, BY_SCHOOL)):
                why = _("Too many reports came from here. Wait {minutes} minutes.")
                return self._page(request, school, fields, why.format(minutes=MINUTES), 429)
            self._hear(school, fields)
            try:
                self._keep(school, fields)
            except IncidentError as error:
                return self._page(request, school, fields, say(error, markdown=False), 422)
            words = _("Thank you. The coordinators of {school} have your report.")
            body = f"<section><p>{escape(words.format(school=school.name))}</p></section>"
            return answer(request, school.language, _("Reported"), body)

    def _hear(self, school: School, fields: dict[str, str]) -> None:
        """Somebody in need may say so here; heard whatever comes of the report."""
        who = " · ".join(filter(None, (fields.get("name", ""), fields.get("contact", ""))))
        actor, said = access.system(school.id), fields.get("said", "")
        need.in_trouble(self.console.db, actor, school.id, said, who=who, now=self.console.now())

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
        opened = self.opened(request)
        return self.school(opened[0]) if opened else None

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
