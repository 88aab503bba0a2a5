"""Whose accounts these are: how each came to the person, and which others may be theirs."""

from collections.abc import Callable, Sequence

import streamlit as st

from console.desk import linked
from console.desk.people import Linked
from console.i18n import N_, _, escape, ngettext, say
from console.views import acting
from console.widgets import actionbar, pages, strangers
from console.widgets.actionbar import Act
from console.wiring import Console
from store import access, linking, suggesting
from store.access import Actor
from store.db import Connection
from store.linking import Suggestion
from store.roster import Person
from store.schools import School

SHOWN = 5  # of those who share an address
BY_ADDRESS = N_("theirs by the e-mail address, confirmed by nobody yet")
BY_HAND = N_("linked by hand")
YES, NO = "Y", "X"  # the keys


def how(account: Linked, accounts: Sequence[Linked]) -> str:
    """How the account came to them; nothing to say of somebody's only one."""
    if len(accounts) < 2:
        return ""
    return _(BY_HAND) if account.linked == "hand" else _(BY_ADDRESS)


def sharing(console: Console, actor: Actor, person: Person) -> None:
    """Who else gets mail at their address."""
    with console.db.read() as tx:
        others = suggesting.sharing(tx, actor, person.id)
    if others:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_("One address with"), width="content")
            for id_, name in others[:SHOWN]:
                pages.link("person", strangers.name(name), icon=":material/person:", id=id_)
            if len(others) > SHOWN:
                rest = len(others) - SHOWN
                words = ngettext("and {n} more", "and {n} more", rest)
                st.caption(words.format(n=rest), width="content")


def keyed(accounts: Sequence[Linked]) -> Linked | None:
    """The account that the keys are for: the first that nobody has confirmed."""
    unsure = (each for each in accounts if each.linked != "hand")
    return next(unsure, None) if len(accounts) > 1 else None


def acts(
    console: Console, actor: Actor, school: School, person: Person, account: Linked, *, keys: bool
) -> None:
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
                YES if keys else None,
            )
        _button(
            console,
            _("Not theirs"),
            f"apart-{account.account_id}",
            lambda tx: linked.unlink(tx, actor, account.account_id, now=now()),
            NO if keys else None,
        )


def suggestions(
    console: Console,
    actor: Actor,
    school: School,
    person: Person,
    names: dict[str, str],
    *,
    keys: bool,
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
        for place, one in enumerate(found):
            name = names.get(one.account.connection_id, "?")
            _suggestion(console, actor, person, one, name, keys=keys and place == 0)


def _suggestion(
    console: Console, actor: Actor, person: Person, one: Suggestion, place: str, *, keys: bool
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
            YES if keys else None,
        )
        _button(
            console,
            _("Not theirs"),
            f"refuse-{account.id}",
            lambda tx: linking.refuse(tx, actor, account.id, person.id, now=now()),
            NO if keys else None,
        )


def _button(
    console: Console,
    label: str,
    name: str,
    act: Callable[[Connection], object],
    key: str | None,
) -> None:
    def do() -> None:
        with acting.guarded(), console.db.begin() as tx:
            act(tx)
        st.rerun()

    actionbar.button(Act(name, label, do, key, kind="tertiary"))
