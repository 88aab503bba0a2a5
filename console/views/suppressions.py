"""Who gets no mail, and why: unsubscribed, a dead address, or taken off by hand."""

from collections.abc import Callable
from datetime import datetime, time
from functools import partial

import streamlit as st

from console.i18n import N_, _, day, escape, moment, ngettext, number, say
from console.views import acting, erased_addresses, forms
from console.widgets import actionbar, confirm, pager, status, strangers, tables
from console.widgets.status import Colour
from console.wiring import Console
from mailing import lifting, suppression
from mailing.lifting import Batch
from mailing.suppression import Suppression
from store import access
from store.access import Actor
from store.schools import School

SHOWN = 100  # addresses of one page
REASONS: dict[str, tuple[str, Colour]] = {
    suppression.UNSUBSCRIBED: (N_("■ Unsubscribed"), "blue"),
    suppression.HARD_BOUNCE: (N_("▲ Dead address"), "red"),
    suppression.COMPLAINT: (N_("● Complaint"), "violet"),
    suppression.BY_HAND: (N_("◆ By hand"), "orange"),
}


def draw(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        rows = suppression.count(tx, actor, school.id)
        together = lifting.batches(tx, actor, school.id, school.zone)
    _acts(console, actor, school, together)
    erased_addresses.draw(console, actor, school)
    if not rows:
        st.info(_("Nobody is left out: nobody unsubscribed, and every address took its mail."))
        return
    known = _found(console, actor, school)
    if not known:
        st.info(_("No address like this is left out."), icon=":material/search_off:")
        return
    by_id = {_id(each): each for each in known}
    chosen = by_id.get(_list(console, school, known) or "")
    if chosen is None:
        st.caption(_("Tick an address to let mail reach it again."))
    elif access.may(actor, "send", school.id):
        _offer_return(console, actor, school, chosen)


def _acts(console: Console, actor: Actor, school: School, together: list[Batch]) -> None:
    with st.container(horizontal=True):
        if access.may(actor, "write", school.id) and st.button(
            _("Leave an address out"), icon=":material/person_remove:", key="suppress"
        ):
            _add(console, actor, school)
        if (
            together
            and access.may(actor, "send", school.id)
            and st.button(
                _("Let a domain's dead addresses in again"),
                icon=":material/undo:",
                on_click=confirm.opening,
                key="unsuppress-day",
            )
        ):
            _lift(console, actor, school, together)


def _found(console: Console, actor: Actor, school: School) -> list[Suppression]:
    search = st.text_input(
        _("Find an address"),
        placeholder=_("A part of the address"),
        icon=":material/search:",
        label_visibility="collapsed",
        key="suppression-search",
        max_chars=100,
    )
    asked = (search or "").strip()
    with console.db.read() as tx:
        rows = suppression.count(tx, actor, school.id, search=asked)
    page = pager.pager(rows, key="suppression-page", of=asked, size=SHOWN)
    with console.db.read() as tx:
        return suppression.of(tx, actor, school.id, search=asked, limit=SHOWN, offset=page.begin)


def _lift(console: Console, actor: Actor, school: School, together: list[Batch]) -> None:
    """The largest stands first: more likely a directory's bad day than so many people gone."""

    def name(batch: Batch) -> str:
        count = ngettext("{n} address", "{n} addresses", batch.addresses)
        said = count.format(n=number(batch.addresses))
        at = day(datetime.combine(batch.day, time(12), school.zone), school.zone)
        return f"{strangers.line(batch.domain)} · {at} · {said}"

    def fields() -> Callable[[], None]:
        chosen = st.selectbox(
            _("Domain and day"), together, format_func=name, key="unsuppress-batch"
        )
        words = ngettext(
            "Mail reaches {n} address again, an emergency too.",
            "Mail reaches {n} addresses again, an emergency too.",
            chosen.addresses,
        )
        st.markdown(words.format(n=number(chosen.addresses)))
        st.caption(_("Whoever unsubscribed or complained stays left out of what can be left."))

        def lift() -> None:
            with console.db.begin() as tx:
                count = lifting.lift(
                    tx, actor, school.id, chosen.domain, chosen.day, zone=school.zone,
                    now=console.now(),
                )  # fmt: skip
            again = ngettext(
                "Mail reaches {n} address again.", "Mail reaches {n} addresses again.", count
            )
            actionbar.say(again.format(n=number(count)))

        return lift

    forms.edit(
        _("Let a domain's dead addresses in again"),
        _("Let mail reach them again"),
        fields,
        icon=":material/undo:",
    )


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
