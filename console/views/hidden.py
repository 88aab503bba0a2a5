"""What a rule did about the comment of a case: hidden until somebody decides, or only queued."""

import streamlit as st

from console.i18n import N_, _, escape, listed, moment, say
from console.views import rule_names
from console.views.rule_switches import WATCHED
from console.widgets import status, strangers
from console.wiring import Console
from moderation import hiding
from moderation.model import Action, Case
from store.access import Actor
from store.schools import School

PUT_BACK = N_("Put back")
KEEP = N_("Keep removed")
BACK = N_("Puts the comment back on {place} as it stood.")
STAYS = N_("A rule has removed it from {place}; it stays removed.")


def standing(console: Console, actor: Actor, case: Case) -> Action | None:
    """The removal by a rule that a decision confirms or takes back."""
    with console.db.read() as tx:
        return hiding.in_effect(tx, actor, case.comment)


def draw(console: Console, actor: Actor, school: School, case: Case, names: dict[str, str]) -> None:
    """Beside the case's badges, where a rule hides; nothing for the others."""
    with console.db.read() as tx:
        latest = hiding.latest(tx, actor, case.comment)
        holds = hiding.in_effect(tx, actor, case.comment) is not None
    if latest is None or not (holds or latest.receipt.state == "refused"):
        return
    place = escape(names.get(case.comment.connection_id, ""))
    rule = listed(_rule(each) for each in latest.reason.split(", "))
    if not holds:
        words = _("Rule “{rule}” would hide it, but it stands on {place}.")
        said = words.format(rule=rule, place=place)
        st.caption(f"○ {said} {say(latest.receipt.why)}".rstrip(), width="content")
        return
    if latest.receipt.verified_at is None:
        status.mark(_("Being hidden: not confirmed yet"), "gray", shape="○")
    else:
        status.mark(_("Hidden until you decide"), "violet", shape="■")
    at = moment(latest.receipt.verified_at or latest.requested_at, school.zone, now=console.now())
    words = _("Rule “{rule}” took it down from {place}, {time}.")
    st.caption(words.format(rule=rule, place=place, time=at), width="content")


def _rule(name: str) -> str:
    return _(WATCHED[name]) if name in WATCHED else strangers.name(rule_names.spoken(name))
