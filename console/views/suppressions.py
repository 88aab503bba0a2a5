"""Who gets no mail, and why: unsubscribed, a dead address, or taken off by hand."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from console.i18n import N_, _, escape, moment, say
from console.views import acting, forms
from console.widgets import actionbar, confirm, status, strangers, tables
from console.widgets.status import Colour
from console.wiring import Console
from mailing import suppression
from mailing.suppression import Suppression
from store import access
from store.access import Actor
from store.schools import School

SHOWN = 500
REASONS: dict[str, tuple[str, Colour]] = {
    suppression.UNSUBSCRIBED: (N_("■ Unsubscribed"), "blue"),
    suppression.HARD_BOUNCE: (N_("▲ Dead address"), "red"),
    suppression.COMPLAINT: (N_("● Complaint"), "violet"),
    suppression.BY_HAND: (N_("◆ By hand"), "orange"),
}


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        known = suppression.of(tx, actor, school.id, limit=SHOWN)
    if access.may(actor, "write", school.id) and st.button(
        _("Leave an address out"), icon=":material/person_remove:", key="suppress"
    ):
        _add(console, actor, school)
    if not known:
        st.info(_("Nobody is left out: nobody unsubscribed, and every address took its mail."))
        return
    by_id = {_id(each): each for each in known}
    chosen = by_id.get(_list(console, school, known) or "")
    if chosen is None:
        st.caption(_("Tick an address to let mail reach it again."))
    elif access.may(actor, "send", school.id):
        _offer_return(console, actor, school, chosen)


def _list(console: Console, school: School, known: list[Suppression]) -> str | None:
    now = console.now()
    return tables.choose(
        [
            {
                "email": strangers.line(each.email),
                "reason": [_(REASONS[each.reason][0])],
                "topic": strangers.line(each.topic) or _("every topic"),
                "detail": strangers.line(each.detail),
                "since": moment(each.since, school.zone, now=now),
            }
            for each in known
        ],
        {
            "email": st.column_config.TextColumn(_("Address"), width=260),
            "reason": status.pills(
                ((_(word), colour) for word, colour in REASONS.values()), _("Why"), width=150
            ),
            "topic": st.column_config.TextColumn(_("Topic"), width=120),
            "detail": st.column_config.TextColumn(_("Detail"), width=260),
            "since": st.column_config.TextColumn(_("Since"), width=120),
        },
        ids=[_id(each) for each in known],
        key="suppression-list",
        alt=_("Addresses that get no mail, with the reason"),
    )


def _offer_return(console: Console, actor: Actor, school: School, chosen: Suppression) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        strangers.text(chosen.email)
        if st.button(
            _("Let mail reach it again"),
            icon=":material/undo:",
            key=f"unsuppress-{_id(chosen)}",
        ):
            confirm.ask(
                _("Let mail reach this address again?"),
                {
                    _("Address"): chosen.email,
                    _("Left out because"): say(chosen.words, markdown=False),
                    _("Mind"): _("Somebody who unsubscribed must ask for it themselves."),
                    _("Undo"): _("leave the address out again"),
                },
                _("Let mail reach it again"),
                partial(_return, console, actor, school, chosen),
                icon=":material/undo:",
            )


def _return(console: Console, actor: Actor, school: School, chosen: Suppression) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            suppression.remove(
                tx, actor, school.id, chosen.email, topic=chosen.topic, reason=chosen.reason,
                now=console.now(),
            )  # fmt: skip
            left = suppression.reasons(tx, school.id, chosen.topic, [chosen.email])
        words = _("Mail reaches {address} again.")
        if left:
            words = _("{address} is still left out for another reason.")
        actionbar.say(words.format(address=strangers.name(chosen.email)))


def _add(console: Console, actor: Actor, school: School) -> None:
    def fields() -> Callable[[], None]:
        email = st.text_input(_("Address"), key="suppress-email") or ""
        detail = st.text_input(_("Why, for the record"), key="suppress-why", max_chars=200) or ""

        def keep() -> None:
            with console.db.begin() as tx:
                added = suppression.add(
                    tx, actor, school.id, email, detail=detail.strip(), now=console.now()
                )
            words = _("{address} gets no mail now.") if added else _("{address} was out already.")
            actionbar.say(words.format(address=escape(email)))

        return keep

    forms.edit(
        _("Leave an address out"),
        _("Leave it out"),
        fields,
        icon=":material/person_remove:",
    )


def _id(each: Suppression) -> str:
    return f"{each.email} {each.topic} {each.reason}"
