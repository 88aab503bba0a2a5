"""The way out for mail: the relay that takes it, the sender, and where answers go."""

from collections.abc import Callable

import streamlit as st

from console.desk import relays
from console.i18n import N_, _, escape
from console.views import acting, admin_mail_hooks, admin_release, forms
from console.widgets import actionbar, status
from console.wiring import Console
from mailing import replies
from store.access import Actor
from store.schools import School

SECURITY = {
    "offered": N_("encrypted if the relay can"),
    "required": N_("always encrypted (STARTTLS)"),
    "implicit": N_("always encrypted (TLS)"),
}
SCHEMES = "smtp+tls://name:password@relay.example:587"


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        own = relays.of(tx, actor, school.id, console.vault)
    with st.container(border=True):
        if own:
            st.markdown(f"**{escape(own.sender)}**")
            told = (escape(f"{own.host}:{own.port}"), _(SECURITY[own.security]), escape(own.user))
            st.caption(" · ".join(each for each in told if each))
        elif console.relay(school.id):
            status.mark(_("Mail goes out by the relay of pult.toml"), "green", shape="●")
            st.caption(escape(console.sender(school.id)))
        else:
            status.mark(_("No relay: nothing can be sent"), "red", shape="▲")
        with st.container(horizontal=True):
            if st.button(_("Change the relay"), icon=":material/edit:", key="relay-change"):
                _change(console, actor, school, own)
            if own and st.button(_("Test"), icon=":material/network_check:", key="relay-test"):
                _test(console, actor, school)
                st.rerun()
    _answers(console, actor, school)
    admin_release.draw(console, actor, school)
    admin_mail_hooks.draw(console, actor, school)


def _answers(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        address = replies.of(tx, actor, school.id)
    with st.container(border=True):
        st.markdown(
            _("Answers go to {address}").format(address=f"**{escape(address)}**")
            if address
            else _("Answers go to the sender")
        )
        if st.button(_("Change"), icon=":material/edit:", key="replies-change"):
            _change_answers(console, actor, school, address)


def _change_answers(console: Console, actor: Actor, school: School, address: str) -> None:
    def fields() -> Callable[[], None]:
        typed = st.text_input(
            _("Answers go to"),
            address,
            placeholder="School 14 <office@school.example>",
            help=_("Of letters begun from now on. Empty: to the sender."),
            key="replies-address",
        )

        def keep() -> None:
            with console.db.begin() as tx:
                replies.save(tx, actor, school.id, typed or "", now=console.now())

        return keep

    forms.edit(_("Where readers’ answers go"), _("Keep it"), fields)


def _change(console: Console, actor: Actor, school: School, own: relays.Outgoing | None) -> None:
    """The relay's address holds its password: typed, sealed and never shown back."""

    def fields() -> Callable[[], None]:
        sender = st.text_input(
            _("Sender"),
            own.sender if own else console.sender(school.id),
            placeholder="School 14 <news@school.example>",
            key="relay-sender",
        )
        url = st.text_input(
            _("Address of the relay"),
            type="password",
            autocomplete="new-password",
            placeholder=SCHEMES,
            help=_("smtp:// uses TLS where offered, smtp+tls:// requires it, smtps:// begins so."),
            key="relay-url",
        )

        def keep() -> None:
            with console.db.begin() as tx:
                relays.save(
                    tx,
                    actor,
                    school.id,
                    console.vault,
                    url=(url or "").strip(),
                    sender=(sender or "").strip(),
                    loopback_only=console.simulation,
                    now=console.now(),
                )
            _test(console, actor, school)

        return keep

    forms.edit(_("Change the relay"), _("Save and test"), fields)


def _test(console: Console, actor: Actor, school: School) -> None:
    with acting.guarded():
        with st.spinner(_("Trying the relay")):
            relays.try_out(
                console.db, actor, school.id, console.vault, loopback_only=console.simulation
            )
        actionbar.say(f":green[●] {_('The relay takes mail.')}")
