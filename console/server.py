"""The console as one ASGI application: Streamlit's screens, our routes, the children."""

import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console import app
from console.i18n import _
from console.settings import SettingsError, load
from console.web import parts
from console.web.entrance import Entrance
from console.web.guard import Guard
from console.web.health import Health
from console.web.house import COOKIE, House, current, settle
from console.web.scrapes import Scrapes
from console.web.setup import Setup
from console.widgets import pages
from console.wiring import open_console
from store.migrate import MigrationError
from store.vault import VaultError


def build_app() -> dict[str, Any]:
    """What st.App needs besides the script; ends the process when the settings are wrong."""
    try:
        house = open_house()
    except (SettingsError, MigrationError, VaultError) as error:
        sys.stderr.write(f"Pult cannot start. {error}\n")
        sys.exit(2)
    settle(house)
    page = Path(st.__file__).parent / "static" / "index.html"
    key = house.real.vault.derive("forms")
    routes = [
        *Entrance(house, key).routes(),
        *Setup(house, key).routes(),
        *Health(house).routes(),
        *Scrapes(house).routes(),
        Route("/overview", _start, methods=["GET"]),
    ]
    return {
        "routes": routes,
        "lifespan": lambda _app: _living(house),
        "middleware": [Middleware(Guard, house=house, page=page.read_text(encoding="utf-8"))],
    }


def _start(_request: Request) -> Response:
    """The overview is the start page, which Streamlit keeps at / alone."""
    return RedirectResponse("/", 307)


def open_house() -> House:
    """The real school's world, with a port for participants that is free."""
    settings = load(os.environ)
    for warning in settings.warnings:
        sys.stderr.write(f"{warning}\n")
    port = settings.public.port
    if settings.public.embedded:
        port = parts.free_port(settings.public.port)
        if port != settings.public.port:
            _say(f"Port {settings.public.port} is taken: participants reach Pult at {port}.")
    environment = {**os.environ, "PULT_PUBLIC_PORT": str(port)}
    return House(environment, {"real": open_console(environment)})


@asynccontextmanager
async def _living(house: House) -> AsyncIterator[dict[str, Any]]:
    if house.fresh():
        _say(f"\n  One-time code to set up your school: {house.code}\n")
    if not house.start():
        _say("Another console runs on this data folder, and its prober and worker serve this one.")
    threading.Thread(target=app.warm, name="warm", daemon=True).start()
    try:
        yield {}
    finally:
        await run_in_threadpool(house.close)


def run_script() -> None:
    """One script run of a signed-in browser's screen."""
    house = current()
    session = house.who(st.context.cookies.get(COOKIE, ""))
    if session is None:
        st.info(_("Your session has ended."))
        pages.served("/login", _("Sign in"))
        return
    app.main(house.worlds[session.world], session.actor)


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
