"""How a person is reached when mail is not enough: the order, the number, the messenger."""

from collections.abc import Callable

import streamlit as st

from console.desk import reach
from console.desk.reach import GATEWAYS, Reach
from console.i18n import N_, _
from console.views import forms
from console.views.unreached import way
from console.widgets import actionbar, confirm, strangers
from console.wiring import Console
from store import access
from store.access import Actor
from store.roster import Person
from store.schools import School

GATEWAY = {"sms": N_("Gateway for SMS"), "messenger": N_("Gateway of a messenger")}
EXAMPLE = {
    "sms": "jsons://user:password@gateway.school.example/send?:to={number}",
    "messenger": "signals://signal.school.example/+79000000000/{number}",
}


def draw(console: Console, actor: Actor, school: School, person: Person) -> None:
    """What is known, and the way to change it."""
    with console.db.read() as tx:
        known = reach.of(tx, actor, person.id)
    with st.container(border=True):
        st.subheader(_("When mail is not enough"), anchor=False)
        order = " → ".join(way(each, "") for each in known.order)
        st.caption(_("Order of ways: {ways}").format(ways=order))
        if known.phone:
            strangers.text(known.phone)
        if known.has_messenger:
            st.caption(_("A messenger of their own is kept."))
        if access.may(actor, "write", school.id) and st.button(
            _("Change"),
            icon=":material/alt_route:",
            type="tertiary",
            on_click=confirm.opening,
            key=f"reach-{person.id}",
        ):
            _edit(console, actor, person, known)


def gateways(console: Console, actor: Actor, school: School) -> None:
    """Where short messages to people leave the house; an administrator enters it."""
    with console.db.read() as tx:
        known = reach.gateways(tx, actor, school.id)
    st.subheader(_("Gateways to people"), anchor=False)
    st.caption(
        _(
            "What an emergency did not reach by mail goes through these, as Apprise addresses. "
            "The person's number takes the place of {number}."
        ).format(number="`{number}`")
    )
    for kind in GATEWAYS:
        with st.container(horizontal=True, vertical_alignment="center"):
            state = f":green[●] {_('kept')}" if kind in known else f":gray[○] {_('none')}"
            st.markdown(f"{_(GATEWAY[kind])}: {state}", width="content")
            if st.button(
                _("Change"), type="tertiary", on_click=confirm.opening, key=f"gateway-{kind}"
            ):
                _gateway(console, actor, school, kind, kept=kind in known)


def _edit(console: Console, actor: Actor, person: Person, known: Reach) -> None:
    def fields() -> Callable[[], None]:
        ways = st.multiselect(
            _("First these, in this order"),
            list(reach.WAYS),
            default=[each for each in known.ways if each in reach.WAYS],
            format_func=lambda each: way(each, ""),
            placeholder=_("The usual order"),
            key="reach-ways",
        )
        phone = st.text_input(_("Telephone"), known.phone, key="reach-phone")
        messenger = st.text_input(
            _("Messenger (an Apprise address)"),
            type="password",
            placeholder=_("as it is") if known.has_messenger else "",
            key="reach-messenger",
        )
        gone = known.has_messenger and st.checkbox(_("Forget the messenger"), key="reach-forget")

        def keep() -> None:
            with console.db.begin() as tx:
                reach.save(
                    tx, actor, person.id, console.vault, phone=phone or "", ways=ways,
                    messenger="" if gone else (messenger or None), now=console.now(),
                )  # fmt: skip
            actionbar.say(_("Kept."))

        return keep

    forms.edit(_("When mail is not enough"), _("Keep it"), fields, icon=":material/alt_route:")


def _gateway(console: Console, actor: Actor, school: School, kind: str, *, kept: bool) -> None:
    """The address is never shown back; who leaves it empty changes nothing."""

    def fields() -> Callable[[], None]:
        st.caption(_("An address of Apprise, for example:"))
        st.code(EXAMPLE[kind], language=None, wrap_lines=True)
        url = st.text_input(
            _("Address"),
            type="password",
            placeholder=_("as it is") if kept else "",
            autocomplete="off",
            key=f"gateway-url-{kind}",
        )
        gone = kept and st.checkbox(_("Take the gateway away"), key=f"gateway-gone-{kind}")

        def keep() -> None:
            if not gone and not (url or "").strip():
                return
            with console.db.begin() as tx:
                reach.set_gateway(
                    tx, actor, school.id, console.vault, kind,
                    "" if gone else (url or "").strip(), now=console.now(),
                )  # fmt: skip
            actionbar.say(_("Kept."))

        return keep

    forms.edit(_(GATEWAY[kind]), _("Keep it"), fields, icon=":material/sms:")
