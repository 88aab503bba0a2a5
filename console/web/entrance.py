"""Ways into the console: sign in and out, and the first run.

A session id is always new at sign-in; forms carry a token; tries are limited
by `desk.accounts`.
"""

from html import escape

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.desk import accounts
from console.desk.accounts import TooManyTries
from console.i18n import _, say, speaking
from console.web import pages
from console.web.forms import Visit, posted, visit
from console.web.guard import cookies
from console.web.house import COOKIE, House, World


class Entrance:
    """/login and /logout of one house."""

    def __init__(self, house: House, key: bytes) -> None:
        self.house, self.key = house, key

    def routes(self) -> list[Route]:
        return [
            Route("/login", self.show_login, methods=["GET"]),
            Route("/login", self.login, methods=["POST"]),
            Route("/logout", self.show_logout, methods=["GET"]),
            Route("/logout", self.logout, methods=["POST"]),
        ]

    def show_login(self, request: Request) -> Response:
        if self.house.fresh():
            return RedirectResponse("/setup", 303)
        return login_page(visit(request, self.key), _next(request.query_params.get("next", "")))

    async def login(self, request: Request) -> Response:
        fields = await posted(request)
        return await run_in_threadpool(self._login, visit(request, self.key), fields)

    def _login(self, seen: Visit, fields: dict[str, str]) -> Response:
        wanted, name = _next(fields.get("next", "")), fields.get("name", "")
        if not seen.genuine(fields.get("token", "")):
            return login_page(seen, wanted, name=name, why=_stale(seen), status=403)
        real = self.house.real
        try:
            token = accounts.sign_in(
                real.db,
                name,
                fields.get("password", ""),
                seen.address,
                now=real.now(),
                lasts=self.house.lasts,
            )
        except TooManyTries as error:
            with speaking(seen.language):
                return login_page(
                    seen, wanted, name=name, why=say(error, markdown=False), status=429
                )
        if token is None:
            with speaking(seen.language):
                why = _("This name and password do not go together. Check both.")
            return login_page(seen, wanted, name=name, why=why, status=401)
        self.house.begin_real()
        return enter(self.house, seen, "real", token, wanted)

    def show_logout(self, request: Request) -> Response:
        seen = visit(request, self.key)
        with speaking(seen.language):
            form = pages.form("/logout", "", _("Sign out"), token=seen.token)
            body = f'<section>{form}<p><a href="/">{escape(_("Back"))}</a></p></section>'
            title = _("Sign out")
            return seen.answer(pages.page(title, body, language=seen.language, here="/logout"))

    async def logout(self, request: Request) -> Response:
        seen, fields = visit(request, self.key), await posted(request)
        if not seen.genuine(fields.get("token", "")):
            return RedirectResponse("/logout", 303)
        await run_in_threadpool(leave, self.house, request)
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE)
        return response


def enter(
    house: House, seen: Visit, world: World, token: str, wanted: str = "/"
) -> RedirectResponse:
    """Hand the browser its new session; the one that it held before ends."""
    leave(house, seen.request)
    response = RedirectResponse(wanted, 303)
    lasts = int(house.lasts.total_seconds())
    seen.keep(response, COOKIE, f"{world}.{token}", max_age=lasts)
    return response


def leave(house: House, request: Request) -> None:
    session = house.who(cookies(request.headers).get(COOKIE, ""))
    if session:
        with house.worlds[session.world].db.begin() as tx:
            accounts.sign_out(tx, session.token)


def login_page(
    seen: Visit, wanted: str, *, name: str = "", why: str = "", status: int = 200
) -> Response:
    with speaking(seen.language):
        fields = (
            pages.hidden("next", wanted)
            + pages.entry("name", _("Name"), value=name, complete="username")
            + pages.entry("password", _("Password"), kind="password", complete="current-password")
        )
        form = pages.form("/login", fields, _("Sign in"), token=seen.token)
        body = f"<section>{pages.problem(why)}{form}</section>"
        title = _("Sign in")
        return seen.answer(pages.page(title, body, language=seen.language, here="/login"), status)


def _stale(seen: Visit) -> str:
    with speaking(seen.language):
        return _("This form had grown old. Please try once more.")


def _next(wanted: str) -> str:
    """A path of ours to go to after sign-in; never another site's."""
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if ours and "\n" not in wanted and "\r" not in wanted else "/"
