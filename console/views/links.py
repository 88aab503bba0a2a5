"""Whose accounts these are: how each came to the person, and which others may be theirs."""

from collections.abc import Callable, Sequence

import streamlit as st

from console.desk import linked
from console.desk.people import Linked
from console.i18n import N_, _, escape, say
from console.views import acting
from console.widgets import strangers
from console.wiring import Console
from store import access, linking
from store.access import Actor
from store.db import Connection
from store.linking import Suggestion
from store.roster import Person
from store.schools import School

BY_ADDRESS = N_("theirs by the e-mail address, confirmed by nobody yet")
BY_HAND = N_("linked by hand")


def how(account: Linked, accounts: Sequence[Linked]) -> str:
    """How the account came to them; nothing to say of somebody's only one."""
    if len(accounts) < 2:
        return ""
    return _(BY_HAND) if account.linked == "hand" else _(BY_ADDRESS)


def acts(console: Console, actor: Actor, school: School, person: Person, account: Linked) -> None:
    """Confirm that the account is theirs, or take it apart."""
    if not access.may(actor, "moderate", school.id):
        return
    now = console.now
    with st.container(horizontal=True):
        if account.linked != "hand":
            _button(
                console,
                _("It is theirs"),
                f"theirs-{account.account_id}",
                lambda tx: linked.link(tx, actor, account.account_id, person.id, now=now()),
            )
        _button(
            console,
            _("Not theirs"),
            f"apart-{account.account_id}",
            lambda tx: linking.unlink(tx, actor, account.account_id, now=now()),
        )


def suggestions(
    console: Console, actor: Actor, school: School, person: Person, names: dict[str, str]
) -> None:
    """Accounts that may be theirs too: nothing is linked until somebody says so."""
    if not access.may(actor, "moderate", school.id):
        return
    with console.db.read() as tx:
        found = linking.suggested(tx, actor, person.id)
    if not found:
        return
    with st.container(border=True):
        st.subheader(_("May be theirs too"), anchor=False)
        for one in found:
            _suggestion(console, actor, person, one, names.get(one.account.connection_id, "?"))


def _suggestion(
    console: Console, actor: Actor, person: Person, one: Suggestion, place: str
) -> None:
    account, now = one.account, console.now
    st.markdown(f"**{escape(place)}** · {strangers.name(account.username or account.name)}")
    st.caption(say(one.why))
    with st.container(horizontal=True):
        _button(
            console,
            _("Link it"),
            f"link-{account.id}",
            lambda tx: linked.link(tx, actor, account.id, person.id, now=now()),
        )
        _button(
            console,
            _("Not theirs"),
            f"refuse-{account.id}",
            lambda tx: linking.refuse(tx, actor, account.id, person.id, now=now()),
        )


def _button(console: Console, label: str, key: str, act: Callable[[Connection], object]) -> None:
    if st.button(label, key=key, type="tertiary"):
        with acting.guarded(), console.db.begin() as tx:
            act(tx)
        st.rerun()
