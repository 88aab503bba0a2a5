"""The console as one ASGI application: Streamlit's screens, our routes, the children."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from console import app
from console.i18n import _
from console.settings import SettingsError
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
    return House(os.environ, {"real": open_console(os.environ)})


@asynccontextmanager
async def _living(house: House) -> AsyncIterator[dict[str, Any]]:
    if house.fresh():
        sys.stdout.write(f"\n  One-time code to set up your school: {house.code}\n\n")
        sys.stdout.flush()
    yield {}
    for console in house.worlds.values():
        console.close()


def run_script() -> None:
    """One script run of a signed-in browser's screen."""
    house = current()
    session = house.who(st.context.cookies.get(COOKIE, ""))
    if session is None:
        st.info(_("Your session has ended."))
        st.link_button(_("Sign in"), "/login")
        return
    app.main(house.worlds[session.world], session.actor)
