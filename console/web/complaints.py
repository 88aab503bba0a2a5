"""/report/comment/{token}: a participant reports a comment, and reads later what came of it."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.desk import outcomes
from console.i18n import _, moment, say, speaking
from console.web import pages
from console.web.forms import YEAR, language_of
from console.web.guard import cookies
from console.web.linked import MINUTES, Linked, answer, sender, unknown
from moderation import complaints, need
from moderation.complaints import Complaint
from moderation.model import ModerationError
from store import access, links
from store.schools import School

BY_ADDRESS = 20  # of one address: a class behind one router may complain together
BY_SCHOOL = 300
FREE = ("reason", "words", "link")  # the form's fields that take any words
COOKIE = "pult_reporter"  # random, given with the form; who sends none is known by the address


class Complaints(Linked):
    path = "/report/comment/{token}"
    purpose = "complaint"

    def routes(self) -> list[Route]:
        return [*super().routes(), Route("/report/outcome/{token}", self.outcome, methods=["GET"])]

    def show(self, request: Request) -> Response:
        found = self._place(request)
        if found is None:
            return unknown(request)
        browser = cookies(request.headers).get(COOKIE) or secrets.token_urlsafe(24)
        return _known_by(browser, request, self._form(request, found[0], {}))

    def outcome(self, request: Request) -> Response:
        opened = links.opened(self.key, "outcome", request.path_params["token"])
        school = self.school(opened[0]) if opened else None
        if opened is None or school is None:
            return unknown(request)
        with self.console.db.read() as tx:
            found = complaints.came_of(tx, access.system(school.id), *opened)
        with speaking(language_of(request, otherwise=school.language)):
            return answer(request, school.language, _("Your complaint"), self._came(school, found))

    def take(self, request: Request, fields: dict[str, str]) -> Response:
        found = self._place(request)
        if found is None:
            return unknown(request)
        school, course_id = found
        browser = cookies(request.headers).get(COOKIE)
        with speaking(language_of(request, otherwise=school.language)):
            if not self.limit.allows((sender(request), BY_ADDRESS), (school.id, BY_SCHOOL)):
                why = _("Too many reports came from here. Wait {minutes} minutes.")
                return self._form(request, school, fields, why.format(minutes=MINUTES), 429)
            try:
                who = f"browser {browser}" if browser else f"address {sender(request)}"
                comment_id, link = self._keep(request, school, course_id, fields, who)
            except ModerationError as error:
                self._hear(school, [fields.get(name, "") for name in FREE], None)
                return self._form(request, school, fields, say(error, markdown=False), 422)
            self._hear(school, [fields.get("reason", "")], comment_id, fields.get("words", ""))
            return self._thanks(request, school, link)

    def _hear(
        self, school: School, said: list[str], comment_id: str | None, quoted: str = ""
    ) -> None:
        """Somebody in need may say so here. Of a comment that is found its own words are known."""
        need.in_report(
            self.console.db,
            access.system(school.id),
            school.id,
            said,
            comment_id=comment_id,
            quoted=quoted,
            now=self.console.now(),
        )

    def _keep(
        self, request: Request, school: School, course_id: str, fields: dict[str, str], who: str
    ) -> tuple[str, str]:
        """The comment's id, and the link behind which the outcome stands.

        The same reporter counts once a comment.
        """
        reporter = hmac.new(self.key, who.encode(), hashlib.sha256).hexdigest()[:16]
        actor, now = access.system(school.id), self.console.now()
        with self.console.db.begin() as tx:
            comment_id = complaints.complain(
                tx,
                actor,
                school.id,
                link=fields.get("link", ""),
                words=fields.get("words", ""),
                reason=fields.get("reason", ""),
                reporter=reporter,
                course_id=course_id,
                now=now,
            )
            token = links.sign(self.key, "outcome", school.id, comment_id, reporter)
            link = f"{self.console.settings.public_url}/report/outcome/{token}"
            if fields.get("email", "").strip():
                language = language_of(request, otherwise=school.language)
                outcomes.remember(
                    tx,
                    actor,
                    school.id,
                    comment_id,
                    reporter,
                    address=fields["email"],
                    language=language,
                    link=link,
                    now=now,
                )
        return comment_id, link

    def _place(self, request: Request) -> tuple[School, str] | None:
        """The school, and the course if the link is one course's."""
        opened = self.opened(request)
        school = self.school(opened[0]) if opened else None
        return (school, opened[1]) if opened and school else None

    def _form(
        self,
        request: Request,
        school: School,
        fields: dict[str, str],
        why: str = "",
        status: int = 200,
    ) -> Response:
        with speaking(language_of(request, otherwise=school.language)):
            form = pages.form(request.url.path, _inputs(fields), _("Report"), token="")
            trouble = self.console.report_link(school.id)
            other = escape(_("Something does not work? Report trouble instead."))
            body = (
                f'<p class="quiet">{escape(school.name)}</p>'
                f"<section>{pages.problem(why)}{form}</section>"
                f'<p><a href="{escape(trouble)}">{other}</a></p>'
            )
            return answer(request, school.language, _("Report a comment"), body, status)

    def _thanks(self, request: Request, school: School, link: str) -> Response:
        words = _("Thank you. The moderators of {school} have your complaint.")
        keep = _("Keep this link: behind it you read what came of it.")
        body = (
            f"<section><p>{escape(words.format(school=school.name))}</p><p>{escape(keep)}</p>"
            f'<p><a href="{escape(link)}">{escape(_("Your complaint"))}</a></p></section>'
        )
        return answer(request, school.language, _("Reported"), body)

    def _came(self, school: School, found: Complaint | None) -> str:
        if found is None:
            gone = _("The comment is not kept any more, and what was said of it neither.")
            return f"<section><p>{escape(gone)}</p></section>"
        now = self.console.now()
        said = _("Reported {time}").format(time=moment(found.at, school.zone, now=now))
        if found.decided_at:
            decided = moment(found.decided_at, school.zone, now=now)
            said += " · " + _("decided {time}").format(time=decided)
        return (
            f'<p class="quiet">{escape(school.name)}</p>'
            f"<section><p>{escape(_(outcomes.CAME[found.came]))}</p>"
            f'<p class="quiet">{escape(said)}</p></section>'
        )


def _inputs(fields: Mapping[str, str]) -> str:
    """What a reporter fills in, with what was written already."""
    return (
        pages.entry(
            "link",
            _("Link to the comment"),
            value=fields.get("link", ""),
            required=False,
            note=_("Or, if you have none, copy some of its words:"),
        )
        + pages.entry(
            "words", _("Words of the comment"), value=fields.get("words", ""), required=False
        )
        + pages.words(
            "reason",
            _("What is wrong with it?"),
            value=fields.get("reason", ""),
            longest=complaints.LONGEST,
        )
        + pages.entry(
            "email",
            _("Where to write what came of it"),
            kind="email",
            value=fields.get("email", ""),
            complete="email",
            required=False,
            note=_("It is used for that one mail, and not kept."),
        )
    )


def _known_by(browser: str, request: Request, response: Response) -> Response:
    response.set_cookie(
        COOKIE, browser, max_age=YEAR, httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response
