"""Who may sign in here, with which role: add, change, disable."""

from collections.abc import Callable
from typing import get_args

import streamlit as st

from console.desk import accounts
from console.desk.accounts import Account
from console.i18n import N_, _, escape
from console.views import forms
from console.widgets import actionbar, status, tables
from console.widgets.foot import ROLES
from console.wiring import Console
from store import schools
from store.access import Actor, Role
from store.schools import School

NO_ROLE = N_("No role")
ACTIVE, DISABLED = N_("● May sign in"), N_("○ Disabled")


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        known = accounts.of(tx, actor, school.id)
        names = {each.id: each.name for each in schools.in_scope(tx, actor)}
    if st.button(_("Add an account"), icon=":material/person_add:", key="account-add"):
        _add(console, actor, school)
    chosen = {account.id: account for account in known}.get(_list(known, names) or "")
    if chosen is None:
        st.caption(_("Tick an account to change it."))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape(chosen.name)}**", width="content")
        own = chosen.id == actor.account_id
        if st.button(
            _("Change"),
            key=f"account-change-{chosen.id}",
            icon=":material/edit:",
            disabled=own,
            help=_("Another administrator has to change your own account.") if own else None,
        ):
            _change(console, actor, chosen, names)
        if st.button(_("New password"), key=f"account-key-{chosen.id}", icon=":material/key:"):
            _password(console, actor, chosen)


def _list(known: list[Account], names: dict[str, str]) -> str | None:
    return tables.choose(
        [
            {
                "name": account.name,
                "role": _role(account.role),
                "schools": _("every school")
                if account.every_school
                else ", ".join(names[id_] for id_ in sorted(account.schools) if id_ in names),
                "state": [_(DISABLED if account.disabled else ACTIVE)],
            }
            for account in known
        ],
        {
            "name": _("Name"),
            "role": _("Role"),
            "schools": _("Schools"),
            "state": status.pills(
                [(_(ACTIVE), "green"), (_(DISABLED), "gray")], _("State"), width=140
            ),
        },
        ids=[account.id for account in known],
        key="account-list",
        alt=_("The accounts of this school"),
    )


def _add(console: Console, actor: Actor, school: School) -> None:
    def fields() -> Callable[[], None]:
        name = st.text_input(_("Name"), key="account-name", autocomplete="off")
        role = _pick_role("viewer")
        email = st.text_input(_("Address, for test mails"), key="account-email", type="email")
        password = _typed_password()

        def keep() -> None:
            with console.db.begin() as tx:
                accounts.add(
                    tx,
                    actor,
                    name or "",
                    password,
                    role=role,
                    school_ids=frozenset({school.id}),
                    email=(email or "").strip() or None,
                    now=console.now(),
                )
            actionbar.say(_("{name} may sign in now.").format(name=escape(name or "")))

        return keep

    forms.edit(_("Add an account"), _("Add the account"), fields, icon=":material/person_add:")


def _change(console: Console, actor: Actor, account: Account, names: dict[str, str]) -> None:
    def fields() -> Callable[[], None]:
        role = _pick_role(account.role)
        scope = account.schools
        if not account.every_school:
            scope = frozenset(
                st.multiselect(
                    _("Schools"),
                    list(names),
                    default=[id_ for id_ in names if id_ in account.schools],
                    format_func=names.__getitem__,
                    placeholder=_("Choose"),
                    key="account-schools",
                )
            ) | (account.schools - names.keys())
        disabled = st.toggle(_("Disabled: may not sign in"), account.disabled, key="account-off")

        def keep() -> None:
            with console.db.begin() as tx:
                accounts.change(
                    tx,
                    actor,
                    account.id,
                    role=role,
                    school_ids=scope,
                    disabled=disabled,
                    now=console.now(),
                )
            actionbar.say(_("{name} is changed and signed out.").format(name=escape(account.name)))

        return keep

    forms.edit(escape(account.name), _("Save the account"), fields)


def _password(console: Console, actor: Actor, account: Account) -> None:
    def fields() -> Callable[[], None]:
        st.caption(_("All sessions of this account end."))
        password = _typed_password()

        def keep() -> None:
            with console.db.begin() as tx:
                accounts.set_password(tx, actor, account.id, password, now=console.now())
            actionbar.say(_("{name} has a new password.").format(name=escape(account.name)))

        return keep

    forms.edit(escape(account.name), _("Set the password"), fields, icon=":material/key:")


def _typed_password() -> str:
    return (
        st.text_input(
            _("Password"),
            type="password",
            autocomplete="new-password",
            help=_("At least {n} characters.").format(n=accounts.PASSWORD_MIN),
            key="account-password",
        )
        or ""
    )


def _pick_role(role: Role | None) -> Role | None:
    roles: list[Role | None] = [None, *get_args(Role)]
    return st.selectbox(
        _("Role"), roles, index=roles.index(role), format_func=_role, key="account-role"
    )


def _role(role: Role | None) -> str:
    return _(ROLES[role]) if role else _(NO_ROLE)
