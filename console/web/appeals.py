"""/appeal/{token}: what was decided about somebody, and the conversation about it; no sign-in.

The link is the person's own: it shows the measure and lets its holder write, and
names nobody of the staff.
"""

from html import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.desk import measure_words
from console.i18n import _, moment, say, speaking
from console.web import pages
from console.web.forms import language_of
from console.web.linked import MINUTES, Linked, answer, sender, unknown
from moderation import appeals, hearing, measures, need
from moderation.appeals import Appeal, Message
from moderation.model import Measure, ModerationError
from store import access, schools
from store.db import Connection
from store.legibility import legible
from store.schools import School

BY_LINK = 10
BY_ADDRESS = 60  # a class behind one router


class Appeals(Linked):
    path = "/appeal/{token}"
    purpose = "appeal"

    def show(self, request: Request) -> Response:
        found = self._measure(request)
        return self._page(request, *found) if found else unknown(request)

    def take(self, request: Request, fields: dict[str, str]) -> Response:
        said = fields.get("said", "")
        found = self._measure(request)
        if found is None:
            return unknown(request)
        measure, school = found
        with speaking(language_of(request, otherwise=school.language)):
            if not self.limit.allows((measure.id, BY_LINK), (sender(request), BY_ADDRESS)):
                why = _("Too much came from here. Wait {minutes} minutes.")
                why = why.format(minutes=MINUTES)
                return self._page(request, measure, school, why=why, said=said, status=429)
            actor = access.system(school.id)
            need.in_appeal(self.console.db, actor, measure.id, said, now=self.console.now())
            try:
                with self.console.db.begin() as tx:
                    appeals.write(tx, actor, measure.id, said, now=self.console.now())
            except ModerationError as error:
                why = say(error, markdown=False)
                return self._page(request, measure, school, why=why, said=said, status=422)
        return RedirectResponse(request.url.path, 303)  # reloaded it is not sent twice

    def _measure(self, request: Request) -> tuple[Measure, School] | None:
        opened = self.opened(request)
        if opened is None:
            return None
        with self.console.db.read() as tx:
            actor = access.system(*schools.every_id(tx))
            measure = measures.get(tx, actor, opened[0])
            return (measure, schools.get(tx, actor, measure.school_id)) if measure else None

    def _page(
        self,
        request: Request,
        measure: Measure,
        school: School,
        *,
        why: str = "",
        said: str = "",
        status: int = 200,
    ) -> Response:
        actor = access.system(school.id)
        with (
            speaking(language_of(request, otherwise=school.language)),
            self.console.db.read() as tx,
        ):
            appeal = appeals.of_measures(tx, actor, school.id, [measure.id]).get(measure.id)
            body = (
                f'<p class="quiet">{escape(school.name)}</p>'
                f"<section>{self._facts(tx, measure, school)}</section>"
                f"{self._talk(tx, measure, appeal, school)}"
                f"{self._end(request, measure, appeal, why, said)}"
            )
            return answer(request, school.language, _("What was decided"), body, status)

    def _facts(self, tx: Connection, measure: Measure, school: School) -> str:
        actor, now = access.system(school.id), self.console.now()
        told = measure_words.facts(tx, actor, school, measure, now=now)
        rows = "".join(
            f'<tr><th scope="row">{escape(label)}</th><td>{escape(words)}</td></tr>'
            for label, words in told.items()
        )
        return f"<table>{rows}</table>"

    def _talk(self, tx: Connection, measure: Measure, appeal: Appeal | None, school: School) -> str:
        if appeal is None:
            return ""
        actor, now = access.system(school.id), self.console.now()
        said = [
            _said(each, school, moment(each.at, school.zone, now=now))
            for each in appeals.messages(tx, actor, appeal.id)
        ]
        settled = measures.settled(tx, actor, measure)
        others = hearing.holding(tx, actor, measure, now=now)
        ended = measure_words.outcome(appeal, school, settled=settled, holding=others, now=now)
        head = f"<h2>{escape(_('The conversation'))}</h2>"
        end = f"<section><p><b>{escape(ended)}</b></p></section>" if ended else ""
        return head + "".join(said) + end

    def _end(
        self, request: Request, measure: Measure, appeal: Appeal | None, why: str, said: str
    ) -> str:
        """The form, or why there is none."""
        if appeal is not None and appeal.outcome:
            return ""
        if appeal is None and not appeals.may_appeal(measure, now=self.console.now()):
            late = say(ModerationError(appeals.TOO_LATE), markdown=False)
            return f"<section><p>{escape(late)}</p></section>"
        note = _("Somebody else than who decided this reads it and answers here. Keep the link.")
        label = _("Why is it wrong?") if appeal is None else _("Something to add?")
        field = pages.words("said", label, value=legible(said), longest=appeals.LONGEST)
        form = pages.form(request.url.path, field, _("Send"), token="")
        return f'<section>{pages.problem(why)}<p class="quiet">{escape(note)}</p>{form}</section>'


def _said(message: Message, school: School, at: str) -> str:
    """One message; whoever of the staff wrote it, it is the school that answers."""
    who = _("You") if message.by is None else school.name
    words = escape(legible(message.said)).replace("\n", "<br>")
    return f'<section><p class="quiet">{escape(who)} · {escape(at)}</p><p>{words}</p></section>'
