"""The campus's scenes, beside its badge: let something go wrong and see what Pult shows."""

import streamlit as st

from console import campus
from console.i18n import N_, _, say
from console.widgets import actionbar
from console.wiring import Console
from platforms.base import PlatformError
from store import access
from store.access import Actor
from store.schools import School

NAMES = {
    "rush": N_("Rush: everybody comes at once"),
    "stalled-stream": N_("A live picture stands still"),
    "server-down": N_("A media server goes down"),
    "slow-lms": N_("Moodle answers late"),
    "insult-storm": N_("A storm of insults"),
    "relay-refuses": N_("The mail relay refuses mail"),
    "teacher-missing": N_("A teacher is missing"),
}


def draw(console: Console, actor: Actor, school: School) -> None:
    """For those who may steer; everybody else sees the badge alone."""
    if not access.may(actor, "steer", school.id):
        return
    box = st.popover(
        _("Scenes"),
        icon=":material/theater_comedy:",
        key="scenes",
        on_change="rerun",  # the campus is asked only while somebody looks
    )
    if not box.open:
        return
    with box:
        st.caption(_("Let something go wrong in the campus. Nobody real is concerned."))
        try:
            for scene in campus.scenes(console):
                _toggle(console, actor, scene)
        except PlatformError as error:
            st.error(say(error))


def _toggle(console: Console, actor: Actor, scene: campus.Scene) -> None:
    key = f"scene-{scene.name}"
    st.session_state[key] = scene.on  # as it is over there, whoever switched it
    st.toggle(
        _(NAMES[scene.name]) if scene.name in NAMES else scene.name,
        key=key,
        on_change=_switch,
        args=(console, actor, scene.name, key),
    )


def _switch(console: Console, actor: Actor, name: str, key: str) -> None:
    try:
        campus.switch(console, actor, name, bool(st.session_state[key]))
    except PlatformError as error:
        actionbar.say(say(error))
