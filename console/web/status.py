"""What participants may know: which kinds of services work, in words; no names, no addresses."""

from collections.abc import Iterable
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from console.i18n import N_, _, clock, speaking
from console.web import pages
from console.web.forms import language_of
from console.wiring import Console
from probes import results, targets
from probes.model import State, worst
from probes.probers import PROBERS
from probes.probers.base import KINDS
from store import access, schools
from store.schools import School

WORDS = {
    State.OK: N_("Works"),
    State.SUSPECT: N_("Being looked at"),
    State.DOWN: N_("Trouble; we are on it"),
    State.UNKNOWN: N_("Unknown"),
    State.MAINTENANCE: N_("Maintenance"),
}
SHAPES = {State.OK: "●", State.SUSPECT: "◆", State.DOWN: "▲", State.UNKNOWN: "○"}


class Status:
    def __init__(self, console: Console) -> None:
        self.console = console

    def routes(self) -> list[Route]:
        return [Route("/status", self.show, methods=["GET"])]

    def show(self, request: Request) -> Response:
        with self.console.db.read() as tx:
            scope = schools.every_id(tx)
            served = schools.in_scope(tx, access.system(*scope))
        language = language_of(request, otherwise=served[0].language if len(served) == 1 else "en")
        with speaking(language):
            body = "".join(self._school(school) for school in served)
            body = body or f"<p>{escape(_('There is no school here yet.'))}</p>"
            html = pages.page(_("What works"), body, language=language, here="/status")
        return HTMLResponse(html)

    def _school(self, school: School) -> str:
        now, actor = self.console.now(), access.system(school.id)
        with self.console.db.read() as tx:
            known = [target for target in targets.of(tx, actor, school.id) if target.enabled]
        with self.console.db.read("metrics") as mtx:
            newest = results.latest(mtx, actor, school.id, known, now=now)
        found = by_kind((target.prober, newest[target.id].state) for target in known)
        rows = "".join(_row(kind, state) for kind, state in found.items())
        at = escape(_("As of {time}").format(time=clock(now, school.zone)))
        return (
            f"<section><h2>{escape(school.name)}</h2><table>{rows}</table>"
            f'<p class="quiet">{at}</p></section>'
        )


def by_kind(states: Iterable[tuple[str, State]]) -> dict[str, State]:
    """The gravest state of each kind that the school has, given by prober."""
    found: dict[str, list[State]] = {}
    for prober, state in states:
        found.setdefault(PROBERS[prober].kind, []).append(state)
    return {kind: worst(found[kind]) for kind in KINDS if kind in found}


def _row(kind: str, state: State) -> str:
    told = f"{SHAPES.get(state, '■')}&nbsp;{escape(_(WORDS[state]))}"
    return f"<tr><td>{escape(_(kind))}</td><td>{told}</td></tr>"
