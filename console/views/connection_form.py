"""The form of a connection: added, tried and synced in one go. Its secret is never shown back."""

from collections.abc import Callable, Mapping

import streamlit as st

from console.desk import connections, limits
from console.desk.connections import Connection
from console.i18n import _
from console.views import acting, connecting, forms
from console.wiring import Console
from platforms import PLATFORMS
from store.access import Actor
from store.schools import School


def add(console: Console, actor: Actor, school: School) -> None:
    """Open the form of a new one; what was entered is tried before anything is synced."""

    def fields() -> Callable[[], None]:
        platform = st.selectbox(
            _("Platform"),
            list(PLATFORMS),
            format_func=lambda known: PLATFORMS[known].name,
            key="connection-platform",
        )
        name = st.text_input(_("Name, as your colleagues call it"), key="connection-name")
        url = st.text_input(_("Address"), placeholder="https://", key="connection-url")
        secret = _secret(platform, "")
        options = _options(platform, {})

        def keep() -> None:
            with console.db.begin() as tx:
                id_ = connections.add(
                    tx,
                    actor,
                    school.id,
                    console.vault,
                    platform=platform,
                    name=name or "",
                    url=url or "",
                    secret=secret,
                    options=options,
                    now=console.now(),
                )
            _try(console, actor, id_)

        return keep

    forms.edit(_("Add a connection"), _("Add and test"), fields, icon=":material/add:")


def change(console: Console, actor: Actor, connection: Connection) -> None:
    """Open the form of a known one. An empty secret stays what it is."""

    def fields() -> Callable[[], None]:
        name = st.text_input(_("Name, as your colleagues call it"), connection.name)
        url = st.text_input(_("Address"), connection.url)
        secret = _secret(connection.platform, _("unchanged"))
        options = _options(connection.platform, connection.options)

        def keep() -> None:
            with console.db.begin() as tx:
                connections.change(
                    tx,
                    actor,
                    connection.id,
                    console.vault,
                    name=name,
                    url=url,
                    secret=secret,
                    options=options,
                    now=console.now(),
                )
            _try(console, actor, connection.id)

        return keep

    forms.edit(_("Change the connection"), _("Save and test"), fields)


def _try(console: Console, actor: Actor, connection_id: str) -> None:
    with console.db.read() as tx:
        connection = connections.get(tx, actor, connection_id)
    with acting.guarded():
        if connecting.test(console, actor, connection):
            connecting.bring(console, actor, connection)


def _secret(platform: str, placeholder: str) -> str:
    """Typed, sealed and never read back."""
    label = _(PLATFORMS[platform].secret_label)
    return (
        st.text_input(
            label,
            type="password",
            placeholder=placeholder,
            autocomplete="new-password",
            key=f"secret-{platform}",
        )
        or ""
    )


def _options(platform: str, kept: Mapping[str, str]) -> dict[str, str]:
    known, bounds = PLATFORMS[platform].options, limits.of(platform)
    if not known and not bounds:
        return {}
    with st.expander(_("More settings"), key=f"options-{platform}"):
        words = {**PLATFORMS[platform].words, **bounds}
        labels = {name: _(words[name]) for name in (*known, *bounds)}
        return {
            name: st.text_input(
                label,
                kept.get(name, known.get(name, "")),
                key=f"option-{platform}-{name}",
            )
            or ""
            for name, label in labels.items()
        }
