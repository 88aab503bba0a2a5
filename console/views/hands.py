"""Hand cards: what needs a hand, what to do about it, who has it, and the way to it."""

import streamlit as st

from console.desk import cards
from console.desk.board import Board
from console.desk.cards import Card
from console.i18n import _, clock, escape, ngettext, number, say, span
from console.widgets import actionbar, keys, pages, status
from console.wiring import Console
from store import access
from store.access import Actor
from store.schools import School

SHOWN = 5


def draw(console: Console, actor: Actor, board: Board) -> None:
    count = f" :gray-badge[{len(board.cards)}]" if board.cards else ""
    st.subheader(_("What needs a hand now") + count, anchor=False)
    if not board.cards:
        _calm(board)
    for place, card in enumerate(board.cards[:SHOWN], start=1):
        _card(console, actor, board, card, place)
    if rest := len(board.cards) - SHOWN:
        _rest(rest)


def _calm(board: Board) -> None:
    """Why there is no card: nothing is known, something is unknown, or all is well."""
    states = {row.state for row in board.services}
    if not states:
        st.info(_("Nothing is probed yet. Connect a platform and add targets under Admin."))
    elif "unknown" in states:
        st.markdown(f":gray[○] {_('Nothing is known to fail, but not everything can be read.')}")
        pages.link("services", _("Services"), icon=":material/dns:")
    else:
        st.markdown(f":green[●] {_('Nothing needs a hand. All that is probed works.')}")


def _rest(rest: int) -> None:
    if rest > 0:
        more = ngettext("and {n} more", "and {n} more", rest).format(n=rest)
        pages.link("incidents", more, icon=":material/more_horiz:")


def _card(console: Console, actor: Actor, board: Board, card: Card, place: int) -> None:
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            status.badge(card.state)
            st.markdown(f"**{say(card.title)}**", width="content")
        st.markdown(say(card.what_to_do))
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            st.caption(_facts(card, board), width="content")
            with st.container(horizontal=True, width="content"):
                _buttons(console, actor, board, card, place)


def _facts(card: Card, board: Board) -> str:
    affected = _("People affected: {n}").format(n=number(card.affected))
    parts = [
        *([f":material/groups: {affected}"] if card.affected else []),
        _("since {time} ({span})").format(
            time=clock(card.since, board.school.zone), span=span(board.at - card.since)
        ),
        _("{name} has it").format(name=escape(card.owner_name))
        if card.owner_name
        else _("nobody has it"),
    ]
    return " · ".join(parts)


def _buttons(console: Console, actor: Actor, board: Board, card: Card, place: int) -> None:
    may = access.may(actor, "incident", board.school.id)
    if (
        card.owner_id is None
        and may
        and st.button(
            _("Take it"), key=f"take-{card.source}", icon=":material/back_hand:", type="tertiary"
        )
    ):
        _take(console, actor, board.school, card)
    if (
        card.incident_id
        and access.may(actor, "send", board.school.id)
        and st.button(
            _("Tell"), key=f"tell-{card.source}", icon=":material/campaign:", type="tertiary"
        )
    ):
        pages.go("emergency", id=card.incident_id)
    if st.button(
        _("Open"),
        key=f"open-{card.source}",
        type="primary" if place == 1 else "secondary",
        shortcut=keys.shown(str(place)),
    ):
        slug, subject = card.link
        pages.go(slug, id=subject)


def _take(console: Console, actor: Actor, school: School, card: Card) -> None:
    now = console.now()
    with console.db.begin() as tx:
        taken = cards.take(tx, actor, school.id, card, now=now)
    console.changed(school.id)
    title = say(card.title)
    words = _("You have it: {title}") if taken else _("Somebody was faster: {title}")
    actionbar.say(words.format(title=title))
    st.rerun()
