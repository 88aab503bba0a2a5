"""The console's shell: which screens there are, the sidebar, and the head of every page."""

import gc
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import streamlit as st

from console import i18n
from console.i18n import N_, _
from console.widgets import confirm, foot, head, pages, scenes, sidebar
from console.widgets.screen import is_phone
from console.wiring import Console
from mailing import standing
from moderation import appeals, welfare
from store import access, schools
from store.access import Actor, Permission
from store.schools import LANGUAGES, School

ASSETS = Path(__file__).parent / "static"


@dataclass(frozen=True)
class View:
    """A screen: `console.views.<module>.page(console, actor, school)`."""

    module: str
    title: str  # a msgid
    icon: str
    group: str  # a msgid; "" is reached from other screens only
    permission: Permission


TONIGHT, MODERATION, MAIL, DESK = N_("Tonight"), N_("Moderation"), N_("Mail"), N_("Desk")
VIEWS: dict[str, View] = {
    "overview": View("overview", N_("Overview"), "dashboard", TONIGHT, "see"),
    "classrooms": View("classrooms", N_("Classrooms"), "school", TONIGHT, "see"),
    "services": View("services", N_("Services"), "dns", TONIGHT, "see"),
    "incidents": View("incidents", N_("Incidents"), "crisis_alert", TONIGHT, "see"),
    "review": View("review", N_("Review queue"), "gavel", MODERATION, "moderate"),
    "appeals": View("appeals", N_("Appeals"), "balance", MODERATION, "moderate"),
    "welfare": View("welfare", N_("Welfare alarms"), "health_and_safety", MODERATION, "see people"),
    "people": View("people", N_("People"), "group", MODERATION, "see people"),
    "campaigns": View("campaigns", N_("Campaigns"), "campaign", MAIL, "write"),
    "recipients": View("recipients", N_("Recipients"), "contacts", MAIL, "write"),
    "figures": View("figures", N_("Figures"), "query_stats", DESK, "moderate"),
    "admin": View("admin", N_("Admin"), "settings", DESK, "administer"),
    "target": View("target", N_("Service"), "dns", "", "see"),
    "incident": View("incident", N_("Incident"), "crisis_alert", "", "see"),
    "person": View("person", N_("Person"), "person", "", "see people"),
    "confirming": View("confirming", N_("One person or two"), "join_inner", "", "moderate"),
    "composer": View("composer", N_("New campaign"), "campaign", "", "write"),
    "emergency": View("emergency", N_("Tell the affected now"), "emergency_home", "", "send"),
    "urgent": View("urgent", N_("Texts for emergencies"), "emergency_home", "", "write"),
    "standing": View("standing", N_("Standing newsletters"), "newsmode", "", "write"),
    "delivery": View("delivery", N_("Delivery"), "outgoing_mail", "", "write"),
}


def warm() -> None:
    """Load every screen and language before the first reader comes, and freeze them.

    What stays for good is taken out of the garbage collector's sight: each of its full rounds
    over some hundred thousand objects of libraries stops all screens for a tenth of a second.
    """
    for view in VIEWS.values():
        import_module(f"console.views.{view.module}")
    for language in LANGUAGES:
        i18n.catalogue(language)
    gc.collect()
    gc.freeze()


def main(console: Console, actor: Actor) -> None:
    """One script run: the shell around the screen that the address names."""
    st.set_page_config(
        page_title="Pult",
        page_icon=str(ASSETS / "favicon.png"),
        layout="wide",
        initial_sidebar_state=248,
    )
    confirm.new_run()
    i18n.follow(foot.language)
    foot.remember_language(console, actor)
    st.logo(str(ASSETS / f"logo-{st.context.theme.type or 'light'}.png"), size="medium")
    scope = _schools(console, actor)
    if not scope:
        _nothing_to_see(console, actor)
        return
    school = sidebar.chosen(scope)
    offered = _pages(console, actor, school)
    pages.remember(offered)
    current = st.navigation(list(offered.values()), position="hidden")
    _menu(console, actor, scope, current=current)
    if console.simulation:
        with st.container(horizontal=True, vertical_alignment="center"):
            head.simulation()
            scenes.draw(console, actor, school)
    current.run()


def _schools(console: Console, actor: Actor) -> list[School]:
    with console.db.read() as tx:
        return schools.in_scope(tx, actor)


def _pages(console: Console, actor: Actor, school: School) -> dict[str, st.Page]:
    """The screens that the actor's role may open, by slug; the first is the start."""
    return {
        slug: st.Page(
            partial(_show, view.module, console, actor, school),
            title=_(view.title),
            url_path=slug,
            default=slug == "overview",
        )
        for slug, view in VIEWS.items()
        if access.may(actor, view.permission, school.id)
        and find_spec(f"console.views.{view.module}")
    }


def _show(module: str, console: Console, actor: Actor, school: School) -> None:
    view = import_module(f"console.views.{module}")
    try:
        view.page(console, actor, school)
    except access.Denied as denied:
        st.error(i18n.say(denied), icon=":material/lock:")


def _menu(console: Console, actor: Actor, scope: list[School], *, current: st.Page) -> None:
    offered, school = pages.known(), sidebar.chosen(scope)
    links = [
        sidebar.Link(slug, offered[slug], _(view.title), view.icon, _(view.group))
        for slug, view in VIEWS.items()
        if view.group and slug in offered
    ]
    with sidebar.place(phone=is_phone(), page=current.url_path):
        sidebar.draw(scope, school, links, lambda: _waiting(console, actor, school))
        foot.draw(console, actor)


def _waiting(console: Console, actor: Actor, school: School) -> dict[str, int]:
    board = console.board(actor, school.id)
    found = {"incidents": board.open_incidents, "review": board.waiting}
    with console.db.read() as tx:
        found["welfare"] = len(welfare.unanswered(tx, actor, school.id))
        if access.may(actor, "write", school.id):
            found["campaigns"] = standing.waiting(tx, actor, school.id, now=console.now())
        if access.may(actor, "moderate", school.id):
            found["appeals"] = appeals.count(tx, actor, school.id)
    return found


def _nothing_to_see(console: Console, actor: Actor) -> None:
    st.title("Pult", anchor=False)
    st.info(_("Your account has no role in any school yet. Ask an administrator of the school."))
    foot.draw(console, actor)
