"""What can be done about a service: acknowledge its alert, silence it, plan, probe it now."""

from datetime import timedelta

import streamlit as st

from console.i18n import N_, _, moment, number, say
from console.views import planning
from console.widgets import actionbar, choice, confirm, status
from console.widgets.actionbar import Act
from console.wiring import Console
from probes import alerts, windows
from probes.alerts import Alert
from probes.checking import check
from probes.model import Target
from store import access
from store.access import Actor
from store.schools import School

SILENCES = {
    "15m": (timedelta(minutes=15), N_("15 min")),
    "1h": (timedelta(hours=1), N_("1 hour")),
    "4h": (timedelta(hours=4), N_("4 hours")),
}


def draw(console: Console, actor: Actor, school: School, target: Target) -> None:
    may_steer = access.may(actor, "steer", school.id)
    off = None if may_steer else _("Your role does not allow this.")
    alert = _alert(console, actor, school, target)
    taking = Act(
        "acknowledge",
        _("Acknowledge"),
        lambda: _acknowledge(console, actor, alert),
        "T",
        ":material/back_hand:",
        "primary",
        off=_cannot_acknowledge(actor, school, alert),
        asks=True,
    )
    probing = Act(
        "probe",
        _("Probe now"),
        lambda: _probe(console, actor, school, target),
        None,
        ":material/network_check:",
        off=off,
    )
    actionbar.bar([taking, *_planning(console, actor, school, target, off), probing])


def _planning(
    console: Console, actor: Actor, school: School, target: Target, off: str | None
) -> list[Act]:
    """A silence, a maintenance, and the end of what is planned."""
    planned = planning.planned(console, actor, school, target)
    return [
        Act(
            "silence",
            _("Silence"),
            lambda: silence(console, actor, school, target),
            "P",
            ":material/notifications_off:",
            off=off,
            asks=True,
        ),
        Act(
            "maintenance",
            _("Plan maintenance"),
            lambda: planning.maintenance(console, actor, school, target),
            None,
            ":material/build:",
            off=off,
            asks=True,
        ),
        Act(
            "planned",
            _("Planned"),
            lambda: planning.end(console, actor, school, target),
            None,
            ":material/event_busy:",
            off=off or (None if planned else _("Nothing is planned.")),
            asks=True,
        ),
    ]


def _alert(console: Console, actor: Actor, school: School, target: Target) -> Alert | None:
    with console.db.read() as tx:
        standing = alerts.open_(tx, actor, school.id)
    return next((alert for alert in standing if alert.target_id == target.id), None)


def _cannot_acknowledge(actor: Actor, school: School, alert: Alert | None) -> str | None:
    if not access.may(actor, "incident", school.id):
        return _("Your role does not allow this.")
    if alert is None:
        return _("No alert is open.")
    return _("Somebody has it.") if alert.acknowledged_by else None


def _acknowledge(console: Console, actor: Actor, alert: Alert | None) -> None:
    if alert is not None:
        planning.acknowledge(console, actor, alert)


def silence(console: Console, actor: Actor, school: School, target: Target) -> None:
    @st.dialog(_("Silence"), icon=":material/notifications_off:", on_dismiss=confirm.closed)
    def dialog() -> None:
        st.caption(_("Its state stays to be seen, but it opens no alert in that time."))
        names = {period: _(word) for period, (_length, word) in SILENCES.items()}
        chosen = choice.segments(_("For"), names, default="1h", key="silence-for")
        reason = st.text_input(_("Reason"), max_chars=200, key="silence-why")
        pressed = st.button(_("Silence"), type="primary", key="silence-yes")
        if pressed and confirm.is_open():
            _silenced(console, actor, school, target, SILENCES[chosen][0], reason)

    confirm.opened()
    dialog()


def _silenced(
    console: Console,
    actor: Actor,
    school: School,
    target: Target,
    length: timedelta,
    reason: str,
) -> None:
    now = console.now()
    with console.db.begin() as tx:
        window_id = windows.silence(
            tx, actor, target.id, since=now, until=now + length, reason=reason, now=now
        )
    until = moment(now + length, school.zone, now=now)

    def undo() -> None:
        with console.db.begin() as tx:
            windows.end(tx, actor, window_id, now=console.now())
        st.rerun()

    actionbar.say(_("Silent until {time}").format(time=until), undo=undo)
    confirm.closed()
    st.rerun()


def _probe(console: Console, actor: Actor, school: School, target: Target) -> None:
    access.require(actor, "steer", school.id)
    result = check(
        console.as_probed(target),
        adapters=console.adapters,
        loopback_only=console.simulation,
        beat=console.heard(target.id),
    )
    words = [_("Probed now:"), status.label(result.state)]
    if result.seconds is not None:
        words.append(_("{n} s").format(n=number(result.seconds, digits=3)))
    actionbar.say(" ".join([*words, say(result.why)]))
    st.rerun()
