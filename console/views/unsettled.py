"""What waits for a second person, for somebody's answer, or for a platform to confirm it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from console.desk import measure_words, pending, people
from console.desk.pending import About
from console.i18n import N_, _, escape, moment, ngettext
from console.views import acting
from console.widgets import actionbar, confirm, pages, status, strangers
from console.widgets.actionbar import Act
from console.widgets.pager import pager
from console.wiring import Console
from moderation import actions, house
from moderation.model import Action, ActionKind, ReceiptState
from store import access
from store.access import Actor
from store.schools import School

AT_ONCE = 20  # of them on a page
LONG = 400  # letters; more are read in a box of their own
ASKED: dict[ActionKind, str] = {
    "remove comment": N_("Remove a comment from {place}"),
    "edit comment": N_("Reword a comment on {place}"),
    "restore comment": N_("Restore a comment on {place}"),
    "suspend account": N_("Block an account on {place}"),
    "lift account": N_("Lift a block on {place}"),
    "mute account": N_("Mute an account on {place}"),
    "unmute account": N_("Lift a mute on {place}"),
}


def draw(console: Console, actor: Actor, school: School) -> None:
    """All of them, page by page: first what waits for somebody."""
    with console.db.read() as tx:
        count = actions.unsettled_count(tx, actor, school.id)
    total = sum(count.values())
    if not total:
        return
    title = ngettext("{n} action is not settled", "{n} actions are not settled", total)
    fold = st.expander(
        title.format(n=total),
        icon=":material/pending:",
        expanded=bool(count.get("held") or count.get("refused")),
        key="unsettled",
        on_change="rerun",
    )
    with fold:
        page = pager(total, key="unsettled-page", of=school.id, size=AT_ONCE)
        with console.db.read() as tx:
            found = actions.unsettled(tx, actor, school.id, limit=AT_ONCE, offset=page.begin)
        _listed(console, actor, school, found, keys=bool(fold.open))


def _listed(
    console: Console, actor: Actor, school: School, found: Sequence[Action], *, keys: bool
) -> None:
    """`keys`: the list is not folded away, where its buttons would hear their keys."""
    with console.db.read() as tx:
        names = people.connection_names(tx, actor, school.id)
        known = pending.about(tx, actor, school.id, found)
    held = _of(found, "held")
    asking = [*held, *_of(found, "refused")]
    for action in found:
        place, first = names.get(action.connection_id, "?"), keys and action in asking[:1]
        if action in held:
            waiting(console, actor, school, action, place, known[action.id], keys=first)
            continue
        st.markdown(acting.sentence(action.receipt, place, school))
        _about(known[action.id])
        st.caption(_tries(action, school, console.now()))
        if action.receipt.state == "refused":
            _refused(console, actor, school, action, keys=first)
    _together(console, actor, school, held, known)


def _of(found: Sequence[Action], state: ReceiptState) -> list[Action]:
    return [action for action in found if action.receipt.state == state]


def _together(
    console: Console,
    actor: Actor,
    school: School,
    held: Sequence[Action],
    known: Mapping[str, About],
) -> None:
    """One yes to all that were read here, but for her own and what else she may not allow now."""
    if not access.may(actor, "moderate", school.id):
        return
    with console.db.read() as tx:
        others = [action for action in held if actions.barred(tx, actor, action) is None]
    if len(others) < 2:
        return
    actionbar.button(
        Act(
            "allow-all",
            _these(others),
            lambda: ask_all(console, actor, school, others, known),
            icon=":material/done_all:",
            asks=True,
        )
    )


def _these(others: Sequence[Action]) -> str:
    return ngettext("Allow this {n}", "Allow these {n}", len(others)).format(n=len(others))


def ask_all(
    console: Console,
    actor: Actor,
    school: School,
    others: Sequence[Action],
    known: Mapping[str, About],
) -> None:
    who = dict.fromkeys(strangers.line(known[each.id].who, limit=40) for each in others)
    confirm.ask(
        _("Allow all that stand above?"),
        {
            _("Whose"): ", ".join(name for name in who if name) or "—",
            _("Undo"): _("Not possible on these platforms."),
        },
        _these(others),
        lambda: _allow_all(console, actor, school, [each.id for each in others]),
        icon=":material/done_all:",
    )


def _allow_all(console: Console, actor: Actor, school: School, ids: Sequence[str]) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            for id_ in ids:
                actions.allow(tx, actor, id_, now=console.now())
        acting.carry_out(console, actor, school, ids)


def _about(known: About) -> None:
    """Whose it is, what it says, and who asked for it."""
    if known.said:
        with st.container(border=True, height=160 if len(known.said) > LONG else "content"):
            strangers.text(known.said)
    with st.container(horizontal=True, vertical_alignment="center"):
        if known.who and known.person_id:
            pages.link(
                "person", strangers.name(known.who), icon=":material/person:", id=known.person_id
            )
        elif known.who:
            st.markdown(strangers.name(known.who), width="content")
        if known.asker:
            asked = _("Asked for by {who}").format(who=strangers.name(known.asker))
            st.caption(asked, width="content")


def waiting(
    console: Console,
    actor: Actor,
    school: School,
    action: Action,
    place: str,
    known: About,
    *,
    keys: bool,
) -> None:
    """One action that cannot be undone, with the second person's yes and no.

    `keys`: it is the first of its screen, for which the keys are.
    """
    status.mark(_("Waits for a second person"), "orange", shape="◆")
    st.markdown(_(ASKED[action.kind]).format(place=escape(place)))
    _about(known)
    if action.reason:
        with console.db.read() as tx:
            kept = house.of(tx, actor, school.id)
        strangers.text(measure_words.reason(kept, action.reason))
    if access.may(actor, "moderate", school.id):
        with st.container(horizontal=True):
            for act in _answers(console, actor, school, action, keys=keys):
                actionbar.button(act)


def _answers(
    console: Console, actor: Actor, school: School, action: Action, *, keys: bool
) -> list[Act]:
    own = action.requested_by == actor.account_id
    return [
        Act(
            f"allow-{action.id}",
            _("Allow it"),
            lambda: _settle(console, actor, school, action, allow=True),
            "A" if keys else None,
            ":material/check:",
            off=_("Somebody else has to look at it: you asked for it.") if own else None,
        ),
        Act(
            f"decline-{action.id}",
            _("Take it back") if own else _("Do not allow it"),
            lambda: _settle(console, actor, school, action, allow=False),
            "Z" if keys else None,
            ":material/close:",
        ),
    ]


def _refused(console: Console, actor: Actor, school: School, action: Action, *, keys: bool) -> None:
    """The platform's no, until somebody asks again or leaves it at that."""
    if not access.may(actor, "moderate", school.id):
        return
    acts = [
        Act(
            f"again-{action.id}",
            _("Ask again"),
            lambda: _ask_again(console, actor, school, action),
            "A" if keys else None,
            ":material/refresh:",
        ),
        Act(
            f"leave-{action.id}",
            _("Leave it so"),
            lambda: _leave(console, actor, action),
            "Z" if keys else None,
            ":material/close:",
        ),
    ]
    with st.container(horizontal=True):
        for act in acts:
            actionbar.button(act)


def _ask_again(console: Console, actor: Actor, school: School, action: Action) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            asked = actions.ask_again(tx, actor, action.id, now=console.now())
        acting.carry_out(console, actor, school, [asked])
    st.rerun()


def _leave(console: Console, actor: Actor, action: Action) -> None:
    with acting.guarded(), console.db.begin() as tx:
        actions.take_note(tx, actor, action.id, now=console.now())
    st.rerun()


def _tries(action: Action, school: School, now: datetime) -> str:
    asked = moment(action.requested_at, school.zone, now=now)
    tries = ngettext(
        "Asked for {time}, tried {n} time", "Asked for {time}, tried {n} times", action.tries
    )
    said = tries.format(time=asked, n=action.tries)
    if action.next_try_at is None:
        return said
    again = moment(action.next_try_at, school.zone, now=now)
    return f"{said} · {_('again at {time}').format(time=again)}"


def _settle(console: Console, actor: Actor, school: School, action: Action, *, allow: bool) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            (actions.allow if allow else actions.decline)(tx, actor, action.id, now=console.now())
        acting.carry_out(console, actor, school, [action.id])
    st.rerun()
