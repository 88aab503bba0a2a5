"""How a maintenance comes back: chosen in a form, and told in words."""

from collections.abc import Callable, Sequence
from datetime import date

import streamlit as st
from babel.dates import format_date, get_day_names

from console.i18n import N_, _, language, listed, span
from console.widgets import choice
from probes.recurrence import LAST, LATEST, Daily, OnDate, OnNth, Recurrence, Weekly
from probes.recurring import Rule

DAILY, WEEKLY, DATE, WEEKDAY = "daily", "weekly", "date", "weekday"
KINDS = {
    DAILY: N_("Every day"),
    WEEKLY: N_("Every week"),
    DATE: N_("Every month, by date"),
    WEEKDAY: N_("Every month, by weekday"),
}
# Whole, from Monday to Sunday: in some languages the number takes the weekday's gender.
NTH = {
    1: N_(
        "first Monday|first Tuesday|first Wednesday|first Thursday|first Friday|first Saturday|"
        "first Sunday"
    ),
    2: N_(
        "second Monday|second Tuesday|second Wednesday|second Thursday|second Friday|"
        "second Saturday|second Sunday"
    ),
    3: N_(
        "third Monday|third Tuesday|third Wednesday|third Thursday|third Friday|third Saturday|"
        "third Sunday"
    ),
    4: N_(
        "fourth Monday|fourth Tuesday|fourth Wednesday|fourth Thursday|fourth Friday|"
        "fourth Saturday|fourth Sunday"
    ),
    LAST: N_(
        "last Monday|last Tuesday|last Wednesday|last Thursday|last Friday|last Saturday|"
        "last Sunday"
    ),
}


def kinds() -> dict[str, str]:
    return {kind: _(word) for kind, word in KINDS.items()}


def days(kind: str) -> Recurrence:
    """The days of that kind, as they are chosen."""
    chosen: dict[str, Callable[[], Recurrence]] = {
        DAILY: Daily,
        WEEKLY: lambda: Weekly(tuple(_weekdays())),
        DATE: _date,
        WEEKDAY: _nth,
    }
    return chosen[kind]()


def last(today: date) -> date | None:
    """The last day on which it begins; None: it has no end."""
    chosen = st.date_input(
        _("Last day, if it has one"), None, min_value=today, key="maintenance-last"
    )
    return chosen if isinstance(chosen, date) else None


def words(rule: Rule) -> str:
    """Every week: Sat, Sun, 03:00, 2 h, not after 30 June 2027: as its reason says."""
    said = _("{when}, {time}, {span}").format(
        when=_when(rule.days), time=rule.starts.strftime("%H:%M"), span=span(rule.length)
    )
    if rule.last:
        day = format_date(rule.last, "long", locale=language())
        said = _("{rule}, not after {day}").format(rule=said, day=day)
    return f"{said} {rule.reason}".strip()


def _when(days: Recurrence) -> str:
    match days:
        case Daily():
            return _("Every day")
        case Weekly(weekdays):
            names = get_day_names("abbreviated", locale=language())
            return _("Every week: {days}").format(days=listed(names[day] for day in weekdays))
        case OnDate(number):
            return _("Every month: {day}").format(day=_numbered(number))
        case OnNth(nth, weekday):
            return _("Every month: {day}").format(day=_of_month(nth)[weekday])


def _weekdays() -> Sequence[int]:
    names = get_day_names("abbreviated", locale=language())
    return st.pills(
        _("Days"),
        list(range(7)),
        selection_mode="multi",
        format_func=names.__getitem__,
        key="maintenance-days",
    )


def _date() -> Recurrence:
    numbers = [*range(1, LATEST + 1), LAST]
    chosen = st.selectbox(_("Day"), numbers, format_func=_numbered, key="maintenance-date")
    return OnDate(chosen)


def _nth() -> Recurrence:
    names = get_day_names("abbreviated", locale=language())
    weekday = choice.segments(
        _("Weekday"),
        {str(day): names[day] for day in range(7)},
        default="6",
        key="maintenance-weekday",
    )
    nth = st.selectbox(
        _("Day"),
        list(NTH),
        format_func=lambda each: _of_month(each)[int(weekday)],
        key="maintenance-nth",
    )
    return OnNth(nth, int(weekday))


def _numbered(number: int) -> str:
    return _("last day") if number == LAST else _("day {n}").format(n=number)


def _of_month(nth: int) -> list[str]:
    return _(NTH[nth]).split("|")
