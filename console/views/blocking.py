"""Block somebody: a plan for each account, then a receipt for each account."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import streamlit as st

from console.desk import people
from console.i18n import N_, _, escape, ngettext, span
from console.views import acting
from console.widgets import confirm, strangers
from console.wiring import Console
from moderation import actions
from moderation.model import Stored
from store.access import Actor
from store.db import Connection
from store.roster import PlatformAccount
from store.schools import School
from store.vault import VaultError

LENGTHS: dict[str, timedelta | None] = {
    "1": timedelta(days=1),
    "7": timedelta(days=7),
    "30": timedelta(days=30),
    "": None,
}
WEEK = "7"
UNTIL_LIFTED = N_("Until lifted")


@dataclass(frozen=True)
class Subject:
    """An account to block; `name` is its user name, a stranger's word."""

    connection_id: str
    connection: str
    external_id: str
    name: str
    suspended: bool


def subjects(
    tx: Connection,
    actor: Actor,
    school: School,
    comment: Stored,
    accounts: Sequence[PlatformAccount],
) -> list[Subject]:
    """The author's accounts; where the roster has none, the one that wrote the comment."""
    names = people.connection_names(tx, actor, school.id)
    known = [
        Subject(
            each.connection_id,
            names.get(each.connection_id, ""),
            each.external_id,
            each.username or each.name,
            each.suspended,
        )
        for each in accounts
    ]
    return known or [
        Subject(
            comment.connection_id,
            names.get(comment.connection_id, ""),
            comment.author_external_id,
            comment.author_name,
            suspended=False,
        )
    ]


def ask(
    console: Console,
    actor: Actor,
    school: School,
    who: str,
    subjects: Sequence[Subject],
    *,
    case_id: str | None = None,
) -> None:
    """Open the dialog: what is done, to which accounts, for how long, how to undo."""
    able = [each for each in subjects if not each.suspended and _can(console, each)]

    @st.dialog(_("Block this person?"), icon=":material/block:", on_dismiss=confirm.closed)
    def dialog() -> None:
        strangers.text(who)
        for each in subjects:
            _plan(each, able)
        current = st.session_state.get("block-length", WEEK)
        length = st.segmented_control(
            _("For how long"),
            list(LENGTHS),
            default=WEEK,
            required=True,
            format_func=lambda each: (
                f":blue[{_length(each)}]" if each == current else _length(each)
            ),
            key="block-length",
        )
        reason = st.text_input(_("Reason, for the record"), key="block-reason", max_chars=200)
        st.caption(_("To undo: lift the block here or on the person's page, at any time."))
        _buttons(able, lambda: _block(console, actor, school, able, length, reason, case_id))

    confirm.opened()
    dialog()


def lift(console: Console, actor: Actor, school: School, subject: Subject) -> None:
    """Lift the block on one account, at once."""
    with acting.guarded():
        with console.db.begin() as tx:
            action_id = actions.request(
                tx,
                actor,
                "lift account",
                school_id=school.id,
                connection_id=subject.connection_id,
                external_id=subject.external_id,
                now=console.now(),
            )
        acting.carry_out(console, actor, school, [action_id])


def _block(
    console: Console,
    actor: Actor,
    school: School,
    subjects: Sequence[Subject],
    length: str | None,
    reason: str | None,
    case_id: str | None,
) -> None:
    now, lasts = console.now(), LENGTHS[length or ""]
    with acting.guarded():
        with console.db.begin() as tx:
            asked = [
                actions.request(
                    tx,
                    actor,
                    "suspend account",
                    school_id=school.id,
                    connection_id=each.connection_id,
                    external_id=each.external_id,
                    case_id=case_id,
                    reason=(reason or "").strip(),
                    until=now + lasts if lasts else None,
                    now=now,
                )
                for each in subjects
            ]
        acting.carry_out(console, actor, school, asked)


def _plan(subject: Subject, able: Sequence[Subject]) -> None:
    if subject in able:
        what = _("will be suspended there")
    elif subject.suspended:
        what = _("is suspended already")
    else:
        what = _("cannot be blocked from here")
    shape = ":red[▲]" if subject in able else ":gray[○]"
    st.markdown(
        f"{shape} **{escape(subject.connection)}** · {strangers.name(subject.name)}: {what}"
    )


def _buttons(able: Sequence[Subject], block: Callable[[], None]) -> None:
    label = ngettext("Block {n} account", "Block {n} accounts", len(able)).format(n=len(able))
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(_("Cancel"), type="tertiary", key="block-no"):
            confirm.closed()
            st.rerun()
        pressed = st.button(
            label, type="primary", icon=":material/block:", key="block-yes", disabled=not able
        )
        if pressed and confirm.is_open():
            confirm.closed()
            block()
            st.rerun()


def _length(key: str) -> str:
    lasts = LENGTHS[key]
    return span(lasts) if lasts else _(UNTIL_LIFTED)


def _can(console: Console, subject: Subject) -> bool:
    """Whether Pult can block there. The adapter is only made, nothing is called."""
    try:
        return "suspend account" in console.adapters(subject.connection_id).can
    except VaultError:
        return False
