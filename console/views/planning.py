"""Dialogs of a service: who has it and why, when it is under maintenance, what of that ends."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from console.i18n import N_, _, moment
from console.views import forms, repeating
from console.widgets import actionbar, choice, strangers
from console.wiring import Console
from probes import alerts, recurring, windows
from probes.alerts import Alert
from probes.model import Target
from store.access import Actor
from store.schools import School
from store.words import Refusal

ONCE = "once"
HOURS = (0.25, 168.0)  # of one maintenance, shortest and longest


class Unsaid(Refusal):
    """A reason is missing."""


def acknowledge(console: Console, actor: Actor, alert: Alert) -> None:
    """Say that somebody is on it, and why it may take a while; nobody is told again meanwhile."""

    def fields() -> Callable[[], None]:
        st.caption(_("Until it works again, nobody is reminded of it."))
        reason = st.text_input(
            _("Reason"),
            max_chars=200,
            placeholder=_("Ivan restarts the server"),
            key="acknowledge-why",
        )

        def keep() -> None:
            if not (reason or "").strip():
                raise Unsaid(N_("Say in a few words who does what."))
            with console.db.begin() as tx:
                done = alerts.acknowledge(
                    tx, actor, alert.id, reason=(reason or "").strip(), now=console.now()
                )
            actionbar.say(_("Acknowledged.") if done else _("Somebody was faster."))

        return keep

    forms.edit(_("Acknowledge"), _("Acknowledge"), fields, icon=":material/back_hand:")


def maintenance(console: Console, actor: Actor, school: School, target: Target) -> None:
    """Plan a maintenance, once or by a rule."""

    def fields() -> Callable[[], None]:
        st.caption(_("It is shown as under maintenance then, and its failures alert nobody."))
        kind = choice.segments(
            _("How often"),
            {ONCE: _("Once")} | repeating.kinds(),
            default=ONCE,
            key="maintenance-kind",
        )
        local = console.now().astimezone(school.zone)
        days = None if kind == ONCE else repeating.days(kind)
        day = _day(local.date()) if kind == ONCE else local.date()
        quarter = time(local.hour, local.minute // 15 * 15)
        starts = st.time_input(_("Starts at"), quarter, step=900, key="maintenance-from")
        hours = st.number_input(_("Hours"), *HOURS, 1.0, 0.25, key="maintenance-hours")
        last = repeating.last(local.date()) if days is not None else None
        reason = st.text_input(_("Reason"), max_chars=200, key="maintenance-why") or ""
        length = timedelta(hours=hours)

        def keep() -> None:
            now = console.now()
            with console.db.begin() as tx:
                if days is not None:
                    recurring.add(
                        tx, actor, target.id, days=days, starts=starts, length=length, last=last,
                        reason=reason, now=now,
                    )  # fmt: skip
                else:
                    since = datetime.combine(day, starts, school.zone).astimezone(UTC)
                    windows.maintenance(
                        tx, actor, target.id, since=since, until=since + length,
                        reason=reason, now=now,
                    )  # fmt: skip
            actionbar.say(_("The maintenance is planned."))

        return keep

    forms.edit(_("Plan maintenance"), _("Plan the maintenance"), fields, icon=":material/build:")


def planned(console: Console, actor: Actor, school: School, target: Target) -> dict[str, str]:
    """What is planned for the service or runs now, in words, by id."""
    now = console.now()
    with console.db.read() as tx:
        once = windows.of(tx, actor, school.id, now=now)
        rules = recurring.of(tx, actor, school.id)
    kinds = {"silence": _("Silence"), "maintenance": _("Maintenance window")}
    found = {
        each.id: f"{kinds[each.kind]}: {moment(each.since, school.zone, now=now)}"
        f" - {moment(each.until, school.zone, now=now)} {each.reason}".strip()
        for each in once
        if each.target_id == target.id
    }
    return found | {
        each.id: repeating.words(each)
        for each in rules
        if each.target_id == target.id and not each.over(now)
    }


def end(console: Console, actor: Actor, school: School, target: Target) -> None:
    """Choose what of it ends now."""
    found = planned(console, actor, school, target)

    def fields() -> Callable[[], None]:
        chosen = st.multiselect(
            _("What ends now"),
            list(found),
            format_func=lambda id_: strangers.line(found[id_]),
            key="planned-end",
        )

        def keep() -> None:
            if not chosen:
                raise Unsaid(N_("Choose what ends."))
            with console.db.begin() as tx:
                rules = {rule.id for rule in recurring.of(tx, actor, school.id)}
                for id_ in chosen:
                    ending = recurring.end if id_ in rules else windows.end
                    ending(tx, actor, id_, now=console.now())
            actionbar.say(_("Ended."))

        return keep

    forms.edit(_("Planned"), _("End it"), fields, icon=":material/event_busy:")


def _day(today: date) -> date:
    chosen = st.date_input(_("Day"), today, min_value=today, key="maintenance-day")
    return chosen if isinstance(chosen, date) else today
