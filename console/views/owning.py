"""Who of the staff this person is: said by themselves, confirmed by a second person."""

from collections.abc import Callable, Sequence

import streamlit as st

from console.desk.people import Found
from console.i18n import N_, _, escape
from console.views import acting
from console.widgets import actionbar
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import owning, staff
from moderation.owning import Claim
from store import access
from store.access import Actor
from store.db import Connection
from store.schools import School

KEY = "Shift+I"
SAYS = N_("{name} works here and says that these accounts are theirs; nobody has confirmed it yet.")
KNOWN = N_("These accounts are {name}'s, who works here.")
MINE = N_("Your own accounts, as you say. Somebody else confirms it.")
MINE_KNOWN = N_("Your own accounts.")


def draw(console: Console, actor: Actor, school: School, found: Found) -> None:
    """What is said of the person's accounts, and what this actor can say to it."""
    by_account: dict[str, list[Claim]] = {}
    for claim in _claims(console, actor, school, found):
        by_account.setdefault(claim.account_id, []).append(claim)
    for claims in by_account.values():
        _said(console, actor, school, claims)


def acts(console: Console, actor: Actor, school: School, found: Found) -> list[Act]:
    """Where it may be the reader, and nobody knows."""
    if not found.accounts or not access.may(actor, "moderate", school.id):
        return []
    if is_reader(console, actor, school, found):
        return []
    return [
        Act(
            f"me-{found.person.id}",
            _("This is me"),
            lambda: _claim(console, actor, school, found),
            KEY,
            ":material/badge:",
            "tertiary",
            hint=_("So that you neither block nor judge yourself by mistake."),
        )
    ]


def is_reader(console: Console, actor: Actor, school: School, found: Found) -> bool:
    """Whether one of the person's accounts is known, or said, to be the reader's own."""
    with console.db.read() as tx:
        return any(
            member.account_id == actor.account_id
            for place in _places(found)
            for member in staff.of_place(tx, actor, school.id, *place)
        )


def _said(console: Console, actor: Actor, school: School, claims: Sequence[Claim]) -> None:
    first, known = claims[0], all(claim.confirmed for claim in claims)
    own = first.account_id == actor.account_id
    said = _(MINE_KNOWN if known else MINE) if own else _(KNOWN if known else SAYS)
    st.caption(f":material/badge: {said.format(name=escape(first.name))}")
    if (own and known) or not access.may(actor, "moderate", school.id):
        return
    name = f"{first.account_id}-{first.external_id}"
    now = console.now
    with st.container(horizontal=True):
        if not own and not known:
            _button(
                f"own-{name}",
                _("It is so"),
                lambda: _each(
                    console,
                    claims,
                    lambda tx, one: owning.confirm(
                        tx, actor, school.id, *_place(one), one.account_id, now=now()
                    ),
                ),
            )
        _button(
            f"disown-{name}",
            _("It is not so"),
            lambda: _each(
                console,
                claims,
                lambda tx, one: owning.disclaim(
                    tx, actor, school.id, *_place(one), one.account_id, now=now()
                ),
            ),
        )


def _claim(console: Console, actor: Actor, school: School, found: Found) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            for place in _places(found):
                owning.claim(tx, actor, school.id, *place, now=console.now())
        actionbar.say(f":green[●] {_('Noted. You cannot block or judge yourself any more.')}")
    st.rerun()


def _claims(console: Console, actor: Actor, school: School, found: Found) -> list[Claim]:
    with console.db.read() as tx:
        return owning.of_places(tx, actor, school.id, _places(found))


def _places(found: Found) -> list[tuple[str, str]]:
    return [(account.connection_id, account.external_id) for account in found.accounts]


def _place(claim: Claim) -> tuple[str, str]:
    return claim.connection_id, claim.external_id


def _button(name: str, label: str, do: Callable[[], None]) -> None:
    actionbar.button(Act(name, label, do, kind="tertiary"))


def _each(
    console: Console, claims: Sequence[Claim], act: Callable[[Connection, Claim], object]
) -> None:
    with acting.guarded(), console.db.begin() as tx:
        for claim in claims:
            act(tx, claim)
    st.rerun()
