"""What can still be done about a campaign that is released: call back, pause, retry, decide."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from console.i18n import _, moment, ngettext, number
from console.views import acting, delivery_follow, delivery_held
from console.widgets import actionbar, confirm, pages
from console.widgets.actionbar import Act, Kind
from console.wiring import Console
from mailing import approving, releasing, urgent
from mailing.model import Campaign
from store import access
from store.access import Actor
from store.schools import School

Situation = tuple[str, bool, bool, str]


def situation(campaign: Campaign, console: Console) -> Situation:
    """What the bar and the letter depend on: when it changes, the page is drawn anew."""
    totals, asked = campaign.totals, campaign.asked_digest
    return campaign.stage(console.now()), bool(totals.held), bool(totals.failed), asked


def tell_changed(campaign: Campaign) -> None:
    """What she reads now is not what she was shown: her button for that is gone."""
    key = f"asked-{campaign.id}"
    before = st.session_state.get(key, campaign.asked_digest)
    st.session_state[key] = campaign.asked_digest
    if campaign.state == "asked" and before != campaign.asked_digest:
        actionbar.say(_(approving.SINCE))


def acts(console: Console, actor: Actor, school: School, campaign: Campaign) -> list[Act]:
    """What can be done now; whatever cannot is not there."""
    if not access.may(actor, "send", school.id):
        return []
    stage, held, failed, _asked = situation(campaign, console)
    offered = _leaving(console, actor, school, campaign)
    if failed and stage != "stopped":
        retry = _do(console, actor, campaign, _retry)
        offered.append(Act("retry", _("Retry failed"), retry, icon=":material/refresh:"))
    if held:
        offered += delivery_held.acts(console, actor, campaign)
    if campaign.lane == urgent.LANE:
        offered.append(
            Act(
                "go-on",
                _("Tell them more"),
                lambda: pages.go("emergency", campaign=campaign.id),
                "L",
                ":material/campaign:",
                hint=_("To exactly the same people: it is over, or what comes next."),
            )
        )
    elif held or failed:
        offered.append(delivery_follow.act(console, actor, school, campaign))
    return offered


def _leaving(console: Console, actor: Actor, school: School, campaign: Campaign) -> list[Act]:
    """Agree, call back, pause and go on, each where the campaign's stage has it."""
    stage, _held, _failed, digest = situation(campaign, console)
    do = partial(_do, console, actor, campaign)
    offered: list[Act] = []
    if stage == "asked" and campaign.asked_by != actor.account_id:
        offered.append(  # a button for this text alone: pressed on an older screen, it does nothing
            Act(
                f"agree-{digest[:12]}",
                _("Let it leave"),
                do(_approve),
                icon=":material/done:",
                kind="primary",
            )
        )
    if stage in ("undo", "scheduled", "asked"):
        kind: Kind = "primary" if stage == "undo" else "secondary"
        offered.append(
            Act("call-back", _("Call it back"), do(_cancel), "U", ":material/undo:", kind)
        )
    if stage in ("undo", "scheduled", "sending"):
        offered.append(Act("pause", _("Pause"), do(_pause), "P", ":material/pause:"))
    if stage == "paused":
        offered.append(_resume_act(console, actor, school, campaign))
    begun = campaign.leaves_at is not None and campaign.leaves_at <= console.now()
    if stage == "sending" or (stage == "paused" and begun):
        offered.append(_stop_act(console, actor, campaign))
    return offered


def _resume_act(console: Console, actor: Actor, school: School, campaign: Campaign) -> Act:
    """At once while its chosen hour is not long over; else it is asked whether she means it."""
    now = console.now()
    late = campaign.expires_at is not None and campaign.expires_at <= now

    def ask() -> None:
        waiting = campaign.totals.waiting
        meant = campaign.scheduled_for or campaign.released_at or now
        chosen = moment(meant, school.zone, now=now)
        confirm.ask(
            _("Its hour is long over. Send it on?"),
            {
                _("Meant for"): chosen,
                _("Then"): _("whoever has not got it gets it now"),
                _("Undo"): _("pause it again; what has left stays sent"),
            },
            ngettext("Send to {n} person", "Send to {n} people", waiting).format(n=waiting),
            partial(_resume_late, console, actor, campaign),
        )

    act = ask if late else _do(console, actor, campaign, _resume)
    return Act(
        "resume", _("Send on"), act, "P", ":material/play_arrow:", "primary", asks=late
    )  # fmt: skip


def _stop_act(console: Console, actor: Actor, campaign: Campaign) -> Act:
    def ask() -> None:
        waiting = campaign.totals.waiting
        left_out = ngettext("{n} person is left out", "{n} people are left out", waiting)
        confirm.ask(
            _("Stop it for good?"),
            {
                _("Sent"): number(campaign.totals.sent),
                _("What"): left_out.format(n=number(waiting)),
                _("Then"): _("what is on the wire this moment still arrives"),
                _("Undo"): _("none"),
            },
            _("Stop it"),
            partial(_stop, console, actor, campaign),
            icon=":material/block:",
        )

    return Act("stop", _("Stop it"), ask, "X", ":material/block:", "tertiary", asks=True)


def _do(
    console: Console,
    actor: Actor,
    campaign: Campaign,
    act: Callable[[Console, Actor, Campaign], str],
) -> Callable[[], None]:
    def run() -> None:
        with acting.guarded():
            actionbar.say(act(console, actor, campaign))
        st.rerun()

    return run


def _cancel(console: Console, actor: Actor, campaign: Campaign) -> str:
    with console.db.begin() as tx:
        back = releasing.cancel(tx, actor, campaign.id, now=console.now())
    return _("Called back: nobody got it.") if back else _("Too late: the first mail has left.")


def _approve(console: Console, actor: Actor, campaign: Campaign) -> str:
    with console.db.begin() as tx:
        now = console.now()
        shown = campaign.asked_digest
        done = approving.approve(tx, actor, campaign.id, shown, terms=console.terms, now=now)
    return _("It leaves now.") if done else _("It waits for nobody any more.")


def _pause(console: Console, actor: Actor, campaign: Campaign) -> str:
    with console.db.begin() as tx:
        releasing.pause(tx, actor, campaign.id, now=console.now())
    return _("Paused: nothing more leaves.")


def _resume(console: Console, actor: Actor, campaign: Campaign) -> str:
    with console.db.begin() as tx:
        releasing.resume(tx, actor, campaign.id, now=console.now())
    return _("It goes on.")


def _resume_late(console: Console, actor: Actor, campaign: Campaign) -> None:
    with acting.guarded():
        actionbar.say(_resume(console, actor, campaign))


def _stop(console: Console, actor: Actor, campaign: Campaign) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            stopped = releasing.stop(tx, actor, campaign.id, now=console.now())
        actionbar.say(
            _("Stopped: nobody else gets it.") if stopped else _("It is not under way any more.")
        )


def _retry(console: Console, actor: Actor, campaign: Campaign) -> str:
    with console.db.begin() as tx:
        count = releasing.retry_failed(tx, actor, campaign.id, now=console.now())
    return ngettext("{n} mail is tried again.", "{n} mails are tried again.", count).format(n=count)
