"""A person: what happened? Their accounts with state, one timeline, and what can be done."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from console.desk import people
from console.desk.people import Found, Linked
from console.i18n import NAMES, _, escape, listed, moment
from console.views import (
    acting,
    blocking,
    erasing,
    in_force,
    links,
    noting,
    owning,
    person_timeline,
    reaching,
    writing,
)
from console.views.people import role
from console.views.segment_picker import LEVELS
from console.widgets import actionbar, head, live, pages, status, strangers
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import actions
from moderation.model import Action, PenaltyKind, Subject
from store import access
from store.access import Actor
from store.roster import Person
from store.schools import School


def page(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        found = people.get(tx, actor, pages.asked() or "")
        if found is None or found.person.school_id != school.id:
            head.title(_("Person"), back="people")
            st.info(_("Nobody of this school has this address. Find them under People."))
            return
        taken = actions.of(tx, actor, school.id, person_id=found.person.id)
        names = people.connection_names(tx, actor, school.id)
    head.title(strangers.name(found.person.name), back="people")
    st.caption(_facts(found))
    links.sharing(console, actor, found.person)
    live.part(lambda: acting.follow(console, actor, school))
    left, right = st.columns([5, 3], gap="medium")
    with left:
        person_timeline.draw(console, actor, school, found.person, taken)
    with right:
        in_force.draw(console, actor, school, Subject(found.person.id), taken)
        _accounts(console, actor, school, found, taken)
        reaching.draw(console, actor, school, found.person)
        links.suggestions(
            console, actor, school, found.person, names, keys=links.keyed(found.accounts) is None
        )
    actionbar.bar(_acts(console, actor, school, found))


def _facts(found: Found) -> str:
    person = found.person
    level = _(LEVELS[person.level]) if person.level in LEVELS else person.level
    speaks = NAMES.get(person.language, person.language)
    parts = [role(person.role), person.group, level, speaks, person.email]
    parts.append(listed(found.courses))
    return " · ".join(strangers.name(part) for part in parts if part)


def _accounts(
    console: Console, actor: Actor, school: School, found: Found, taken: Sequence[Action]
) -> None:
    with st.container(border=True):
        st.subheader(_("Accounts"), anchor=False)
        if not found.accounts:
            st.caption(_("No account on any connected platform."))
        keyed = links.keyed(found.accounts)
        for account in found.accounts:
            _account(console, actor, school, account, taken)
            if said := links.how(account, found.accounts):
                st.caption(said)
                links.acts(console, actor, school, found.person, account, keys=account is keyed)
        owning.draw(console, actor, school, found)


def _account(
    console: Console, actor: Actor, school: School, account: Linked, taken: Sequence[Action]
) -> None:
    own = [
        action
        for action in taken
        if (action.connection_id, action.external_id)
        == (account.connection_id, account.external_id)
        and action.kind.endswith(" account")
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        if account.suspended:
            status.mark(_("Suspended"), "red", shape="▲")
        else:
            status.mark(_("Active"), "green", shape="●")
        st.markdown(
            f"**{escape(account.connection)}** · {strangers.name(account.username)}",
            width="content",
        )
        stands = any(_by_measure(one) for one in own)  # lifted as a whole, above
        if account.suspended and not stands and access.may(actor, "moderate", school.id):
            _lift(console, actor, school, account)
    st.caption(" · ".join(_details(account, own, school, console.now())))


def _by_measure(action: Action) -> bool:
    return bool(action.kind == "suspend account" and action.measure_id and not action.ended)


def _details(account: Linked, own: Sequence[Action], school: School, now: datetime) -> list[str]:
    """The end of the suspension, when they were last there, and the newest receipt."""
    said: list[str] = []
    ends = [each.until for each in own if each.kind == "suspend account" and not each.ended]
    if account.suspended:
        until = ends[0] if ends else None
        said.append(
            _("until {time}").format(time=moment(until, school.zone, now=now))
            if until
            else _("until lifted")
        )
    if account.last_seen_at:
        seen = moment(account.last_seen_at, school.zone, now=now)
        said.append(_("last there {time}").format(time=seen))
    if own:
        said.append(acting.sentence(own[0].receipt, account.connection, school))
    return said or [_("never seen there")]


def _lift(console: Console, actor: Actor, school: School, account: Linked) -> None:
    if st.button(
        _("Lift the block"),
        key=f"lift-{account.account_id}",
        icon=":material/lock_open:",
        type="tertiary",
    ):
        blocking.lift_account(console, actor, school, (account.connection_id, account.external_id))
        st.rerun()


def _acts(console: Console, actor: Actor, school: School, found: Found) -> list[Act]:
    person = found.person
    acts: list[Act] = []
    if person.email and access.may(actor, "write", school.id):
        acts.append(
            Act(
                f"write-{person.id}",
                _("Write"),
                lambda: _write(console, actor, school, person),
                "L",
                ":material/mail:",
                "primary",
            )
        )
    elif access.may(actor, "moderate", school.id):
        acts.append(_note(console, actor, school, person))
    if access.may(actor, "moderate", school.id) and found.accounts:
        own = owning.is_reader(console, actor, school, found)
        off = _("This is your own account there. Ask somebody else to do it.") if own else None
        acts += [
            _against(console, actor, school, person, "block", _("Block"), "B", off),
            _against(console, actor, school, person, "mute", _("Mute"), "M", off),
        ]
    acts += owning.acts(console, actor, school, found)
    return [*acts, *erasing.acts(console, actor, school, found)]


def _note(console: Console, actor: Actor, school: School, person: Person) -> Act:
    """For those who send no campaigns, and to whom no mail reaches."""
    known = noting.reach(console, actor, school, Subject(person.id))
    return Act(
        f"note-{person.id}",
        _("Write"),
        lambda: noting.ask(console, actor, school, person.name, known),
        "L",
        ":material/mail:",
        "primary",
        off=known.off,
        hint=known.said,
        asks=True,
    )


def _write(console: Console, actor: Actor, school: School, person: Person) -> None:
    with acting.guarded():
        pages.go("composer", id=writing.to_person(console, actor, school, person))
    st.rerun()


def _against(
    console: Console,
    actor: Actor,
    school: School,
    person: Person,
    kind: PenaltyKind,
    label: str,
    key: str,
    off: str | None,
) -> Act:
    return Act(
        f"{kind}-{person.id}",
        label,
        lambda: blocking.ask(console, actor, school, person.name, Subject(person.id), kind=kind),
        key,
        blocking.ICONS[kind],
        off=off,
        asks=True,
    )
