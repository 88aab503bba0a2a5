"""From how many recipients on a second person agrees to a letter, for this school."""

from collections.abc import Callable

import streamlit as st

from console.i18n import _, number
from console.views import forms
from console.widgets import actionbar
from console.wiring import Console
from mailing import agreeing
from store.access import Actor
from store.schools import School


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        own = agreeing.own(tx, actor, school.id)
        above = agreeing.above(tx, actor, school.id, console.terms)
    with st.container(border=True):
        st.markdown(f"**{said(above)}**")
        st.caption(_whose(console, own, above))
        if st.button(_("Change the number"), icon=":material/group:", key="second-person"):
            change(console, actor, school, own=own, above=above)


def said(above: int) -> str:
    """The rule as people say it."""
    if not above:
        return _("Nobody else needs to agree to a letter.")
    return _("Mail to more than {n} people leaves once a second person agrees.").format(
        n=number(above)
    )


def _whose(console: Console, own: int | None, above: int) -> str:
    if own is not None:
        return _("Said for this school.")
    if above or not console.terms.second_person_above:
        return _("As the settings say for every school.")
    return _("From {n} people on, as soon as a second account may send mail here.").format(
        n=number(console.terms.second_person_above)
    )


def change(console: Console, actor: Actor, school: School, *, own: int | None, above: int) -> None:
    """Open the dialog that says another number, or leaves it to the settings."""

    def fields() -> Callable[[], None]:
        follow = st.checkbox(
            _("As the settings say"), value=own is None, key="second-person-follow"
        )
        wanted = st.number_input(
            _("Recipients above which a second person agrees"),
            min_value=0,
            max_value=agreeing.MOST,
            value=above or console.terms.second_person_above,
            help=_("0: nobody else needs to agree."),
            disabled=follow,
            key="second-person-above",
        )

        def keep() -> None:
            with console.db.begin() as tx:
                own_number = None if follow else int(wanted)
                agreeing.keep(tx, actor, school.id, own_number, now=console.now())
            actionbar.say(f":green[●] {_('Kept; it holds from the next release on.')}")

        return keep

    forms.edit(_("Second person"), _("Keep it"), fields, icon=":material/group:")
