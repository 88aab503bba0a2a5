"""The first run: enter the campus with one click, or set up the school with a one-time code."""

from datetime import datetime
from html import escape
from zoneinfo import available_timezones

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console import campus
from console.desk import accounts
from console.desk.accounts import AccountError
from console.i18n import N_, NAMES, _, say, speaking
from console.web import pages
from console.web.entrance import enter
from console.web.forms import Visit, posted, visit
from console.web.house import House
from store import access, schools
from store.db import Connection

WRONG_CODE = N_("This is not the code. It was printed where Pult was started.")
ZONES = {"en": "Europe/London", "ru": "Europe/Moscow", "zh_Hans": "Asia/Shanghai"}


class Setup:
    """/setup of one house: open until the real school has its first account."""

    def __init__(self, house: House, key: bytes) -> None:
        self.house, self.key = house, key

    def routes(self) -> list[Route]:
        return [
            Route("/setup", self.show, methods=["GET"]),
            Route("/setup", self.post, methods=["POST"]),
        ]

    def show(self, request: Request) -> Response:
        if not self.house.fresh():
            return RedirectResponse("/login", 303)
        return setup_page(visit(request, self.key), {})

    async def post(self, request: Request) -> Response:
        fields = await posted(request)
        return await run_in_threadpool(self._post, visit(request, self.key), fields)

    def _post(self, seen: Visit, fields: dict[str, str]) -> Response:
        if not self.house.fresh():
            return RedirectResponse("/login", 303)
        if not seen.genuine(fields.get("token", "")):
            with speaking(seen.language):
                why = _("This form had grown old. Please try once more.")
            return setup_page(seen, fields, why=why, status=403)
        return self._campus(seen) if fields.get("way") == "campus" else self._school(seen, fields)

    def _campus(self, seen: Visit) -> Response:
        console = self.house.enter_campus(seen.language)
        with console.db.begin() as tx:
            token = campus.visitor_session(tx, now=console.now(), lasts=self.house.lasts)
        return enter(self.house, seen, "campus", token)

    def _school(self, seen: Visit, fields: dict[str, str]) -> Response:
        real = self.house.real
        now = real.now()
        try:
            with real.db.begin() as tx:
                accounts.limit_tries(tx, "the set-up code", seen.address, now=now)
            if not self.house.right_code(fields.get("code", "")):
                raise AccountError(WRONG_CODE)
            with self.house.changing, real.db.begin() as tx:
                if accounts.any_account(tx):
                    return RedirectResponse("/login", 303)
                token = _found(tx, fields, now)
        except AccountError as error:
            with speaking(seen.language):
                why = say(error, markdown=False)
            return setup_page(seen, fields, why=why, status=422)
        self.house.begin_real()
        return enter(self.house, seen, "real", token)


def _found(tx: Connection, fields: dict[str, str], now: datetime) -> str:
    """Make the school and its first administrator; return the session's token."""
    if not fields.get("school", "").strip():
        raise AccountError(N_("The school needs a name."))
    school = schools.found(
        tx,
        access.system(),
        fields.get("school", ""),
        time_zone=fields.get("zone", ""),
        language=fields.get("school_language", ""),
        now=now,
    )
    account_id = accounts.add(
        tx,
        access.system(school.id),
        fields.get("name", ""),
        fields.get("password", ""),
        role="admin",
        every_school=True,
        language=school.language,
        now=now,
    )
    return accounts.open_session(tx, account_id, now=now)


def setup_page(
    seen: Visit, fields: dict[str, str], *, why: str = "", status: int = 200
) -> Response:
    with speaking(seen.language):
        body = f'<div class="cards">{_campus_card(seen)}{_school_card(seen, fields, why)}</div>'
        html = pages.page(
            _("Welcome to Pult"), body, language=seen.language, here="/setup", wide=True
        )
        return seen.answer(html, status)


def _campus_card(seen: Visit) -> str:
    told = _(
        "A small school that runs on this machine alone: live classrooms, forums and mail, "
        "and nothing leaves it. Every screen marks it as a simulation."
    )
    form = pages.form(
        "/setup", pages.hidden("way", "campus"), _("Enter the campus"), token=seen.token
    )
    return (
        f'<section><h2>{escape(_("Look around"))}</h2><p class="sim">◆ {escape(_("Simulation"))}'
        f"</p><p>{escape(told)}</p>{form}</section>"
    )


def _school_card(seen: Visit, fields: dict[str, str], why: str) -> str:
    zone = fields.get("zone") or ZONES[seen.language]
    language = fields.get("school_language") or seen.language
    inputs = (
        pages.hidden("way", "school")
        + pages.entry(
            "code",
            _("One-time code"),
            value=fields.get("code", ""),
            note=_("It was printed where Pult was started."),
        )
        + pages.entry("school", _("School"), value=fields.get("school", ""))
        + pages.choice("zone", _("Time zone"), ((z, z) for z in _zones()), zone)
        + pages.choice("school_language", _("Language"), NAMES.items(), language)
        + pages.entry("name", _("Your name"), value=fields.get("name", ""), complete="username")
        + pages.entry(
            "password",
            _("Password"),
            kind="password",
            complete="new-password",
            note=_("At least {count} characters.").format(count=accounts.PASSWORD_MIN),
        )
    )
    form = pages.form("/setup", inputs, _("Set up our school"), token=seen.token)
    title = escape(_("Set up our school"))
    return f"<section><h2>{title}</h2>{pages.problem(why)}{form}</section>"


def _zones() -> list[str]:
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
