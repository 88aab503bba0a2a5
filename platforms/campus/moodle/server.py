"""Moodle over HTTP: /webservice/rest/server.php, /login/token.php, and what goes wrong there."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from platforms.campus.moodle import answers, functions
from platforms.campus.moodle.errors import MoodleError
from platforms.campus.moodle.functions import Function
from platforms.campus.moodle.meetings import Finder
from platforms.campus.moodle.parameters import Tree, Value, checked, tree, variables
from platforms.campus.moodle.site import Site

MAX_POST = 8 * 1024 * 1024  # bytes: PHP's post_max_size; past it every variable vanishes
OWN = (
    "wstoken",
    "wsfunction",
    "moodlewsrestformat",
    "moodlewssettingraw",
    "moodlewssettingfileurl",
    "moodlewssettingfilter",
    "moodlewssettinglang",
)
PAGE = "<!DOCTYPE html><html><head><title>School 14</title></head><body><h1>{}</h1></body></html>"


def application(site: Site, find: Finder) -> Starlette:
    server = Server(site, functions.table(find))
    routes = [
        Route("/webservice/rest/server.php", server.rest, methods=["GET", "POST"]),
        Route("/login/token.php", server.login, methods=["GET", "POST"]),
        Route("/", server.front),
        Route("/login/index.php", server.front),
    ]
    return Starlette(routes=routes)


class Server:
    def __init__(self, site: Site, table: Mapping[str, Function]) -> None:
        self.site = site
        self.functions = table

    async def front(self, request: Request) -> Response:
        return await self._obstacle(request, "") or HTMLResponse(PAGE.format("School 14"))

    async def rest(self, request: Request) -> Response:
        body = await _body(request)
        obstacle = await self._obstacle(request, body)
        if obstacle:
            return obstacle
        if self._on("moodle-off"):
            return Response(status_code=403)
        given = tree(variables(request.url.query) + variables(body))
        as_json = given.get("moodlewsrestformat") == "json"
        try:
            return answers.value(self._call(given), as_json=as_json)
        except MoodleError as problem:
            return answers.error(problem, as_json=as_json)

    async def login(self, request: Request) -> Response:
        body = await _body(request)
        obstacle = await self._obstacle(request, body)
        if obstacle:
            return obstacle
        given = tree(variables(request.url.query) + variables(body))
        try:
            for name in ("username", "password", "service"):
                if not given.get(name):
                    raise MoodleError("missingparam", name)
            token = self.site.login(str(given["username"]), str(given["password"]))
        except MoodleError as problem:
            return answers.login_error(problem)
        return JSONResponse({"token": token, "privatetoken": None})

    def _call(self, given: Tree) -> Value:
        if self._on("moodle-database-down"):
            raise MoodleError("dbconnectionfailed")
        if not given.get("wstoken"):
            raise MoodleError("missingparam", "token")
        caller = self.site.caller(str(given["wstoken"]))
        name = str(given.get("wsfunction", ""))
        function = functions.find(self.functions, name, self.site, caller)
        self._fail_if_told(name)
        arguments = {key: value for key, value in given.items() if key not in OWN}
        return function.call(self.site, caller, checked(function.takes, arguments))

    def _fail_if_told(self, name: str) -> None:
        trap = self.site.evening.traps["moodle-error"]
        if trap.on and trap.text("function") in ("", name):
            raise MoodleError(
                trap.text("errorcode"), message=trap.text("message"), name=trap.text("exception")
            )

    async def _obstacle(self, request: Request, body: str) -> Response | None:
        """What a request may meet before Moodle's own code has its say."""
        slow = self.site.evening.scenes["slow-lms"]
        if slow.on:
            await asyncio.sleep(slow.number("seconds"))
        if request.headers.get("host", "") != urlsplit(self.site.url).netloc:
            query = "&".join(part for part in (request.url.query, body) if part)
            return RedirectResponse(f"{self.site.url}{request.url.path}?{query}", status_code=303)
        if self._on("moodle-maintenance"):
            return HTMLResponse(PAGE.format("This site is under maintenance"), status_code=503)
        if self._on("moodle-html"):
            return HTMLResponse(PAGE.format("Welcome"))
        return None

    def _on(self, trap: str) -> bool:
        return self.site.evening.traps[trap].on


async def _body(request: Request) -> str:
    raw = await request.body()
    return "" if len(raw) > MAX_POST else raw.decode("utf-8", "replace")
