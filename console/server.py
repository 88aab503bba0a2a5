"""The console as one ASGI application: Streamlit's screens, our routes, the children."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from console import app
from console.i18n import _
from console.settings import SettingsError, load
from console.web import parts
from console.web.entrance import Entrance
from console.web.guard import Guard
from console.web.health import Health
from console.web.house import COOKIE, House, current, settle
from console.web.setup import Setup
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
    key = house.real.vault.derive("forms")
    routes = [
        *Entrance(house, key).routes(),
        *Setup(house, key).routes(),
        *Health(house).routes(),
    ]
    return {
        "routes": routes,
        "lifespan": lambda _app: _living(house),
        "middleware": [Middleware(Guard, house=house)],
    }


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
        st.link_button(_("Sign in"), "/login")
        return
    app.main(house.worlds[session.world], session.actor)


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
