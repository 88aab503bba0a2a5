"""Mute, suspend or block somebody: a plan for each account, then a receipt for each account."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import streamlit as st

from console.desk import people
from console.i18n import N_, _, escape, labelled, ngettext, say, span
from console.views import acting, links
from console.widgets import confirm, strangers
from console.wiring import Console
from moderation import actions, measures
from moderation.model import Measure, PenaltyKind, Step, Stored, Subject
from store import linking
from store.access import Actor
from store.db import Connection
from store.linking import Suggestion
from store.schools import School

LENGTHS: dict[str, timedelta | None] = {
    "1": timedelta(days=1),
    "7": timedelta(days=7),
    "30": timedelta(days=30),
    "": None,
}
WEEK = "7"
UNTIL_LIFTED = N_("Until lifted")
QUESTIONS: dict[PenaltyKind, str] = {
    "mute": N_("Mute this person?"),
    "suspension": N_("Suspend this person?"),
    "block": N_("Block this person?"),
}
ICONS: dict[PenaltyKind, str] = {
    "mute": ":material/voice_over_off:",
    "suspension": ":material/timer:",
    "block": ":material/block:",
}
Account = tuple[str, str]  # connection, external id


@dataclass(frozen=True)
class Asked:
    """What the dialog is about."""

    about: Subject
    kind: PenaltyKind
    case_id: str | None
    steps: Sequence[Step]

    @property
    def able(self) -> list[Step]:
        return [step for step in self.steps if step.does is not None]


def about(tx: Connection, actor: Actor, school: School, comment: Stored) -> Subject:
    """Who wrote it: the person, or the account where the roster knows nobody."""
    return measures.subject_of(
        tx, actor, school.id, comment.connection_id, comment.author_external_id
    )


def ask(
    console: Console,
    actor: Actor,
    school: School,
    who: str,
    about: Subject,
    *,
    kind: PenaltyKind = "block",
    case_id: str | None = None,
) -> None:
    """Open the dialog: what is done, to which accounts, for how long, how to undo."""
    with console.db.read() as tx:
        steps = measures.plan(tx, actor, school.id, about, kind)
        more = linking.suggested(tx, actor, about.person_id) if about.person_id else []
        names = people.connection_names(tx, actor, school.id)
    asked = Asked(about, kind, case_id, steps)

    @st.dialog(_(QUESTIONS[kind]), icon=ICONS[kind], on_dismiss=confirm.closed)
    def dialog() -> None:
        strangers.text(who)
        chosen = [step for step in steps if account(step, asked.able)]
        for one in more:
            _only_suggested(one, names.get(one.account.connection_id, "?"))
        if more:
            st.caption(_more(len(more)))
        length = length_asked(kind)
        reason = st.text_input(_("Reason, for the record"), key="block-reason", max_chars=200)
        st.caption(_("To undo: lift it here or on the person's page, at any time."))
        _buttons(
            kind, chosen, lambda: _impose(console, actor, school, asked, chosen, length, reason)
        )

    confirm.opened()
    dialog()


def lift(console: Console, actor: Actor, school: School, measure: Measure) -> None:
    """Lift the measure on every platform, at once."""
    with acting.guarded():
        with console.db.begin() as tx:
            lifted = measures.lift(tx, actor, measure.id, now=console.now())
        acting.carry_out(
            console,
            actor,
            school,
            [id_ for id_ in lifted.action_ids if id_ not in measure.action_ids],
        )


def lift_account(console: Console, actor: Actor, school: School, account: Account) -> None:
    """Lift the suspension of one account that no measure of ours is behind, at once."""
    connection_id, external_id = account
    with acting.guarded():
        with console.db.begin() as tx:
            action_id = actions.request(
                tx,
                actor,
                "lift account",
                school_id=school.id,
                connection_id=connection_id,
                external_id=external_id,
                now=console.now(),
            )
        acting.carry_out(console, actor, school, [action_id])


def _impose(
    console: Console,
    actor: Actor,
    school: School,
    asked: Asked,
    chosen: Sequence[Step],
    length: str | None,
    reason: str | None,
) -> None:
    now, lasts = console.now(), LENGTHS[length or ""]
    with acting.guarded():
        with console.db.begin() as tx:
            measure = measures.impose(
                tx,
                actor,
                school.id,
                asked.about,
                asked.kind,
                reason=(reason or "").strip(),
                until=now + lasts if lasts else None,
                case_id=asked.case_id,
                leave_out=left_alone(asked.able, chosen),
                now=now,
            )
        acting.carry_out(console, actor, school, measure.action_ids)


def account(
    step: Step, able: Sequence[Step], *, key: str = "block", wrote: Account | None = None
) -> bool:
    """One account of the plan, named apart by `key`; whether it is to be done there.

    One that nobody has confirmed is somebody's own to tick, unless it `wrote` the comment.
    """
    doubtful = step.unconfirmed and _account(step) != wrote
    name = f"**{escape(step.connection)}** · {strangers.name(step.username)}"
    if step.does is None:
        st.markdown(f":gray[○] {labelled(name, say(step.why))}")
        return False
    if len(able) == 1 and not doubtful:
        st.markdown(f":red[▲] {labelled(name, say(step.by))}")
        chosen = True
    else:
        place = f"{key}-at-{step.connection_id}-{step.external_id}"
        chosen = st.checkbox(labelled(name, say(step.by)), value=not doubtful, key=place)
    if doubtful:
        st.caption(f":orange[◆] {_(links.BY_ADDRESS)}")
    if step.why is not None:
        st.caption(f":orange[◆] {say(step.why)}")
    return chosen


def _only_suggested(one: Suggestion, place: str) -> None:
    """An account that the plan leaves out, because nobody has said whose it is."""
    name = f"**{escape(place)}** · {strangers.name(one.account.username or one.account.name)}"
    st.markdown(f":gray[○] {labelled(name, _('only suggested'))}")
    st.caption(say(one.why))


def _more(count: int) -> str:
    template = ngettext(
        "{n} more account may be theirs. Link it on the person's page first, if it is.",
        "{n} more accounts may be theirs. Link them on the person's page first, if they are.",
        count,
    )
    return f":orange[◆] {template.format(n=count)}"


def length_asked(kind: PenaltyKind, *, default: str = WEEK) -> str | None:
    """For how long: a key of LENGTHS."""
    key = f"{kind}-length"
    current = st.session_state.get(key, default)
    offered = [each for each, lasts in LENGTHS.items() if lasts or kind != "suspension"]
    return st.segmented_control(
        _("For how long"),
        offered,
        default=default,
        required=True,
        format_func=lambda each: f":blue[{_length(each)}]" if each == current else _length(each),
        key=key,
    )


def _buttons(kind: PenaltyKind, chosen: Sequence[Step], impose: Callable[[], None]) -> None:
    count = len(chosen)
    if kind == "mute":
        label = ngettext("Mute {n} account", "Mute {n} accounts", count).format(n=count)
    elif kind == "suspension":
        label = ngettext("Suspend {n} account", "Suspend {n} accounts", count).format(n=count)
    else:
        label = ngettext("Block {n} account", "Block {n} accounts", count).format(n=count)
    if confirm.pressed(label, ICONS[kind], key="block", possible=bool(chosen)):
        impose()
        st.rerun()


def _length(key: str) -> str:
    lasts = LENGTHS[key]
    return span(lasts) if lasts else _(UNTIL_LIFTED)


def left_alone(able: Sequence[Step], chosen: Sequence[Step]) -> frozenset[Account]:
    """The accounts where it could be done, but is not."""
    return frozenset(_account(step) for step in able if step not in chosen)


def _account(step: Step) -> Account:
    return step.connection_id, step.external_id
