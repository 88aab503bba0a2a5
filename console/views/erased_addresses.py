"""Addresses that were erased: how many, and the way back for one whose owner wants mail again."""

from collections.abc import Callable

import streamlit as st

from console.i18n import _, escape, ngettext
from console.views import forms
from console.widgets import actionbar
from console.wiring import Console
from mailing import erased, suppression
from mailing.model import MailingError
from store import access
from store.access import Actor
from store.schools import School
from store.words import N_


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        known = erased.count(tx, actor, school.id)
    if not known:
        return
    words = ngettext(
        "{n} address was erased on request: a hash of it keeps mail back.",
        "{n} addresses were erased on request: hashes of them keep mail back.",
        known,
    )
    st.caption(words.format(n=known))
    if access.may(actor, "send", school.id) and st.button(
        _("Let mail reach an erased address again"), type="tertiary", key="unerase"
    ):
        ask(console, actor, school)


def ask(console: Console, actor: Actor, school: School) -> None:
    def fields() -> Callable[[], None]:
        email = st.text_input(_("Address"), key="unerase-email") or ""

        def keep() -> None:
            with console.db.begin() as tx:
                lifted = suppression.remove(
                    tx, actor, school.id, email, reason=erased.REASON, now=console.now()
                )
            if not lifted:
                raise MailingError(N_("This address was not erased."))
            actionbar.say(_("Mail reaches {address} again.").format(address=escape(email)))

        return keep

    forms.edit(
        _("Let mail reach an erased address again"),
        _("Let mail reach it again"),
        fields,
        icon=":material/undo:",
    )
